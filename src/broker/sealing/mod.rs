//! Sealing of everything secret in the store, with keys that can be changed.

use crate::basis::digest;
use crate::basis::env::Env;
use crate::basis::seal::{NotSealed, SealKey};
use crate::basis::secret::SecretBytes;
use crate::broker::outward::Outward;
use crate::broker::settings::Sealing;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

mod data_key;
mod files;
mod identity;
mod key_vault;

pub use data_key::DataKey;

/// The keys in use: the first seals, all open.
pub struct Sealer {
    origin: Origin,
    ring: RwLock<Arc<Ring>>,
}

/// Which key: the first half of the SHA-256 of the key in 16 hex digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyId(String);

/// Where the keys come from.
enum Origin {
    Files(Vec<PathBuf>),
    /// The store holds them, wrapped.
    KeyVault(Box<key_vault::KeyVault>),
}

/// The keys, the one that seals first.
#[derive(Default)]
struct Ring(Vec<(KeyId, SealKey)>);

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
    /// As configured. Keys behind Azure Key Vault are at hand once the store is open, which holds them.
    pub fn of(sealing: &Sealing, outward: &Outward, env: &Env) -> Result<Self, SealError> {
        match sealing {
            Sealing::Files(paths) => Self::of_files(paths),
            Sealing::KeyVault { key, identity } => {
                let vault = key_vault::KeyVault::new(key, identity.as_deref(), outward, env)?;
                Ok(Self { origin: Origin::KeyVault(Box::new(vault)), ring: RwLock::default() })
            }
        }
    }

    /// Keys from files of 32 bytes in base64 each.
    pub fn of_files(paths: &[PathBuf]) -> Result<Self, SealError> {
        let ring = Ring::of(files::read_all(paths)?);
        Ok(Self { origin: Origin::Files(paths.to_vec()), ring: RwLock::new(Arc::new(ring)) })
    }

    /// Key id, nonce and sealed bytes in one. `about` says what they are (record and owner); they open for nothing else.
    pub fn seal(&self, about: &str, plain: &SecretBytes) -> Result<Vec<u8>, SealError> {
        let ring = self.ring();
        let (id, key) = ring.0.first().ok_or_else(|| SealError::Unavailable("there is none".into()))?;
        let sealed = key.seal(about, plain).map_err(|error| match error {
            NotSealed::NoRandom | NotSealed::TooLong => SealError::Unavailable(error.to_string()),
        })?;
        Ok([id.0.as_bytes(), &sealed].concat())
    }

    /// What was sealed about the same thing with any key at hand.
    pub fn open(&self, about: &str, sealed: &[u8]) -> Result<SecretBytes, SealError> {
        let (id, sealed) = sealed.split_at_checked(ID).ok_or(SealError::Broken)?;
        let id = std::str::from_utf8(id).map_err(|_| SealError::Broken)?;
        let ring = self.ring();
        let key = ring.0.iter().find(|(known, _)| known.0 == id).map(|(_, key)| key);
        // What stands there may be anything: it is cleaned before somebody reads it.
        let key = key.ok_or_else(|| SealError::UnknownKey(crate::basis::text::clean(id)))?;
        key.open(about, sealed.to_vec()).ok_or(SealError::Broken)
    }

    /// Reads the key files again; what does not read changes nothing. Keys of Key Vault come from the store.
    pub fn reload(&self) -> Result<(), SealError> {
        if let Origin::Files(paths) = &self.origin {
            self.put(Ring::of(files::read_all(paths)?));
        }
        Ok(())
    }

    /// The key that seals; `None` before there is one.
    pub fn first(&self) -> Option<KeyId> {
        self.ring().0.first().map(|(id, _)| id.clone())
    }

    /// Whether a key is at hand.
    pub fn has(&self, id: &str) -> bool {
        self.ring().0.iter().any(|(known, _)| known.0 == id)
    }

    fn ring(&self) -> Arc<Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn put(&self, ring: Ring) {
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
    }
}

/// The key that a sealed value names; nobody says that it opens.
pub fn sealed_by(sealed: &[u8]) -> Option<KeyId> {
    let id = sealed.get(..ID).and_then(|id| std::str::from_utf8(id).ok())?;
    Some(KeyId(id.to_owned()))
}

impl Ring {
    fn of(keys: Vec<SealKey>) -> Self {
        Self(keys.into_iter().map(|key| (KeyId::of(&key), key)).collect())
    }
}

impl KeyId {
    /// In 16 hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(key: &SealKey) -> Self {
        let mut id = digest::of(key.expose());
        id.truncate(ID);
        Self(id)
    }
}

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Only which keys there are.
impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.ring().0.iter().map(|(id, _)| id)).finish()
    }
}

/// How many bytes of a sealed value name its key.
const ID: usize = 16;

#[cfg(test)]
mod tests;
