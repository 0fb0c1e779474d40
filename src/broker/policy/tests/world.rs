//! The hosts, issuers and people of these tests.

use crate::basis::clock::Timestamp;
use crate::broker::ground::ask::Ask;
use crate::broker::ground::resource::Resource;
use crate::broker::ground::right::Right;
use crate::broker::ground::subject::{Claims, Kind, Subject};
use crate::broker::policy::{Policy, Surroundings, compile, listed};
use serde_json::Value;
use std::sync::LazyLock;

pub const NOW: Timestamp = Timestamp(1_800_000_000);

/// A GUID that ends in a number.
pub fn id(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

pub fn around() -> &'static Surroundings {
    static AROUND: LazyLock<Surroundings> = LazyLock::new(|| Surroundings::parse(BROKER).unwrap());
    &AROUND
}

/// Compiles one file.
pub fn policy(text: &str) -> Policy {
    compile(&[("a.toml".into(), text.into())], around()).unwrap_or_else(|problems| panic!("{}", listed(&problems)))
}

/// What is wrong with one file.
pub fn problems(text: &str) -> String {
    listed(&compile(&[("a.toml".into(), text.into())], around()).err().unwrap_or_default())
}

pub fn ask(resource: &str, right: Option<Right>) -> Ask {
    let around = around();
    let hosts = around.hosts.iter().map(|host| (&host.url, host.kind));
    Ask { resource: Resource::parse(resource, hosts).unwrap(), right, life: None }
}

pub fn subject(kind: Kind, issuer: &str, claims: Value) -> Subject {
    let Value::Object(claims) = claims else { panic!("claims are an object") };
    let claims = Claims(claims);
    let entra = issuer == "corp";
    Subject {
        kind,
        issuer: issuer.into(),
        tid: entra.then(|| id(1)),
        id: id(2),
        name: "somebody".into(),
        email: None,
        claims,
        issued: NOW,
        expires: NOW.after(std::time::Duration::from_secs(3600)),
        token_sha256: String::new(),
        uti: None,
        client: None,
    }
}

pub fn person(claims: Value) -> Subject {
    subject(Kind::Person, "corp", claims)
}

pub const BROKER: &str = r#"
listen = "127.0.0.1:8443"
[[issuer]]
name = "corp"
kind = "entra"
[[issuer]]
name = "ci"
kind = "pipelines"
[[issuer]]
name = "actions"
kind = "github-actions"
[[issuer]]
name = "lab"
kind = "gitlab"
[[issuer]]
name = "east"
kind = "kubernetes"
[[issuer]]
name = "west"
kind = "kubernetes"
[[host]]
url = "https://bitbucket.org"
kind = "cloud"
[[host]]
url = "https://git.example.com/bitbucket"
kind = "data-center"
tokens = "minted"
[[service_user]]
name = "ci-bot"
host = "https://bitbucket.org"
"#;
