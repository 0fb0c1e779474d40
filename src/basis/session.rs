//! Who is signed in, and until when.

use crate::basis::clock::Timestamp;
use crate::basis::secret::RefreshToken;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An Entra account: `tid` and `oid` are its identity, the rest is only for display
/// (ID token claims reference, `facts/entra.md` 5.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// Tenant GUID.
    pub tid: String,
    /// Object id of the user (or of the service principal) in that tenant.
    pub oid: String,
    /// `preferred_username`: mutable, never used to decide anything but the first account match.
    pub username: String,
    /// A verified e-mail address, if Entra gave one.
    pub email: Option<String>,
}

impl Who {
    /// Whether two sign-ins are the same account.
    pub fn is(&self, other: &Self) -> bool {
        self.tid == other.tid && self.oid == other.oid
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::basis::text::clean(&self.username))
    }
}

/// How a session was had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flow {
    /// Authorization code with PKCE in the system browser.
    Browser,
    /// Device authorization grant (RFC 8628).
    DeviceCode,
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Browser => "browser",
            Self::DeviceCode => "device code",
        })
    }
}

/// An Entra sign-in of one account, until the end of its day.
#[derive(Clone, Debug)]
pub struct Session {
    pub who: Who,
    pub flow: Flow,
    /// When we redeemed the code, by our clock; never `auth_time`.
    pub started: Timestamp,
    /// The end of the day, or of `max_session`.
    pub ends: Timestamp,
    /// The current Entra refresh token; each refresh brings a new one, the old one stays valid.
    pub refresh_token: RefreshToken,
    /// When Entra last answered for this account.
    pub confirmed: Timestamp,
}
