//! The tenant's signing keys (JWKS), by key id.

use jsonwebtoken::DecodingKey;
use serde::Deserialize;

/// The RSA signing keys of a tenant. Every other kind of key is left out.
#[derive(Clone, Debug)]
pub struct KeySet {
    keys: Vec<Key>,
}

#[derive(Clone, Debug)]
struct Key {
    kid: String,
    issuer: Option<String>,
    public: DecodingKey,
}

impl KeySet {
    /// Reads a JWKS document (RFC 7517; `facts/entra.md` 1.4), at most 64 keys of it. `None` if it is no
    /// such document or holds no usable key.
    pub fn parse(json: &[u8]) -> Option<Self> {
        let document: Document = serde_json::from_slice(json).ok()?;
        let keys: Vec<Key> = document.keys.into_iter().take(MOST).filter_map(usable).collect();
        (!keys.is_empty()).then_some(Self { keys })
    }

    /// Whether there is a key of that id.
    pub fn knows(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.kid == kid)
    }

    /// The key of that id which may sign for one of `issuers`: one that names an issuer signs for that one only,
    /// `{tenantid}` standing for `tid` (`facts/entra.md` 1.3).
    pub(super) fn signing_for(&self, kid: &str, issuers: &[&str], tid: &str) -> Option<&DecodingKey> {
        let ours = |of: &String| issuers.contains(&of.replace("{tenantid}", tid).as_str());
        let may = |key: &&Key| key.issuer.as_ref().is_none_or(ours);
        self.keys.iter().filter(|key| key.kid == kid).find(may).map(|key| &key.public)
    }
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: String,
    n: String,
    e: String,
    r#use: Option<String>,
    alg: Option<String>,
    issuer: Option<String>,
}

fn usable(json: serde_json::Value) -> Option<Key> {
    let Jwk { kty, kid, n, e, r#use, alg, issuer } = serde_json::from_value(json).ok()?;
    let signs = r#use.is_none_or(|what| what == "sig") && alg.is_none_or(|alg| alg == "RS256");
    let sane = kid.len() <= 256 && n.len() <= LARGEST_MODULUS && e.len() <= 16;
    if kty != "RSA" || !signs || !sane {
        return None;
    }
    Some(Key { kid, issuer, public: DecodingKey::from_rsa_components(&n, &e).ok()? })
}

/// Entra shows three to six at a time.
const MOST: usize = 64;
/// 8,192 bits in base64url, ring's own limit.
const LARGEST_MODULUS: usize = 1368;
