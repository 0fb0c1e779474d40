//! ID tokens: believed only after signature, issuer, audience, times, nonce and tenant were checked. Of other signed
//! tokens, only the signature is judged here.

mod keys;
mod rs256;
mod verify;

pub use keys::KeySet;
pub use verify::{is_true, signed, verify};

use crate::basis::clock::Timestamp;
use crate::basis::session::Who;
use std::time::Duration;

/// An ID token that passed every check. There is no other way to get one than [`verify()`].
#[derive(Clone, Debug)]
pub struct VerifiedIdToken {
    who: Who,
    expires: Timestamp,
    uti: Option<String>,
    sid: Option<String>,
}

impl VerifiedIdToken {
    /// The account: `tid` and `oid`, and what to call it. `email` only if Entra vouches for it (`xms_edov`).
    pub fn who(&self) -> &Who {
        &self.who
    }

    /// `exp`.
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    /// The token's own id, as Entra's sign-in logs name it.
    pub fn uti(&self) -> Option<&str> {
        self.uti.as_deref()
    }

    /// The session's id in Entra's sign-in logs.
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }
}

/// What a token must say to be believed.
#[derive(Clone, Copy, Debug)]
pub struct Expect<'a> {
    /// The tenant's issuer, compared byte for byte.
    pub issuer: &'a str,
    /// Our client id.
    pub audience: &'a str,
    /// The tenant's GUID.
    pub tid: &'a str,
    /// The nonce of the authorize request; `None` where none was sent (refresh, device code).
    pub nonce: Option<&'a str>,
}

/// Why a token is not believed, in the order of the checks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenError {
    /// Not three parts of base64url JSON, or a claim of the wrong type.
    #[error("the ID token is malformed")]
    Malformed,
    /// Signed with anything but RS256.
    #[error("the ID token is signed with `{0}` instead of RS256")]
    Algorithm(String),
    /// The key set has no such key; fetching it again may help.
    #[error("the ID token is signed with the unknown key `{0}`")]
    UnknownKey(String),
    /// The key is there, but may sign for other issuers only.
    #[error("the key `{0}` may not sign for this tenant")]
    ForeignKey(String),
    /// The signature does not fit.
    #[error("the signature of the ID token is wrong")]
    Signature,
    /// Not a version 2.0 token.
    #[error("the ID token is not of version 2.0")]
    Version,
    /// Another issuer.
    #[error("the ID token is from the issuer `{0}`")]
    Issuer(String),
    /// Another tenant.
    #[error("the ID token is from the tenant `{0}`")]
    Tenant(String),
    /// For another client.
    #[error("the ID token is for the client `{0}`")]
    Audience(String),
    /// Not the answer to our request.
    #[error("the ID token does not belong to this sign-in")]
    Nonce,
    /// A claim that must be there is missing.
    #[error("the ID token has no `{0}`")]
    MissingClaim(&'static str),
    /// Over, by our clock, for longer than clocks differ.
    #[error("the ID token ended {} seconds ago by this machine's clock", .by.as_secs())]
    Expired { by: Duration },
    /// Not yet begun, by our clock.
    #[error("the ID token begins in {} seconds by this machine's clock", .by.as_secs())]
    NotYetValid { by: Duration },
}

#[cfg(test)]
pub(crate) mod tests;
