//! Which path is answered by what.

use crate::broker::desk::Desk;
use crate::broker::serve::bounds::{Bounds, bounds};
use crate::broker::serve::tls::Tls;
use crate::broker::serve::{answers, documents, health};
use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::get;
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
pub const PATHS: [&str; 5] = [
    "/.well-known/oauth-authorization-server",
    "/.well-known/git-credential-bitbucket-sso.json",
    "/healthz",
    "/readyz",
    "/metrics",
];
