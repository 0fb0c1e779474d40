//! `/healthz`, `/readyz`, `/metrics`: for platforms and for Prometheus. Nothing here names a person.

use crate::broker::serve::answers;
use crate::broker::serve::bounds::only;
use crate::broker::serve::listen::Peer;
use crate::broker::serve::routes::App;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value, json};

/// The process answers.
pub async fn healthz() -> Response {
    answers::json(StatusCode::OK, &json!({ "status": "ok" }))
}

/// Whether tokens can be issued: each part with what is wrong, if something is.
pub async fn readyz(State(app): State<App>) -> Response {
    let mut parts = app.desk.health().await;
    parts.push(("tls".to_owned(), app.tls.as_ref().and_then(|tls| tls.failure())));
    let ready = parts.iter().all(|(_, wrong)| wrong.is_none());
    let shown = |(part, wrong): (String, Option<String>)| (part, wrong.map_or(Value::from("ok"), Value::from));
    let parts: Map<String, Value> = parts.into_iter().map(shown).collect();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    answers::json(status, &json!({ "ready": ready, "parts": parts }))
}

/// For those whom the settings name, who come by themselves and through no proxy.
pub async fn metrics(State(app): State<App>, Extension(peer): Extension<Peer>, headers: HeaderMap) -> Response {
    let direct = only(&headers, "x-forwarded-for").is_none() && !headers.contains_key("forwarded");
    if !direct || !app.desk.settings.metrics_from.iter().any(|network| network.contains(peer.0)) {
        return answers::plain(StatusCode::FORBIDDEN, "not for you: see metrics_from");
    }
    let text = app.desk.metrics_text().await;
    answers::typed(StatusCode::OK, "text/plain; version=0.0.4", text)
}
