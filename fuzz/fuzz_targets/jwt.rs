//! Key sets, tokens and signed claims of any bytes: no panic, and nobody is believed for another audience or time.

#![no_main]

use bitbucket_sso::basis::base64::url as base64url;
use bitbucket_sso::basis::clock::Timestamp;
use bitbucket_sso::basis::secret::Assertion;
use bitbucket_sso::broker::ground::subject::{Kind, Subject};
use bitbucket_sso::broker::identify::believe;
use bitbucket_sso::broker::settings::{Issuer, IssuerKind};
use bitbucket_sso::idtoken::KeySet;
use libfuzzer_sys::fuzz_target;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, PublicKeyComponents};
use std::sync::LazyLock;

const NOW: Timestamp = Timestamp(1_790_000_000);
const US: &str = "api://bitbucket-broker";
const TYPE: &str = "urn:ietf:params:oauth:token-type:jwt";
const TENANT: &str = "72f988bf-0000-4000-8000-2d7cd011db47";

static KEY: LazyLock<KeyPair> = LazyLock::new(|| {
    KeyPair::from_pkcs8(include_bytes!("../../tests/support/keys/id-token-test-only.pk8")).expect("a key")
});
static KEYS: LazyLock<KeySet> = LazyLock::new(|| {
    let public: PublicKeyComponents<Vec<u8>> = KEY.public().into();
    let (n, e) = (base64url(&public.n), base64url(&public.e));
    let set = serde_json::json!({"keys": [{"kty": "RSA", "kid": "k1", "n": n, "e": e}]});
    KeySet::parse(set.to_string().as_bytes()).expect("a key set")
});
static ISSUERS: LazyLock<[Issuer; 2]> = LazyLock::new(|| [entra(), jobs()]);

fuzz_target!(|data: &[u8]| {
    let Some((kind, rest)) = data.split_first() else { return };
    match kind % 3 {
        0 => drop(KeySet::parse(rest)),
        1 => ask(&String::from_utf8_lossy(rest)),
        _ => ask(&signed(rest)),
    }
});

fn ask(token: &str) {
    for issuer in ISSUERS.iter() {
        if let Ok(subject) = believe(issuer, &KEYS, &Assertion::new(token.to_owned()), TYPE, NOW) {
            check(issuer, &subject);
        }
    }
}

fn check(issuer: &Issuer, subject: &Subject) {
    let claims = &subject.claims;
    assert!(claims.text("iss").is_some_and(|iss| issuer.issuers.iter().any(|known| known == iss)));
    assert!(claims.number("exp").is_some_and(|exp| exp > NOW.0 - 300));
    let listed = claims.get("aud").and_then(|aud| aud.as_array()).is_some_and(|list| list.iter().any(|aud| aud == US));
    assert!(claims.text("aud") == Some(US) || (listed && subject.tid.is_none()));
    if subject.kind == Kind::Person {
        assert!(claims.text("scp").is_some_and(|scopes| scopes.split(' ').any(|scope| scope == "token.issue")));
    }
}

fn signed(claims: &[u8]) -> String {
    let message = format!("{}.{}", base64url(br#"{"alg":"RS256","kid":"k1"}"#), base64url(claims));
    let mut signature = vec![0; KEY.public().modulus_len()];
    let done = KEY.sign(&ring::signature::RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature);
    done.expect("signed");
    format!("{message}.{}", base64url(&signature))
}

fn entra() -> Issuer {
    let authority = "https://login.example".parse().expect("a URL");
    let kind = IssuerKind::Entra {
        tenant: TENANT.into(),
        authority,
        clients: vec!["c".into()],
        scope: "token.issue".into(),
        role: "token.issue".into(),
        graph: None,
    };
    issuer(kind, &format!("https://login.example/{TENANT}/v2.0"))
}

fn jobs() -> Issuer {
    issuer(IssuerKind::Jobs(Kind::Kubernetes), "https://ci.example")
}

fn issuer(kind: IssuerKind, iss: &str) -> Issuer {
    let keys = "https://login.example/keys".parse().expect("a URL");
    Issuer { name: "x".into(), kind, issuers: vec![iss.into()], keys, audiences: vec![US.into()] }
}
