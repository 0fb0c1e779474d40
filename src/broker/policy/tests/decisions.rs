//! Who gets what, and why not.

use super::world::{NOW, ask, id, person, policy};
use crate::broker::ground::ask::{Ask, Refusal};
use crate::broker::ground::right::Right::{self, Read, Write};
use crate::broker::ground::subject::Subject;
use crate::broker::policy::{Permit, Policy, Verdict};
use serde_json::{Value, json};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// Developers write, auditors read, leavers get nothing.
pub fn acme() -> Policy {
    policy(&format!(
        r#"
        [ceiling]
        right = "write"
        life = "1h"
        resources = ["bitbucket.org/acme/*", "git.example.com/bitbucket/PAY/*", "git.example.com/bitbucket/~ada/*"]
        account_wide = ["bitbucket.org"]
        protected = ["bitbucket.org/acme/broker-policy"]
        [[deny]]
        id = "leavers"
        reason = "you have left"
        when = {{ groups = {{ any_in = ["{leavers}"] }} }}
        contact = "people team"
        [[rule]]
        id = "developers"
        who = "person"
        when = {{ groups = {{ any_in = ["{developers}"] }} }}
        resources = ["bitbucket.org/acme/*", "git.example.com/bitbucket/PAY/*"]
        right = "write"
        reach = "account"
        life = "15m"
        contact = "platform team"
        [[rule]]
        id = "auditors"
        who = "person"
        when = {{ roles = {{ all_in = ["Audit.Read", "Audit.Sign"] }}, tid = {{ eq = "{tenant}" }} }}
        resources = ["bitbucket.org/acme/*"]
        right = "read"
        reach = "account"
        life = "1h"
        [[rule]]
        id = "pilot"
        who = "person"
        everyone = true
        resources = ["bitbucket.org/acme/pilot"]
        right = "write"
        reach = "account"
        life = "1h"
        mode = "audit"
        "#,
        leavers = id(13),
        developers = id(10),
        tenant = id(1),
    ))
}

fn decide(who: &Subject, resource: &str, right: Option<Right>) -> Verdict {
    acme().decide(who, None, &ask(resource, right), NOW)
}

fn developer() -> Subject {
    person(json!({"groups": [id(99), id(10).to_uppercase()]}))
}

fn auditor() -> Subject {
    person(json!({"roles": ["Audit.Sign", "token.issue", "Audit.Read"], "tid": id(1)}))
}

fn granted(right: Right, minutes: u32) -> Permit {
    let protected = (right == Write).then(|| ("acme".to_owned(), Some("broker-policy".to_owned())));
    Permit { right, life: MINUTE * minutes, service_user: None, protected: protected.into_iter().collect() }
}

#[test]
fn a_rule_grants_and_the_request_narrows() {
    let verdict = decide(&developer(), "https://bitbucket.org/acme/app", None);
    assert_eq!(verdict.outcome, Ok(granted(Write, 15)));
    assert_eq!((verdict.rules, verdict.held), (vec!["developers".to_owned()], vec!["groups any_in".to_owned()]));
    assert_eq!(decide(&developer(), "https://bitbucket.org/Acme/App.git", Some(Read)).outcome, Ok(granted(Read, 15)));
    assert_eq!(decide(&auditor(), "https://bitbucket.org/acme/app", Some(Write)).outcome, Ok(granted(Read, 60)));
    let short = Ask { life: Some(MINUTE), ..ask("https://bitbucket.org/acme/app", None) };
    assert_eq!(acme().decide(&developer(), None, &short, NOW).outcome, Ok(granted(Write, 1)));
    let long = Ask { life: Some(MINUTE * 600), ..short };
    assert_eq!(acme().decide(&developer(), None, &long, NOW).outcome, Ok(granted(Write, 15)));
}

#[test]
fn rules_add_up_and_take_nothing_from_each_other() {
    let both = person(json!({"groups": [id(10)], "roles": ["Audit.Read", "Audit.Sign"], "tid": id(1)}));
    let app = "https://bitbucket.org/acme/app";
    assert_eq!(decide(&both, app, None).outcome, Ok(granted(Write, 15)));
    let verdict = decide(&both, app, Some(Read));
    assert_eq!((verdict.outcome, verdict.rules), (Ok(granted(Read, 60)), vec!["auditors".into(), "developers".into()]));
}

