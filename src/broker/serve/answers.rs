//! Answers: JSON, and refusals as RFC 6749, 8693 and 9470 spell them.

use crate::broker::ground::ask::{Refusal, StepUp};
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// A JSON document.
pub fn json(status: StatusCode, value: &Value) -> Response {
    typed(status, "application/json", value.to_string())
}

/// An error outside OAuth, in the same shape.
pub fn plain(status: StatusCode, why: &str) -> Response {
    json(status, &json!({ "error": name_of(status), "error_description": why }))
}

/// Text of some type.
pub fn typed(status: StatusCode, kind: &'static str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// A refusal, with what its receiver needs for the next step.
pub fn refusal(refusal: &Refusal) -> Response {
    refusal_under(refusal, None)
}

/// The same, with the digest of the policy that refuses.
pub fn refusal_under(refusal: &Refusal, digest: Option<&str>) -> Response {
    let mut members = Map::new();
    members.insert("error".into(), refusal.name().into());
    members.insert("error_description".into(), refusal.description().into());
    members.extend(extras(refusal));
    members.extend(digest.map(|digest| ("policy_digest".into(), digest.into())));
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json(status, &Value::Object(members));
    if let Some(after) = refusal.after() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
    }
    if let Some(challenge) = challenge(refusal) {
        response.headers_mut().extend(challenge.parse().ok().map(|value| (header::WWW_AUTHENTICATE, value)));
    }
    response
}

fn extras(refusal: &Refusal) -> Vec<(String, Value)> {
    match refusal {
        Refusal::Denied { contact: Some(contact), .. } => vec![("contact".into(), contact.as_str().into())],
        Refusal::Connect { url } => vec![("connect_uri".into(), url.as_str().into())],
        Refusal::StepUp(step_up) => step_up_members(step_up),
        _ => Vec::new(),
    }
}

/// What to send to Entra: `claims` is the request parameter (`facts/entra.md` 4.8).
fn step_up_members(step_up: &StepUp) -> Vec<(String, Value)> {
    let acrs = step_up.acrs.as_deref().map(|acrs| {
        let claims = json!({ "access_token": { "acrs": { "essential": true, "value": acrs } } });
        [("acr_values".to_owned(), acrs.into()), ("claims".to_owned(), claims.to_string().into())]
    });
    let age = step_up.max_age.map(|age| ("max_age".to_owned(), age.as_secs().into()));
    acrs.into_iter().flatten().chain(age).collect()
}

/// RFC 9470 section 3.
fn challenge(refusal: &Refusal) -> Option<String> {
    let Refusal::StepUp(StepUp { acrs, max_age }) = refusal else { return None };
    let mut text = format!("Bearer error=\"{}\", error_description=\"{}\"", refusal.name(), refusal.description());
    text.extend(acrs.iter().map(|acrs| format!(", acr_values=\"{acrs}\"")));
    text.extend(max_age.iter().map(|age: &Duration| format!(", max_age=\"{}\"", age.as_secs())));
    Some(text)
}

fn name_of(status: StatusCode) -> &'static str {
    match status.as_u16() {
        404 => "not_found",
        405 => "method_not_allowed",
        403 => "access_denied",
        500.. => "server_error",
        _ => "invalid_request",
    }
}
