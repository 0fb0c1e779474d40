//! Workloads clone through the broker: a managed identity and a step of Bitbucket Pipelines, without a person.

use super::{BOTH, BrokerDesk, Host, hosts};
use crate::desk::said;
use crate::practice::browser::{self, Choice};
use crate::practice::cast::{ALICE, BOB, TENANT, WORKLOAD};
use crate::practice::issuers::{Job, PIPELINES_AUDIENCE};
use crate::practice::platform::Platform;
use std::process::{Command, Output};

/// A desk that nobody sits at.
fn machine(identity: &str) -> BrokerDesk {
    let identity = identity.to_owned();
    let desk = BrokerDesk::with(move |desk| {
        let practice = &desk.practice;
        let (authority, ca) = (&practice.entra.base, practice.ca().display());
        let config = format!(
            "[entra]\nidentity = \"{identity}\"\ntenant = \"{TENANT}\"\nclient_id = \"{WORKLOAD}\"\n\
             authority = \"{authority}\"\n\n[network]\nca_file = '{ca}'\ntimeout = \"10s\"\n\n{}",
            hosts(practice, &desk.site)
        );
        desk.desk.write_config(&config);
    });
    connect_bot(&desk);
    desk
}

/// An administrator connects the service user once, in a browser in which Bitbucket knows them as that account.
pub fn connect_bot(desk: &BrokerDesk) {
    desk.practice.cloud.state().book.logged_in = Some("ci-bot".into());
    let url = format!("{}/connect/{}?service=ci-bot", desk.site.base, desk.site.cloud);
    let page = browser::walk(&url, desk.practice.ca(), &Choice::sign_in(ALICE)).unwrap();
    assert!(page.answer.status == 200 && page.url.starts_with(&desk.site.base), "{}", page.answer.text());
    desk.practice.cloud.state().book.logged_in = None;
}

fn path(host: Host) -> &'static str {
    if host == Host::Cloud { "acme/app" } else { "ACME/app" }
}

fn cloned(desk: &BrokerDesk, host: Host, variables: &[(&str, String)]) -> Output {
    let (site, context) = desk.place(host);
    let to = desk.desk.path(&format!("clone-{}", crate::practice::codec::opaque(6)));
    let mut git: Command = desk.desk.git();
    git.args(["clone", "-q", &format!("https://{site}/{context}{}.git", path(host))]).arg(&to).env("CI", "true");
    let output = git.envs(variables.iter().map(|(name, value)| (*name, value))).output().unwrap();
    assert!(!output.status.success() || to.join("README").exists());
    output
}

#[test]
fn a_managed_identity_clones_from_both() {
    let desk = machine("managed-identity");
    let platform = Platform::start(&desk.practice);
    for host in BOTH {
        let output = cloned(&desk, host, &platform.variables("imds"));
        assert!(output.status.success(), "{host:?} {}", said(&output));
    }
}

#[test]
fn a_step_of_pipelines_clones_from_both_and_a_step_of_another_repository_from_none() {
    let desk = machine("pipelines");
    let step = |change: fn(&mut serde_json::Value)| {
        vec![("BITBUCKET_STEP_OIDC_TOKEN", desk.issuers.token(Job::Pipelines, PIPELINES_AUDIENCE, change))]
    };
    for host in BOTH {
        let output = cloned(&desk, host, &step(|_| {}));
        assert!(output.status.success(), "{host:?} {}", said(&output));
        let foreign = cloned(
            &desk,
            host,
            &step(|claims| claims["repositoryUuid"] = "{00000000-0000-4000-8000-000000000000}".into()),
        );
        assert!(!foreign.status.success() && said(&foreign).contains("[not-allowed]"), "{host:?} {}", said(&foreign));
    }
}

#[test]
fn a_service_user_is_connected_by_an_administrator_as_that_very_account_only() {
    let desk = BrokerDesk::open();
    let url = format!("{}/connect/{}?service=ci-bot", desk.site.base, desk.site.cloud);
    let walk = |upn: &str| browser::walk(&url, desk.practice.ca(), &Choice::sign_in(upn)).unwrap();
    let step = desk.issuers.token(Job::Pipelines, PIPELINES_AUDIENCE, |_| {});
    let resource = desk.repository(Host::Cloud, "app");
    let ask = || desk.exchange(&step, "jwt", &[("resource", resource.as_str())]);
    let as_alice = walk(ALICE);
    assert!(as_alice.answer.status >= 400, "her own account is not the service user's: {}", as_alice.answer.text());
    desk.practice.cloud.state().book.logged_in = Some("ci-bot".into());
    let by_bob = walk(BOB);
    assert!(by_bob.answer.status >= 400, "he is no administrator: {}", by_bob.answer.text());
    let refused = ask();
    assert_eq!((refused.status, &refused.json()["error"]), (403, &"access_denied".into()), "{}", refused.text());
    connect_bot(&desk);
    assert_eq!(ask().status, 200, "{}", ask().text());
}
