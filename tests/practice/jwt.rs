//! Signed tokens, right and forged.

use super::codec::{base64, base64url, hex, unbase64};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents};
use serde_json::{Value, json};

/// An RSA key with everything a key set says of it.
pub struct Key {
    /// As Entra does, also the `x5t`.
    pub kid: String,
    pair: RsaKeyPair,
    modulus: Vec<u8>,
    certificate: Vec<u8>,
}

/// Ways in which an ID token can be wrong. Each must be refused by its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgery {
    AlgNone,
    /// HMAC with the public modulus as its key.
    Hs256,
    /// Signed rightly, but as PS256 says the header.
    Ps256,
    WrongAudience,
    /// An array that holds the right audience.
    AudienceList,
    WrongIssuer,
    WrongTenant,
    Expired,
    /// `exp` as a text.
    TextExpiry,
    NotYetValid,
    NoNotBefore,
    UnknownKid,
    /// Signed by the consumer tenant's key, which is in the same key set.
    DecoyKey,
    BadSignature,
    WrongNonce,
    NoNonce,
    /// Another person's `oid`.
    WrongPerson,
    /// Not a JWT at all.
    Nonsense,
}

impl Key {
    /// One of the keys in `keys/`.
    pub fn load(file: &str) -> Self {
        let text: String = file.lines().filter(|line| !line.starts_with('#')).collect();
        let pkcs8 = unbase64(&text).unwrap();
        let pair = RsaKeyPair::from_pkcs8(&pkcs8).unwrap();
        let modulus = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public()).n;
        let digest = ring::digest::digest(&ring::digest::SHA256, &modulus);
        let kid = base64url(&digest.as_ref()[..20]);
        Self { kid, pair, modulus, certificate: certificate(&pkcs8) }
    }

    /// Signs the claims with RS256.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_as(&json!({"typ": "JWT", "alg": "RS256", "kid": self.kid}), claims)
    }

    /// Signs under a header that may tell anything.
    pub fn sign_as(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
        format!("{message}.{}", base64url(&signature))
    }

    /// The key as a member of a key set.
    pub fn jwk(&self, issuer: &str) -> Value {
        json!({
            "kty": "RSA", "use": "sig", "kid": self.kid, "x5t": self.kid, "n": base64url(&self.modulus),
            "e": "AQAB", "x5c": [base64(&self.certificate)],
            "cloud_instance_name": "microsoftonline.com", "issuer": issuer,
        })
    }

    fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        let public = RsaPublicKeyComponents { n: &self.modulus, e: &vec![1u8, 0, 1] };
        public.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
    }
}

/// The claims of a token that one of the keys signed with RS256.
pub fn verify<'a>(token: &str, keys: impl IntoIterator<Item = &'a Key>) -> Result<Value, &'static str> {
    let (message, signature) = token.rsplit_once('.').ok_or("no JWT")?;
    let (header, claims) = message.split_once('.').ok_or("no JWT")?;
    let header = part(header).ok_or("no header")?;
    if header["alg"] != "RS256" {
        return Err("not RS256");
    }
    let key = keys.into_iter().find(|key| header["kid"] == key.kid.as_str()).ok_or("unknown kid")?;
    let signature = unbase64(signature).ok_or("no signature")?;
    if !key.accepts(message.as_bytes(), &signature) {
        return Err("wrong signature");
    }
    part(claims).ok_or("no claims")
}

/// The header, unverified.
pub fn header(token: &str) -> Option<Value> {
    part(token.split('.').next()?)
}

/// The claims, unverified.
pub fn claims(token: &str) -> Option<Value> {
    part(token.split('.').nth(1)?)
}

/// A token that is wrong in exactly one way; `key` signs, `decoy` is the consumer tenant's.
pub fn forge(forgery: Forgery, key: &Key, decoy: &Key, mut claims: Value) -> String {
    let header = |alg: &str, kid: &str| json!({"typ": "JWT", "alg": alg, "kid": kid});
    match forgery {
        Forgery::AlgNone => format!("{}.", message(&header("none", &key.kid), &claims)),
        Forgery::Hs256 => hs256(&header("HS256", &key.kid), &claims, &key.modulus),
        Forgery::Ps256 => key.sign_as(&header("PS256", &key.kid), &claims),
        Forgery::UnknownKid => key.sign_as(&header("RS256", "nobody-knows-this-key"), &claims),
        Forgery::DecoyKey => decoy.sign(&claims),
        Forgery::BadSignature => spoiled(&key.sign(&claims)),
        Forgery::Nonsense => "this.is-not.a-token".to_owned(),
        _ => {
            bend(forgery, &mut claims);
            key.sign(&claims)
        }
    }
}

fn bend(forgery: Forgery, claims: &mut Value) {
    let time = |claims: &Value, name: &str| claims[name].as_i64().unwrap_or_default();
    let stranger = "deadbeef-0000-4000-8000-000000000bad";
    match forgery {
        Forgery::WrongAudience => claims["aud"] = json!(stranger),
        Forgery::AudienceList => claims["aud"] = json!([claims["aud"], stranger]),
        Forgery::WrongIssuer => claims["iss"] = json!(format!("https://login.evil.example/{stranger}/v2.0")),
        Forgery::WrongTenant => claims["tid"] = json!(stranger),
        Forgery::Expired => claims["exp"] = json!(time(claims, "iat") - 3600),
        Forgery::TextExpiry => claims["exp"] = json!(time(claims, "exp").to_string()),
        Forgery::NotYetValid => claims["nbf"] = json!(time(claims, "exp") + 3600),
        Forgery::WrongNonce => claims["nonce"] = json!("not-the-nonce-you-sent"),
        Forgery::WrongPerson => claims["oid"] = json!(stranger),
        Forgery::NoNonce => drop(claims.as_object_mut().unwrap().remove("nonce")),
        Forgery::NoNotBefore => drop(claims.as_object_mut().unwrap().remove("nbf")),
        _ => unreachable!("a forgery of the envelope, not of the claims"),
    }
}

fn hs256(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let message = message(header, claims);
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
    format!("{message}.{}", base64url(ring::hmac::sign(&key, message.as_bytes()).as_ref()))
}

fn spoiled(token: &str) -> String {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let mut signature = unbase64(signature).unwrap();
    signature[7] ^= 1;
    format!("{message}.{}", base64url(&signature))
}

fn message(header: &Value, claims: &Value) -> String {
    format!("{}.{}", base64url(header.to_string().as_bytes()), base64url(claims.to_string().as_bytes()))
}

fn part(text: &str) -> Option<Value> {
    serde_json::from_slice(&unbase64(text)?).ok()
}

/// A container for `x5c`; nobody may trust it.
fn certificate(pkcs8: &[u8]) -> Vec<u8> {
    let der = rustls::pki_types::PrivatePkcs8KeyDer::from(pkcs8);
    let key = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&der, &rcgen::PKCS_RSA_SHA256).unwrap();
    let mut params = rcgen::CertificateParams::new(vec![]).unwrap();
    let name = hex(&key.public_key_raw()[..4]);
    params.distinguished_name.push(rcgen::DnType::CommonName, format!("practice {name}"));
    params.self_signed(&key).unwrap().der().to_vec()
}
