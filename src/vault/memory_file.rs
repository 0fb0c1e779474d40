//! Files in a directory of ours on a memory-backed file system: for containers and workloads, where the kernel
//! keyring is shared with strangers or refused. Nothing of it ever reaches a disk, and nothing outlives a reboot.

use crate::basis::clock::{Clock, Timestamp};
use crate::basis::env::Env;
use crate::basis::files::{private_dir, put_private, read_private, remove};
use crate::basis::host_id::AccountId;
use crate::basis::leftovers;
use crate::basis::secret::SecretBytes;
use crate::vault::hot::{unwrap, wrap};
use crate::vault::shelf::{Shelf, keep};
use crate::vault::{HotCache, Name, Place, Record, Slot, Vault, VaultError, record};
use rustix::fs::{FsWord, statfs};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A directory of ours in memory.
pub struct MemoryFile {
    dir: PathBuf,
    clock: Arc<dyn Clock>,
}

impl MemoryFile {
    /// In the runtime directory of the login session if it is ours and in memory, else in `/dev/shm`. `None` if
    /// neither is.
    pub fn find(env: &Env, clock: Arc<dyn Clock>) -> Option<Self> {
        Self::named(env, clock, "")
    }

    /// The same beside it: what has another suffix is another directory.
    pub fn named(env: &Env, clock: Arc<dyn Clock>, suffix: &str) -> Option<Self> {
        let runtime = env.os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|dir| dir.is_absolute() && is_ours(dir));
        let shared = || PathBuf::from("/dev/shm");
        let dir = match runtime.filter(|dir| in_memory(dir)) {
            Some(dir) => dir.join(format!("bitbucket-sso{suffix}")),
            None if in_memory(&shared()) => shared().join(format!("bitbucket-sso-{}{suffix}", uid())),
            None => return None,
        };
        Some(Self { dir, clock })
    }

    /// The path of a file; the directory is made, or checked, first. It must be in memory itself: a mount could
    /// lie over it.
    fn path(&self, name: &str) -> Result<PathBuf, VaultError> {
        private_dir(&self.dir)?;
        if !in_memory(&self.dir) {
            return Err(VaultError::Unsafe(self.dir.clone(), "it is not in memory"));
        }
        Ok(self.dir.join(name))
    }

    fn put(&self, name: &str, bytes: &SecretBytes) -> Result<(), VaultError> {
        let path = self.path(name)?;
        put_private(&path, bytes.expose()).map_err(|error| super::file_error(&path, &error))?;
        leftovers::sweep(&self.dir, &path);
        Ok(())
    }

    fn get(&self, name: &str) -> Result<Option<SecretBytes>, VaultError> {
        if !self.dir.exists() {
            return Ok(None);
        }
        Ok(read_private(&self.path(name)?)?.map(SecretBytes::new))
    }
}

impl Shelf for MemoryFile {
    fn read(&self, name: &str) -> Result<Option<Record>, VaultError> {
        match self.get(name)?.map(|bytes| record::decode(name, &bytes)) {
            None | Some(Err(record::BadRecord::Torn)) => Ok(None),
            Some(record) => Ok(Some(record?)),
        }
    }

    fn write(&self, name: &str, generation: u64, bytes: &SecretBytes) -> Result<(), VaultError> {
        self.put(name, &record::encode(name, generation, bytes))
    }

    fn remove(&self, name: &str) -> Result<bool, VaultError> {
        let path = self.dir.join(name);
        remove(&path).map_err(|error| super::file_error(&path, &error))
    }
}

impl Vault for MemoryFile {
    fn load(&self, name: &Name) -> Result<Option<Record>, VaultError> {
        Shelf::read(self, &name.text())
    }

    fn keep(&self, name: &Name, bytes: &SecretBytes, seen: u64) -> Result<u64, VaultError> {
        keep(self, &name.text(), bytes, seen)
    }

    fn forget(&self, name: &Name) -> Result<bool, VaultError> {
        self.remove(&name.text())
    }

    fn place(&self) -> Place {
        Place::MemoryFile
    }
}

impl HotCache for MemoryFile {
    fn read(&self, account: &AccountId, slot: &Slot) -> Option<SecretBytes> {
        let name = hot_name(account, slot);
        let record = record::decode(&name, &self.get(&name).ok()??).ok()?;
        unwrap(record.bytes, self.clock.now())
    }

    fn write(&self, account: &AccountId, slot: &Slot, bytes: &SecretBytes, until: Timestamp) -> Result<(), VaultError> {
        let name = hot_name(account, slot);
        self.put(&name, &record::encode(&name, 1, &wrap(bytes, until)))
    }

    fn drop_slot(&self, account: &AccountId, slot: &Slot) {
        _ = fs::remove_file(self.dir.join(hot_name(account, slot)));
    }

    fn drop_account(&self, account: &AccountId) {
        let prefix = format!("hot-{account}-");
        for entry in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn hot_name(account: &AccountId, slot: &Slot) -> String {
    format!("hot-{account}-{}", slot.text())
}

fn is_ours(dir: &Path) -> bool {
    fs::symlink_metadata(dir).is_ok_and(|meta| meta.is_dir() && meta.uid() == uid())
}

fn uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whether statfs(2) calls it tmpfs or ramfs.
fn in_memory(dir: &Path) -> bool {
    statfs(dir).is_ok_and(|about| MEMORY.contains(&about.f_type))
}

const MEMORY: [FsWord; 2] = [0x0102_1994, 0x8584_58f6];

#[cfg(test)]
mod tests;
