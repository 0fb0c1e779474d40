//! The checks, in order: form, algorithm, key, signature, and then what the token says.

use super::{Expect, IdTokenError, KeySet, VerifiedIdToken, rs256};
use crate::basis::base64;
use crate::basis::clock::Timestamp;
use crate::basis::secret::RawIdToken;
use crate::basis::session::Who;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Validation};
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;
use std::time::Duration;

/// Believes `raw` if everything holds (`OpenID` Connect Core 3.1.3.7, `facts/entra.md` 5.2), by our clock, give or
/// take five minutes.
pub fn verify(
    raw: &RawIdToken,
    keys: &KeySet,
    expect: &Expect<'_>,
    now: Timestamp,
) -> Result<VerifiedIdToken, IdTokenError> {
    let claims = signed(raw.expose(), keys, &[expect.issuer], expect.tid)?;
    let claims = serde_json::from_value(Value::Object(claims)).map_err(|_| IdTokenError::Malformed)?;
    judge(claims, expect, now)
}

/// The claims of any JWT, once its form, algorithm, key and signature are right. The key may sign for one of `issuers`
/// (`tid` fills `{tenantid}` in the key's own). What the claims say is for the caller to judge; none comes twice.
pub fn signed(token: &str, keys: &KeySet, issuers: &[&str], tid: &str) -> Result<Map<String, Value>, IdTokenError> {
    let kid = key_id(token)?;
    let shown = || crate::basis::text::clean(&kid);
    if !keys.knows(&kid) {
        return Err(IdTokenError::UnknownKey(shown()));
    }
    let key = keys.signing_for(&kid, issuers, tid).ok_or_else(|| IdTokenError::ForeignKey(shown()))?;
    rs256::install();
    let token = jsonwebtoken::decode::<Unique>(token, key, &signature_only()).map_err(|error| sorted(&error))?;
    Ok(token.claims.0)
}

/// The claims that are read; one of another type makes the token malformed.
#[derive(Deserialize)]
struct Claims {
    ver: Option<String>,
    iss: Option<String>,
    aud: Option<String>,
    tid: Option<String>,
    oid: Option<String>,
    nonce: Option<String>,
    exp: Option<i64>,
    nbf: Option<i64>,
    iat: Option<i64>,
    preferred_username: Option<String>,
    email: Option<String>,
    xms_edov: Option<Value>,
    uti: Option<String>,
    sid: Option<String>,
}

/// An object in which no name comes twice (RFC 7519 section 4): readers must not differ about what a token says.
struct Unique(Map<String, Value>);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Unique;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Unique, A::Error> {
                let mut map = Map::new();
                while let Some((name, value)) = access.next_entry()? {
                    if map.insert(name, value).is_some() {
                        return Err(A::Error::custom("a name comes twice"));
                    }
                }
                Ok(Unique(map))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

fn judge(claims: Claims, expect: &Expect<'_>, now: Timestamp) -> Result<VerifiedIdToken, IdTokenError> {
    let Claims { ver, iss, aud, tid, oid, nonce, exp, nbf, iat, preferred_username, email, xms_edov, uti, sid } =
        claims;
    if ver.as_deref() != Some("2.0") {
        return Err(IdTokenError::Version);
    }
    same("iss", iss, |iss| iss == expect.issuer, IdTokenError::Issuer)?;
    let tid = same("tid", tid, |tid| tid.eq_ignore_ascii_case(expect.tid), IdTokenError::Tenant)?;
    same("aud", aud, |aud| aud.eq_ignore_ascii_case(expect.audience), IdTokenError::Audience)?;
    let answers = |sent: &str| nonce.is_some_and(|got| crate::basis::digest::equal(got.as_bytes(), sent.as_bytes()));
    if !expect.nonce.is_none_or(answers) {
        return Err(IdTokenError::Nonce);
    }
    let expires = in_time(exp, nbf, iat, now)?;
    let oid = oid.filter(|oid| !oid.is_empty()).ok_or(IdTokenError::MissingClaim("oid"))?;
    let username = preferred_username.filter(|name| !name.is_empty()).unwrap_or_else(|| oid.clone());
    let email = email.filter(|_| xms_edov.as_ref().is_some_and(is_true));
    let who = Who { tid: tid.to_ascii_lowercase(), oid: oid.to_ascii_lowercase(), username, email };
    Ok(VerifiedIdToken { who, expires, uti, sid })
}

fn same(
    name: &'static str,
    claim: Option<String>,
    fits: impl FnOnce(&str) -> bool,
    error: impl FnOnce(String) -> IdTokenError,
) -> Result<String, IdTokenError> {
    let claim = claim.ok_or(IdTokenError::MissingClaim(name))?;
    if fits(&claim) { Ok(claim) } else { Err(error(crate::basis::text::clean(&claim))) }
}

fn in_time(exp: Option<i64>, nbf: Option<i64>, iat: Option<i64>, now: Timestamp) -> Result<Timestamp, IdTokenError> {
    let there = |claim: Option<i64>, name| claim.map(Timestamp).ok_or(IdTokenError::MissingClaim(name));
    let (exp, nbf, iat) = (there(exp, "exp")?, there(nbf, "nbf")?, there(iat, "iat")?);
    if exp.after(SKEW) <= now {
        return Err(IdTokenError::Expired { by: exp.until(now) });
    }
    let begins = nbf.max(iat);
    if begins > now.after(SKEW) {
        return Err(IdTokenError::NotYetValid { by: now.until(begins) });
    }
    Ok(exp)
}

/// Whether a flag such as `xms_edov` is set: documented as a boolean, seen as a number and as text.
pub fn is_true(value: &Value) -> bool {
    value == &serde_json::json!(true) || value == &serde_json::json!(1) || value == "1" || value == "true"
}

/// Our own clock judges the claims; the library's checks read the system's.
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

fn sorted(error: &jsonwebtoken::errors::Error) -> IdTokenError {
    match error.kind() {
        ErrorKind::InvalidSignature => IdTokenError::Signature,
        _ => IdTokenError::Malformed,
    }
}

/// The key id, once the header says RS256. Read here because the library cannot name an algorithm it does not know.
fn key_id(token: &str) -> Result<String, IdTokenError> {
    #[derive(Deserialize)]
    struct Header {
        alg: String,
        kid: Option<String>,
        crit: Option<serde::de::IgnoredAny>,
    }
    if token.len() > LARGEST || token.split('.').count() != 3 {
        return Err(IdTokenError::Malformed);
    }
    let header = token.split('.').next().and_then(base64::from_url).ok_or(IdTokenError::Malformed)?;
    let Header { alg, kid, crit } = serde_json::from_slice(&header).map_err(|_| IdTokenError::Malformed)?;
    if alg != "RS256" {
        return Err(IdTokenError::Algorithm(crate::basis::text::clean(&alg)));
    }
    if crit.is_some() {
        // RFC 7515 4.1.11: an extension that must be understood, and is not.
        return Err(IdTokenError::Malformed);
    }
    kid.ok_or(IdTokenError::Malformed)
}

/// Clocks may differ by this much.
const SKEW: Duration = Duration::from_secs(300);
/// Entra's are about 2 KB.
const LARGEST: usize = 64 * 1024;
