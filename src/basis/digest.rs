//! SHA-256, for names of records and for fingerprints of tokens.

use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// The SHA-256 of length-prefixed fields as 64 lower-case hex digits. The prefix keeps `("ab", "c")`
/// and `("a", "bc")` apart.
pub fn of_fields<'a>(fields: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for field in fields {
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field.as_bytes());
    }
    hex(&hash.finalize())
}

/// The SHA-256 of one value.
pub fn sha256(value: &[u8]) -> [u8; 32] {
    Sha256::digest(value).into()
}

/// The SHA-256 of one value as 64 lower-case hex digits.
pub fn of(value: &[u8]) -> String {
    hex(&sha256(value))
}

/// Lower-case hex of any bytes.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        _ = write!(text, "{byte:02x}");
    }
    text
}

/// A UUID in lower-case text of that version (RFC 9562 section 4), over 122 bits of `raw`.
pub fn uuid(mut raw: [u8; 16], version: u8) -> String {
    raw[6] = raw[6] & 0x0f | version << 4;
    raw[8] = raw[8] & 0x3f | 0x80;
    let hex = hex(&raw);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// Compares without telling by its duration where the difference is; lengths may be told apart.
pub fn equal(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_borders_count() {
        assert_ne!(of_fields(["ab", "c"]), of_fields(["a", "bc"]));
        assert_eq!(of(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn equal_means_every_byte() {
        assert!(equal(b"state", b"state"));
        assert!(!equal(b"state", b"statf"));
        assert!(!equal(b"state", b"stat"));
    }
}
