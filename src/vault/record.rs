//! A record's bytes: versioned, and with its own name inside, so that a swapped one is noticed.

use crate::basis::digest;
use crate::basis::secret::SecretBytes;
use crate::vault::{Name, Record, Slot, VaultError};

impl Name {
    /// The entry's or file's name; plain ASCII.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Session(account) => format!("session-{account}"),
            Self::Grant(host) => format!("grant-{host}"),
            Self::TrailKey(trail) => format!("trail-{trail}"),
        }
    }
}

impl Slot {
    /// The file's name; plain ASCII.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Credential(host) => format!("credential-{host}"),
            Self::Access(account, scope) => {
                let digest = digest::of_fields([account.to_string().as_str(), scope]);
                format!("access-{}", digest.get(..32).unwrap_or_default())
            }
        }
    }
}

/// Why bytes are not the record that was asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum BadRecord {
    /// Cut short, or none of ours.
    Torn,
    /// Written by a later version.
    Version(u8),
    /// The record of another name.
    Foreign,
}

impl From<BadRecord> for VaultError {
    fn from(bad: BadRecord) -> Self {
        Self::Broken(match bad {
            BadRecord::Torn => "a stored record is damaged".to_owned(),
            BadRecord::Version(version) => format!("a stored record has version {version}, this program knows 1"),
            BadRecord::Foreign => "a stored record belongs to another name".to_owned(),
        })
    }
}

/// `BSSO`, version, name length, name, generation, payload length, payload; numbers are big-endian.
pub fn encode(name: &str, generation: u64, payload: &SecretBytes) -> SecretBytes {
    let payload = payload.expose();
    let mut bytes = Vec::with_capacity(MAGIC.len() + 1 + 2 + name.len() + 8 + 4 + payload.len());
    bytes.extend(MAGIC);
    bytes.push(VERSION);
    bytes.extend(u16::try_from(name.len()).unwrap_or(u16::MAX).to_be_bytes());
    bytes.extend(name.as_bytes());
    bytes.extend(generation.to_be_bytes());
    bytes.extend(u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(payload);
    SecretBytes::new(bytes)
}

/// The record of `name`. Every byte is accounted for.
pub fn decode(name: &str, bytes: &SecretBytes) -> Result<Record, BadRecord> {
    let mut rest = bytes.expose();
    if take(&mut rest, MAGIC.len())? != MAGIC {
        return Err(BadRecord::Torn);
    }
    let version = number(&mut rest, 1)?;
    if version != u64::from(VERSION) {
        return Err(BadRecord::Version(u8::try_from(version).unwrap_or(u8::MAX)));
    }
    let length = number(&mut rest, 2)?;
    let named = take(&mut rest, usize::try_from(length).unwrap_or(usize::MAX))?;
    let generation = number(&mut rest, 8)?;
    if number(&mut rest, 4)? != rest.len() as u64 {
        return Err(BadRecord::Torn);
    }
    if named != name.as_bytes() {
        return Err(BadRecord::Foreign);
    }
    Ok(Record { generation, bytes: SecretBytes::new(rest.to_vec()) })
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], BadRecord> {
    let (taken, left) = rest.split_at_checked(count).ok_or(BadRecord::Torn)?;
    *rest = left;
    Ok(taken)
}

fn number(rest: &mut &[u8], width: usize) -> Result<u64, BadRecord> {
    Ok(take(rest, width)?.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

const MAGIC: &[u8] = b"BSSO";
const VERSION: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::basis::host_id::AccountId;

    #[test]
    fn a_record_comes_back_with_its_generation() {
        let bytes = encode("session-a", 7, &SecretBytes::new(vec![0, 255, 3]));
        let record = decode("session-a", &bytes).unwrap();
        assert_eq!((record.generation, record.bytes.expose()), (7, [0, 255, 3].as_slice()));
    }

    #[test]
    fn cut_lengthened_swapped_and_later_records_are_refused() {
        let whole = encode("session-a", 7, &SecretBytes::new(b"payload".to_vec())).expose().to_vec();
        for end in 0..whole.len() {
            assert_eq!(read("session-a", whole[..end].to_vec()), Err(BadRecord::Torn), "cut at {end}");
        }
        assert_eq!(read("session-a", [&whole[..], b"x"].concat()), Err(BadRecord::Torn));
        assert_eq!(read("session-b", whole.clone()), Err(BadRecord::Foreign));
        let mut later = whole;
        later[4] = 2;
        assert_eq!(read("session-a", later), Err(BadRecord::Version(2)));
    }

    #[test]
    fn slots_of_different_scopes_have_different_names() {
        let account = AccountId::new("a", "t", "c", "p");
        let one = Slot::Access(account.clone(), "api://a/.default".into()).text();
        assert_ne!(one, Slot::Access(account, "api://b/.default".into()).text());
        assert_eq!(one.len(), 39);
    }

    fn read(name: &str, bytes: Vec<u8>) -> Result<u64, BadRecord> {
        decode(name, &SecretBytes::new(bytes)).map(|record| record.generation)
    }
}
