//! A Bitbucket token as a back end hands it over, and whose grant stands behind it.

use crate::basis::clock::Timestamp;
use crate::basis::secret::GitToken;
use std::time::Duration;

/// A token for git.
#[derive(Clone, Debug)]
pub struct Issued {
    pub token: GitToken,
    /// git's user name: `x-token-auth` unless the host wants another.
    pub username: String,
    /// When it ends, or is ended by us.
    pub expires: Timestamp,
    /// Scopes as Bitbucket spells them.
    pub scopes: String,
    /// Data Center's id of the token, for the record and for revoking it.
    pub token_id: Option<String>,
    /// The Bitbucket account that acts with it.
    pub account: Option<String>,
    /// It was issued before and is handed out again.
    pub again: bool,
}

/// Who holds a Bitbucket grant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Holder {
    /// An Entra account: the person's own grant.
    Person { tid: String, oid: String },
    /// A `[[service_user]]` of the configuration.
    Service(String),
}

/// Why a back end has no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// There is no grant, or Bitbucket has ended it: somebody has to connect again.
    #[error("no Bitbucket account is connected")]
    NotConnected,
    /// Bitbucket says that the resource is not there, or was moved (404, 410): `invalid_target`.
    #[error("Bitbucket has no such repository: {0}")]
    NoTarget(String),
    /// The account behind the token may not do this on Bitbucket itself.
    #[error("Bitbucket does not allow it: {0}")]
    NotAllowed(String),
    /// Bitbucket asks for patience (429, 503).
    #[error("Bitbucket asks to wait {} seconds", .after.as_secs())]
    Throttled { after: Duration },
    /// Bitbucket does not answer, or not sensibly. `after`: when to try again.
    #[error("{reason}")]
    Unavailable { reason: String, after: Duration },
    /// Not now, for a reason that is no sign of Bitbucket being silent: the store or its keys do not answer, a repository
    /// has as many tokens as it may have.
    #[error("{reason}")]
    Later { reason: String, after: Duration },
    /// The configuration is wrong: an administrator has to look (consumer, service account, right).
    #[error("{0}")]
    Misconfigured(String),
}

impl Holder {
    /// In one word: `person:TID:OID` or `service:NAME`.
    pub fn key(&self) -> String {
        match self {
            Self::Person { tid, oid } => format!("person:{tid}:{oid}"),
            Self::Service(name) => format!("service:{name}"),
        }
    }
}
