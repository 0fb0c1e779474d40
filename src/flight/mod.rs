//! One at a time, across processes: kernel advisory locks, what the leader is doing, and how it ended.

use crate::basis::clock::Timestamp;
use crate::basis::failure::Failure;
use crate::basis::host_id::{AccountId, HostId};
use std::path::PathBuf;
use std::time::Duration;

mod account;
mod deferred;
mod file;
mod note;
pub mod rest;

pub use account::{AccountState, Unconnected};
pub use deferred::Deferred;
pub use file::Files;

/// What only one process may do at a time. Locks are taken in this order, account before host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Sign-in and Entra refresh of an account.
    Account(AccountId),
    /// Bitbucket tokens of a host.
    Host(HostId),
}

/// Enters lanes.
pub trait Flight {
    /// Waits for the lane, at most `longest`. After one second, and whenever it changes, `told` gets the
    /// leader's notice; once nothing, if the leader gives none.
    fn enter(
        &self,
        lane: &Lane,
        longest: Duration,
        told: &mut dyn FnMut(Option<&Notice>),
    ) -> Result<Box<dyn Turn>, FlightError>;

    /// Enters only if nobody is there.
    fn try_enter(&self, lane: &Lane) -> Result<Option<Box<dyn Turn>>, FlightError>;
}

/// Being the leader of a lane; dropping it lets the next one in. The kernel drops it for a dead process.
pub trait Turn {
    /// Whether others were waited for.
    fn waited(&self) -> bool;

    /// How the leader we waited for ended, if it failed after we began to wait.
    fn adopted(&self) -> Option<Adopted>;

    /// Tells waiters what is going on.
    fn announce(&self, notice: &Notice);

    /// Tells waiters how it ended and for which host; without a failure, they look at what was stored.
    fn conclude(&self, about: &HostId, failure: Option<&Failure>);
}

/// The failure of a leader that was waited for. It is the waiter's too if both wanted the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopted {
    pub failure: Failure,
    about: Option<String>,
}

impl Adopted {
    /// Whether the leader wanted a token for this host; one of an older version does not say.
    pub fn is_about(&self, host: &HostId) -> bool {
        self.about.as_ref().is_none_or(|about| *about == host.to_string())
    }
}

/// What a leader is doing, as waiters show it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Notice {
    pub pid: u32,
    /// In words: "waiting for the sign-in in the browser", with the user code if there is one.
    pub doing: String,
    /// When the leader gives up.
    pub until: Timestamp,
}

/// Why a lane could not be entered; a lock that cannot be taken is never ignored.
#[derive(Debug, thiserror::Error)]
pub enum FlightError {
    /// The leader took longer than we may wait.
    #[error("another git process is still busy: {}", .0.as_ref().map_or("it does not say with what", |n| &n.doing))]
    Busy(Option<Notice>),
    /// The lock file cannot be made or locked here.
    #[error("the lock file {path} cannot be used: {why}")]
    Broken { path: PathBuf, why: String },
}
