//! Keys that lie in the store, wrapped by Azure Key Vault. Whoever can write there can also wrap a key of their own with
//! the vault's public key: so each key is vouched for by the one before it, and the last one seals.

use crate::basis::base64;
use crate::basis::seal::SealKey;
use crate::basis::secret::SecretBytes;
use crate::broker::sealing::key_vault::{KeyVault, Wrapped};
use crate::broker::sealing::{KeyId, Origin, Ring, SealError, Sealer};

/// One wrapped key, as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataKey {
    pub id: String,
    /// Base64url of what Key Vault made of it.
    pub wrapped: String,
    /// The key and its version in Key Vault.
    pub wrapped_by: String,
    /// Sealed by the key before it: base64url, empty for the first.
    pub vouched: String,
}

impl Sealer {
    /// Whether the store has to hold the keys.
    pub fn is_wrapped(&self) -> bool {
        matches!(self.origin, Origin::KeyVault(_))
    }

    /// A new key, wrapped, and vouched for by the one that seals now. It seals once [`Sealer::take`] has it.
    pub async fn new_data_key(&self) -> Result<DataKey, SealError> {
        let Origin::KeyVault(vault) = &self.origin else { return Err(SealError::Unavailable("keys are files".into())) };
        let key = SealKey::random().map_err(|error| SealError::Unavailable(error.to_string()))?;
        let id = KeyId::of(&key);
        let vouched = match self.first() {
            Some(_) => base64::url(&self.seal(&about(id.as_str()), &SecretBytes::default())?),
            None => String::new(),
        };
        let Wrapped { value, by } = vault.wrap(&key).await?;
        Ok(DataKey { id: id.0, wrapped: value, wrapped_by: by, vouched })
    }

    /// Unwraps the keys that are not at hand yet, oldest first, and has them all; the last one seals.
    pub async fn take(&self, keys: &[DataKey]) -> Result<(), SealError> {
        let Origin::KeyVault(vault) = &self.origin else { return Ok(()) };
        let known = self.ring();
        let mut ring = Ring::default();
        for wrapped in keys {
            let known = known.0.iter().find(|(id, _)| id.0 == wrapped.id).map(|(_, key)| key.clone());
            let key = match known {
                Some(key) => key,
                None => unwrap(vault, wrapped).await?,
            };
            if let Some((before, by)) = ring.0.first() {
                vouched(wrapped, before, by)?;
            }
            ring.0.insert(0, (KeyId(wrapped.id.clone()), key));
        }
        self.put(ring);
        Ok(())
    }
}

async fn unwrap(vault: &KeyVault, wrapped: &DataKey) -> Result<SealKey, SealError> {
    let key = vault.unwrap(&wrapped.wrapped, &wrapped.wrapped_by).await?;
    if KeyId::of(&key).0 == wrapped.id { Ok(key) } else { Err(SealError::Broken) }
}

fn vouched(wrapped: &DataKey, before: &KeyId, by: &SealKey) -> Result<(), SealError> {
    let sealed = base64::from_url(&wrapped.vouched).ok_or(SealError::Broken)?;
    let sealed = sealed.strip_prefix(before.as_str().as_bytes()).ok_or(SealError::Broken)?;
    by.open(&about(&wrapped.id), sealed.to_vec()).map(drop).ok_or(SealError::Broken)
}

fn about(id: &str) -> String {
    crate::basis::digest::of_fields(["data_keys", id])
}
