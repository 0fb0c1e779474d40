use super::*;
use crate::app::logout::Removed;
use crate::app::records::Cached;
use crate::app::status::{Account, Decided, HostStatus, Status};
use crate::basis::credential::{Credential, Ruling};
use crate::basis::secret::GitToken;
use crate::config::{Layer, ShownValue};

pub(super) fn tell(book: &mut Book) {
    book.say("explain", explain("tls").unwrap());
    book.fail("unknown_error", &unknown_error("keyring-loked"));
    let texts = {
        let world = &book.world;
        let shown = |value: &str, layer, file: Option<&str>| ShownValue {
            key: "entra.flow".into(),
            value: value.into(),
            layer,
            file: file.map(str::to_owned),
        };
        let values = [
            shown("auto", Layer::BuiltIn, None),
            shown("browser", Layer::User, Some("/home/alice/.config/bitbucket-sso/config.toml:7")),
            shown("browser", Layer::Environment, Some("environment variable BITBUCKET_SSO_FLOW")),
        ];
        let status_of = |accounts| Status {
            accounts,
            settings: vec![
                decided("entra.tenant", "policy", true),
                decided("entra.client_id", "policy", true),
                decided("entra.flow", "user file", false),
                decided("token.margin", "built in", false),
            ],
            findings: vec!["the variable X means nothing".into()],
        };
        let soon = Account { ends_soon: true, ends: Some(NOON.after(Duration::from_secs(42 * 60))), ..account(true) };
        vec![
            ("status", status(world, &status_of(vec![account(true)]))),
            ("status soon", status(world, &status_of(vec![soon]))),
            ("status of nobody", status(world, &status_of(vec![account(false)]))),
            ("whoami", whoami(&[account(true), account(false)])),
            ("whoami_json", format!("{:#}", whoami_json(&[account(true), account(false)]))),
            ("shown_values", shown_values(&values)),
            ("receipt", receipt(world, Some(ALICE), &[removed(true), removed(false)])),
            ("receipt of one host", receipt(world, None, &[removed(true)])),
        ]
    };
    for (name, text) in texts {
        book.say(name, text);
    }
    book.fail("no_home", &no_home());
}

fn decided(key: &str, layer: &'static str, locked: bool) -> Decided {
    Decided { key: key.into(), value: "x".into(), layer, place: None, locked }
}

fn account(signed_in: bool) -> Account {
    let ends = NOON.after(Duration::from_secs(16 * 3600));
    let said = |text: &str| signed_in.then(|| text.to_owned());
    Account {
        profile: if signed_in { "default".into() } else { "work".into() },
        tenant: "contoso.example".into(),
        signed_in,
        user: said(ALICE),
        tid: said("72f988bf-0000-4000-8000-2d7cd011db47"),
        oid: said("a11ce000-0000-4000-8000-000000000001"),
        flow: said("browser"),
        day_ends: said("2027-01-16T04:00:00Z"),
        ends_soon: false,
        storage: if signed_in { "keyring" } else { "nowhere" },
        workload: None,
        hosts: vec![host(signed_in)],
        ends: signed_in.then_some(ends),
    }
}

fn host(signed_in: bool) -> HostStatus {
    let warning =
        ["https://bitbucket.org: git does not ask this helper", "  do this: git credential-bitbucket-sso setup"];
    HostStatus {
        url: "https://bitbucket.org".into(),
        source: "cloud-oauth",
        decided_by: "/home/alice/.config/bitbucket-sso/config.toml:6".into(),
        grant: signed_in.then(|| "Alice Example".into()),
        needs_consent: !signed_in,
        scopes: signed_in.then(|| "repository:write account".into()),
        token_expires: None,
        ruling: Ruling { rule: signed_in.then(|| "developers".into()), policy: signed_in.then(|| "5e1f2a".into()) },
        next_renewal: None,
        renews: signed_in.then(|| NOON.after(Duration::from_secs(5400))),
        expires: signed_in.then(|| NOON.after(Duration::from_secs(7200))),
        chain: if signed_in { Vec::new() } else { warning.map(str::to_owned).to_vec() },
    }
}

fn removed(all: bool) -> Removed {
    let credential = Credential {
        username: "x-token-auth".into(),
        token: GitToken::new("canary".into()),
        issued: NOON,
        expires: NOON.after(Duration::from_secs(7200)),
        scopes: String::new(),
        ruling: Ruling::default(),
    };
    let cached = Cached { credential, who: alice(), suspect: false, session_ends: NOON };
    Removed {
        host: "https://bitbucket.org".into(),
        source: "cloud-oauth",
        grant: Some(all),
        token: all.then_some(cached),
    }
}
