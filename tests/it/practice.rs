//! The practice servers themselves: what they hand out, and what they refuse.

use crate::practice::cast::{ALICE, BROKER_SCOPE, CLIENT, TENANT};
use crate::practice::{Options, Practice, browser, codec, jwt};
use serde_json::Value;

#[path = "practice/around.rs"]
mod around;
#[path = "practice/bitbucket.rs"]
mod bitbucket;
#[path = "practice/entra.rs"]
mod entra;
#[path = "practice/hands.rs"]
mod hands;

/// The tenant's token endpoint.
fn token_url(practice: &Practice) -> String {
    format!("{}/{TENANT}/oauth2/v2.0/token", practice.entra.base)
}

/// POSTs a form to the tenant's token endpoint.
fn post(practice: &Practice, form: &[(&str, &str)]) -> (u16, Value) {
    let answer = practice.client().post(&token_url(practice), form, &[]).unwrap();
    (answer.status, answer.json())
}

/// An access token of Alice's for this scope, by device code.
fn access_token(practice: &Practice, scope: &str) -> String {
    let url = format!("{}/{TENANT}/oauth2/v2.0/devicecode", practice.entra.base);
    let started = practice.client().post(&url, &[("client_id", CLIENT), ("scope", scope)], &[]).unwrap().json();
    practice.entra.approve(started["user_code"].as_str().unwrap(), ALICE).unwrap();
    let code = started["device_code"].as_str().unwrap();
    let form = [("grant_type", "device_code"), ("client_id", CLIENT), ("device_code", code)];
    post(practice, &form).1["access_token"].as_str().unwrap().to_owned()
}
