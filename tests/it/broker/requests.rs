//! Every malformed token request: refused by its name in the RFCs, and never with a token.

use super::{BrokerDesk, EXCHANGE, Host};
use crate::practice::cast::ALICE;
use crate::practice::client::Answer;
use serde_json::Value;

type Form<'a> = Vec<(&'a str, &'a str)>;

const TYPE: &str = "urn:ietf:params:oauth:token-type:access_token";

#[test]
fn malformed_requests_are_refused_by_name() {
    let desk = BrokerDesk::open();
    let (token, resource) = (desk.token_of(ALICE), desk.repository(Host::DataCenter, "app"));
    let good: Form<'_> = vec![
        ("grant_type", EXCHANGE),
        ("subject_token", &token),
        ("subject_token_type", TYPE),
        ("resource", &resource),
        ("scope", "REPO_READ"),
    ];
    assert_eq!(desk.post("/oauth2/token", &good).status, 200, "the request that all others are bent from");
    let without = |name: &str| good.iter().copied().filter(|(known, _)| *known != name).collect::<Form<'_>>();
    let with = |name: &'static str, value: &'static str| [without(name), vec![(name, value)]].concat();
    let twice = |name: &'static str| {
        let again = good.iter().copied().find(|(known, _)| *known == name).unwrap();
        [good.clone(), vec![again]].concat()
    };
    let and = |name: &'static str, value: &'static str| [good.clone(), vec![(name, value)]].concat();
    let cases: Vec<(&str, Form<'_>, &[&str])> = vec![
        ("no grant_type", without("grant_type"), &["invalid_request"]),
        ("another grant", with("grant_type", "client_credentials"), &["unsupported_grant_type"]),
        ("an empty grant", with("grant_type", ""), &["invalid_request", "unsupported_grant_type"]),
        ("no subject_token", without("subject_token"), &["invalid_request"]),
        ("an empty subject_token", with("subject_token", ""), &["invalid_request"]),
        ("no token at all", with("subject_token", "not-a-token"), &["invalid_request", "invalid_grant"]),
        ("no subject_token_type", without("subject_token_type"), &["invalid_request"]),
        ("an unknown type", with("subject_token_type", "urn:x:saml"), &["invalid_request"]),
        (
            "a SAML assertion",
            with("subject_token_type", "urn:ietf:params:oauth:token-type:saml2"),
            &["invalid_request"],
        ),
        ("two subjects", twice("subject_token"), &["invalid_request"]),
        ("two grants", twice("grant_type"), &["invalid_request"]),
        ("two scopes", twice("scope"), &["invalid_request"]),
        ("an actor's type alone", and("actor_token_type", TYPE), &["invalid_request"]),
        ("an actor without a type", and("actor_token", "x"), &["invalid_request"]),
        (
            "a refresh token is wanted",
            and("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"),
            &["invalid_request"],
        ),
        ("an unknown scope", with("scope", "REPO_ADMIN"), &["invalid_scope"]),
        ("a scope of the other product", with("scope", "repository:write"), &["invalid_scope"]),
        ("no place", without("resource"), &["invalid_request", "invalid_target"]),
        ("an empty place", with("resource", ""), &["invalid_request", "invalid_target"]),
        ("a relative place", with("resource", "/scm/ACME/app"), &["invalid_request", "invalid_target"]),
        ("a place elsewhere", with("resource", "https://bitbucket.example/acme/app"), &["invalid_target"]),
        ("an audience elsewhere", and("audience", "bitbucket.example"), &["invalid_request", "invalid_target"]),
    ];
    for (name, form, errors) in cases {
        refused(name, &desk.post("/oauth2/token", &form), errors);
    }
    assert!(desk.practice.data_center.http_tokens().len() <= 1, "only the good one had a token made");
}

#[test]
fn a_crooked_place_is_no_place() {
    let desk = BrokerDesk::open();
    let token = desk.token_of(ALICE);
    let base = &desk.practice.data_center.base;
    for rest in [
        "/scm/ACME/../ACME/app",
        "/scm/ACME/./app",
        "/scm/ACME//app",
        "/scm/ACME/%2e%2e/app",
        "/scm/ACME/%61pp",
        "/scm/ACME/app%2f..%2fother",
        "/scm/ACME/app?x=y",
        "/scm/ACME/app#x",
        "/scm/ACME/app/more",
        "/scm/ACME/..git",
        "/scm/ACME/...git",
        "/scm/ACME/app.git.git",
        "/scm/ACME/a\\pp",
        "/scm/ACME/app\u{202e}",
        "/scm/ACME/*",
        "/rest/api/latest/projects/ACME/repos/app",
    ] {
        let resource = format!("{base}{rest}");
        let answer = desk.exchange(&token, "access_token", &[("resource", &resource), ("scope", "REPO_READ")]);
        refused(rest, &answer, &["invalid_target", "invalid_request"]);
    }
    // Two names are a project and a repository, here ones that no rule names.
    let project = format!("{base}/scm/ACME");
    assert_eq!(desk.exchange(&token, "access_token", &[("resource", &project)]).json()["error"], "access_denied");
    let with_user = base.replace("https://", "https://bob@") + "/scm/ACME/app";
    let back = base.replacen("/bitbucket", "\\bitbucket\\scm\\ACME\\app%2f..%2fapp", 1);
    let plain = base.replace("https://", "http://") + "/scm/ACME/app";
    for resource in [with_user, plain, back] {
        refused(
            &resource,
            &desk.exchange(&token, "access_token", &[("resource", &resource)]),
            &["invalid_target", "invalid_request"],
        );
    }
    assert!(desk.practice.data_center.http_tokens().is_empty());
}

#[test]
fn bodies_that_are_no_form_and_other_methods_are_refused() {
    let desk = BrokerDesk::open();
    let url = format!("{}/oauth2/token", desk.site.base);
    let client = desk.practice.client();
    let send = |method: &str, kind: &str, body: &[u8]| client.send(method, &url, &[("Content-Type", kind)], body);
    let form = "application/x-www-form-urlencoded";
    assert_eq!(send("GET", form, b"").unwrap().status, 405);
    assert_eq!(send("PUT", form, b"x=y").unwrap().status, 405);
    let json = send("POST", "application/json", b"{\"grant_type\":\"x\"}").unwrap();
    assert!(matches!(json.status, 400 | 415), "{}", json.text());
    let huge = format!("grant_type={}", "x".repeat(4 << 20));
    // It may also just hang up on us.
    if let Ok(answer) = send("POST", form, huge.as_bytes()) {
        assert!(matches!(answer.status, 400 | 413), "{}", answer.text());
    }
    let nonsense = send("POST", form, b"%ff%fe=%&&&=&a").unwrap();
    assert_eq!(nonsense.status, 400, "{}", nonsense.text());
}

#[track_caller]
fn refused(name: &str, answer: &Answer, errors: &[&str]) {
    let body = answer.json();
    let error = body["error"].as_str().unwrap_or_default();
    assert!(
        (400..=401).contains(&answer.status) && errors.contains(&error),
        "{name}: {} {}",
        answer.status,
        answer.text()
    );
    assert_eq!(body.get("access_token"), None::<&Value>, "{name}");
    assert!(!answer.text().contains("eyJ"), "{name}: no token is repeated");
}
