//! What all stores have in common: compare, write, read back.

use crate::basis::secret::SecretBytes;
use crate::vault::{Record, VaultError};

/// Where one kind of store puts whole records, by name.
pub trait Shelf {
    /// The newest complete record.
    fn read(&self, name: &str) -> Result<Option<Record>, VaultError>;

    /// Stores a record, complete or not at all.
    fn write(&self, name: &str, generation: u64, bytes: &SecretBytes) -> Result<(), VaultError>;

    /// Removes a record and everything left of earlier ones; whether there was one.
    fn remove(&self, name: &str) -> Result<bool, VaultError>;
}

/// `Vault::keep` over a shelf. Callers hold the lock of the account or host; the comparison catches the one
/// who lost it.
pub fn keep(shelf: &impl Shelf, name: &str, bytes: &SecretBytes, seen: u64) -> Result<u64, VaultError> {
    if shelf.read(name)?.is_some_and(|newest| newest.generation > seen) {
        return Err(VaultError::Newer);
    }
    let generation = seen + 1;
    shelf.write(name, generation, bytes)?;
    match shelf.read(name)? {
        Some(stored) if stored.generation > generation => Err(VaultError::Newer),
        Some(stored) if stored.generation == generation && stored.bytes.expose() == bytes.expose() => Ok(generation),
        _ => Err(VaultError::Broken("the store does not give back what was put in".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn a_newer_record_stays() {
        let shelf = One::default();
        assert_eq!(keep(&shelf, "n", &bytes("a"), 0).unwrap(), 1);
        assert_eq!(keep(&shelf, "n", &bytes("b"), 1).unwrap(), 2);
        assert!(matches!(keep(&shelf, "n", &bytes("c"), 1), Err(VaultError::Newer)));
        assert_eq!(shelf.read("n").unwrap().unwrap().bytes.expose(), b"b");
    }

    #[test]
    fn a_store_that_forgets_is_no_store() {
        let shelf = One { deaf: true, ..One::default() };
        assert!(matches!(keep(&shelf, "n", &bytes("a"), 0), Err(VaultError::Broken(_))));
    }

    fn bytes(text: &str) -> SecretBytes {
        SecretBytes::new(text.as_bytes().to_vec())
    }

    #[derive(Default)]
    struct One {
        record: RefCell<Option<Record>>,
        deaf: bool,
    }

    impl Shelf for One {
        fn read(&self, _: &str) -> Result<Option<Record>, VaultError> {
            Ok(self.record.borrow().clone())
        }

        fn write(&self, _: &str, generation: u64, bytes: &SecretBytes) -> Result<(), VaultError> {
            if !self.deaf {
                *self.record.borrow_mut() = Some(Record { generation, bytes: bytes.clone() });
            }
            Ok(())
        }

        fn remove(&self, _: &str) -> Result<bool, VaultError> {
            Ok(self.record.borrow_mut().take().is_some())
        }
    }
}
