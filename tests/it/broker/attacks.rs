//! What an attacker tries (docs/broker.md), tried against the running broker, one test each. Forged tokens are in
//! `refusals`, malformed requests in `requests`, slow and giant ones beside `serve`.

mod connecting;
mod random;
mod tokens;

use super::workloads::connect_bot;
use super::{BrokerDesk, Host, text};
use crate::practice::browser::{self, Choice};
use crate::practice::cast::ALICE;
use crate::practice::client::Answer;
use crate::practice::codec;
use crate::practice::issuers::{Job, PIPELINES_AUDIENCE};

/// What a token can do on one repository, as Bitbucket itself judges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Nothing,
    Read,
    Write,
}

fn reach(desk: &BrokerDesk, host: Host, repository: &str, token: &str) -> Reach {
    let basic = format!("Basic {}", codec::base64(format!("x-token-auth:{token}").as_bytes()));
    let works = |service: &str| {
        let url = format!("{}.git/info/refs?service={service}", desk.repository(host, repository));
        desk.practice.client().get(&url, &[("Authorization", &basic)]).unwrap().status == 200
    };
    match (works("git-upload-pack"), works("git-receive-pack")) {
        (_, true) => Reach::Write,
        (true, false) => Reach::Read,
        (false, false) => Reach::Nothing,
    }
}

/// Whoever this is connects their Bitbucket account, for reading and for writing.
fn connect(desk: &BrokerDesk, upn: &str) {
    let url = format!("{}/connect/{}", desk.site.base, desk.site.cloud);
    desk.practice.cloud.state().book.logged_in = Some(upn.split('@').next().unwrap().into());
    let page = browser::walk(&url, desk.practice.ca(), &Choice::sign_in(upn)).unwrap();
    assert!(page.answer.status == 200 && page.answer.text().contains("Connected"), "{}", page.answer.text());
    desk.practice.cloud.state().book.logged_in = None;
}

fn allow(desk: &BrokerDesk, account: &str, repository: &str, right: &'static str) {
    desk.practice.cloud.state().book.rights.insert((account.into(), format!("acme/{repository}")), right);
}

fn ask(desk: &BrokerDesk, token: &str, host: Host, repository: &str, scope: &str) -> Answer {
    let resource = desk.repository(host, repository);
    desk.exchange(token, "jwt", &[("resource", resource.as_str()), ("scope", scope)])
}

#[test]
fn who_may_write_to_the_policys_repository_at_bitbucket_gets_no_token_that_could() {
    let desk = BrokerDesk::open();
    desk.practice.repos.create("acme", "broker-policy");
    connect(&desk, ALICE);
    let alice = desk.token_of(ALICE);
    let push = |account: &str, right| {
        allow(&desk, account, "broker-policy", right);
        // What Bitbucket said is known for a minute.
        desk.practice.clock.advance(61);
    };
    for (right, most) in
        [("write", Reach::Read), ("admin", Reach::Read), ("read", Reach::Write), ("none", Reach::Write)]
    {
        push("alice", right);
        let issued = ask(&desk, &alice, Host::Cloud, "app", "repository:write").json();
        let token = text(&issued, "access_token");
        assert_eq!(reach(&desk, Host::Cloud, "app", &token), most, "{right}: {issued}");
        assert!(reach(&desk, Host::Cloud, "broker-policy", &token) < Reach::Write, "{right}");
        let last = desk.trail().pop().unwrap();
        let why = last["reason"].as_str().unwrap_or_default();
        assert_eq!(why.contains("acme/broker-policy"), most == Reach::Read, "the record says why: {last}");
    }
    push("alice", "read");
    desk.practice.repos.rename("acme", "broker-policy", "policy-of-the-broker");
    let hidden = ask(&desk, &alice, Host::Cloud, "app", "repository:write").json();
    assert!(reach(&desk, Host::Cloud, "policy-of-the-broker", &text(&hidden, "access_token")) >= Reach::Read);
}

#[test]
fn a_service_user_who_may_write_to_the_policys_repository_gets_no_token_that_could() {
    let desk = BrokerDesk::with(|desk| {
        let (cloud, read) = (&desk.site.cloud, "right = \"read\"\nlife = \"15m\"\nreach = \"account\"");
        let writing = desk.site.policy().replace(read, &read.replace("read", "write"));
        assert!(writing.contains("ci-bot") && writing.contains(cloud.as_str()) && writing != desk.site.policy());
        desk.site.write_policy(&writing);
    });
    desk.practice.repos.create("acme", "broker-policy");
    connect_bot(&desk);
    let step = desk.issuers.token(Job::Pipelines, PIPELINES_AUDIENCE, |_| {});
    for (right, most) in [("write", Reach::Read), ("none", Reach::Write)] {
        allow(&desk, "ci-bot", "broker-policy", right);
        desk.practice.clock.advance(61);
        let token = text(&ask(&desk, &step, Host::Cloud, "app", "repository:write").json(), "access_token");
        assert_eq!(reach(&desk, Host::Cloud, "app", &token), most, "{right}");
        assert!(reach(&desk, Host::Cloud, "broker-policy", &token) < Reach::Write, "{right}");
    }
}

