//! What git gets, and what is asked for.

use crate::basis::clock::Timestamp;
use crate::basis::secret::{AccessToken, GitToken};
use crate::basis::session::Who;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// User name, short-lived Bitbucket access token and its end.
#[derive(Clone, Debug)]
pub struct Credential {
    pub username: String,
    pub token: GitToken,
    /// When the helper got it.
    pub issued: Timestamp,
    /// When the server stops accepting it, already cut to `max_life` and to the session's end.
    pub expires: Timestamp,
    /// The scopes granted, as the server named them.
    pub scopes: String,
    pub ruling: Ruling,
}

/// Why a broker issued a token, in its own words; empty where it does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    /// The rule of its policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The digest of that policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
}

/// The user name that Bitbucket takes with an OAuth access token (`facts/bitbucket.md` A2, B2).
pub const TOKEN_USER: &str = "x-token-auth";

impl Credential {
    /// Whether it may still be handed out: more than `margin` is left, or more than a quarter of a life
    /// that is so short that the margin would eat it (DESIGN.md section 5, `[token] margin`).
    pub fn fresh(&self, now: Timestamp, margin: Duration) -> bool {
        now >= self.issued.before(BACKWARDS) && now.until(self.expires) > margin.min(self.life() / 4)
    }

    /// Whether less than a quarter of its life is left, so that it is worth renewing (DESIGN.md section 14).
    pub fn aging(&self, now: Timestamp) -> bool {
        now.until(self.expires) < self.life() / 4
    }

    /// From when on [`Credential::aging`] holds.
    pub fn ages_at(&self) -> Timestamp {
        self.expires.before(self.life() / 4)
    }

    /// From when on [`Credential::fresh`] does not hold any more.
    pub fn stale_at(&self, margin: Duration) -> Timestamp {
        self.expires.before(margin.min(self.life() / 4))
    }

    fn life(&self) -> Duration {
        self.issued.until(self.expires)
    }
}

/// A clock set back by more than this makes a stored credential unusable: its end can no longer be told.
const BACKWARDS: Duration = Duration::from_secs(300);

/// What is asked for: the repository, where the host is asked per repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// The repository's path without slashes around it; only with `per_repository`.
    pub repository: Option<String>,
}

impl Ask {
    /// What a path that git sent is about: git-lfs asks for the same repository with `/info/lfs` behind it, and
    /// `.git` may be written or left out.
    pub fn of(path: &str) -> Self {
        let path = path.trim_matches('/');
        let path = path.strip_suffix("/info/lfs").unwrap_or(path);
        let path = path.strip_suffix(".git").unwrap_or(path);
        Self { repository: Some(path.to_owned()) }
    }
}

/// A call to Entra, as its sign-in log names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vouched {
    /// The correlation id.
    pub correlation: Option<String>,
    /// The unique token identifier of the ID token that came along.
    pub uti: Option<String>,
}

/// What kind of token vouches for the caller (RFC 8693 section 3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Subject {
    /// An access token that Entra issued for the host's scope.
    #[default]
    EntraAccessToken,
    /// A JWT that another issuer gave to a workload: only a broker knows what to make of it.
    Jwt,
}

/// That Entra vouches for the account right now, with what a token source needs of it.
#[derive(Clone, Debug)]
pub struct Proof {
    pub who: Who,
    /// The call that vouched, as Entra's sign-in log names it.
    pub vouched: Vouched,
    /// An access token for the host's own scope; the two OAuth sources need none.
    pub access_token: Option<AccessToken>,
    /// What `access_token` really is.
    pub subject: Subject,
    /// When `access_token` ends.
    pub expires: Timestamp,
    /// When Entra answered; its word counts for five minutes (DESIGN.md section 8).
    pub confirmed: Timestamp,
    /// The session's end; no credential outlives it.
    pub session_ends: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credential(life: i64) -> Credential {
        Credential {
            username: TOKEN_USER.into(),
            token: GitToken::new("t".into()),
            issued: Timestamp(1000),
            expires: Timestamp(1000 + life),
            scopes: String::new(),
            ruling: Ruling::default(),
        }
    }

    #[test]
    fn the_margin_is_kept() {
        let margin = Duration::from_secs(300);
        assert!(credential(3600).fresh(Timestamp(1000 + 3299), margin));
        assert!(!credential(3600).fresh(Timestamp(1000 + 3300), margin));
    }

    #[test]
    fn a_short_life_keeps_three_quarters_of_itself() {
        let margin = Duration::from_secs(300);
        assert!(credential(400).fresh(Timestamp(1000 + 299), margin));
        assert!(!credential(400).fresh(Timestamp(1000 + 300), margin));
    }

    #[test]
    fn a_clock_set_back_makes_a_miss() {
        assert!(!credential(3600).fresh(Timestamp(600), Duration::from_secs(300)));
    }
}
