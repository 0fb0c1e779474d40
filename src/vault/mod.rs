//! The vault's door: where sessions and grants are kept, and where credentials wait for the next `get`.

use crate::basis::clock::Timestamp;
use crate::basis::host_id::{AccountId, HostId};
use crate::basis::secret::SecretBytes;

mod apart;
mod choose;
mod deadline;
mod hot;
#[cfg(target_os = "linux")]
mod kernel;
mod keyring;
mod keys;
#[cfg(target_os = "linux")]
mod memory_file;
mod nowhere;
pub mod others;
mod parts;
mod record;
#[cfg(any(target_os = "linux", test))]
mod sealed_files;
#[cfg(all(unix, not(target_os = "macos")))]
mod secret_service;
mod shelf;

pub use apart::{apart, place_apart};
pub use choose::{hot, in_container, open};

/// What a record is of; decides its entry's name and the associated data it is sealed with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// The Entra session of an account.
    Session(AccountId),
    /// The Bitbucket refresh token of a host.
    Grant(HostId),
    /// What an audit trail is sealed with, by the digest of the trail's path.
    TrailKey(String),
}

/// A record as stored: opaque bytes and the generation that counts its writes, from 1.
#[derive(Clone, Debug)]
pub struct Record {
    pub generation: u64,
    pub bytes: SecretBytes,
}

/// Where sessions and grants are kept: durable until forgotten, never torn, never in clear on a disk.
pub trait Vault {
    /// The newest complete record; `None` if there is none.
    fn load(&self, name: &Name) -> Result<Option<Record>, VaultError>;

    /// Stores `bytes` as the generation after `seen` (0 if nothing was seen), reads it back, and returns the
    /// new generation. A newer record in place is kept and reported as [`VaultError::Newer`].
    fn keep(&self, name: &Name, bytes: &SecretBytes, seen: u64) -> Result<u64, VaultError>;

    /// Removes a record; whether there was one.
    fn forget(&self, name: &Name) -> Result<bool, VaultError>;

    /// Which store this is, for `status`.
    fn place(&self) -> Place;
}

/// What waits in the hot cache.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// The credential of a host.
    Credential(HostId),
    /// An Entra access token for one scope, for the few minutes in which Entra need not be asked again.
    Access(AccountId, String),
}

/// Where credentials wait for the next `get`; losing any of it costs only a token request.
pub trait HotCache {
    /// The bytes of a slot; anything unreadable, foreign or expired is `None`.
    fn read(&self, account: &AccountId, slot: &Slot) -> Option<SecretBytes>;

    /// Keeps bytes until `until` at the latest (the session's end).
    fn write(&self, account: &AccountId, slot: &Slot, bytes: &SecretBytes, until: Timestamp) -> Result<(), VaultError>;

    /// Drops one slot.
    fn drop_slot(&self, account: &AccountId, slot: &Slot);

    /// Drops everything of an account, its sealing key included.
    fn drop_account(&self, account: &AccountId);
}

/// Where a store keeps what it keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Secret Service, Keychain or Credential Manager.
    Keyring,
    /// Sealed files with a key in the Linux kernel keyring; a reboot means a new sign-in.
    Kernel,
    /// Files of ours on a memory-backed file system; a reboot or a new container means a new sign-in.
    MemoryFile,
    /// Nowhere: each command signs in again.
    Nowhere,
}

/// Why the vault could not do it; named for what the caller does next.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// No such store on this machine.
    #[error("no keyring service is available: {0}")]
    Missing(String),
    /// It is there but locked, and nobody was asked to unlock it.
    #[error("the keyring is locked")]
    Locked,
    /// It did not answer within the deadline.
    #[error("the keyring did not answer within {0} seconds")]
    TimedOut(u64),
    /// The kernel's key quota is used up.
    #[error("the kernel keyring quota of this user is used up")]
    Quota,
    /// Somebody stored a newer record meanwhile; ours was not written.
    #[error("another process stored a newer record")]
    Newer,
    /// A file or directory of ours has another owner, is a symbolic link, or is open to others.
    #[error("{0} is not safe to use: {1}")]
    Unsafe(std::path::PathBuf, &'static str),
    /// Anything else, in one clause.
    #[error("{0}")]
    Broken(String),
}

impl From<crate::basis::files::UnsafeDir> for VaultError {
    fn from(error: crate::basis::files::UnsafeDir) -> Self {
        use crate::basis::files::UnsafeDir;
        match error {
            UnsafeDir::Unsafe { path, why } => Self::Unsafe(path, why),
            UnsafeDir::Io { path, source } => file_error(&path, &source),
        }
    }
}

impl From<crate::basis::seal::NotSealed> for VaultError {
    fn from(error: crate::basis::seal::NotSealed) -> Self {
        Self::Broken(error.to_string())
    }
}

/// A file of ours that the system does not let us read or write.
fn file_error(path: &std::path::Path, error: &std::io::Error) -> VaultError {
    VaultError::Broken(format!("{}: {error}", path.display()))
}

/// Tells the sealing keys of one state directory from those of another.
fn tag(state: &std::path::Path) -> String {
    let digest = crate::basis::digest::of(state.as_os_str().as_encoded_bytes());
    digest.get(..8).unwrap_or_default().to_owned()
}
