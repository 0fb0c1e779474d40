//! Azure Key Vault: `wrapKey` and `unwrapKey` of its REST interface, version 7.4, by the broker's own identity.
//!
//! General knowledge of Microsoft's reference of the data plane, not of the collected facts: `POST KEY/wrapkey` with
//! `alg` and a base64url `value` answers `kid`, which names the version, and `value`.

use crate::basis::base64;
use crate::basis::env::Env;
use crate::basis::seal::SealKey;
use crate::basis::secret::SecretBytes;
use crate::basis::text::clean;
use crate::basis::url::WebUrl;
use crate::broker::outward::{Call, Method, Outward};
use crate::broker::sealing::SealError;
use crate::broker::sealing::identity::Identity;
use serde::{Deserialize, Serialize};

/// One key of a vault.
pub struct KeyVault {
    /// As configured, perhaps with a version: new keys are wrapped by it.
    key: WebUrl,
    /// Without the version: whatever else unwraps must be below it.
    name: String,
    identity: Identity,
    outward: Outward,
}

/// A wrapped key.
pub struct Wrapped {
    /// Base64url.
    pub value: String,
    /// The key's identifier with its version.
    pub by: String,
}

impl KeyVault {
    /// `https://VAULT/keys/NAME[/VERSION]`.
    pub fn new(key: &WebUrl, identity: Option<&str>, outward: &Outward, env: &Env) -> Result<Self, SealError> {
        let name = match key.path().split('/').collect::<Vec<_>>().as_slice() {
            ["", "keys", name] | ["", "keys", name, _] if !name.is_empty() => {
                format!("{}://{}/keys/{name}", key.scheme(), key.authority())
            }
            _ => return Err(SealError::Unavailable(format!("{key} is not https://VAULT/keys/NAME"))),
        };
        let identity = Identity::new(&resource(key), identity, env);
        Ok(Self { key: key.clone(), name, identity, outward: outward.clone() })
    }

    /// Wraps a key with the current version, or the one that is configured.
    pub async fn wrap(&self, key: &SealKey) -> Result<Wrapped, SealError> {
        let value = base64::url(key.expose());
        let answer = self.ask(&self.key.join("/wrapkey"), &value).await?;
        self.is_ours(&answer.kid)?;
        Ok(Wrapped { value: answer.value, by: answer.kid })
    }

    /// Unwraps a key with the version that wrapped it.
    pub async fn unwrap(&self, wrapped: &str, by: &str) -> Result<SealKey, SealError> {
        self.is_ours(by)?;
        let answer = self.ask(&format!("{by}/unwrapkey"), wrapped).await?;
        let bytes = base64::from_url(&answer.value).map(SecretBytes::new);
        bytes.and_then(SealKey::new).ok_or_else(|| unavailable("what it unwraps is no key of 32 bytes".into()))
    }

    /// The store must not choose who sees our token: a version of the configured key, nothing else.
    fn is_ours(&self, kid: &str) -> Result<(), SealError> {
        let version = kid.strip_prefix(&self.name).and_then(|rest| rest.strip_prefix('/'));
        let plain = version.is_some_and(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric()));
        if plain { Ok(()) } else { Err(unavailable(format!("{} is no version of {}", clean(kid), self.name))) }
    }

    async fn ask(&self, url: &str, value: &str) -> Result<Answer, SealError> {
        let token = self.identity.token(&self.outward).await?;
        let call = Call::json(Method::Post, format!("{url}?api-version=7.4"), &Question { alg: ALGORITHM, value });
        let call = call.header("authorization", format!("Bearer {}", token.expose()));
        let place = call.place().to_owned();
        let reply = self.outward.send(call).await.map_err(|error| unavailable(error.to_string()))?;
        if reply.status != 200 {
            return Err(unavailable(format!("{place} answers {}{}", reply.status, reason(reply.body.expose()))));
        }
        let none = |_| unavailable(format!("{place} answers something else than a key"));
        serde_json::from_slice(reply.body.expose()).map_err(none)
    }
}

#[derive(Serialize)]
struct Question<'a> {
    alg: &'a str,
    value: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    kid: String,
    value: String,
}

/// The code of an error, such as `Forbidden` or `KeyNotFound`.
fn reason(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Refused {
        error: Code,
    }
    #[derive(Deserialize)]
    struct Code {
        code: String,
    }
    let code = serde_json::from_slice::<Refused>(body).map(|refused| format!(": {}", clean(&refused.error.code)));
    code.unwrap_or_default()
}

/// `https://vault.azure.net` for `https://NAME.vault.azure.net`, and so on for other clouds and for managed HSMs.
fn resource(key: &WebUrl) -> String {
    match key.host().split_once('.') {
        Some((_, rest)) if !key.is_loopback() => format!("https://{rest}"),
        _ => "https://vault.azure.net".to_owned(),
    }
}

fn unavailable(why: String) -> SealError {
    SealError::Unavailable(why)
}

const ALGORITHM: &str = "RSA-OAEP-256";

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(url: &str) -> Result<KeyVault, SealError> {
        KeyVault::new(&url.parse().unwrap(), None, &Outward::new(None).unwrap(), &Env::fixed([]))
    }

    #[test]
    fn only_versions_of_the_configured_key_unwrap() {
        let vault = vault("https://corp.vault.azure.net/keys/broker/0123abcd").unwrap();
        assert!(vault.is_ours("https://corp.vault.azure.net/keys/broker/ffff0000").is_ok());
        for foreign in [
            "https://corp.vault.azure.net/keys/broker",
            "https://corp.vault.azure.net/keys/broker/",
            "https://corp.vault.azure.net/keys/broker2/ffff",
            "https://corp.vault.azure.net/keys/broker/../other/ffff",
            "https://corp.vault.azure.net/keys/broker/ffff?x=",
            "https://corp.vault.azure.net.evil.example/keys/broker/ffff",
            "https://evil.example/keys/broker/ffff",
            "",
        ] {
            assert!(vault.is_ours(foreign).is_err(), "{foreign}");
        }
    }

    #[test]
    fn a_url_that_names_no_key_is_refused() {
        for bad in ["https://x.vault.azure.net", "https://x.vault.azure.net/secrets/a", "https://x/keys/a/b/c"] {
            assert!(vault(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_token_is_for_the_vaults_own_cloud() {
        let of = |url: &str| resource(&url.parse().unwrap());
        assert_eq!(of("https://corp.vault.azure.net/keys/a"), "https://vault.azure.net");
        assert_eq!(of("https://corp.vault.azure.cn/keys/a"), "https://vault.azure.cn");
        assert_eq!(of("https://corp.managedhsm.azure.net/keys/a"), "https://managedhsm.azure.net");
    }
}
