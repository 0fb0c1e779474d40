//! The audit trail's door: one record per decision, one short line per hand-out.

use crate::basis::clock::Timestamp;

mod chain;
mod hits;
mod lines;

pub use lines::{Trail, trail};

/// Keeps the trail.
pub trait Journal {
    /// Records a decision. Failing to write it is an error: nothing is handed out unrecorded.
    fn record(&self, event: &Event) -> Result<(), JournalError>;

    /// Records a hand-out from the cache: one append, no lock.
    fn hit(&self, now: Timestamp, token_digest: &str) -> Result<(), JournalError>;
}

/// The trail could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the audit trail {path} cannot be written: {why}")]
pub struct JournalError {
    pub path: std::path::PathBuf,
    pub why: String,
}

/// One decision. Holds digests, never tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Event {
    /// RFC 3339, UTC.
    pub time: String,
    /// `sign-in`, `mint`, `refuse`, `grant`, `logout` …
    pub event: &'static str,
    /// Entra tenant and object id, and the name for people.
    pub tid: Option<String>,
    pub oid: Option<String>,
    pub user: Option<String>,
    pub host: Option<String>,
    pub path: Option<String>,
    pub source: Option<&'static str>,
    pub scopes: Option<String>,
    /// SHA-256 of the token handed out.
    pub token_sha256: Option<String>,
    pub expires: Option<String>,
    /// Entra `uti` or correlation id, to join with Entra's sign-in logs.
    pub correlation: Option<String>,
    /// The requesting process.
    pub pid: u32,
    /// `ok`, or the failure's identifier.
    pub outcome: String,
}
