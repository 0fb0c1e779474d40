//! How an Entra session is had and renewed: discovery, browser, device code, refresh.

mod assertion;
pub mod browser;
mod cache;
mod codes;
pub mod device;
pub mod loopback;
mod refresh;
mod refusal;
mod signing;
mod tenant;
mod wire;

pub use assertion::{AppToken, Shown, by_assertion};
pub use codes::Action;
pub use refresh::refresh;
pub use refusal::Refusal;
pub use tenant::{Tenant, discover};

use crate::basis::clock::{Clock, Timestamp};
use crate::basis::secret::{AccessToken, RefreshToken};
use crate::config::settings::Profile;
use crate::idtoken::{IdTokenError, VerifiedIdToken};
use crate::net::{Http, NetError};
use std::path::Path;
use std::time::Duration;

/// What every conversation with Entra needs.
#[derive(Clone, Copy)]
pub struct Entra<'a> {
    pub http: &'a dyn Http,
    pub clock: &'a dyn Clock,
    pub profile: &'a Profile,
    /// Where metadata and signing keys are kept, below our state directory; nothing in it is secret. A
    /// directory that cannot be used costs calls, nothing else.
    pub cache: &'a Path,
}

/// What is asked for. `openid profile offline_access` always is.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The scope of one resource; without it no access token is kept.
    pub scope: Option<&'a str>,
    /// The claims of an earlier refusal, verbatim (`facts/entra.md` 4.8).
    pub claims: Option<&'a str>,
    /// `client-request-id`, a GUID: Entra's correlation id of the operation.
    pub correlation: &'a str,
}

/// What Entra gave.
#[derive(Debug)]
pub struct Tokens {
    /// The newest refresh token; `None`: the one in use stays.
    pub refresh_token: Option<RefreshToken>,
    /// For the scope that was asked for.
    pub access: Option<AccessToken>,
    /// When `access` ends.
    pub expires: Timestamp,
    /// Who it is; always there after a sign-in.
    pub id: Option<VerifiedIdToken>,
    /// The scopes granted, as Entra named them.
    pub scope: String,
    /// Entra's correlation id of the call.
    pub correlation: Option<String>,
}

/// Why Entra gave nothing; named for what the caller does next. None of it removes anything by itself:
/// only a [`Refusal`] whose action is [`Action::Gone`] or [`Action::Expired`] ends a session.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// No answer.
    #[error(transparent)]
    Net(#[from] NetError),
    /// Entra said no, and why.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// The ID token is not believed.
    #[error(transparent)]
    IdToken(#[from] IdTokenError),
    /// The answer made no sense.
    #[error("{place} {what}")]
    Upstream { place: String, status: u16, what: String },
    /// The tenant's metadata is not what it must be.
    #[error("the metadata of the tenant is not usable: {0}")]
    Metadata(String),
    /// Entra asks for a pause.
    #[error("Entra asks to wait for {} seconds", .after.as_secs())]
    Throttled { after: Duration },
    /// The device code ran out before anybody signed in with it.
    #[error("the code ran out before anybody signed in with it")]
    DeviceExpired,
    /// The person declined on the device-code page.
    #[error("the sign-in was declined in the browser")]
    DeviceDeclined,
    /// The answer in the browser does not belong to this attempt.
    #[error("the answer in the browser belongs to another sign-in")]
    Stray,
    /// The person left Entra's page by its cancel link; it is also the way back from "admin approval needed".
    #[error("the sign-in was cancelled in the browser")]
    CancelledAtPage,
}

#[cfg(test)]
mod tests;
