//! Subject tokens that were made for something else, or that point somewhere.

use super::{ask, connect_bot};
use crate::broker::{BrokerDesk, Host};
use crate::practice::cast::{ALICE, BOB, CLIENT, TENANT, WORKLOAD};
use crate::practice::issuers::{APP_UUID, Job, PIPELINES_AUDIENCE};
use crate::practice::jwt;
use serde_json::{Value, json};
use std::net::TcpListener;

#[test]
fn an_id_token_and_a_token_of_another_tenant_are_nobodys() {
    let desk = BrokerDesk::open();
    let good = jwt::claims(&desk.token_of(ALICE)).unwrap();
    let signed = |change: &dyn Fn(&mut Value)| {
        let mut claims = good.clone();
        change(&mut claims);
        desk.practice.entra.state().keys.active().sign(&claims)
    };
    let other = "99999999-0000-4000-8000-2d7cd011db47";
    let tokens = [
        (
            "an ID token",
            signed(&|claims| {
                claims["aud"] = json!(CLIENT);
                claims["nonce"] = json!("n");
                claims.as_object_mut().unwrap().remove("scp");
            }),
        ),
        ("an ID token for the API", signed(&|claims| claims["nonce"] = json!("n"))),
        ("a token that is bound to a key", signed(&|claims| claims["cnf"] = json!({"kid": "x"}))),
        ("another tenant's person", signed(&|claims| claims["tid"] = json!(other))),
        (
            "another tenant's issuer",
            signed(&|claims| {
                let iss = claims["iss"].as_str().unwrap().replace(TENANT, other);
                claims["iss"] = json!(iss);
            }),
        ),
        ("a person without a scope", signed(&|claims| drop(claims.as_object_mut().unwrap().remove("scp")))),
        (
            "a person with an app's role",
            signed(&|claims| {
                claims.as_object_mut().unwrap().remove("scp");
                claims["roles"] = json!(["token.issue"]);
            }),
        ),
        ("an app with a person's scope", signed(&|claims| claims["idtyp"] = json!("app"))),
        ("by another program", signed(&|claims| claims["azp"] = json!(WORKLOAD))),
    ];
    for (name, token) in &tokens {
        for kind in ["access_token", "jwt", "id_token"] {
            let resource = desk.repository(Host::DataCenter, "app");
            let answer = desk.exchange(token, kind, &[("resource", &resource)]);
            assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("invalid_grant")), "{name} {kind}");
        }
    }
    assert!(desk.practice.data_center.http_tokens().is_empty());
}

#[test]
fn no_address_in_a_token_is_ever_asked() {
    let desk = BrokerDesk::open();
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let url = format!("http://{}", trap.local_addr().unwrap());
    let claims = jwt::claims(&desk.token_of(ALICE)).unwrap();
    let sign = |header: &Value, claims: &Value| desk.practice.entra.state().keys.decoy.sign_as(header, claims);
    let mut tokens = Vec::new();
    for (name, value) in [("jku", json!(url)), ("x5u", json!(url)), ("kid", json!(url)), ("jwk", json!({"kty": "RSA"}))]
    {
        tokens.push(sign(&json!({"alg": "RS256", "typ": "JWT", "kid": "decoy", name: value}), &claims));
    }
    let mut elsewhere = claims.clone();
    elsewhere["iss"] = json!(format!("{url}/{TENANT}/v2.0"));
    tokens.push(sign(&json!({"alg": "RS256", "kid": "x"}), &elsewhere));
    let keys = || desk.practice.journal.count(|entry| entry.path.contains("/discovery/"));
    let before = keys();
    for token in tokens.iter().cycle().take(100) {
        let answer = ask(&desk, token, Host::DataCenter, "app", "");
        assert_eq!(answer.json()["error"], "invalid_grant", "{}", answer.text());
    }
    assert!(trap.accept().is_err(), "somebody has come");
    assert!(keys() - before <= 1, "unknown keys are asked for once a minute: {}", keys() - before);
}

#[test]
fn a_jobs_token_is_its_own_repositorys_only() {
    let desk = BrokerDesk::open();
    connect_bot(&desk);
    let forged = |change: fn(&mut Value)| desk.issuers.token(Job::Pipelines, PIPELINES_AUDIENCE, change);
    let odd = [
        forged(|claims| claims["repositoryUuid"] = json!([APP_UUID])),
        forged(|claims| claims["repositoryUuid"] = json!(APP_UUID.trim_matches(['{', '}']).replace('-', ""))),
        forged(|claims| claims["repositoryUuid"] = Value::Null),
        forged(|claims| claims["groups"] = json!([crate::practice::cast::DEVELOPERS])),
    ];
    for token in &odd[..3] {
        assert_ne!(ask(&desk, token, Host::Cloud, "app", "").status, 200);
    }
    // A claim that makes a developer of a person makes none of a job.
    let step = ask(&desk, &odd[3], Host::DataCenter, "app", "REPO_WRITE");
    assert_eq!(step.json()["scope"], "REPO_READ", "{}", step.text());
    let bob = desk.token_of(BOB);
    assert_eq!(ask(&desk, &bob, Host::Cloud, "app", "").json()["error"], "access_denied", "ci-bot is not for people");
}
