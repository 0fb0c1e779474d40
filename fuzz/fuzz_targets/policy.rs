//! Policies of any bytes: no panic, and what compiles decides within its ceiling, which the text of the target fixes.

#![no_main]

use bitbucket_sso::basis::clock::Timestamp;
use bitbucket_sso::broker::ground::ask::Ask;
use bitbucket_sso::broker::ground::resource::Resource;
use bitbucket_sso::broker::ground::right::Right;
use bitbucket_sso::broker::ground::subject::{Claims, Kind, Subject};
use bitbucket_sso::broker::policy::{Surroundings, compile};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use std::time::Duration;

const NOW: Timestamp = Timestamp(1_790_000_000);

const BROKER: &str = r#"
[[issuer]]
name = "corp"
kind = "entra"
[[issuer]]
name = "ci"
kind = "pipelines"
[[host]]
url = "https://bitbucket.org"
kind = "cloud"
[[host]]
url = "https://git.example.com/bitbucket"
kind = "data-center"
[[service_user]]
name = "bot"
host = "https://bitbucket.org"
"#;

const CEILING: &str = r#"
[ceiling]
right = "read"
life = "10m"
resources = ["bitbucket.org/acme/*", "git.example.com/bitbucket/PAY/*"]
account_wide = ["bitbucket.org"]
protected = ["bitbucket.org/acme/policy"]
"#;

static AROUND: LazyLock<Surroundings> = LazyLock::new(|| Surroundings::parse(BROKER).expect("surroundings"));

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let files = [("ceiling.toml".to_owned(), CEILING.to_owned()), ("rules.toml".to_owned(), text.to_owned())];
    let alone = compile(&files[1..], &AROUND);
    assert!(alone.is_ok() || alone.is_err_and(|problems| problems.iter().all(|problem| !problem.to_string().is_empty())));
    let Ok(policy) = compile(&files, &AROUND) else { return };
    for place in ["https://bitbucket.org/acme/app", "https://bitbucket.org", "https://git.example.com/bitbucket/OPS/x"] {
        let hosts = AROUND.hosts.iter().map(|host| (&host.url, host.kind));
        let resource = Resource::parse(place, hosts).expect("a resource");
        let inside = place.ends_with("/acme/app");
        for kind in [Kind::Person, Kind::App, Kind::Pipelines] {
            let ask = Ask { resource: resource.clone(), right: None, life: None };
            if let Ok(permit) = policy.decide(&subject(kind), None, &ask, NOW).outcome {
                assert!(inside && permit.right == Right::Read && permit.life <= Duration::from_secs(600));
            }
        }
    }
});

fn subject(kind: Kind) -> Subject {
    Subject {
        kind,
        issuer: if kind == Kind::Pipelines { "ci" } else { "corp" }.into(),
        tid: None,
        id: String::new(),
        name: String::new(),
        email: None,
        claims: Claims::default(),
        issued: NOW,
        expires: NOW,
        token_sha256: String::new(),
        uti: None,
        client: None,
    }
}
