//! What every process must remember of an account between runs, and none of it secret.

use crate::basis::clock::Timestamp;
use crate::basis::files::{private_dir, put_private, read_private};
use crate::basis::host_id::AccountId;
use crate::basis::session::Who;
use crate::basis::url::WebUrl;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `STATE/accounts/ACCOUNT.json`. Written under the account's lane only; read at any time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AccountState {
    /// Entra is not asked again before this (DESIGN.md section 8).
    pub not_before: Option<Timestamp>,
    /// It is because Entra could not be reached, not because Entra asked for a pause.
    pub unreachable: bool,
    /// No sign-in starts by itself before this, after one that failed (DESIGN.md section 10, rule 5).
    pub cooldown_until: Option<Timestamp>,
    /// How long the present cool-down is, in seconds in the file; zero after a success.
    #[serde(with = "seconds")]
    pub cooldown_len: Duration,
    /// A browser tab was opened without anybody asking, and nobody completed it.
    pub tab_spent: bool,
    /// The wall clock when Entra last answered; one that is set back ends nothing later.
    pub latest_clock: Option<Timestamp>,
    /// The claims that Entra asked for and that the next sign-in has to bring.
    pub claims: Option<String>,
    /// For what the broker wants an account of the person's to be connected; nobody has done it so far.
    pub connect: Option<Unconnected>,
    /// How often the account's session was ended here: a proof from before counts no more.
    pub endings: u64,
    /// Whose day it last was: until `logout` nobody else signs in by mistake (DESIGN.md section 8).
    pub last: Option<Who>,
}

/// A question that a broker answered by wanting an account connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unconnected {
    pub host: WebUrl,
    /// The repository, where the host is asked per repository.
    pub path: Option<String>,
}

impl AccountState {
    /// The state as last saved; a missing, unsafe or unreadable file is the state of a new account.
    pub fn load(state: &Path, account: &AccountId) -> Self {
        let bytes = read_private(&path(state, account)).ok().flatten().unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Saves it whole or not at all.
    pub fn save(&self, state: &Path, account: &AccountId) -> io::Result<()> {
        private_dir(&state.join("accounts")).map_err(io::Error::other)?;
        put_private(&path(state, account), &serde_json::to_vec(self)?)
    }
}

fn path(state: &Path, account: &AccountId) -> PathBuf {
    state.join("accounts").join(format!("{account}.json"))
}

mod seconds {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::time::Duration;

    pub fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(value.as_secs())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_secs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_is_loaded_and_the_rest_is_new() {
        let dir = tempfile::tempdir().unwrap();
        let account = AccountId::new("https://login", "t", "c", "p");
        assert_eq!(AccountState::load(dir.path(), &account), AccountState::default());
        let state = AccountState {
            not_before: Some(Timestamp(5)),
            cooldown_until: Some(Timestamp(6)),
            cooldown_len: Duration::from_secs(30),
            tab_spent: true,
            latest_clock: Some(Timestamp(7)),
            claims: Some("{}".into()),
            unreachable: true,
            endings: 3,
            connect: Some(Unconnected { host: "https://bitbucket.org".parse().unwrap(), path: Some("a/b".into()) }),
            last: Some(Who { tid: "t".into(), oid: "o".into(), username: "ada".into(), email: None }),
        };
        state.save(dir.path(), &account).unwrap();
        assert_eq!(AccountState::load(dir.path(), &account), state);
        let other = AccountId::new("https://login", "t2", "c", "p");
        assert_eq!(AccountState::load(dir.path(), &other), AccountState::default());
    }

    #[test]
    fn other_versions_and_torn_files_do_no_harm() {
        let dir = tempfile::tempdir().unwrap();
        let account = AccountId::new("https://login", "t", "c", "p");
        AccountState::default().save(dir.path(), &account).unwrap();
        put_private(&path(dir.path(), &account), br#"{"tab_spent":true,"later":1}"#).unwrap();
        assert!(AccountState::load(dir.path(), &account).tab_spent);
        put_private(&path(dir.path(), &account), br#"{"tab_spent":tr"#).unwrap();
        assert_eq!(AccountState::load(dir.path(), &account), AccountState::default());
    }
}
