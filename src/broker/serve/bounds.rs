//! What every request goes through: who may connect, how large, how long, and what becomes of a panic.

use crate::basis::random;
use crate::basis::text::clean;
use crate::broker::desk::Desk;
use crate::broker::desk::caller::Caller;
use crate::broker::ground::ask::Refusal;
use crate::broker::serve::answers;
use crate::broker::serve::listen::Peer;
use crate::broker::settings::Front;
use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// What the bounds need to know.
#[derive(Clone)]
pub struct Bounds {
    pub desk: Arc<Desk>,
    pub working: mpsc::Sender<()>,
}

/// Every request, outermost.
pub async fn bounds(State(bounds): State<Bounds>, request: Request, next: Next) -> Response {
    let desk = bounds.desk.clone();
    let endpoint = request.extensions().get::<MatchedPath>().map_or("unknown", |path| known(path.as_str()));
    let peer = request.extensions().get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0);
    let caller = caller(&desk.settings.front, peer, endpoint, request.headers());
    let (id, began) = (caller.id.clone(), desk.clock.steady());
    let mut response = match admitted(&desk.settings.front, peer, endpoint, &request) {
        Ok(()) => within_time(bounds, caller, request, next).await,
        Err(response) => *response,
    };
    desk.metrics.request(endpoint, response.status().as_u16(), desk.clock.steady().saturating_duration_since(began));
    dress(response.headers_mut(), &id, &desk.settings.front);
    response
}

/// The body, all of it or a refusal; then the work, in a task of its own: a caller who hangs up in mid-refresh must not
/// stop a rotated grant from being written, and a panic is one request's, not the broker's.
async fn within_time(bounds: Bounds, caller: Caller, request: Request, next: Next) -> Response {
    let Bounds { desk, working } = bounds;
    let limit = desk.settings.limits.request_timeout;
    let (mut parts, body) = request.into_parts();
    let bytes = match timeout(limit, to_bytes(body, LARGEST_BODY)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) => return too_much(&error.to_string()),
        Err(_) => return answers::plain(StatusCode::REQUEST_TIMEOUT, "the request took too long to arrive"),
    };
    parts.extensions.insert(caller.clone());
    let request = Request::from_parts(parts, Body::from(bytes));
    let work = tokio::spawn(async move {
        let response = next.run(request).await;
        drop(working);
        response
    });
    match timeout(limit, work).await {
        Ok(Ok(response)) => response,
        // The hook has said where; the record says that it was.
        Ok(Err(_)) => {
            desk.record_panic(&caller).await;
            answers::plain(StatusCode::INTERNAL_SERVER_ERROR, "internal error; the record has it under the request id")
        }
        Err(_) => answers::refusal(&Refusal::Unavailable {
            reason: "it took too long; what was begun goes on".into(),
            after: Duration::from_secs(2),
        }),
    }
}

fn too_much(why: &str) -> Response {
    if why.contains("limit") {
        answers::plain(StatusCode::PAYLOAD_TOO_LARGE, "the body has more than 64 KiB")
    } else {
        answers::plain(StatusCode::BAD_REQUEST, "the body did not arrive")
    }
}

/// Who may ask at all. Probes of the platform come past the proxy.
fn admitted(front: &Front, peer: IpAddr, endpoint: &str, request: &Request) -> Result<(), Box<Response>> {
    if request.method() == Method::HEAD {
        return Err(Box::new(answers::plain(StatusCode::METHOD_NOT_ALLOWED, "HEAD is not answered")));
    }
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: u64| length > LARGEST_BODY as u64) {
        return Err(Box::new(too_much("limit")));
    }
    let Front::Proxy { from } = front else { return Ok(()) };
    if matches!(endpoint, "/healthz" | "/readyz" | "/metrics") {
        return Ok(());
    }
    if !from.iter().any(|network| network.contains(peer)) {
        return Err(Box::new(answers::plain(StatusCode::FORBIDDEN, "come through the proxy")));
    }
    match only(request.headers(), "x-forwarded-proto") {
        Some("https") => Ok(()),
        _ => Err(Box::new(answers::plain(StatusCode::FORBIDDEN, "the proxy does not say that you came by https"))),
    }
}

fn caller(front: &Front, peer: IpAddr, endpoint: &'static str, headers: &HeaderMap) -> Caller {
    let said = |name: &str| only(headers, name).map(clean).filter(|text| !text.is_empty());
    let trusted = matches!(front, Front::Proxy { from } if from.iter().any(|network| network.contains(peer)));
    // The last address is the one that the proxy has seen.
    let forwarded = only(headers, "x-forwarded-for").filter(|_| trusted);
    let forwarded = forwarded.and_then(|list| list.rsplit(',').next()?.trim().parse::<IpAddr>().ok());
    Caller {
        id: random::uuid(),
        endpoint,
        peer: forwarded.unwrap_or(peer).to_canonical(),
        agent: said("user-agent"),
        given_id: said("client-request-id").or_else(|| said("x-request-id")),
    }
}

/// A header that is there once.
pub fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?;
    if all.next().is_some() { None } else { first.to_str().ok() }
}

/// What every answer says, unless it says otherwise itself.
fn dress(headers: &mut HeaderMap, id: &str, front: &Front) {
    let secure = (*front != Front::Loopback).then_some(("strict-transport-security", "max-age=31536000"));
    for (name, value) in ALWAYS.into_iter().chain(secure) {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    headers.extend(HeaderValue::from_str(id).ok().map(|id| (HeaderName::from_static("x-request-id"), id)));
}

/// A path as the router knows it, which lives as long as the program: nothing of a request becomes a name of a metric.
fn known(path: &str) -> &'static str {
    crate::broker::serve::routes::PATHS.iter().copied().find(|known| *known == path).unwrap_or("unknown")
}

const ALWAYS: [(&str, &str); 5] = [
    ("cache-control", "no-store"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("pragma", "no-cache"),
];
/// A subject token with two hundred groups has 12 KiB.
pub const LARGEST_BODY: usize = 64 << 10;
