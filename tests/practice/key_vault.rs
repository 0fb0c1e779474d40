//! Azure Key Vault, as far as a key that wraps other keys is concerned: `wrapkey` and `unwrapkey` of one RSA key with
//! versions. What is wrapped opens with the version that wrapped it, and with no other.

use super::Practice;
use super::cast;
use super::codec::{base64url, hex, random, unbase64, value};
use super::entra;
use super::http::{Door, Presented, Reply, Request, Response, Server};
use super::weather::{self, Weather};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// A running vault.
pub struct KeyVault {
    /// `https://localhost:PORT/keys/seal`.
    pub key: String,
    pub server: Server,
    pub weather: Arc<Weather>,
    versions: Arc<Mutex<Vec<Version>>>,
}

#[derive(Clone)]
struct Version {
    name: String,
    secret: [u8; 32],
    enabled: bool,
}

impl KeyVault {
    /// Starts it beside a practice; callers show tokens of its tenant.
    pub fn start(practice: &Practice) -> Self {
        let door = Door::new();
        let key = format!("{}/keys/seal", door.https());
        let versions = Arc::new(Mutex::new(vec![Version::new()]));
        let weather = Arc::new(Weather::default());
        let (shared, url, tenant) = (Arc::clone(&versions), key.clone(), practice.entra.shared());
        let handler = weather::behind("key-vault", &practice.journal, &weather, move |request| {
            let known = |token: &str| entra::verify(&tenant.lock().unwrap(), token, cast::KEY_VAULT).is_ok();
            let answer = answer(&shared.lock().unwrap(), &url, request, known);
            Reply::Answer(answer.unwrap_or_else(|refused| refused))
        });
        let server = practice.serve(door, handler);
        Self { key, server, weather, versions }
    }

    /// A new version wraps from now on; older ones still unwrap.
    pub fn rotate(&self) {
        self.versions.lock().unwrap().push(Version::new());
    }

    /// Disables every version but the newest.
    pub fn disable_old(&self) {
        let mut versions = self.versions.lock().unwrap();
        let last = versions.len() - 1;
        versions[..last].iter_mut().for_each(|version| version.enabled = false);
    }
}

impl Version {
    fn new() -> Self {
        Self { name: hex(&random(16)), secret: random(32).try_into().unwrap(), enabled: true }
    }

    fn cipher(&self) -> LessSafeKey {
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &self.secret).unwrap())
    }

    fn wrap(&self, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; 12] = random(12).try_into().unwrap();
        let mut sealed = plain.to_vec();
        let cipher = self.cipher();
        cipher.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed).unwrap();
        [nonce.as_slice(), &sealed].concat()
    }

    fn unwrap(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(12)?;
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        Some(self.cipher().open_in_place(nonce, Aad::empty(), &mut sealed).ok()?.to_vec())
    }
}

/// `/keys/seal[/{version}]/{operation}?api-version=…`.
fn answer(
    versions: &[Version],
    url: &str,
    request: &Request,
    known: impl Fn(&str) -> bool,
) -> Result<Response, Response> {
    let segments: Vec<&str> = request.path.split('/').skip(1).collect();
    let shown = match request.authorization() {
        Some(Presented::Bearer(token)) => known(&token),
        _ => false,
    };
    if !shown {
        let challenge = format!("Bearer authorization=\"https://localhost/tenant\", resource=\"{}\"", cast::KEY_VAULT);
        return Err(refused(401, "Unauthorized", "AKV10000: Request is missing a Bearer or PoP token.")
            .with("WWW-Authenticate", &challenge));
    }
    if value(&request.pairs(), "api-version").is_none() {
        return Err(refused(400, "BadParameter", "api-version must be specified"));
    }
    let (version, operation) = match segments.as_slice() {
        ["keys", "seal", operation] => (versions.last(), *operation),
        ["keys", "seal", name, operation] => (versions.iter().find(|version| version.name == *name), *operation),
        _ => return Err(refused(404, "KeyNotFound", "A key with this name was not found in this key vault.")),
    };
    let version = version.ok_or_else(|| refused(404, "KeyNotFound", "This version of the key was not found."))?;
    if !version.enabled {
        return Err(refused(403, "Forbidden", "Operation is not allowed on a disabled key."));
    }
    let bytes = asked(request)?;
    let result = match (request.method.as_str(), operation) {
        ("POST", "wrapkey") if bytes.len() <= 190 => version.wrap(&bytes),
        ("POST", "wrapkey") => return Err(refused(400, "BadParameter", "The value is too long for the key.")),
        ("POST", "unwrapkey") => {
            version.unwrap(&bytes).ok_or_else(|| refused(400, "BadParameter", "The value does not open."))?
        }
        _ => return Err(refused(404, "NotFound", "There is no such operation.")),
    };
    Ok(Response::json(200, &json!({"kid": format!("{url}/{}", version.name), "value": base64url(&result)})))
}

fn asked(request: &Request) -> Result<Vec<u8>, Response> {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    if !["RSA-OAEP", "RSA-OAEP-256"].contains(&body["alg"].as_str().unwrap_or_default()) {
        return Err(refused(400, "BadParameter", "Property alg has an invalid value."));
    }
    let value = body["value"].as_str().filter(|text| !text.is_empty() && !text.contains('='));
    value.and_then(unbase64).ok_or_else(|| refused(400, "BadParameter", "Property value is no base64url."))
}

fn refused(status: u16, code: &str, message: &str) -> Response {
    Response::json(status, &json!({"error": {"code": code, "message": message}}))
}
