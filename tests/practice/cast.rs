//! The people, apps and names that every practice begins with.

use super::bitbucket::Account;
use super::clock::Clock;
use super::entra::{Api, App, State, User};
use super::journal::Journal;
use std::sync::Arc;

/// The tenant.
pub const TENANT: &str = "72f988bf-0000-4000-8000-2d7cd011db47";
/// Its verified domain.
pub const DOMAIN: &str = "contoso.example";
/// The helper's public client.
pub const CLIENT: &str = "11111111-2222-4333-8444-555555555555";
/// A confidential client, for workloads: its secret is [`WORKLOAD_SECRET`].
pub const WORKLOAD: &str = "66666666-2222-4333-8444-555555555555";
/// Secret of [`WORKLOAD`].
pub const WORKLOAD_SECRET: &str = "workload-secret-Q~practice-4711";
/// A person, and her oid in the tenant.
pub const ALICE: &str = "alice@contoso.example";
/// Another person.
pub const BOB: &str = "bob@contoso.example";
/// Alice's `oid`.
pub const ALICE_OID: &str = "a11ce000-0000-4000-8000-000000000001";
/// Bob's `oid`.
pub const BOB_OID: &str = "b0b00000-0000-4000-8000-000000000002";
/// The broker's API and its one scope, [`BROKER_SCOPE`].
pub const BROKER_API: &str = "api://bitbucket-broker";
/// What the helper asks of Entra for the broker.
pub const BROKER_SCOPE: &str = "api://bitbucket-broker/token.issue";
/// Group of those who write code; Alice is in it.
pub const DEVELOPERS: &str = "9b000000-0000-4000-8000-0000000000d1";
/// The broker's own web app, for the browser that connects an account; its secret is [`WEB_SECRET`].
pub const WEB: &str = "77777777-2222-4333-8444-555555555555";
/// Secret of [`WEB`].
pub const WEB_SECRET: &str = "web-app-secret-Q~practice-0815";
/// Azure Key Vault, as a resource that a managed identity asks for.
pub const KEY_VAULT: &str = "https://vault.azure.net";
/// The proxy's API and its scope, [`PROXY_SCOPE`].
pub const PROXY_API: &str = "api://git-proxy";
/// What the helper asks of Entra for the proxy.
pub const PROXY_SCOPE: &str = "api://git-proxy/.default";

/// `account_id` of [`ci_bot`].
pub const CI_BOT_ID: &str = "712020:c1b07000-1111-4000-8000-000000000003";

/// The tenant as it is on the first morning.
pub fn tenant(base: String, clock: &Arc<Clock>, journal: &Arc<Journal>) -> State {
    let mut state = State::new(base, TENANT, clock, journal);
    state.domains = vec![DOMAIN.into(), "contoso.onmicrosoft.example".into()];
    state.users =
        vec![person(ALICE, ALICE_OID, "Alice Example", &[DEVELOPERS]), person(BOB, BOB_OID, "Bob Example", &[])];
    let secret = journal.secret(WORKLOAD_SECRET.into());
    state.apps = vec![
        App {
            client_id: CLIENT.into(),
            name: "Bitbucket sign-in".into(),
            public: true,
            redirect_uris: vec!["http://localhost".into(), "http://127.0.0.1/entra".into()],
            secret: None,
            federated: None,
            certificate: None,
        },
        App {
            client_id: WORKLOAD.into(),
            name: "Build robot".into(),
            public: false,
            redirect_uris: Vec::new(),
            secret: Some(secret),
            federated: None,
            certificate: None,
        },
    ];
    let secret = journal.secret(WEB_SECRET.into());
    state.apps.push(App {
        client_id: WEB.into(),
        name: "Bitbucket token broker".into(),
        public: false,
        redirect_uris: Vec::new(),
        secret: Some(secret),
        federated: None,
        certificate: None,
    });
    state.graph.insert(WEB.into(), vec!["GroupMember.Read.All".into()]);
    state.apis = vec![
        api(BROKER_API, "b40c0000-0000-4000-8000-00000000a001", &["token.issue"]),
        api(KEY_VAULT, "cfa8b339-82a2-471a-a3c9-0fc0be7a4093", &["user_impersonation"]),
        api(PROXY_API, "b40c0000-0000-4000-8000-00000000a002", &["git.access"]),
    ];
    state
}

/// The same people at Bitbucket.
pub fn accounts() -> Vec<Account> {
    let account = |username: &str, name: &str, email: &str, id: &str| Account {
        username: username.into(),
        display_name: name.into(),
        account_id: format!("712020:{id}"),
        uuid: id.into(),
        email: email.into(),
        email_confirmed: true,
    };
    vec![
        account("alice", "Alice Example", ALICE, "a11ce000-1111-4000-8000-000000000001"),
        account("bob", "Bob Example", BOB, "b0b00000-1111-4000-8000-000000000002"),
    ]
}

/// The account that pipelines use at Bitbucket; it is nobody's. [`accounts`] leaves it out.
pub fn ci_bot() -> Account {
    Account {
        username: "ci-bot".into(),
        display_name: "CI Bot".into(),
        account_id: CI_BOT_ID.into(),
        uuid: "c1b07000-1111-4000-8000-000000000003".into(),
        email: "ci-bot@contoso.example".into(),
        email_confirmed: true,
    }
}

fn person(upn: &str, oid: &str, name: &str, groups: &[&str]) -> User {
    let groups = groups.iter().map(|group| (*group).to_owned()).collect();
    User { upn: upn.into(), oid: oid.into(), name: name.into(), groups, roles: Vec::new(), wids: Vec::new() }
}

fn api(uri: &str, client_id: &str, scopes: &[&str]) -> Api {
    let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    Api { uri: uri.into(), client_id: client_id.into(), scopes }
}
