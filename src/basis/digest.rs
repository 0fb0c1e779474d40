//! SHA-256, for names of records and for fingerprints of tokens.

use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

/// The SHA-256 of length-prefixed fields as 64 lower-case hex digits. The prefix keeps `("ab", "c")`
/// and `("a", "bc")` apart.
pub fn of_fields<'a>(fields: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Context::new(&SHA256);
    for field in fields {
        hash.update(&(field.len() as u64).to_be_bytes());
        hash.update(field.as_bytes());
    }
    hex(hash.finish().as_ref())
}

/// The SHA-256 of one value.
pub fn sha256(value: &[u8]) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.copy_from_slice(digest(&SHA256, value).as_ref());
    sum
}

/// The SHA-1 of one value: only for thumbprints of certificates, which a platform names that way.
pub fn sha1(value: &[u8]) -> [u8; 20] {
    let mut sum = [0; 20];
    sum.copy_from_slice(digest(&SHA1_FOR_LEGACY_USE_ONLY, value).as_ref());
    sum
}

/// The SHA-256 of one value as 64 lower-case hex digits.
pub fn of(value: &[u8]) -> String {
    hex(&sha256(value))
}

/// Lower-case hex of any bytes.
pub fn hex(bytes: &[u8]) -> String {
    // A hit does this a few hundred times; the formatter takes ten times as long.
    let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 });
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
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
