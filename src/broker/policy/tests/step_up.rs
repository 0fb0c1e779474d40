//! A newer or stronger sign-in is asked for only where it would help.

use super::world::{NOW, ask, id, person, policy};
use crate::broker::ground::ask::{Refusal, StepUp};
use crate::broker::ground::right::Right::{Read, Write};
use crate::broker::ground::subject::Subject;
use crate::broker::policy::Policy;
use serde_json::json;
use std::time::Duration;

fn careful() -> Policy {
    policy(&format!(
        r#"
        [ceiling]
        right = "write"
        life = "1h"
        resources = ["git.example.com/bitbucket/PAY/*"]
        protected = []
        policy_repository = "none"
        [[rule]]
        id = "readers"
        who = "person"
        when = {{ groups = {{ any_in = ["{}"] }} }}
        resources = ["git.example.com/bitbucket/PAY/*"]
        right = "read"
        life = "1h"
        [[rule]]
        id = "writers"
        who = "person"
        everyone = true
        token_age = "10m"
        acrs = "c1"
        resources = ["git.example.com/bitbucket/PAY/*"]
        right = "write"
        life = "30m"
        "#,
        id(10)
    ))
}

fn outcome(
    who: &Subject,
    right: Option<crate::broker::ground::right::Right>,
) -> Result<(crate::broker::ground::right::Right, u64), Refusal> {
    let verdict = careful().decide(who, None, &ask("https://git.example.com/bitbucket/PAY/api", right), NOW);
    verdict.outcome.map(|permit| (permit.right, permit.life.as_secs()))
}

#[test]
fn the_sign_in_is_asked_for_when_nothing_else_gives_it() {
    let step = || Err(Refusal::StepUp(StepUp { acrs: Some("c1".into()), max_age: Some(Duration::from_secs(600)) }));
    let reader = person(json!({"groups": [id(10)]}));
    assert_eq!(outcome(&reader, None), Ok((Read, 3600)));
    assert_eq!(outcome(&reader, Some(Read)), Ok((Read, 3600)));
    assert_eq!(outcome(&reader, Some(Write)), step());
    assert_eq!(outcome(&person(json!({})), None), step());
    let strong = person(json!({"acrs": ["p1", "c1"]}));
    assert_eq!(outcome(&strong, None), Ok((Write, 1800)));
    assert_eq!(outcome(&person(json!({"acrs": "c1"})), None), Ok((Write, 1800)));
    for weak in [json!({"acrs": ["c11", "c2"]}), json!({"acrs": {"c1": true}}), json!({"acrs": "c1 c2"})] {
        assert_eq!(outcome(&person(weak), None), step());
    }
}

#[test]
fn a_token_grows_old_at_the_second() {
    let aged = |seconds: i64| Subject {
        issued: crate::basis::clock::Timestamp(NOW.0 - seconds),
        ..person(json!({"acrs": ["c1"]}))
    };
    assert_eq!(outcome(&aged(600), None), Ok((Write, 1800)));
    assert!(matches!(outcome(&aged(601), None), Err(Refusal::StepUp(_))));
    assert_eq!(outcome(&aged(-60), None), Ok((Write, 1800)));
}
