//! The hot cache of workloads. Memory may be shared more widely than it looks (a runtime directory mounted into several
//! containers, one `/dev/shm` for a pod or a host), so what lies there is sealed. The sealing key lies in the state
//! directory of this container: neither place alone gives a token away, and no token reaches a disk.

use crate::basis::clock::Clock;
use crate::basis::env::Env;
use crate::basis::host_id::AccountId;
use crate::vault::{HotCache, Place};
use std::path::Path;
use std::sync::Arc;

/// `usual` for everybody but `workloads`, whose tokens go to sealed files in memory, or nowhere. Elsewhere than on
/// Linux there is no such memory, and the usual cache is sealed by the system's own store.
pub fn apart(
    usual: Box<dyn HotCache>,
    workloads: Vec<AccountId>,
    state: &Path,
    env: &Env,
    clock: Arc<dyn Clock>,
) -> Box<dyn HotCache> {
    if workloads.is_empty() {
        return usual;
    }
    #[cfg(target_os = "linux")]
    return Box::new(linux::Apart::new(usual, workloads, linux::InMemory::new(state, env, clock)));
    #[cfg(not(target_os = "linux"))]
    {
        _ = (workloads, state, env, clock);
        usual
    }
}

/// Where [`apart`] keeps what workloads have.
pub fn place_apart(state: &Path, env: &Env, clock: Arc<dyn Clock>) -> Place {
    #[cfg(target_os = "linux")]
    return linux::InMemory::new(state, env, clock).place();
    #[cfg(not(target_os = "linux"))]
    {
        _ = (state, env, clock);
        Place::Keyring
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use super::{AccountId, Arc, Clock, Env, HotCache, Path, Place};
    use crate::basis::clock::Timestamp;
    use crate::basis::digest;
    use crate::basis::files::{private_dir, read_private, write_private};
    use crate::basis::lock;
    use crate::basis::seal::SealKey;
    use crate::basis::secret::SecretBytes;
    use crate::vault::memory_file::MemoryFile;
    use crate::vault::{Slot, VaultError};
    use std::cell::OnceCell;
    use std::path::PathBuf;
    use std::time::Duration;

    pub struct Apart {
        usual: Box<dyn HotCache>,
        workloads: Vec<AccountId>,
        own: InMemory,
    }

    impl Apart {
        pub fn new(usual: Box<dyn HotCache>, workloads: Vec<AccountId>, own: InMemory) -> Self {
            Self { usual, workloads, own }
        }

        fn of(&self, account: &AccountId) -> &dyn HotCache {
            if self.workloads.contains(account) { &self.own } else { &*self.usual }
        }
    }

    impl HotCache for Apart {
        fn read(&self, account: &AccountId, slot: &Slot) -> Option<SecretBytes> {
            self.of(account).read(account, slot)
        }

        fn write(
            &self,
            account: &AccountId,
            slot: &Slot,
            bytes: &SecretBytes,
            until: Timestamp,
        ) -> Result<(), VaultError> {
            self.of(account).write(account, slot, bytes, until)
        }

        fn drop_slot(&self, account: &AccountId, slot: &Slot) {
            self.of(account).drop_slot(account, slot);
        }

        fn drop_account(&self, account: &AccountId) {
            self.of(account).drop_account(account);
        }
    }

    /// Files in memory, sealed with a key of this state directory.
    pub struct InMemory {
        state: PathBuf,
        env: Env,
        clock: Arc<dyn Clock>,
        found: OnceCell<(MemoryFile, SealKey)>,
    }

    impl InMemory {
        pub fn new(state: &Path, env: &Env, clock: Arc<dyn Clock>) -> Self {
            Self { state: state.to_owned(), env: env.clone(), clock, found: OnceCell::new() }
        }

        /// Whether anything would be kept.
        pub fn place(&self) -> Place {
            let memory = MemoryFile::find(&self.env, Arc::clone(&self.clock));
            if memory.is_some() { Place::MemoryFile } else { Place::Nowhere }
        }

        /// Memory and key, if a key is there; a read makes none.
        fn found(&self) -> Option<&(MemoryFile, SealKey)> {
            if let Some(found) = self.found.get() {
                return Some(found);
            }
            self.remember(self.kept()?)
        }

        fn found_or_made(&self) -> Option<&(MemoryFile, SealKey)> {
            match self.found() {
                Some(found) => Some(found),
                None => self.remember(self.made()?),
            }
        }

        /// The directory has the key's name: who has another key never meets these files.
        fn remember(&self, key: SealKey) -> Option<&(MemoryFile, SealKey)> {
            let name = format!("-{}", digest::of(key.expose()).get(..8)?);
            let memory = MemoryFile::named(&self.env, Arc::clone(&self.clock), &name)?;
            Some(self.found.get_or_init(|| (memory, key)))
        }

        fn kept(&self) -> Option<SealKey> {
            SealKey::new(SecretBytes::new(read_private(&self.state.join(KEY)).ok()??))
        }

        /// Two processes that find none make one.
        fn made(&self) -> Option<SealKey> {
            private_dir(&self.state).ok()?;
            let _locked = lock::wait(&self.state.join("workload.lock"), PATIENCE, &*self.clock).ok()?;
            if let Some(key) = self.kept() {
                return Some(key);
            }
            let key = SealKey::random().ok()?;
            write_private(&self.state.join(KEY), key.expose()).ok()?;
            Some(key)
        }
    }

    impl HotCache for InMemory {
        fn read(&self, account: &AccountId, slot: &Slot) -> Option<SecretBytes> {
            let (memory, key) = self.found()?;
            key.open(&about(account, slot), HotCache::read(memory, account, slot)?.expose().to_vec())
        }

        /// Where there is no memory, nothing is kept, which costs a request.
        fn write(
            &self,
            account: &AccountId,
            slot: &Slot,
            bytes: &SecretBytes,
            until: Timestamp,
        ) -> Result<(), VaultError> {
            let Some((memory, key)) = self.found_or_made() else { return Ok(()) };
            let sealed = SecretBytes::new(key.seal(&about(account, slot), bytes)?);
            HotCache::write(memory, account, slot, &sealed, until)
        }

        fn drop_slot(&self, account: &AccountId, slot: &Slot) {
            if let Some((memory, _)) = self.found() {
                memory.drop_slot(account, slot);
            }
        }

        fn drop_account(&self, account: &AccountId) {
            if let Some((memory, _)) = self.found() {
                memory.drop_account(account);
            }
        }
    }

    fn about(account: &AccountId, slot: &Slot) -> String {
        format!("workload 1 {account} {}", slot.text())
    }

    const KEY: &str = "workload.key";
    const PATIENCE: Duration = Duration::from_secs(3);

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::basis::clock::SystemClock;
        use crate::basis::files::testing::private_temp_dir;
        use std::os::unix::fs::MetadataExt;

        /// Two containers of one uid that share a runtime directory in memory.
        #[test]
        fn another_container_of_the_same_uid_reads_nothing() {
            let shared = tempfile::tempdir_in("/dev/shm").unwrap();
            let (one, other) = (private_temp_dir(), private_temp_dir());
            let env = Env::fixed([("XDG_RUNTIME_DIR", shared.path().to_str().unwrap())]);
            let of = |state: &Path| InMemory::new(state, &env, Arc::new(SystemClock));
            of(one.path()).write(&account(), &slot(), &token(), later()).unwrap();
            assert_eq!(of(one.path()).read(&account(), &slot()).unwrap().expose(), b"canary");
            assert!(of(other.path()).read(&account(), &slot()).is_none());
            of(other.path()).write(&account(), &slot(), &SecretBytes::new(b"its own".to_vec()), later()).unwrap();
            assert_eq!(of(one.path()).read(&account(), &slot()).unwrap().expose(), b"canary", "not overwritten");
            // Even with the first one's files under the second one's name.
            std::fs::copy(one.path().join(KEY), other.path().join("not-the-key")).unwrap();
            for dir in std::fs::read_dir(shared.path()).unwrap().flatten() {
                assert_eq!(dir.metadata().unwrap().mode() & 0o777, 0o700);
                for file in std::fs::read_dir(dir.path()).unwrap().flatten() {
                    assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600);
                    let bytes = std::fs::read(file.path()).unwrap();
                    assert!(!bytes.windows(6).any(|part| part == b"canary"), "sealed");
                }
            }
        }

        #[test]
        fn the_rest_stays_where_it_was() {
            let (state, shared) = (private_temp_dir(), tempfile::tempdir_in("/dev/shm").unwrap());
            let env = Env::fixed([("XDG_RUNTIME_DIR", shared.path().to_str().unwrap())]);
            let own = InMemory::new(state.path(), &env, Arc::new(SystemClock));
            let usual = Box::new(crate::vault::nowhere::Nowhere);
            let cache = Apart::new(usual, vec![account()], own);
            let person = AccountId::new("https://login", "t", "c", "default");
            for account in [&account(), &person] {
                cache.write(account, &slot(), &token(), later()).unwrap();
            }
            assert!(cache.read(&account(), &slot()).is_some() && cache.read(&person, &slot()).is_none());
            cache.drop_account(&account());
            assert!(cache.read(&account(), &slot()).is_none());
        }

        fn account() -> AccountId {
            AccountId::new("https://login", "t", "c", "default/Auto")
        }

        fn slot() -> Slot {
            Slot::Access(account(), "scope".into())
        }

        fn token() -> SecretBytes {
            SecretBytes::new(b"canary".to_vec())
        }

        fn later() -> Timestamp {
            SystemClock.now().after(Duration::from_secs(60))
        }
    }
}
