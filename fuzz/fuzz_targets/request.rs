//! What a request asks for, and claims of any JSON: no panic, one spelling for one place, nothing beyond the ceiling.

#![no_main]

use bitbucket_sso::basis::clock::Timestamp;
use bitbucket_sso::broker::ground::ask::Ask;
use bitbucket_sso::broker::ground::resource::Resource;
use bitbucket_sso::broker::ground::right::Right;
use bitbucket_sso::broker::ground::subject::{Claims, Kind, Subject};
use bitbucket_sso::broker::policy::{Policy, Surroundings, compile, explain};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use std::time::Duration;

const NOW: Timestamp = Timestamp(1_790_000_000);

const BROKER: &str = r#"
[[issuer]]
name = "corp"
kind = "entra"
[[host]]
url = "https://bitbucket.org"
kind = "cloud"
[[host]]
url = "https://git.example.com/bitbucket"
kind = "data-center"
"#;

const POLICY: &str = r#"
[ceiling]
right = "write"
life = "10m"
resources = ["bitbucket.org/acme/*", "git.example.com/bitbucket/PAY/*"]
account_wide = ["bitbucket.org"]
protected = ["bitbucket.org/acme/policy"]
[[deny]]
id = "leavers"
reason = "left"
when = { groups = { any_in = ["00000000-0000-4000-8000-000000000013"] } }
[[rule]]
id = "people"
who = "person"
when = { groups = { any_in = ["00000000-0000-4000-8000-000000000010"] }, roles = { all_in = ["a", "b"] } }
resources = ["bitbucket.org/acme/*", "git.example.com/bitbucket/PAY/*"]
right = "write"
reach = "account"
life = "10m"
[[rule]]
id = "everyone"
who = "person"
everyone = true
resources = ["bitbucket.org/acme/app"]
right = "read"
reach = "account"
life = "5m"
acrs = "c1"
"#;

static AROUND: LazyLock<Surroundings> = LazyLock::new(|| Surroundings::parse(BROKER).expect("surroundings"));
static RULES: LazyLock<Policy> =
    LazyLock::new(|| compile(&[("policy.toml".into(), POLICY.into())], &AROUND).expect("a policy"));

// The first line is the resource, the second the scope, the rest the claims.
fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut parts = text.splitn(3, '\n');
    let (place, scope, claims) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next());
    let hosts = || AROUND.hosts.iter().map(|host| (&host.url, host.kind));
    let Ok(resource) = Resource::parse(place, hosts()) else { return };
    let again = Resource::parse(&format!("https://{}", resource.name()), hosts());
    assert_eq!(again.as_ref(), Ok(&resource), "one place has one spelling");
    let Ok(right) = Right::asked(resource.kind, scope) else { return };
    let claims = claims.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let subject = subject(claims);
    let ask = Ask { resource, right, life: None };
    let name = ask.resource.name();
    for groups in [None, Some(RULES.groups_to_ask(&subject, &ask))] {
        let _told = explain(&RULES, &subject, groups.as_deref(), &ask, NOW);
        let Ok(permit) = RULES.decide(&subject, groups.as_deref(), &ask, NOW).outcome else { continue };
        assert!(name.starts_with("bitbucket.org/acme/") || name.starts_with("git.example.com/bitbucket/PAY/"));
        assert!(permit.life <= Duration::from_secs(600) && right.is_none_or(|right| permit.right <= right));
        assert!(permit.right == Right::Read || name != "bitbucket.org/acme/policy");
    }
});

fn subject(claims: serde_json::Map<String, serde_json::Value>) -> Subject {
    Subject {
        kind: Kind::Person,
        issuer: "corp".into(),
        tid: None,
        id: String::new(),
        name: String::new(),
        email: None,
        claims: Claims(claims),
        issued: NOW,
        expires: NOW,
        token_sha256: String::new(),
        uti: None,
        client: None,
    }
}
