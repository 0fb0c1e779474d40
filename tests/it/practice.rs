//! The practice servers themselves: what they hand out, and what they refuse.

use crate::practice::cast::{ALICE, BROKER_SCOPE, CLIENT, TENANT};
use crate::practice::{Options, Practice, browser, codec, jwt};
use serde_json::Value;

#[path = "practice/entra.rs"]
mod entra;

/// The tenant's token endpoint.
fn token_url(practice: &Practice) -> String {
    format!("{}/{TENANT}/oauth2/v2.0/token", practice.entra.base)
}

/// POSTs a form to the tenant's token endpoint.
fn post(practice: &Practice, form: &[(&str, &str)]) -> (u16, Value) {
    let answer = practice.client().post(&token_url(practice), form, &[]).unwrap();
    (answer.status, answer.json())
}
