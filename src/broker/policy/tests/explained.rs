//! What a caller is told about their own token.

use super::decisions::acme;
use super::world::{NOW, ask, id, person};
use crate::broker::policy::explain;
use serde_json::json;

#[test]
fn a_caller_learns_what_is_missing_and_whom_to_ask() {
    let who = person(json!({"roles": ["Audit.Read"], "tid": id(1)}));
    let seen = explain(&acme(), &who, None, &ask("https://bitbucket.org/acme/app", None), NOW);
    let json = serde_json::to_value(&seen).unwrap();
    let refused = json!({"is": "refused", "reason": "no rule gives you anything on `bitbucket.org/acme/app`"});
    assert_eq!((&json["outcome"], &json["contact"]), (&refused, &json!("platform team")));
    assert_eq!(json["missing"], json!(["auditors: roles all_in", "developers: groups any_in"]));
    assert_eq!(json["rules"][0]["matches"], "no");
    assert!(!json.to_string().contains(&id(10)) && !json.to_string().contains("Audit."), "values are not told");
}

#[test]
fn a_caller_learns_what_is_granted_and_which_rules_are_on_trial() {
    let who = person(json!({"groups": [id(10)]}));
    let seen = explain(&acme(), &who, None, &ask("https://bitbucket.org/acme/pilot", None), NOW);
    let json = serde_json::to_value(&seen).unwrap();
    assert_eq!(json["outcome"], json!({"is": "granted", "right": "write", "life": 900, "service_user": null}));
    let rules: Vec<_> = seen.rules.iter().map(|rule| (rule.id.as_str(), rule.enforced)).collect();
    assert_eq!(rules, [("developers", true), ("pilot", false), ("auditors", true)]);
    let busy = person(json!({"hasgroups": true}));
    let seen = explain(&acme(), &busy, None, &ask("https://bitbucket.org/acme/app", None), NOW);
    assert_eq!(seen.missing, ["developers: groups any_in (not in the token)"]);
}
