//! A grant as it is kept: a Bitbucket refresh token, bound to one Entra account and one Bitbucket account.

use crate::basis::clock::Timestamp;
use crate::basis::secret::{RefreshToken, SecretBytes};
use crate::basis::session::Who;
use serde::{Deserialize, Serialize};

/// A stored Bitbucket refresh token and the pair it belongs to (DESIGN.md section 7).
#[derive(Clone, Debug)]
pub struct Grant {
    /// The Entra account: `tid` and `oid` of [`Who`].
    pub tid: String,
    pub oid: String,
    /// The Bitbucket account: id and name of `BitbucketAccount`.
    pub account_id: String,
    pub account_name: String,
    pub refresh_token: RefreshToken,
    /// As it was sent when consent was given; Data Center wants it again at every refresh.
    pub redirect_uri: String,
    /// The scopes granted, as the server named them.
    pub scopes: String,
    /// When consent was given.
    pub since: Timestamp,
}

/// The stored bytes are no grant of ours; named for what the caller does next.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// Written by another version of this program: leave it alone, ask for an update.
    #[error("the stored grant has format {0}, which this version does not know")]
    Version(u32),
    /// Damaged: forget it, ask for consent.
    #[error("the stored grant cannot be read")]
    Broken,
}

impl Grant {
    /// Whether the grant was given for this Entra account.
    pub fn belongs_to(&self, who: &Who) -> bool {
        self.tid == who.tid && self.oid == who.oid
    }

    /// Whether there is a refresh token; a grant without one only says which accounts belong together.
    pub fn is_alive(&self) -> bool {
        !self.refresh_token.expose().is_empty()
    }

    /// The same pair without its refresh token, which Bitbucket no longer takes.
    #[must_use]
    pub fn dead(self) -> Self {
        Self { refresh_token: RefreshToken::new(String::new()), ..self }
    }

    /// The grant as bytes for the vault, as JSON with a version.
    pub fn to_bytes(&self) -> SecretBytes {
        let Self { tid, oid, account_id, account_name, refresh_token, redirect_uri, scopes, since } = self;
        let (version, token, since) = (VERSION, refresh_token.expose(), *since);
        SecretBytes::json(&Written { version, tid, oid, account_id, account_name, token, redirect_uri, scopes, since })
    }

    /// Reads what [`Self::to_bytes`] wrote. Another version is never guessed at.
    pub fn from_bytes(bytes: &SecretBytes) -> Result<Self, GrantError> {
        let Version { version } = serde_json::from_slice(bytes.expose()).map_err(|_| GrantError::Broken)?;
        if version != VERSION {
            return Err(GrantError::Version(version));
        }
        let read: Read = serde_json::from_slice(bytes.expose()).map_err(|_| GrantError::Broken)?;
        let Read { tid, oid, account_id, account_name, token, redirect_uri, scopes, since } = read;
        Ok(Self { tid, oid, account_id, account_name, refresh_token: token, redirect_uri, scopes, since })
    }
}

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    tid: &'a str,
    oid: &'a str,
    account_id: &'a str,
    account_name: &'a str,
    token: &'a str,
    redirect_uri: &'a str,
    scopes: &'a str,
    since: Timestamp,
}

#[derive(Deserialize)]
struct Read {
    tid: String,
    oid: String,
    account_id: String,
    account_name: String,
    token: RefreshToken,
    redirect_uri: String,
    scopes: String,
    since: Timestamp,
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

const VERSION: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn grant() -> Grant {
        Grant {
            tid: "t-1".into(),
            oid: "o-1".into(),
            account_id: "557058:abc".into(),
            account_name: "Zoë \"Z\"".into(),
            refresh_token: RefreshToken::new("r".repeat(2600)),
            redirect_uri: "http://127.0.0.1:5/callback".into(),
            scopes: "account repository:write".into(),
            since: Timestamp(1_796_000_000),
        }
    }

    #[test]
    fn a_grant_comes_back_whole() {
        let back = Grant::from_bytes(&grant().to_bytes()).unwrap();
        let Grant { tid, oid, account_id, account_name, refresh_token, redirect_uri, scopes, since } = back;
        let want = grant();
        assert_eq!((tid, oid, account_id), (want.tid, want.oid, want.account_id));
        assert_eq!((account_name, redirect_uri, scopes), (want.account_name, want.redirect_uri, want.scopes));
        assert_eq!((refresh_token.expose(), since), (want.refresh_token.expose(), want.since));
    }

    #[test]
    fn a_dead_grant_still_names_the_pair() {
        let dead = Grant::from_bytes(&grant().dead().to_bytes()).unwrap();
        assert!(grant().is_alive() && !dead.is_alive());
        assert_eq!((dead.oid, dead.account_id), (grant().oid, grant().account_id));
    }

    #[test]
    fn another_version_and_damage_are_told_apart() {
        let read = |text: &str| Grant::from_bytes(&SecretBytes::new(text.into())).unwrap_err();
        assert_eq!(read(r#"{"version":2,"shape":"unknown"}"#), GrantError::Version(2));
        assert_eq!(read(r#"{"version":1,"tid":"t"}"#), GrantError::Broken);
        assert_eq!(read("{\"version\":1"), GrantError::Broken);
        assert_eq!(read(""), GrantError::Broken);
    }

    #[test]
    fn a_grant_belongs_to_tenant_and_object() {
        let who = |tid: &str, oid: &str| Who { tid: tid.into(), oid: oid.into(), username: "a".into(), email: None };
        assert!(grant().belongs_to(&who("t-1", "o-1")));
        assert!(!grant().belongs_to(&who("t-1", "o-2")) && !grant().belongs_to(&who("t-2", "o-1")));
    }
}
