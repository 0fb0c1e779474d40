//! `POST /oauth2/token` (RFC 8693) and `POST /oauth2/revoke` (RFC 7009).

use crate::broker::desk::caller::Caller;
use crate::broker::desk::exchange::{Granted, Refused};
use crate::broker::desk::revoke::Ended;
use crate::broker::serve::answers;
use crate::broker::serve::form::{ACCESS_TOKEN, Form, bearer};
use crate::broker::serve::routes::App;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde_json::{Value, json};

/// A Bitbucket token for a subject token.
pub async fn token(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let read = || Form::read(&uri, &headers, &body)?.exchange(bearer(&headers)?.as_ref());
    match app.desk.exchange(&caller, "exchange", read()).await {
        Ok(granted) => answers::json(StatusCode::OK, &answer(&granted)),
        Err(refused) => refusal(&refused),
    }
}

/// RFC 8693 section 2.2.1, and what the helper shows.
fn answer(granted: &Granted) -> Value {
    let mut answer = json!({
        "access_token": granted.issued.token.expose(),
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": granted.life.as_secs(),
        "scope": granted.scope,
        "username": granted.issued.username,
        "policy_digest": granted.digest,
    });
    // Given back to the helper, where the broker keeps no grants; no JSON text of ours has other letters.
    let sealed = granted.sealed.as_ref().and_then(|sealed| std::str::from_utf8(sealed.expose()).ok());
    if let (Some(members), Some(sealed)) = (answer.as_object_mut(), sealed) {
        members.insert("refresh_token".into(), sealed.into());
    }
    if let (Some(members), Some(rule)) = (answer.as_object_mut(), &granted.rule) {
        members.insert("rule".into(), rule.as_str().into());
    }
    answer
}

/// A refusal of the desk.
pub fn refusal(refused: &Refused) -> Response {
    answers::refusal_under(&refused.refusal, refused.digest.as_deref())
}

/// Ends a token. What is none of ours is answered like what was.
pub async fn revoke(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let read = || Ok((Form::read(&uri, &headers, &body)?.token()?, bearer(&headers)?));
    let (token, by) = match read() {
        Ok((token, by)) => (Ok(token), by),
        Err(refusal) => (Err(refusal), None),
    };
    match app.desk.revoke(&caller, token, by).await {
        Ok(ended) => answers::json(StatusCode::OK, &json!({ "ended": told(ended) })),
        Err(refused) => refusal(&refused),
    }
}

/// For the helper's receipt; RFC 7009 leaves the body to us.
fn told(ended: Ended) -> &'static str {
    match ended {
        Ended::Token => "token",
        Ended::Grant => "grant",
        Ended::Nothing => "nothing",
    }
}
