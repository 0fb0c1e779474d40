//! What is asked, and how it is refused.

use crate::broker::ground::resource::Resource;
use crate::broker::ground::right::Right;
use std::time::Duration;

/// One request for a token, read and in its one spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    pub resource: Resource,
    /// `None`: as much as the policy gives.
    pub right: Option<Right>,
    /// `None`: as long as the policy gives.
    pub life: Option<Duration>,
}

/// Why there is no token, named for what the caller does next. Texts are for people and hold no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The request is malformed (RFC 6749 section 5.2 `invalid_request`).
    Malformed(String),
    /// Another grant type than token exchange (`unsupported_grant_type`).
    GrantType,
    /// The subject token is not believed (`invalid_grant`): ask Entra for another one, once.
    Subject(String),
    /// No token is issued for this resource or audience (RFC 8693 section 2.2.2 `invalid_target`).
    Target(String),
    /// The scope is unknown (`invalid_scope`).
    Scope(String),
    /// The policy says no (`access_denied`); `contact` is whom to ask.
    Denied { reason: String, contact: Option<String> },
    /// A newer or stronger sign-in is needed (RFC 9470 section 3).
    StepUp(StepUp),
    /// A person has to connect their Bitbucket account once, at `url` (`connection_required`, our extension).
    Connect { url: String },
    /// Too often, or the other side asks for patience (`slow_down`, 429).
    SlowDown { after: Duration },
    /// A service that is needed does not answer, or the policy is too old (`temporarily_unavailable`, 503).
    Unavailable { reason: String, after: Duration },
}

/// What the sign-in must show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepUp {
    /// Authentication context of Conditional Access, such as `c1` (`acrs` claim; `facts/entra.md` 4.8).
    pub acrs: Option<String>,
    /// The token may not be older than this.
    pub max_age: Option<Duration>,
}
