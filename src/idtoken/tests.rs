use super::*;
use crate::basis::base64::url as base64url;
use crate::basis::secret::RawIdToken;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, PublicKeyComponents};
use ring::signature::RSA_PKCS1_SHA256;
use serde_json::{Value, json};

pub(crate) const TID: &str = "72f988bf-0000-4000-8000-2d7cd011db47";
pub(crate) const CLIENT: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const ISSUER: &str = "https://login.example/72f988bf-0000-4000-8000-2d7cd011db47/v2.0";
const NOW: Timestamp = Timestamp(1_790_000_000);

/// The key that signs in tests, and its public half under the given id.
fn key() -> KeyPair {
    KeyPair::from_pkcs8(include_bytes!("../../tests/support/keys/id-token-test-only.pk8")).unwrap()
}

pub(crate) fn jwk(kid: &str, issuer: Option<&str>) -> Value {
    let public: PublicKeyComponents<Vec<u8>> = key().public().into();
    let (n, e) = (base64url(&public.n), base64url(&public.e));
    json!({"kty": "RSA", "use": "sig", "kid": kid, "n": n, "e": e, "issuer": issuer})
}

pub(crate) fn key_set(keys: &[Value]) -> Vec<u8> {
    json!({ "keys": keys }).to_string().into_bytes()
}

pub(crate) fn signed(header: &Value, claims: &Value) -> RawIdToken {
    RawIdToken::new(signed_text(header, &claims.to_string()))
}

/// As [`signed`], of claims that need be no JSON.
pub(crate) fn signed_text(header: &Value, claims: &str) -> String {
    let message = [base64url(header.to_string().as_bytes()), base64url(claims.as_bytes())].join(".");
    let key = key();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
    format!("{message}.{}", base64url(&signature))
}

pub(crate) fn header(kid: &str) -> Value {
    json!({"typ": "JWT", "alg": "RS256", "kid": kid})
}

/// What Entra would say at `now`.
pub(crate) fn claims(now: Timestamp) -> Value {
    json!({
        "ver": "2.0", "iss": ISSUER, "aud": CLIENT, "tid": TID, "oid": "00000000-0000-0000-66f3-3332eca7ea81",
        "nonce": "n-1", "iat": now.0 - 300, "nbf": now.0 - 300, "exp": now.0 + 3600,
        "preferred_username": "ada@example.com", "email": "ada@example.com", "uti": "uti-1", "sid": "sid-1",
    })
}

const EXPECT: Expect<'_> = Expect { issuer: ISSUER, audience: CLIENT, tid: TID, nonce: Some("n-1") };

fn judged(raw: &RawIdToken) -> Result<VerifiedIdToken, IdTokenError> {
    let keys = KeySet::parse(&key_set(&[jwk("k1", None)])).unwrap();
    verify(raw, &keys, &EXPECT, NOW)
}

fn with(name: &str, value: Value) -> IdTokenError {
    let mut claims = claims(NOW);
    claims[name] = value;
    judged(&signed(&header("k1"), &claims)).unwrap_err()
}

fn without(name: &str) -> IdTokenError {
    let mut claims = claims(NOW);
    claims.as_object_mut().unwrap().remove(name);
    judged(&signed(&header("k1"), &claims)).unwrap_err()
}

#[test]
fn a_good_token_says_who_it_is() {
    let token = judged(&signed(&header("k1"), &claims(NOW))).unwrap();
    assert_eq!((token.who().tid.as_str(), token.who().username.as_str()), (TID, "ada@example.com"));
    assert_eq!((token.uti(), token.sid(), token.expires()), (Some("uti-1"), Some("sid-1"), Timestamp(NOW.0 + 3600)));
    assert_eq!(token.who().email, None, "nobody vouches for the address");
}

#[test]
fn an_address_counts_once_entra_vouches_for_it() {
    for (vouch, counts) in [(json!(true), true), (json!("1"), true), (json!(false), false), (json!("no"), false)] {
        let mut claims = claims(NOW);
        claims["xms_edov"] = vouch.clone();
        let token = judged(&signed(&header("k1"), &claims)).unwrap();
        assert_eq!(token.who().email.is_some(), counts, "{vouch}");
    }
}

#[test]
fn other_algorithms_are_refused_by_name() {
    for name in ["none", "HS256", "PS256", "RS512", "\u{1b}[2J"] {
        let mut header = header("k1");
        header["alg"] = json!(name);
        let want = IdTokenError::Algorithm(crate::basis::text::clean(name));
        assert_eq!(judged(&signed(&header, &claims(NOW))).unwrap_err(), want);
    }
}

#[test]
fn a_changed_token_is_refused() {
    let raw = signed(&header("k1"), &claims(NOW));
    let parts: Vec<&str> = raw.expose().split('.').collect();
    let other = base64url(claims(Timestamp(NOW.0 + 1)).to_string().as_bytes());
    let changed = RawIdToken::new(format!("{}.{other}.{}", parts[0], parts[2]));
    assert_eq!(judged(&changed).unwrap_err(), IdTokenError::Signature);
    let stripped = RawIdToken::new(format!("{}.{}.", parts[0], parts[1]));
    assert_eq!(judged(&stripped).unwrap_err(), IdTokenError::Signature);
}

