//! Keeps nothing: where neither a keyring nor memory of ours is, each command signs in again.

use crate::basis::clock::Timestamp;
use crate::basis::host_id::AccountId;
use crate::basis::secret::SecretBytes;
use crate::vault::{HotCache, Name, Place, Record, Slot, Vault, VaultError};

/// The null object of both stores.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nowhere;

impl Vault for Nowhere {
    fn load(&self, _: &Name) -> Result<Option<Record>, VaultError> {
        Ok(None)
    }

    /// A session serves the command that had it, and nothing after. A grant would have to be consented to each time.
    fn keep(&self, name: &Name, _: &SecretBytes, seen: u64) -> Result<u64, VaultError> {
        match name {
            Name::Session(_) => Ok(seen + 1),
            Name::Grant(_) | Name::TrailKey(_) => {
                Err(VaultError::Missing("this machine has no place to keep it".into()))
            }
        }
    }

    fn forget(&self, _: &Name) -> Result<bool, VaultError> {
        Ok(false)
    }

    fn place(&self) -> Place {
        Place::Nowhere
    }
}

impl HotCache for Nowhere {
    fn read(&self, _: &AccountId, _: &Slot) -> Option<SecretBytes> {
        None
    }

    fn write(&self, _: &AccountId, _: &Slot, _: &SecretBytes, _: Timestamp) -> Result<(), VaultError> {
        Ok(())
    }

    fn drop_slot(&self, _: &AccountId, _: &Slot) {}

    fn drop_account(&self, _: &AccountId) {}
}
