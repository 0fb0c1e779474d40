//! `/connect`: browsers only.

use crate::broker::desk::caller::Caller;
use crate::broker::desk::connect::{Page, Visit};
use crate::broker::desk::visits::Step;
use crate::broker::serve::oauth;
use crate::broker::serve::routes::App;
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;

/// `GET /connect/{host}`.
pub async fn start(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(host): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    visited(&app, &caller, Step::Start(&host), uri.query().unwrap_or_default(), &headers).await
}

/// `GET /connect/callback`.
pub async fn signed_in(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    visited(&app, &caller, Step::SignedIn, uri.query().unwrap_or_default(), &headers).await
}

/// `GET /connect/{host}/callback`.
pub async fn consented(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(host): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    visited(&app, &caller, Step::Consented(&host), uri.query().unwrap_or_default(), &headers).await
}

/// `POST /connect/confirm`.
pub async fn confirmed(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // What is no text is no form, and is answered like an empty one.
    let fields = std::str::from_utf8(&body).unwrap_or_default();
    visited(&app, &caller, Step::Confirmed, fields, &headers).await
}

async fn visited(app: &App, caller: &Caller, step: Step<'_>, fields: &str, headers: &HeaderMap) -> Response {
    let cookies: Vec<&str> =
        headers.get_all(header::COOKIE).iter().filter_map(|cookies| cookies.to_str().ok()).collect();
    let cookies = cookies.join("; ");
    let cookies = Some(cookies.as_str()).filter(|cookies| !cookies.is_empty());
    match app.desk.visit(caller, step, Visit { fields, cookies }).await {
        Ok(page) => shown(page),
        Err(refused) => oauth::refusal(&refused),
    }
}

fn shown(page: Page) -> Response {
    let mut response = Response::new(Body::from(page.body));
    *response.status_mut() = StatusCode::from_u16(page.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in page.headers {
        let pair = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_str(&value).ok());
        if let Some((name, value)) = pair {
            response.headers_mut().append(name, value);
        }
    }
    response
}