#[test]
fn another_key_of_the_same_name_does_not_fit() {
    let other = include_bytes!("../../tests/support/keys/id-token-other-test-only.pk8");
    let public: PublicKeyComponents<Vec<u8>> = KeyPair::from_pkcs8(other).unwrap().public().into();
    let mut jwk = jwk("k1", None);
    jwk["n"] = json!(base64url(&public.n));
    let keys = KeySet::parse(&key_set(&[jwk])).unwrap();
    let raw = signed(&header("k1"), &claims(NOW));
    assert_eq!(verify(&raw, &keys, &EXPECT, NOW).unwrap_err(), IdTokenError::Signature);
}

#[test]
fn an_unknown_key_is_told_from_a_wrong_signature() {
    let raw = signed(&header("k2"), &claims(NOW));
    assert_eq!(judged(&raw).unwrap_err(), IdTokenError::UnknownKey("k2".into()));
}

#[test]
fn a_key_signs_only_for_the_issuer_it_names() {
    let raw = signed(&header("k1"), &claims(NOW));
    let with = |issuer| verify(&raw, &KeySet::parse(&key_set(&[jwk("k1", Some(issuer))])).unwrap(), &EXPECT, NOW);
    assert!(with(ISSUER).is_ok());
    assert!(with("https://login.example/{tenantid}/v2.0").is_ok());
    let consumers = "https://login.example/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0";
    assert_eq!(with(consumers).unwrap_err(), IdTokenError::ForeignKey("k1".into()));
}

#[test]
fn each_claim_must_be_ours() {
    assert_eq!(with("ver", json!("1.0")), IdTokenError::Version);
    assert_eq!(with("iss", json!(format!("{ISSUER}/"))), IdTokenError::Issuer(format!("{ISSUER}/")));
    assert_eq!(with("tid", json!("another")), IdTokenError::Tenant("another".into()));
    assert_eq!(with("aud", json!("another")), IdTokenError::Audience("another".into()));
    assert_eq!(with("nonce", json!("n-2")), IdTokenError::Nonce);
    assert_eq!(with("oid", json!("")), IdTokenError::MissingClaim("oid"));
}

#[test]
fn a_missing_claim_is_not_a_passed_check() {
    for name in ["iss", "tid", "aud", "exp", "nbf", "iat", "oid"] {
        assert_eq!(without(name), IdTokenError::MissingClaim(name));
    }
    assert_eq!(without("ver"), IdTokenError::Version);
    assert_eq!(without("nonce"), IdTokenError::Nonce);
}

#[test]
fn claims_of_another_type_are_malformed() {
    let cases = [
        ("exp", json!("1790003600")),
        ("nbf", json!(1.5)),
        ("aud", json!([CLIENT])),
        ("ver", json!(2.0)),
        ("tid", json!(7)),
    ];
    for (name, value) in cases {
        assert_eq!(with(name, value), IdTokenError::Malformed, "{name}");
    }
}

#[test]
fn clocks_may_differ_by_five_minutes() {
    let at = |name: &str, seconds: i64| {
        let mut claims = claims(NOW);
        claims[name] = json!(NOW.0 + seconds);
        judged(&signed(&header("k1"), &claims)).map(|_| ())
    };
    assert_eq!(at("exp", -299), Ok(()));
    assert_eq!(at("exp", -300), Err(IdTokenError::Expired { by: Duration::from_secs(300) }));
    assert_eq!(at("nbf", 300), Ok(()));
    assert_eq!(at("nbf", 301), Err(IdTokenError::NotYetValid { by: Duration::from_secs(301) }));
    assert_eq!(at("iat", 301), Err(IdTokenError::NotYetValid { by: Duration::from_secs(301) }));
}

#[test]
fn nonsense_is_malformed() {
    for text in ["", "a.b", "a.b.c", "....", "e30.e30.e30", "e30.e30.e30.e30"] {
        assert_eq!(judged(&RawIdToken::new(text.into())).unwrap_err(), IdTokenError::Malformed, "{text}");
    }
    let mut header = header("k1");
    header["crit"] = json!(["b64"]);
    assert_eq!(judged(&signed(&header, &claims(NOW))).unwrap_err(), IdTokenError::Malformed);
}

#[test]
fn a_claim_that_comes_twice_is_malformed() {
    let claims = claims(NOW).to_string();
    for twice in [claims.replacen('{', r#"{"tid":"another","#, 1), claims.replacen('{', r#"{"new":1,"new":2,"#, 1)] {
        let raw = RawIdToken::new(signed_text(&header("k1"), &twice));
        assert_eq!(judged(&raw).unwrap_err(), IdTokenError::Malformed);
    }
}

#[test]
fn a_key_set_keeps_what_can_sign() {
    let mut encryption = jwk("k2", None);
    encryption["use"] = json!("enc");
    let keys = KeySet::parse(&key_set(&[json!({"kty": "EC", "kid": "k0"}), encryption, jwk("k1", None)])).unwrap();
    assert!(keys.knows("k1") && !keys.knows("k0") && !keys.knows("k2"));
    assert!(
        KeySet::parse(b"{}").is_none() && KeySet::parse(b"{\"keys\":[]}").is_none() && KeySet::parse(b"<").is_none()
    );
}