#[test]
fn what_bitbucket_does_not_tell_about_the_policys_repository_is_no_leave_to_write() {
    use crate::practice::weather::Trouble;
    let desk = BrokerDesk::open();
    desk.practice.repos.create("acme", "broker-policy");
    connect(&desk, ALICE);
    let alice = desk.token_of(ALICE);
    desk.practice.cloud.weather.always("/2.0/repositories/acme/broker-policy", Trouble::Html(500));
    let refused = ask(&desk, &alice, Host::Cloud, "app", "repository:write");
    assert_eq!(refused.status, 503, "{}", refused.text());
    let read = ask(&desk, &alice, Host::Cloud, "app", "repository");
    assert_eq!(read.status, 200, "to read, nothing has to be known: {}", read.text());
}

#[test]
fn no_spelling_of_a_protected_repository_is_another_repository() {
    let desk = BrokerDesk::with(|desk| {
        let (cloud, center) = (&desk.site.cloud, &desk.site.data_center);
        let both = format!("[\"{cloud}/acme/broker-policy\", \"{center}/ACME/broker-policy\"]");
        let policy = desk.site.policy().replace(&format!("[\"{cloud}/acme/broker-policy\"]"), &both);
        assert!(policy.contains(&both));
        desk.site.write_policy(&policy);
    });
    desk.practice.repos.create("acme", "broker-policy");
    let alice = desk.token_of(ALICE);
    let base = &desk.practice.data_center.base;
    for spelled in [
        "/scm/ACME/broker-policy.git",
        "/scm/acme/Broker-Policy.GIT",
        "/scm/acme/BROKER-POLICY/",
        "/ACME/broker-policy",
        "/scm/ACME/broker-policy.git.git",
        "/scm/ACME/broker-policy.git/info/lfs",
        "/scm/ACME/broker%2Dpolicy",
        "/scm/ACME/./broker-policy",
        "/scm/ACME/app/../broker-policy",
        "/scm/ACME/broker-policy;x",
        "/projects/ACME/repos/broker-policy",
    ] {
        let resource = format!("{base}{spelled}");
        let answer = desk.exchange(&alice, "jwt", &[("resource", resource.as_str()), ("scope", "REPO_WRITE")]);
        if let Some(token) = answer.json()["access_token"].as_str() {
            assert!(reach(&desk, Host::DataCenter, "broker-policy", token) < Reach::Write, "{spelled}");
        }
    }
}

#[test]
fn the_database_the_record_and_the_numbers_hold_no_secret() {
    let desk = BrokerDesk::open();
    connect(&desk, ALICE);
    let alice = desk.token_of(ALICE);
    for (host, scope) in [(Host::Cloud, "repository:write"), (Host::DataCenter, "REPO_WRITE")] {
        assert_eq!(ask(&desk, &alice, host, "app", scope).status, 200);
    }
    _ = desk.post("/oauth2/revoke", &[("token", "BBDC-nobodys")]);
    let mut seen = String::new();
    for entry in std::fs::read_dir(&desk.site.dir).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if name.starts_with("broker.db") || name.starts_with("audit.jsonl") {
            seen += &String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap());
        }
    }
    for path in ["/metrics", "/readyz", "/healthz", "/.well-known/git-credential-bitbucket-sso.json"] {
        seen += &desk.practice.client().get(&format!("{}{path}", desk.site.base), &[]).unwrap().text();
    }
    assert!(seen.contains("SQLite") && seen.contains("broker_requests_total") && seen.contains("developers"));
    assert_eq!(desk.practice.journal.leaks(&seen), Vec::<String>::new());
}

#[test]
fn a_token_that_was_stolen_opens_one_repository_until_its_end() {
    let mut desk = BrokerDesk::open();
    desk.practice.repos.create("acme", "lib");
    let alice = desk.token_of(ALICE);
    let token = text(&ask(&desk, &alice, Host::DataCenter, "app", "REPO_READ").json(), "access_token");
    assert_eq!(reach(&desk, Host::DataCenter, "app", &token), Reach::Read);
    assert_eq!(reach(&desk, Host::DataCenter, "lib", &token), Reach::Nothing);
    // It cannot make others, and is no token for the broker.
    let url = format!("{}/rest/access-tokens/latest/projects/ACME/repos/app", desk.practice.data_center.base);
    let bearer = format!("Bearer {token}");
    let body = br#"{"name":"mine","permissions":["REPO_ADMIN"],"expiryDays":365}"#;
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    assert_eq!(desk.practice.client().send("PUT", &url, &headers, body).unwrap().status, 401);
    assert_eq!(ask(&desk, &token, Host::DataCenter, "app", "").json()["error"], "invalid_grant");
    desk.later(1801);
    desk.stop();
    desk.start();
    let over = || (reach(&desk, Host::DataCenter, "app", &token) == Reach::Nothing).then_some(());
    crate::refusals::until("the token's end", over);
}

#[test]
fn nobody_fills_a_repository_with_tokens_of_every_length() {
    let desk = BrokerDesk::open();
    let alice = desk.token_of(ALICE);
    let resource = desk.repository(Host::DataCenter, "app");
    for life in (60..1860).step_by(18) {
        let life = life.to_string();
        let form = [("resource", resource.as_str()), ("scope", "REPO_READ"), ("requested_expires_in", life.as_str())];
        let answer = desk.exchange(&alice, "jwt", &form);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.json()["expires_in"].as_u64().unwrap() <= life.parse().unwrap());
    }
    assert!(desk.practice.data_center.http_tokens().len() <= 6, "{:?}", desk.practice.data_center.http_tokens().len());
}
