//! Records in a store of small entries: parts first, the head last, then the old parts away.
//!
//! A record that fits one entry is the head itself. Otherwise the head names how many parts there are and
//! their digest, and the parts lie on one of two sides, the one that the head in force does not use. So a
//! write that dies leaves the old record whole, and what it left is overwritten by the next one.

use crate::basis::base64;
use crate::basis::digest;
use crate::basis::secret::SecretBytes;
use crate::vault::shelf::Shelf;
use crate::vault::{Record, VaultError, record};

/// Small named entries of a store.
pub trait Entries {
    /// The entry's bytes.
    fn get(&self, entry: &str) -> Result<Option<SecretBytes>, VaultError>;

    /// Creates or replaces one entry; the store does that completely or not at all.
    fn set(&self, entry: &str, bytes: &SecretBytes) -> Result<(), VaultError>;

    /// Removes an entry; whether there was one.
    fn delete(&self, entry: &str) -> Result<bool, VaultError>;
}

/// A shelf over entries of at most `limit` bytes of ASCII.
pub struct Parts<E> {
    pub entries: E,
    pub limit: usize,
}

impl<E: Entries> Shelf for Parts<E> {
    fn read(&self, name: &str) -> Result<Option<Record>, VaultError> {
        let text = match self.head(name)? {
            None => return Ok(None),
            Some(Head::Whole(text)) => text,
            Some(Head::Split { side, count, digest }) => match self.gather(name, side, count)? {
                Some(text) if digest::of(text.expose()) == digest => text,
                _ => return Ok(None),
            },
        };
        let Some(bytes) = base64::from_standard(text.expose()) else { return Ok(None) };
        Ok(Some(record::decode(name, &bytes)?))
    }

    fn write(&self, name: &str, generation: u64, bytes: &SecretBytes) -> Result<(), VaultError> {
        let text = base64::standard(record::encode(name, generation, bytes).expose());
        // A head that cannot be read is no reason to keep a record out; its side is then anyone's guess.
        let old = match self.head(name) {
            Ok(Some(Head::Split { side, .. })) => Some(side),
            _ => None,
        };
        if WHOLE.len() + text.expose().len() <= self.limit {
            self.entries.set(name, &SecretBytes::new([WHOLE, text.expose()].concat()))?;
            return self.sweep(name, &SIDES);
        }
        let side = if old == Some(SIDES[0]) { SIDES[1] } else { SIDES[0] };
        let mut count = 0;
        for part in text.expose().chunks(self.limit) {
            self.entries.set(&part_name(name, side, count), &SecretBytes::new(part.to_vec()))?;
            count += 1;
        }
        let head = format!("{SPLIT}{side} {count} {}", digest::of(text.expose()));
        self.entries.set(name, &SecretBytes::new(head.into_bytes()))?;
        self.delete_from(&part_name_from(name, side), count)?;
        self.sweep(name, &[if side == SIDES[0] { SIDES[1] } else { SIDES[0] }])
    }

    fn remove(&self, name: &str) -> Result<bool, VaultError> {
        let had = self.entries.delete(name)?;
        self.sweep(name, &SIDES)?;
        Ok(had)
    }
}

impl<E: Entries> Parts<E> {
    /// The head; one that is none of ours counts as none, one of a later version is an error.
    fn head(&self, name: &str) -> Result<Option<Head>, VaultError> {
        let Some(bytes) = self.entries.get(name)? else { return Ok(None) };
        if let Some(text) = bytes.expose().strip_prefix(WHOLE) {
            return Ok(Some(Head::Whole(SecretBytes::new(text.to_vec()))));
        }
        let text = std::str::from_utf8(bytes.expose()).unwrap_or_default();
        match text.strip_prefix(SPLIT) {
            Some(rest) => Ok(Head::split(rest)),
            None if text.starts_with(OURS) => Err(VaultError::Broken("a stored record is of a later version".into())),
            None => Ok(None),
        }
    }

    fn gather(&self, name: &str, side: char, count: usize) -> Result<Option<SecretBytes>, VaultError> {
        let mut parts = Vec::new();
        for number in 0..count {
            match self.entries.get(&part_name(name, side, number))? {
                Some(part) => parts.push(part),
                None => return Ok(None),
            }
        }
        Ok(Some(SecretBytes::new(parts.iter().map(SecretBytes::expose).collect::<Vec<_>>().concat())))
    }

    fn sweep(&self, name: &str, sides: &[char]) -> Result<(), VaultError> {
        sides.iter().try_for_each(|side| self.delete_from(&part_name_from(name, *side), 0))
    }

    /// Deletes numbered parts from `first` on until there is none; from the last to the first, so that a
    /// sweep that dies can be taken up again.
    fn delete_from(&self, stem: &str, first: usize) -> Result<(), VaultError> {
        let mut end = first;
        while self.entries.get(&format!("{stem}{end}"))?.is_some() {
            end += 1;
        }
        for number in (first..end).rev() {
            self.entries.delete(&format!("{stem}{number}"))?;
        }
        Ok(())
    }
}

/// What the first entry of a record says.
enum Head {
    Whole(SecretBytes),
    Split { side: char, count: usize, digest: String },
}

impl Head {
    fn split(text: &str) -> Option<Self> {
        let mut fields = text.split(' ');
        let side = fields.next()?.chars().next().filter(|side| SIDES.contains(side))?;
        let count = fields.next()?.parse().ok().filter(|count| *count <= MOST)?;
        Some(Self::Split { side, count, digest: fields.next()?.to_owned() })
    }
}

fn part_name(name: &str, side: char, number: usize) -> String {
    format!("{}{number}", part_name_from(name, side))
}

fn part_name_from(name: &str, side: char) -> String {
    format!("{name}.{side}")
}

const SIDES: [char; 2] = ['a', 'b'];
const OURS: &str = "bitbucket-sso/";
const WHOLE: &[u8] = b"bitbucket-sso/1 whole ";
const SPLIT: &str = "bitbucket-sso/1 split ";
/// More parts than any record of ours has.
const MOST: usize = 1_000;

#[cfg(test)]
mod tests;
