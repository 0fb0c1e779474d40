//! Sealing of everything secret in the store, with keys that can be changed.

use crate::basis::secret::SecretBytes;

/// The keys in use: the first seals, all open.
pub struct Sealer {}

/// Why something cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The key it was sealed with is not at hand.
    #[error("the sealing key `{0}` is not at hand")]
    UnknownKey(String),
    /// It was changed, or belongs to something else.
    #[error("a sealed value does not open")]
    Broken,
    /// The keys cannot be had.
    #[error("the sealing key cannot be had: {0}")]
    Unavailable(String),
}

impl Sealer {
    /// Key id, nonce and sealed bytes in one. `about` says what they are (record and owner); they open for nothing else.
    pub fn seal(&self, _about: &str, _plain: &SecretBytes) -> Result<Vec<u8>, SealError> {
        Err(SealError::Broken)
    }

    /// What was sealed about the same thing with any key at hand.
    pub fn open(&self, _about: &str, _sealed: &[u8]) -> Result<SecretBytes, SealError> {
        Err(SealError::Broken)
    }
}
