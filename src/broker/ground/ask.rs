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

impl Refusal {
    /// The registered error name, or ours.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "invalid_request",
            Self::GrantType => "unsupported_grant_type",
            Self::Subject(_) => "invalid_grant",
            Self::Target(_) => "invalid_target",
            Self::Scope(_) => "invalid_scope",
            Self::Denied { .. } => "access_denied",
            Self::StepUp(_) => "insufficient_user_authentication",
            Self::Connect { .. } => "connection_required",
            Self::SlowDown { .. } => "slow_down",
            Self::Unavailable { .. } => "temporarily_unavailable",
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) | Self::GrantType | Self::Subject(_) | Self::Target(_) | Self::Scope(_) => 400,
            Self::StepUp(_) => 401,
            Self::Denied { .. } | Self::Connect { .. } => 403,
            Self::SlowDown { .. } => 429,
            Self::Unavailable { .. } => 503,
        }
    }

    /// One sentence for people.
    pub fn description(&self) -> String {
        match self {
            Self::Malformed(why) | Self::Subject(why) | Self::Target(why) | Self::Scope(why) => why.clone(),
            Self::GrantType => "only urn:ietf:params:oauth:grant-type:token-exchange is answered".into(),
            Self::Denied { reason, .. } | Self::Unavailable { reason, .. } => reason.clone(),
            Self::StepUp(StepUp { acrs: Some(_), .. }) => "a stronger sign-in is needed".into(),
            Self::StepUp(_) => "a newer sign-in is needed".into(),
            Self::Connect { .. } => "a Bitbucket account has to be connected once, at connect_uri".into(),
            Self::SlowDown { after } => format!("too often; try again in {} seconds", after.as_secs().max(1)),
        }
    }

    /// When trying again makes sense.
    pub fn after(&self) -> Option<Duration> {
        match self {
            Self::SlowDown { after } | Self::Unavailable { after, .. } => Some(*after),
            _ => None,
        }
    }
}
