//! How sessions, credentials and proofs are written down: versioned JSON, taken apart field by field.

use crate::basis::clock::Timestamp;
use crate::basis::credential::{Credential, Proof, Ruling, Subject, Vouched};
use crate::basis::secret::{AccessToken, GitToken, RefreshToken, SecretBytes};
use crate::basis::session::{Flow, Session, Who};
use serde::{Deserialize, Serialize};

/// A credential in the hot cache, with whom it belongs to and whether git has said that it failed.
#[derive(Clone, Debug)]
pub struct Cached {
    pub credential: Credential,
    pub who: Who,
    /// Git has called `erase` with it: one leader checks it before it is handed out again.
    pub suspect: bool,
    /// The session's end: with it the key dies that the credential is sealed with.
    pub session_ends: Timestamp,
}

/// A session as the vault keeps it; `None` for anything of another version.
pub fn session(bytes: &SecretBytes) -> Option<Session> {
    let SessionForm { v, who, flow, started, ends, refresh_token, confirmed } =
        serde_json::from_slice(bytes.expose()).ok()?;
    (v == VERSION).then_some(Session { who, flow, started, ends, refresh_token, confirmed })
}

/// The bytes of a session.
pub fn session_bytes(session: &Session) -> SecretBytes {
    let Session { who, flow, started, ends, refresh_token, confirmed } = session;
    let refresh_token = refresh_token.expose();
    SecretBytes::json(&WrittenSession { v: VERSION, who, flow, started, ends, refresh_token, confirmed })
}

/// A cached credential; `None` for anything of another version.
pub fn cached(bytes: &SecretBytes) -> Option<Cached> {
    let CachedForm { v, username, token, issued, expires, scopes, ruling, who, suspect, session_ends } =
        serde_json::from_slice(bytes.expose()).ok()?;
    let credential = Credential { username, token, issued, expires, scopes, ruling };
    (v == VERSION).then_some(Cached { credential, who, suspect, session_ends })
}

/// The bytes of a cached credential.
pub fn cached_bytes(cached: &Cached) -> SecretBytes {
    let Cached { credential, who, suspect, session_ends } = cached;
    let Credential { username, token, issued, expires, scopes, ruling } = credential;
    let (v, token) = (VERSION, token.expose());
    SecretBytes::json(&WrittenCached {
        v,
        username,
        token,
        issued,
        expires,
        scopes,
        ruling,
        who,
        suspect,
        session_ends,
    })
}

/// A proof in the hot cache; `None` for anything of another version.
pub fn proof(bytes: &SecretBytes) -> Option<Proof> {
    let ProofForm { v, who, vouched, access_token, subject, expires, confirmed, session_ends } =
        serde_json::from_slice(bytes.expose()).ok()?;
    (v == VERSION).then_some(Proof { who, vouched, access_token, subject, expires, confirmed, session_ends })
}

/// The bytes of a proof.
pub fn proof_bytes(proof: &Proof) -> SecretBytes {
    let Proof { who, vouched, access_token, subject, expires, confirmed, session_ends } = proof;
    let (v, access_token) = (VERSION, access_token.as_ref().map(AccessToken::expose));
    SecretBytes::json(&WrittenProof { v, who, vouched, access_token, subject, expires, confirmed, session_ends })
}

/// Records of another version are not read: the helper signs in or asks again instead.
const VERSION: u32 = 1;

#[derive(Deserialize)]
struct SessionForm {
    v: u32,
    who: Who,
    flow: Flow,
    started: Timestamp,
    ends: Timestamp,
    refresh_token: RefreshToken,
    confirmed: Timestamp,
}

#[derive(Deserialize)]
struct CachedForm {
    v: u32,
    username: String,
    token: GitToken,
    issued: Timestamp,
    expires: Timestamp,
    scopes: String,
    #[serde(default)]
    ruling: Ruling,
    who: Who,
    suspect: bool,
    session_ends: Timestamp,
}

#[derive(Deserialize)]
struct ProofForm {
    v: u32,
    who: Who,
    #[serde(default)]
    vouched: Vouched,
    access_token: Option<AccessToken>,
    #[serde(default)]
    subject: Subject,
    expires: Timestamp,
    confirmed: Timestamp,
    session_ends: Timestamp,
}

#[derive(Serialize)]
struct WrittenSession<'a> {
    v: u32,
    who: &'a Who,
    flow: &'a Flow,
    started: &'a Timestamp,
    ends: &'a Timestamp,
    refresh_token: &'a str,
    confirmed: &'a Timestamp,
}

#[derive(Serialize)]
struct WrittenCached<'a> {
    v: u32,
    username: &'a str,
    token: &'a str,
    issued: &'a Timestamp,
    expires: &'a Timestamp,
    scopes: &'a str,
    ruling: &'a Ruling,
    who: &'a Who,
    suspect: &'a bool,
    session_ends: &'a Timestamp,
}

#[derive(Serialize)]
struct WrittenProof<'a> {
    v: u32,
    who: &'a Who,
    vouched: &'a Vouched,
    access_token: Option<&'a str>,
    subject: &'a Subject,
    expires: &'a Timestamp,
    confirmed: &'a Timestamp,
    session_ends: &'a Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who() -> Who {
        Who { tid: "t".into(), oid: "o".into(), username: "ada@example.com".into(), email: None }
    }

    #[test]
    fn everything_comes_back() {
        let there = Session {
            who: who(),
            flow: Flow::DeviceCode,
            started: Timestamp(1),
            ends: Timestamp(2),
            refresh_token: RefreshToken::new("rt".into()),
            confirmed: Timestamp(3),
        };
        let back = session(&session_bytes(&there)).unwrap();
        assert_eq!((back.refresh_token.expose(), back.ends, back.flow), ("rt", Timestamp(2), Flow::DeviceCode));

        let credential = Credential {
            username: "u".into(),
            token: GitToken::new("gt".into()),
            issued: Timestamp(1),
            expires: Timestamp(9),
            scopes: "s".into(),
            ruling: Ruling { rule: Some("r".into()), policy: None },
        };
        let back = cached(&cached_bytes(&Cached { credential, who: who(), suspect: true, session_ends: Timestamp(7) }))
            .unwrap();
        assert_eq!((back.credential.token.expose(), back.suspect, back.who), ("gt", true, who()));
        assert_eq!(back.credential.ruling.rule.as_deref(), Some("r"));

        let access_token = Some(AccessToken::new("at".into()));
        let there = Proof {
            who: who(),
            vouched: Vouched { correlation: Some("c".into()), uti: None },
            access_token,
            subject: Subject::Jwt,
            expires: Timestamp(4),
            confirmed: Timestamp(3),
            session_ends: Timestamp(5),
        };
        let back = proof(&proof_bytes(&there)).unwrap();
        assert_eq!((back.vouched.correlation.as_deref(), back.subject), (Some("c"), Subject::Jwt));
        assert_eq!((back.access_token.unwrap().expose(), back.session_ends), ("at", Timestamp(5)));
    }

    #[test]
    fn another_version_is_nothing() {
        let later = SecretBytes::new(br#"{"v":2,"who":{},"secret":"x"}"#.to_vec());
        assert!(session(&later).is_none() && cached(&later).is_none() && proof(&later).is_none());
    }
}
