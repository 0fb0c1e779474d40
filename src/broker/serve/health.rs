//! `/healthz`, `/readyz`, `/metrics`: for platforms and for Prometheus. Nothing here names a person.

use crate::broker::serve::answers;
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

/// Whether tokens can be issued: each part, and for those whom the settings name what is wrong with it. Others are not
/// told of files, servers and rules.
pub async fn readyz(State(app): State<App>, Extension(peer): Extension<Peer>, headers: HeaderMap) -> Response {
    let mut parts = app.desk.health().await;
    parts.push(("tls".to_owned(), app.tls.as_ref().and_then(|tls| tls.failure())));
    let (ready, told) = (parts.iter().all(|(_, wrong)| wrong.is_none()), is_named(&app, peer, &headers));
    let shown = |(part, wrong): (String, Option<String>)| {
        let wrong = wrong.map(|why| if told { why } else { "failing".to_owned() });
        (part, wrong.map_or(Value::from("ok"), Value::from))
    };
    let parts: Map<String, Value> = parts.into_iter().map(shown).collect();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    answers::json(status, &json!({ "ready": ready, "parts": parts }))
}

/// For those whom the settings name, who come by themselves and through no proxy.
pub async fn metrics(State(app): State<App>, Extension(peer): Extension<Peer>, headers: HeaderMap) -> Response {
    if !is_named(&app, peer, &headers) {
        return answers::plain(StatusCode::FORBIDDEN, "not for you: see metrics_from");
    }
    let text = app.desk.metrics_text().await;
    answers::typed(StatusCode::OK, "text/plain; version=0.0.4", text)
}

/// A proxy's own address says nothing about who is behind it; each of these says that there is one.
fn is_named(app: &App, peer: Peer, headers: &HeaderMap) -> bool {
    let forwarded = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip", "forwarded", "via"];
    let direct = !forwarded.iter().any(|name| headers.contains_key(*name));
    direct && app.desk.settings.metrics_from.iter().any(|network| network.contains(peer.0))
}
