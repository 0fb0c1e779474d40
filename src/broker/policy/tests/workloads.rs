//! Pipelines, apps, jobs and pods.

use super::world::{BROKER, NOW, ask, id, policy, subject};
use crate::broker::ground::right::Right::{self, Read, Write};
use crate::broker::ground::subject::Kind;
use crate::broker::policy::{Permit, Policy, Surroundings, compile, listed};
use serde_json::json;
use std::time::Duration;

fn workloads() -> Policy {
    policy(&format!(
        r#"
        [ceiling]
        right = "write"
        life = "1h"
        resources = ["bitbucket.org/*/*", "git.example.com/bitbucket/*/*"]
        account_wide = ["bitbucket.org"]
        protected = ["bitbucket.org/acme/broker-policy"]
        [[deny]]
        id = "old-cluster"
        reason = "west is switched off"
        who = "kubernetes"
        issuer = "west"
        everyone = true
        [[rule]]
        id = "pipeline"
        who = "pipelines"
        when = {{ repositoryUuid = {{ eq = "{{{repository}}}" }}, branchName = {{ any_in = ["main", "release"] }} }}
        resources = ["bitbucket.org/acme/*"]
        right = "read"
        reach = "account"
        service_user = "ci-bot"
        life = "10m"
        [[rule]]
        id = "mirror"
        who = "app"
        when = {{ oid = {{ eq = "{app}" }} }}
        resources = ["bitbucket.org/*/*"]
        right = "write"
        reach = "account"
        service_user = "ci-bot"
        life = "1h"
        [[rule]]
        id = "pod"
        who = "kubernetes"
        issuer = "east"
        when = {{ sub = {{ eq = "system:serviceaccount:ci:runner" }} }}
        resources = ["git.example.com/bitbucket/PAY/api"]
        right = "write"
        life = "5m"
        "#,
        repository = id(20),
        app = id(21),
    ))
}

/// Data Center's OAuth tokens reach all that their account may, and nobody tells what that is.
#[test]
fn what_is_protected_where_tokens_reach_it_unseen_lets_nobody_write() {
    let broker = BROKER.replace("tokens = \"minted\"", "tokens = \"oauth\"");
    let around = Surroundings::parse(&broker).unwrap();
    let told = |protected: &str, right: &str| {
        let text = format!(
            "[ceiling]\nright = \"write\"\nlife = \"1h\"\nresources = [\"git.example.com/bitbucket/PAY/*\"]\n\
             account_wide = [\"git.example.com/bitbucket\"]\nprotected = [\"{protected}\"]\n\
             [[rule]]\nid = \"r\"\nwho = \"person\"\neveryone = true\nresources = [\"git.example.com/bitbucket/PAY/*\"]\n\
             right = \"{right}\"\nlife = \"1h\"\nreach = \"account\"\n"
        );
        listed(&compile(&[("a.toml".into(), text)], &around).err().unwrap_or_default())
    };
    assert!(told("git.example.com/bitbucket/OPS/policy", "write").contains("whose tokens reach what is protected"));
    assert_eq!(told("git.example.com/bitbucket/OPS/policy", "read"), "");
    assert_eq!(told("bitbucket.org/acme/policy", "write"), "", "that is another host");
}

fn bot(right: Right, minutes: u64) -> Permit {
    let protected = (right == Right::Write).then(|| ("acme".to_owned(), Some("broker-policy".to_owned())));
    let protected = protected.into_iter().collect();
    Permit { right, life: Duration::from_secs(minutes * 60), service_user: Some("ci-bot".into()), protected }
}

#[test]
fn a_pipeline_is_its_repository_and_branch() {
    let step = |branch: &str, repository: &str| {
        subject(Kind::Pipelines, "ci", json!({"repositoryUuid": repository, "branchName": branch}))
    };
    let app = ask("https://bitbucket.org/acme/app", None);
    let decide = |who| workloads().decide(&who, None, &app, NOW).outcome;
    assert_eq!(decide(step("main", &format!("{{{}}}", id(20)))), Ok(bot(Read, 10)));
    assert_eq!(decide(step("main", &id(20))), Ok(bot(Read, 10)));
    assert!(decide(step("Main", &id(20))).is_err(), "branches are compared byte for byte");
    assert!(decide(step("main", &id(22))).is_err());
    let other = subject(Kind::GithubActions, "actions", json!({"repositoryUuid": id(20), "branchName": "main"}));
    assert!(decide(other).is_err(), "another kind of caller");
}

#[test]
fn a_whole_host_needs_a_rule_about_the_whole_host() {
    let app = subject(Kind::App, "corp", json!({"oid": id(21)}));
    let decide = |resource, right| workloads().decide(&app, None, &ask(resource, right), NOW).outcome;
    assert_eq!(decide("https://bitbucket.org/any/thing", None), Ok(bot(Write, 60)));
    assert_eq!(decide("https://bitbucket.org", None), Ok(bot(Read, 60)), "it reaches a protected repository");
    assert!(decide("https://git.example.com/bitbucket", None).is_err());
}

#[test]
fn another_issuer_of_the_same_kind_vouches_for_nobody_here() {
    let pod = |issuer| subject(Kind::Kubernetes, issuer, json!({"sub": "system:serviceaccount:ci:runner"}));
    let api = ask("https://git.example.com/bitbucket/scm/pay/API.git", None);
    let permit = workloads().decide(&pod("east"), None, &api, NOW).outcome.unwrap();
    assert_eq!((permit.right, permit.service_user), (Write, None));
    assert_eq!(workloads().decide(&pod("west"), None, &api, NOW).rules, ["old-cluster"]);
    assert!(workloads().decide(&pod("elsewhere"), None, &api, NOW).outcome.is_err());
}
