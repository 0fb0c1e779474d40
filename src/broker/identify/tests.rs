//! Tokens as issuers make them, and as forgers do.

mod entra;
mod envelope;
mod groups;
mod jobs;
mod keys;
mod noise;
mod service;

use super::*;
use crate::broker::ground::subject::Kind;
use crate::broker::settings::issuer::Graph;
pub(crate) use crate::idtoken::tests::{TID, header, jwk, key_set, signed_text};
use serde_json::json;

pub const NOW: Timestamp = Timestamp(1_790_000_000);
pub const V2: &str = "https://login.example/72f988bf-0000-4000-8000-2d7cd011db47/v2.0";
pub const V1: &str = "https://sts.windows.net/72f988bf-0000-4000-8000-2d7cd011db47/";
pub const US: &str = "api://bitbucket-broker";
pub const HELPER: &str = "11111111-2222-3333-4444-555555555555";
pub const OID: &str = "00000000-0000-0000-66f3-3332eca7ea81";
pub const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
pub const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
pub const ID: &str = "urn:ietf:params:oauth:token-type:id_token";
pub const CI: &str = "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc";

/// The tenant; its keys are at `place`.
pub fn entra(place: &str, graph: Option<Graph>) -> Issuer {
    Issuer {
        name: "corp".into(),
        kind: IssuerKind::Entra {
            tenant: TID.into(),
            authority: place.parse().unwrap(),
            clients: vec![HELPER.into()],
            scope: "token.issue".into(),
            role: "token.issue".into(),
            graph,
        },
        issuers: vec![V2.into(), V1.into()],
        keys: format!("{place}/keys").parse().unwrap(),
        audiences: vec![US.into()],
    }
}

pub fn ci(kind: Kind, place: &str) -> Issuer {
    Issuer {
        name: "ci".into(),
        kind: IssuerKind::Jobs(kind),
        issuers: vec![CI.into()],
        keys: format!("{place}/ci-keys").parse().unwrap(),
        audiences: vec![US.into()],
    }
}

/// What Entra says of a person at `NOW`, by the helper, for the broker.
pub fn person() -> Value {
    json!({
        "aud": US, "iss": V2, "iat": NOW.0 - 300, "nbf": NOW.0 - 300, "exp": NOW.0 + 3600, "azp": HELPER,
        "azpacr": "0", "name": "Ada", "oid": OID, "preferred_username": "ada@example.com", "scp": "openid token.issue",
        "sub": "pairwise-1", "tid": TID, "uti": "uti-1", "ver": "2.0", "groups": [group(1)],
    })
}

/// What Entra says of a managed identity.
pub fn app() -> Value {
    json!({
        "aud": US, "iss": V2, "iat": NOW.0 - 300, "nbf": NOW.0 - 300, "exp": NOW.0 + 80_000, "azp": "a-program",
        "azpacr": "2", "idtyp": "app", "oid": OID, "sub": OID, "roles": ["token.issue"], "tid": TID, "ver": "2.0",
    })
}

/// What Bitbucket says of a step.
pub fn step() -> Value {
    json!({
        "iss": CI, "aud": US, "sub": "{repo}:{step}", "iat": NOW.0 - 5, "exp": NOW.0 + 3600,
        "repositoryUuid": "{repo}", "workspaceUuid": "{ws}", "branchName": "main",
    })
}

pub fn group(number: u32) -> String {
    format!("9a000000-0000-4000-8000-{number:012x}")
}

pub fn token(claims: &Value) -> Assertion {
    Assertion::new(signed_text(&header("k1"), &claims.to_string()))
}

pub fn keys() -> KeySet {
    KeySet::parse(&key_set(&[jwk("k1", Some("https://login.example/{tenantid}/v2.0"))])).unwrap()
}

/// The verdict over claims that the tenant has signed.
pub fn asked(claims: &Value) -> Result<Subject, Refusal> {
    believe(&entra("https://login.example", None), &keys(), &token(claims), ACCESS, NOW)
}

/// The reason of a refusal.
pub fn why(outcome: Result<Subject, Refusal>) -> String {
    match outcome {
        Err(Refusal::Subject(why)) => why,
        other => panic!("not refused for its token: {other:?}"),
    }
}

pub fn with(mut claims: Value, name: &str, value: impl Into<Value>) -> Value {
    claims[name] = value.into();
    claims
}

pub fn without(mut claims: Value, name: &str) -> Value {
    claims.as_object_mut().unwrap().remove(name).unwrap();
    claims
}
