//! Authenticated encryption of what lies in files: ChaCha20-Poly1305 (RFC 8439) under a random nonce.

use crate::basis::secret::SecretBytes;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};

/// A 256-bit sealing key.
#[derive(Clone, Debug)]
pub struct SealKey(SecretBytes);

/// Why nothing was made or sealed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSealed {
    /// The operating system has none to give.
    #[error("the system gives no random numbers")]
    NoRandom,
    /// More than one nonce can seal: 256 GiB.
    #[error("a record is too long to be sealed")]
    TooLong,
}

impl SealKey {
    /// A new random key.
    pub fn random() -> Result<Self, NotSealed> {
        let mut bytes = vec![0; KEY];
        SystemRandom::new().fill(&mut bytes).map_err(|_| NotSealed::NoRandom)?;
        Ok(Self(SecretBytes::new(bytes)))
    }

    /// A stored key; `None` if the bytes are none.
    pub fn new(bytes: SecretBytes) -> Option<Self> {
        (bytes.expose().len() == KEY).then_some(Self(bytes))
    }

    /// Opens the key. Call it only where it is stored.
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }

    /// Nonce and sealed bytes. `about` says what they are; they open for nothing else.
    ///
    /// Random 96-bit nonces do not meet while a key seals fewer than 2^32 records: a helper's seals thousands in its
    /// life, a broker's some ten millions a year.
    pub fn seal(&self, about: &str, plain: &SecretBytes) -> Result<Vec<u8>, NotSealed> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| NotSealed::NoRandom)?;
        let mut sealed = plain.expose().to_vec();
        self.cipher()
            .and_then(|key| {
                let nonce = Nonce::assume_unique_for_key(nonce);
                key.seal_in_place_append_tag(nonce, Aad::from(about.as_bytes()), &mut sealed).ok()
            })
            .ok_or(NotSealed::TooLong)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// What was sealed with this key about the same thing; anything else is `None`. They are opened in their own
    /// place, so that there is one copy to wipe.
    pub fn open(&self, about: &str, mut sealed: Vec<u8>) -> Option<SecretBytes> {
        let nonce = sealed.first_chunk::<NONCE_LEN>()?;
        let (nonce, about) = (Nonce::assume_unique_for_key(*nonce), Aad::from(about.as_bytes()));
        let length = self.cipher()?.open_within(nonce, about, &mut sealed, NONCE_LEN..).ok()?.len();
        sealed.truncate(length);
        Some(SecretBytes::new(sealed))
    }

    fn cipher(&self) -> Option<LessSafeKey> {
        UnboundKey::new(&CHACHA20_POLY1305, self.0.expose()).ok().map(LessSafeKey::new)
    }
}

const KEY: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_opens_it_for_the_same_thing() {
        let key = SealKey::random().unwrap();
        let sealed = key.seal("session-a 1", &SecretBytes::new(vec![7; 12_000])).unwrap();
        assert_eq!(key.open("session-a 1", sealed.clone()).unwrap().expose(), [7; 12_000]);
        assert!(key.open("session-a 2", sealed.clone()).is_none());
        assert!(key.open("session-b 1", sealed.clone()).is_none());
        assert!(SealKey::random().unwrap().open("session-a 1", sealed).is_none());
    }

    #[test]
    fn no_bit_can_be_changed_and_no_byte_cut() {
        let key = SealKey::random().unwrap();
        let sealed = key.seal("x", &SecretBytes::new(b"token".to_vec())).unwrap();
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(key.open("x", changed).is_none(), "changed at {place}");
            assert!(key.open("x", sealed[..place].to_vec()).is_none(), "cut at {place}");
        }
    }

    #[test]
    fn the_same_text_never_looks_the_same() {
        let key = SealKey::random().unwrap();
        let plain = SecretBytes::new(b"token".to_vec());
        assert_ne!(key.seal("x", &plain).unwrap(), key.seal("x", &plain).unwrap());
        assert_eq!(format!("{key:?}"), "SealKey(SecretBytes([32 bytes redacted]))");
    }

    #[test]
    fn a_key_has_its_length() {
        assert!(SealKey::new(SecretBytes::new(vec![0; 31])).is_none());
    }
}
