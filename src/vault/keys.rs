//! Sealing keys by name, wherever the machine keeps them.

use crate::basis::clock::Clock;
use crate::basis::files::private_dir;
use crate::basis::lock;
use crate::basis::seal::SealKey;
use crate::vault::VaultError;
use std::path::Path;
use std::time::Duration;

/// Where sealing keys are kept: the Linux kernel, elsewhere the store of the operating system.
pub trait Keys {
    /// The key; `None` if there is none or its time is over.
    fn read(&self, name: &str) -> Result<Option<SealKey>, VaultError>;

    /// Makes a new key that lasts so long, in place of one of that name.
    fn create(&self, name: &str, lasts: Duration) -> Result<SealKey, VaultError>;

    /// Sets how long an existing key lasts from now on, where keys end by themselves.
    fn extend(&self, name: &str, lasts: Duration) -> Result<(), VaultError>;

    /// Destroys a key; nothing sealed with it opens any more.
    fn destroy(&self, name: &str) -> Result<(), VaultError>;
}

/// The key of that name, made if there is none. Two processes that find none make one: a second key would lock
/// the first one's records away.
pub fn obtain(
    keys: &impl Keys,
    name: &str,
    lasts: Duration,
    state: &Path,
    clock: &dyn Clock,
) -> Result<SealKey, VaultError> {
    if let Some(key) = keys.read(name)? {
        return Ok(key);
    }
    let _locked = locked(state, clock)?;
    obtain_locked(keys, name, lasts)
}

/// The same for whoever holds the lock.
pub fn obtain_locked(keys: &impl Keys, name: &str, lasts: Duration) -> Result<SealKey, VaultError> {
    match keys.read(name)? {
        Some(key) => Ok(key),
        None => keys.create(name, lasts),
    }
}

/// Nobody else makes or destroys a sealing key of this state directory meanwhile.
pub fn locked(state: &Path, clock: &dyn Clock) -> Result<impl Sized + use<>, VaultError> {
    let locks = state.join("locks");
    private_dir(&locks)?;
    let path = locks.join("v1-sealing-keys.lock");
    lock::wait(&path, PATIENCE, clock).map_err(|error| VaultError::Broken(format!("{}: {error}", path.display())))
}

/// Making a key takes microseconds, writing a record milliseconds.
const PATIENCE: Duration = Duration::from_secs(3);

#[cfg(test)]
pub mod fake {
    use super::*;
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    /// Keys in memory; `refused` plays a kernel that forbids them.
    #[derive(Default)]
    pub struct Ring {
        pub all: RefCell<BTreeMap<String, (SealKey, Duration)>>,
        pub refused: bool,
    }

    impl Keys for &Ring {
        fn read(&self, name: &str) -> Result<Option<SealKey>, VaultError> {
            self.allowed()?;
            Ok(self.all.borrow().get(name).map(|(key, _)| key.clone()))
        }

        fn create(&self, name: &str, lasts: Duration) -> Result<SealKey, VaultError> {
            self.allowed()?;
            let key = SealKey::random()?;
            self.all.borrow_mut().insert(name.to_owned(), (key.clone(), lasts));
            Ok(key)
        }

        fn extend(&self, name: &str, lasts: Duration) -> Result<(), VaultError> {
            self.allowed()?;
            self.all.borrow_mut().entry(name.to_owned()).and_modify(|(_, old)| *old = lasts);
            Ok(())
        }

        fn destroy(&self, name: &str) -> Result<(), VaultError> {
            self.all.borrow_mut().remove(name);
            Ok(())
        }
    }

    impl Ring {
        fn allowed(&self) -> Result<(), VaultError> {
            if self.refused { Err(VaultError::Missing("refused".into())) } else { Ok(()) }
        }
    }
}
