//! Random values from the operating system, for states, nonces and names nobody may guess.

use crate::basis::base64;
use crate::basis::digest;
use crate::basis::secret::SecretBytes;
use ring::rand::{SecureRandom, SystemRandom};

/// `bytes` random bytes as base64url without padding (RFC 4648 section 5).
pub fn token(bytes: usize) -> String {
    let mut raw = vec![0; bytes];
    fill(&mut raw);
    base64::url(SecretBytes::new(raw).expose())
}

/// Fills `bytes` with random values.
///
/// # Panics
/// If the operating system has no random values to give: nothing secret can be made then.
#[expect(clippy::expect_used, reason = "there is no safe way on without randomness")]
pub fn fill(bytes: &mut [u8]) {
    SystemRandom::new().fill(bytes).expect("the operating system gives no random values");
}

/// A random version 4 UUID in lower-case text (RFC 9562 section 5.4).
pub fn uuid() -> String {
    let mut raw = [0; 16];
    fill(&mut raw);
    digest::uuid(raw, 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_differ_and_have_their_length() {
        assert_ne!(token(16), token(16));
        assert_eq!(token(32).len(), 43);
    }

    #[test]
    fn a_uuid_says_that_it_is_random() {
        let uuid = uuid();
        assert_eq!(uuid.len(), 36);
        assert_eq!(uuid.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&uuid.as_bytes()[19]), "{uuid}");
    }
}
