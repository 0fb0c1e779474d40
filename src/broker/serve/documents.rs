//! What clients read before they ask: RFC 8414 metadata, and the configuration that `setup DOMAIN` takes.

use crate::basis::digest;
use crate::broker::ground::right::{HostKind, Right};
use crate::broker::serve::answers;
use crate::broker::serve::bounds::only;
use crate::broker::serve::routes::App;
use crate::broker::settings::{Host, IssuerKind, Settings};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Map, Value, json};

/// RFC 8414.
pub async fn metadata(State(app): State<App>) -> Response {
    let settings = &app.desk.settings;
    let kinds = settings.hosts.iter().map(Host::kind);
    let mut scopes: Vec<&str> = kinds.flat_map(scopes_of).collect();
    scopes.sort_unstable();
    scopes.dedup();
    let document = json!({
        "issuer": settings.public_url.to_string(),
        "token_endpoint": settings.public_url.join("/oauth2/token"),
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint": settings.public_url.join("/oauth2/revoke"),
        "revocation_endpoint_auth_methods_supported": ["none"],
        "grant_types_supported": ["urn:ietf:params:oauth:grant-type:token-exchange"],
        "response_types_supported": [],
        "scopes_supported": scopes,
    });
    kept(answers::json(StatusCode::OK, &document))
}

fn scopes_of(kind: HostKind) -> [&'static str; 2] {
    [Right::Read.scope(kind), Right::Write.scope(kind)]
}

/// The file that the administrator has written, or one made from the settings.
pub async fn bootstrap(State(app): State<App>, headers: HeaderMap) -> Response {
    let settings = &app.desk.settings;
    let text = match &settings.bootstrap {
        Some(path) => tokio::fs::read_to_string(path).await.ok(),
        None => bootstrap_of(settings).map(|document| format!("{document:#}\n")),
    };
    let Some(text) = text.filter(|text| text.len() <= LARGEST) else {
        return answers::plain(StatusCode::NOT_FOUND, "this broker has no configuration to offer");
    };
    let tag = format!("\"{}\"", &digest::of(text.as_bytes())[..16]);
    let known = only(&headers, "if-none-match").is_some_and(|tags| tags.split(',').any(|known| known.trim() == tag));
    let (status, text) = if known { (StatusCode::NOT_MODIFIED, String::new()) } else { (StatusCode::OK, text) };
    let mut response = answers::typed(status, "application/json", text);
    response.headers_mut().extend(HeaderValue::from_str(&tag).ok().map(|tag| (header::ETAG, tag)));
    kept(response)
}

/// Tenant and client of the first Entra issuer that has a client, and every host with us as its source.
pub fn bootstrap_of(settings: &Settings) -> Option<Value> {
    let entra = settings.issuers.iter().find_map(|issuer| match &issuer.kind {
        IssuerKind::Entra { tenant, authority, clients, scope, .. } => {
            let audience = issuer.audiences.iter().find(|audience| audience.starts_with("api://"));
            let audience = audience.or_else(|| issuer.audiences.first())?;
            Some((tenant, authority, clients.first()?, format!("{audience}/{scope}")))
        }
        IssuerKind::Jobs(_) => None,
    });
    let (tenant, authority, client, scope) = entra?;
    let mut account = Map::new();
    account.insert("tenant".into(), tenant.as_str().into());
    account.insert("client_id".into(), client.as_str().into());
    if authority.host() != "login.microsoftonline.com" {
        account.insert("authority".into(), authority.to_string().into());
    }
    let hosts = settings.hosts.iter().map(|host| bootstrap_host(settings, host, &scope));
    Some(json!({ "entra": account, "host": hosts.collect::<Vec<_>>() }))
}

fn bootstrap_host(settings: &Settings, host: &Host, scope: &str) -> Value {
    json!({
        "url": host.url.to_string(),
        "source": "exchange",
        "token_endpoint": settings.public_url.join("/oauth2/token"),
        "scope": scope,
        "audience": format!("{}{}", host.url.authority(), host.url.path()),
        "per_repository": true,
    })
}

/// May be kept, and is asked about again each time.
fn kept(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// What `setup` reads at most.
const LARGEST: usize = 64 << 10;
