use super::*;
use crate::vault::shelf::keep;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

#[test]
fn every_size_comes_back_from_small_and_large_entries() {
    for limit in [200, 2_400, 1 << 20] {
        let parts = parts(limit);
        let mut seen = 0;
        for size in [12_000, 0, 1, 2_500, 4_096, 12_000] {
            let bytes = secret(size);
            seen = keep(&parts, NAME, &bytes, seen).unwrap();
            assert_eq!(parts.read(NAME).unwrap().unwrap().bytes.expose(), bytes.expose());
            let all = parts.entries.all.borrow();
            assert!(all.values().all(|entry| entry.len() <= limit && entry.is_ascii()), "{size} in {limit}");
        }
    }
}

#[test]
fn a_write_that_dies_anywhere_leaves_one_whole_record() {
    for (old, new) in [(7_000, 9_000), (9_000, 300), (300, 9_000), (7_000, 2_500)] {
        for steps in 0..60 {
            let parts = parts(400);
            keep(&parts, NAME, &secret(old), 0).unwrap();
            parts.entries.left.set(Some(steps));
            let written = parts.write(NAME, 2, &secret(new));
            parts.entries.left.set(None);
            let record = parts.read(NAME).unwrap().expect("a record is there at any time");
            let size = if record.generation == 2 { new } else { old };
            assert_eq!(record.bytes.expose(), secret(size).expose());
            assert!(written.is_err() || record.generation == 2);
            keep(&parts, NAME, &secret(5), record.generation).unwrap();
            assert_eq!(parts.entries.all.borrow().len(), 1, "the next write sweeps up");
        }
    }
}

#[test]
fn damaged_missing_and_foreign_parts_are_no_record() {
    let damage: [fn(&mut All); 4] = [
        |all| all.get_mut("session-x.a1").unwrap()[0] ^= 1,
        |all| drop(all.remove("session-x.a1")),
        |all| {
            let other = all["session-x.a0"].clone();
            all.insert("session-x.a1".into(), other);
        },
        |all| drop(all.insert(NAME.into(), b"somebody else's".to_vec())),
    ];
    for spoil in damage {
        let parts = parts(400);
        keep(&parts, NAME, &secret(2_000), 0).unwrap();
        spoil(&mut parts.entries.all.borrow_mut());
        assert!(parts.read(NAME).unwrap().is_none());
        assert_eq!(keep(&parts, NAME, &secret(10), 4).unwrap(), 5);
    }
}

#[test]
fn swapped_and_later_records_are_refused() {
    let parts = parts(1 << 20);
    keep(&parts, NAME, &secret(10), 0).unwrap();
    let entry = parts.entries.all.borrow()[NAME].clone();
    parts.entries.all.borrow_mut().insert("session-y".into(), entry);
    assert!(matches!(parts.read("session-y"), Err(VaultError::Broken(_))));
    parts.entries.all.borrow_mut().insert(NAME.into(), b"bitbucket-sso/2 whole x".to_vec());
    assert!(matches!(parts.read(NAME), Err(VaultError::Broken(_))));
    assert!(matches!(keep(&parts, NAME, &secret(1), 1), Err(VaultError::Broken(_))));
}

#[test]
fn forgetting_leaves_nothing() {
    let parts = parts(400);
    keep(&parts, NAME, &secret(3_000), 0).unwrap();
    parts.entries.left.set(Some(5));
    assert!(parts.write(NAME, 2, &secret(3_000)).is_err());
    parts.entries.left.set(None);
    assert!(parts.remove(NAME).unwrap());
    assert!(parts.entries.all.borrow().is_empty());
    assert!(!parts.remove(NAME).unwrap());
}

const NAME: &str = "session-x";

fn secret(size: usize) -> SecretBytes {
    SecretBytes::new((0..size).map(|i| u8::try_from(i * 31 % 251).unwrap()).collect())
}

fn parts(limit: usize) -> Parts<Map> {
    Parts { entries: Map::default(), limit }
}

type All = BTreeMap<String, Vec<u8>>;

/// A store that fails after a number of changes, as if the process had died.
#[derive(Default)]
struct Map {
    all: RefCell<All>,
    left: Cell<Option<u32>>,
}

impl Map {
    fn change(&self) -> Result<(), VaultError> {
        match self.left.get() {
            Some(0) => Err(VaultError::Broken("dead".into())),
            Some(left) => {
                self.left.set(Some(left - 1));
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl Entries for Map {
    fn get(&self, entry: &str) -> Result<Option<SecretBytes>, VaultError> {
        Ok(self.all.borrow().get(entry).cloned().map(SecretBytes::new))
    }

    fn set(&self, entry: &str, bytes: &SecretBytes) -> Result<(), VaultError> {
        self.change()?;
        self.all.borrow_mut().insert(entry.to_owned(), bytes.expose().to_vec());
        Ok(())
    }

    fn delete(&self, entry: &str) -> Result<bool, VaultError> {
        self.change()?;
        Ok(self.all.borrow_mut().remove(entry).is_some())
    }
}
