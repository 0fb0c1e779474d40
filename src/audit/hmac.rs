//! Seals lines of the trail with HMAC-SHA256 (RFC 2104), so that whoever can write the file but not read the key
//! cannot write a line that passes.

use crate::basis::digest;
use crate::basis::secret::SecretBytes;
use ring::hmac;

/// The key of a trail.
pub struct TrailKey {
    id: String,
    key: hmac::Key,
}

impl TrailKey {
    /// A key of [`KEY_LENGTH`] bytes; `None` for any other length.
    pub fn new(bytes: &SecretBytes) -> Option<Self> {
        if bytes.expose().len() != KEY_LENGTH {
            return None;
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, bytes.expose());
        let id = digest::hex(hmac::sign(&key, b"bitbucket-sso audit key").as_ref());
        Some(Self { id: id.get(..8).unwrap_or_default().to_owned(), key })
    }

    /// Tells keys apart, and nothing about them.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The seal of a line, as lower-case hex.
    pub(super) fn seal(&self, line: &[u8]) -> String {
        digest::hex(hmac::sign(&self.key, line).as_ref())
    }

    /// Whether the seal is that of the line.
    pub(super) fn fits(&self, line: &[u8], seal: &str) -> bool {
        digest::equal(self.seal(line).as_bytes(), seal.as_bytes())
    }
}

/// Bytes of a key.
pub const KEY_LENGTH: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seal_is_hmac_sha256() {
        // RFC 4231 test case 2 has a shorter key; this one was computed with another implementation.
        let key = TrailKey::new(&SecretBytes::new(vec![7; 32])).unwrap();
        assert_eq!(key.seal(b"line"), SEAL);
        assert!(key.fits(b"line", SEAL) && !key.fits(b"lines", SEAL) && !key.fits(b"line", &SEAL[1..]));
    }

    #[test]
    fn keys_have_one_length_and_names_of_their_own() {
        assert!(TrailKey::new(&SecretBytes::new(vec![7; 31])).is_none());
        let id = |byte| TrailKey::new(&SecretBytes::new(vec![byte; 32])).unwrap().id;
        assert_ne!(id(1), id(2));
    }

    const SEAL: &str = "84c72db25ba657bec2d5a3ae5b3f0d96a95fa310f00c38146b344576d40523a6";
}
