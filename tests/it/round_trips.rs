//! What a miss asks over the network: each server is called on one connection, and no question is asked twice.

use crate::desk::{Desk, said, stdout};
use crate::practice::browser::Choice;
use crate::practice::cast::ALICE;
use crate::practice::{Options, Practice, Source};
use crate::tester::request;

#[test]
fn a_run_opens_one_connection_to_each_server() {
    let practice = Practice::start(&Options::default());
    for server in
        [&practice.entra.server, &practice.cloud.server, &practice.data_center.server, &practice.broker.server]
    {
        server.keep_connections();
    }
    let desk = Desk::with(&practice, Source::Exchange).person(Choice::sign_in(ALICE));
    let connections = || (practice.entra.server.connections_of(US), practice.broker.server.connections_of(US));

    // The first sign-in of a machine: metadata, code, keys, then the broker's token.
    let login = desk.helper().args(["login", "--browser"]).output().unwrap();
    assert!(login.status.success(), "{}", said(&login));
    let ask = request(practice.url(Source::Exchange));
    let first = desk.get(&ask);
    assert!(stdout(&first).contains("password="), "{}", said(&first));
    let asked = calls(&practice, "entra");
    assert_eq!(asked.iter().filter(|path| path.ends_with("/.well-known/openid-configuration")).count(), 1, "{asked:?}");
    assert_eq!(asked.iter().filter(|path| path.ends_with("/keys")).count(), 1, "{asked:?}");
    assert!(asked.len() >= 3, "{asked:?}");
    let (entra, broker) = connections();
    assert_eq!((entra, broker), (1, 1), "{asked:?}");

    // A miss on the same day: one question to Entra, one to the broker; metadata and keys are kept.
    practice.journal.clear();
    std::fs::remove_dir_all(desk.state().join("hot")).unwrap();
    let again = desk.get(&ask);
    assert!(stdout(&again).contains("password="), "{}", said(&again));
    assert_eq!((calls(&practice, "entra").len(), calls(&practice, "broker").len()), (1, 1));
    assert_eq!(connections(), (2, 2));

    // A hit asks nobody.
    practice.journal.clear();
    assert_eq!(desk.get(&ask).stdout, again.stdout);
    assert_eq!((calls(&practice, "entra").len(), connections()), (0, (2, 2)));
}

#[test]
fn a_consent_with_bitbucket_is_one_connection_too() {
    for source in [Source::CloudOauth, Source::DataCenterOauth] {
        let practice = Practice::start(&Options::default());
        let server = if source == Source::CloudOauth { &practice.cloud.server } else { &practice.data_center.server };
        server.keep_connections();
        practice.entra.server.keep_connections();
        let desk = Desk::with(&practice, source).person(Choice::sign_in(ALICE));
        let login = desk.helper().args(["login", "--browser"]).output().unwrap();
        assert!(login.status.success(), "{}", said(&login));
        let named = if source == Source::CloudOauth { "cloud" } else { "datacenter" };
        let asked = calls(&practice, named);
        assert!(asked.len() >= 2, "the code and the account: {asked:?}");
        assert_eq!((practice.entra.server.connections_of(US), server.connections_of(US)), (1, 1), "{asked:?}");
    }
}

/// What the helper asked of a server.
fn calls(practice: &Practice, server: &str) -> Vec<String> {
    let ours = |agent: &Option<String>| agent.as_deref().is_some_and(|agent| agent.starts_with(US));
    let entries = practice.journal.entries().into_iter();
    entries.filter(|entry| entry.server == server && ours(&entry.user_agent)).map(|entry| entry.path).collect()
}

const US: &str = "git-credential-bitbucket-sso/";
