//! Which path is answered by what.

use crate::broker::desk::Desk;
use crate::broker::serve::bounds::{Bounds, bounds};
use crate::broker::serve::tls::Tls;
use crate::broker::serve::{answers, connect, credentials, documents, explain, health, oauth};
use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use std::sync::Arc;
use tokio::sync::mpsc;

/// What handlers are given.
#[derive(Clone)]
pub struct App {
    pub desk: Arc<Desk>,
    pub tls: Option<Arc<Tls>>,
}

/// All routes inside all bounds. `working` is held by every request that runs.
pub fn router(desk: Arc<Desk>, tls: Option<Arc<Tls>>, working: mpsc::Sender<()>) -> Router {
    let bounded = Bounds { desk: desk.clone(), working };
    Router::new()
        .route("/.well-known/oauth-authorization-server", get(documents::metadata))
        .route("/.well-known/git-credential-bitbucket-sso.json", get(documents::bootstrap))
        .route("/oauth2/token", post(oauth::token))
        .route("/oauth2/revoke", post(oauth::revoke))
        .route("/git-credentials", post(credentials::credentials))
        .route("/v1/explain", post(explain::explain))
        .route("/connect/callback", get(connect::signed_in))
        .route("/connect/confirm", post(connect::confirmed))
        .route("/connect/{host}", get(connect::start))
        .route("/connect/{host}/callback", get(connect::consented))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .fallback(nothing)
        .method_not_allowed_fallback(other_method)
        .with_state(App { desk, tls })
        .layer(from_fn_with_state(bounded, bounds))
}

async fn nothing() -> Response {
    answers::plain(StatusCode::NOT_FOUND, "there is nothing here")
}

async fn other_method() -> Response {
    answers::plain(StatusCode::METHOD_NOT_ALLOWED, "not by this method")
}

/// All paths, as they are named in metrics.
pub const PATHS: [&str; 13] = [
    "/.well-known/oauth-authorization-server",
    "/.well-known/git-credential-bitbucket-sso.json",
    "/oauth2/token",
    "/oauth2/revoke",
    "/git-credentials",
    "/v1/explain",
    "/connect/callback",
    "/connect/confirm",
    "/connect/{host}",
    "/connect/{host}/callback",
    "/healthz",
    "/readyz",
    "/metrics",
];
