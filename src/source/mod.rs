//! Turns the proof that Entra vouches for somebody into a short-lived git token. Protocol only: what comes
//! back is stored, audited and handed out by the caller. No call here is made twice.

pub mod asking;
pub mod cloud;
pub mod data_center;
pub mod entra;
pub mod exchange;
pub mod grant;
pub mod pasted;
mod refusal;
#[cfg(test)]
mod script;
mod wire;

use crate::basis::clock::{Clock, Timestamp};
use crate::basis::credential::{Credential, Proof, Ruling};
use crate::basis::secret::{GitToken, RefreshToken};
use crate::basis::text;
use crate::net::{Http, NetError};
use std::time::Duration;

/// What every new token is made with. That a [`Proof`] is part of it is the point: without a live Entra
/// session there is no new Bitbucket token (DESIGN.md section 8).
#[derive(Clone, Copy)]
pub struct Mint<'a> {
    pub http: &'a dyn Http,
    pub clock: &'a dyn Clock,
    pub proof: &'a Proof,
    pub limits: Limits,
}

/// How long a credential may live at most, whatever the server says.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `[token] max_life`.
    pub max_life: Duration,
}

impl Mint<'_> {
    /// A credential that ends after `life`, at `max_life`, or with the session: whichever is first. `issued` is
    /// read before the request went out, so that a slow answer never makes a token seem to live longer.
    fn credential(
        &self,
        issued: Timestamp,
        life: Duration,
        username: String,
        token: GitToken,
        scopes: String,
    ) -> Result<Credential, SourceError> {
        printable(&username, "user name")?;
        printable(token.expose(), "token")?;
        let longest = issued.after(life.min(self.limits.max_life));
        let expires = longest.min(self.proof.session_ends);
        Ok(Credential { username, token, issued, expires, scopes, ruling: Ruling::default() })
    }
}

/// What an OAuth source hands over: the credential, and what has to be durable before the credential is used.
#[derive(Clone, Debug)]
pub struct Granted {
    pub credential: Credential,
    /// The refresh token that holds from now on. `None` after a refresh: Cloud kept the old one (its old shape
    /// may leave it out); on Data Center the grant is gone, because the old one died with the refresh.
    pub refresh_token: Option<RefreshToken>,
}

/// Whether Bitbucket still takes a token at all; it may refuse one repository all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    Accepted,
    Refused,
}

/// Why there is no token; named for what the caller does next. Texts of servers are cleaned and cut.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A person has to consent (again): the code was refused, or the broker has no grant for this person.
    #[error("Bitbucket's consent is needed: {wording}")]
    NeedsConsent { wording: String },
    /// The refresh token was refused. Read the store again; if it holds the same token, forget it and ask for
    /// consent (one refusal alone is no proof: `facts/bitbucket.md` A1).
    #[error("Bitbucket no longer takes the stored grant: {wording}")]
    GrantDead { wording: String },
    /// The broker does not take the Entra access token: fetch a new one, try once more.
    #[error("the broker does not take the Entra token: {}", said(error, description))]
    ProofRefused { error: String, description: String },
    /// Policy says no to this person, repository or scope; trying again does not help.
    #[error("refused: {}", said(error, description))]
    NotAllowed {
        error: String,
        description: String,
        /// Whom the server says can change it.
        contact: Option<String>,
    },
    /// The broker has no Bitbucket account of this person: they connect it once, at this page of the broker's.
    #[error("no Bitbucket account is connected at the broker")]
    Connect { page: String },
    /// The broker wants a newer or stronger sign-in (RFC 9470).
    #[error("the broker wants another sign-in{}", after_colon(.description))]
    StepUp { demand: Demand, description: String },
    /// Our settings, or the consumer, application link or broker client, have to be changed.
    #[error("set up wrongly: {}", said(error, description))]
    Configuration { error: String, description: String },
    /// Too many requests, or closed for the moment; `after` if the server said how long.
    #[error("the service asks to wait")]
    Throttled { after: Option<Duration> },
    /// No usable reply came.
    #[error(transparent)]
    Net(NetError),
    /// A reply came and made no sense, or the server failed.
    #[error("{place} {clause}")]
    Upstream { place: String, clause: String },
    /// A user name or token that git must not be given (DESIGN.md section 6 rule 4).
    #[error("the {what} holds a control character")]
    Unprintable { what: &'static str },
    /// The source needs a client secret and has none.
    #[error("no client secret is configured")]
    SecretMissing,
}

/// What a sign-in must show before a broker issues.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// A claims request for Entra (`facts/entra.md` 4.8), JSON.
    pub claims: Option<String>,
    /// The person must be seen again; single sign-on does not do.
    pub fresh: bool,
}

fn after_colon(description: &str) -> String {
    if description.is_empty() { String::new() } else { format!(": {description}") }
}

/// A refusal's name, with the server's own words where it has any.
fn said(error: &str, description: &str) -> String {
    if description.is_empty() { error.to_owned() } else { format!("{error}: {description}") }
}

fn printable(text: &str, what: &'static str) -> Result<(), SourceError> {
    if text::breaks_git(text) {
        return Err(SourceError::Unprintable { what });
    }
    Ok(())
}