#[test]
fn a_deny_goes_before_everything_and_says_whom_to_ask() {
    let leaver = person(json!({"groups": [id(10), id(13)]}));
    let verdict = decide(&leaver, "https://bitbucket.org/acme/app", None);
    let refusal = Refusal::Denied { reason: "you have left (`leavers`)".into(), contact: Some("people team".into()) };
    assert_eq!((verdict.outcome, verdict.rules), (Err(refusal), vec!["leavers".to_owned()]));
}

#[test]
fn beyond_the_ceiling_and_beyond_the_rules_there_is_nothing() {
    let outside = "this broker has no tokens for `bitbucket.org/other/app`";
    let want = Err(Refusal::Denied { reason: outside.into(), contact: None });
    assert_eq!(decide(&developer(), "https://bitbucket.org/other/app", None).outcome, want);
    let refusal = decide(&person(json!({})), "https://bitbucket.org/acme/app", None);
    let reason = "no rule gives you anything on `bitbucket.org/acme/app`".to_owned();
    assert_eq!(refusal.outcome, Err(Refusal::Denied { reason, contact: Some("platform team".into()) }));
    assert_eq!(refusal.failed, ["groups any_in", "roles all_in", "tid eq"]);
    let ada = decide(&developer(), "https://git.example.com/bitbucket/scm/~ada/x.git", None);
    assert!(matches!(ada.outcome, Err(Refusal::Denied { contact: None, .. })));
    for whole in ["https://bitbucket.org", "https://git.example.com/bitbucket"] {
        assert!(matches!(decide(&developer(), whole, None).outcome, Err(Refusal::Denied { .. })), "{whole}");
    }
}

#[test]
fn the_policy_s_own_repository_is_only_read() {
    let own = "https://bitbucket.org/acme/broker-policy.git";
    assert_eq!(decide(&developer(), own, Some(Write)).outcome, Ok(granted(Read, 15)));
    assert_eq!(decide(&developer(), own, None).outcome, Ok(granted(Read, 15)));
}

#[test]
fn a_rule_on_trial_is_recorded_and_grants_nothing() {
    let verdict = decide(&person(json!({})), "https://bitbucket.org/acme/pilot", None);
    assert!(matches!(verdict.outcome, Err(Refusal::Denied { .. })));
    assert_eq!((verdict.rules, verdict.audit_rules), (vec![], vec!["pilot".to_owned()]));
}

#[test]
fn a_claim_of_another_type_fulfils_no_rule_and_every_deny() {
    let app = "https://bitbucket.org/acme/app";
    let bad: [Value; 6] = [json!("x"), json!({}), json!(1), json!([1]), json!(["developers"]), json!([[id(10)]])];
    for groups in bad {
        let who = person(json!({"groups": groups, "roles": ["Audit.Read", "Audit.Sign"], "tid": id(1)}));
        let verdict = decide(&who, app, None);
        assert_eq!(verdict.rules, ["leavers"], "{groups}");
        assert!(verdict.outcome.is_err() && verdict.failed == ["groups any_in"]);
    }
    for roles in [json!("Audit.Read"), json!(["Audit.Read"]), json!(["Audit.Read", 1, "Audit.Sign"]), json!(null)] {
        let who = person(json!({"roles": roles, "tid": id(1)}));
        assert!(decide(&who, app, None).outcome.is_err(), "{roles}");
    }
    let one_group = person(json!({"groups": id(10)}));
    assert_eq!(decide(&one_group, app, None).outcome, Ok(granted(Write, 15)), "a list of one may be written as one");
}

#[test]
fn groups_that_the_token_leaves_out_are_asked_for() {
    let app = ask("https://bitbucket.org/acme/app", None);
    let busy = person(json!({"_claim_names": {"groups": "src1"}}));
    assert_eq!(acme().groups_to_ask(&busy, &app), [id(10), id(13)]);
    assert!(matches!(acme().decide(&busy, None, &app, NOW).outcome, Err(Refusal::Unavailable { .. })));
    assert_eq!(acme().decide(&busy, Some(&[id(10)]), &app, NOW).outcome, Ok(granted(Write, 15)));
    assert!(matches!(acme().decide(&busy, Some(&[]), &app, NOW).outcome, Err(Refusal::Denied { .. })));
    let gone = acme().decide(&busy, Some(&[id(13), id(10)]), &app, NOW);
    assert_eq!(gone.rules, ["leavers"]);
    let elsewhere = ask("https://bitbucket.org/other/app", None);
    assert_eq!(acme().groups_to_ask(&busy, &elsewhere), Vec::<String>::new());
    assert_eq!(acme().groups_to_ask(&developer(), &app), Vec::<String>::new(), "the token says them");
}
