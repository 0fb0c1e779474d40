//! The audit trail's door: one record per decision, one short line per hand-out.

use crate::basis::clock::{Clock, Timestamp};
use crate::basis::lock;
use std::io;
use std::path::Path;

mod chain;
mod forward;
mod hits;
mod hmac;
mod lines;
mod read;
mod rows;
mod verify;

pub use forward::Receiver;
pub use hmac::{KEY_LENGTH, TrailKey};
pub use lines::{Trail, trail};
pub use read::{Trace, anchor_of, read};
pub use rows::{Row, rows};
pub use verify::{Anchors, Flaw, Kept, Seals, Verdict, verify};

/// Appends `records` to the chain in `file` and has them on the disk, all or none; the digest of the last. A file that
/// has grown to `most` bytes is set aside first. For trails without hit files: the broker's.
pub fn chained<T: serde::Serialize>(
    file: &Path,
    most: u64,
    key: Option<&TrailKey>,
    records: &[T],
    clock: &dyn Clock,
) -> io::Result<String> {
    let _locked = lock::wait(&lines::lock_of(file), lines::PATIENCE, clock)?;
    let mut chain = chain::Chain::open(file, most, key)?;
    records.iter().try_for_each(|record| chain.add(record))?;
    chain.commit()
}

/// Keeps the trail.
pub trait Journal {
    /// Records a decision. Failing to write it is an error: nothing is handed out unrecorded.
    /// Without a key, the line is chained and not sealed.
    fn record(&self, event: &Event, key: Option<&TrailKey>) -> Result<(), JournalError>;

    /// The digest of the newest line; `None` if there is none, or none can be read.
    fn head(&self) -> Option<String>;

    /// When and why the system's log last did not take a head, if it has not taken one since.
    fn forward_failure(&self) -> Option<(String, String)>;

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
    /// The correlation id of the call to Entra that vouched, as Entra's sign-in log has it.
    pub correlation: Option<String>,
    /// The unique token identifier of the ID token of that call, where one came along.
    pub uti: Option<String>,
    /// Of a workload: which identity was detected, and by what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// By which rule of which policy the broker issued, as it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The Bitbucket account that was bound.
    pub bitbucket_account: Option<String>,
    /// How many grants were removed.
    pub grants_removed: Option<usize>,
    /// The requesting process: the one that has started us; 0 where the system does not tell.
    pub pid: u32,
    /// Its program.
    pub program: Option<String>,
    /// `ok`, or the failure's identifier.
    pub outcome: String,
}
