//! Data Center's OAuth provider (facts/bitbucket.md B1).

use super::super::codec::{Pairs, base64url, opaque, value};
use super::super::http::{Request, Response};
use super::data_center::State;
use super::oauth::{Ask, Desk};
use serde_json::json;
use std::collections::HashMap;

/// Codes and refresh tokens.
#[derive(Debug, Default)]
pub struct Grants {
    pub desk: Desk,
    refresh: HashMap<String, Pair>,
}

/// What a refresh token stands for; both tokens die together.
#[derive(Clone, Debug)]
struct Pair {
    username: String,
    scopes: Vec<String>,
    access: String,
}

impl Grants {
    /// How many refresh tokens are alive.
    pub fn live(&self) -> usize {
        self.refresh.len()
    }
}

pub(super) fn authorize(state: &mut State, request: &Request, context: &str) -> Response {
    let pairs = request.pairs();
    let knobs = &state.knobs;
    let redirect = value(&pairs, "redirect_uri").unwrap_or_default();
    if value(&pairs, "client_id") != Some(&knobs.client_id) {
        return Response::page(400, "Invalid client", "<p>The client is not known.</p>");
    }
    if redirect != knobs.redirect_uri {
        return Response::page(400, "Invalid redirect", "<p>The redirect URL is not the configured one.</p>");
    }
    if knobs.https_redirect_only && !redirect.starts_with("https://") {
        return Response::page(400, "Invalid redirect", "<p>The redirect URL must use https.</p>");
    }
    let asked: Vec<String> =
        value(&pairs, "scope").unwrap_or("PUBLIC_REPOS").split_ascii_whitespace().map(str::to_owned).collect();
    let challenge = value(&pairs, "code_challenge").map(str::to_owned);
    let ask = Ask {
        client_id: knobs.client_id.clone(),
        sent: Some(redirect.to_owned()),
        target: redirect.to_owned(),
        scopes: asked,
        state: value(&pairs, "state").map(str::to_owned),
        plain: value(&pairs, "code_challenge_method").is_none_or(|method| method == "plain"),
        challenge,
    };
    let error = |error: &str| super::oauth::back(&ask, &[("error", error)]);
    match () {
        () if value(&pairs, "response_type") != Some("code") => error("unsupported_response_type"),
        () if ask.scopes.iter().any(|scope| !within(scope, &knobs.scopes)) => error("invalid_scope"),
        () => {
            let action = format!("{context}/plugins/servlet/oauth2/consent");
            state.grants.desk.open(&state.book, ask, &action)
        }
    }
}

pub(super) fn token(state: &mut State, request: &Request) -> Response {
    let Some(form) = request.form() else { return refused("invalid_request") };
    let with_pkce = value(&form, "code_verifier").is_some();
    let secret = value(&form, "client_secret");
    let wanted = state.knobs.secret_required || !with_pkce && value(&form, "grant_type") != Some("refresh_token");
    let right = secret == Some(&state.knobs.client_secret) || secret.is_none() && !wanted;
    if value(&form, "client_id") != Some(&state.knobs.client_id) || !right {
        return refused("invalid_client");
    }
    match value(&form, "grant_type") {
        Some("authorization_code") => code(state, &form),
        Some("refresh_token") => refresh(state, &form),
        Some(_) => refused("unsupported_grant_type"),
        None => refused("invalid_request"),
    }
}

fn code(state: &mut State, form: &Pairs) -> Response {
    let now = state.book.clock.now();
    let found = value(form, "code").and_then(|code| state.grants.desk.take(code));
    let good = found.filter(|code| {
        code.issued + state.knobs.code_life >= now
            && code.ask.sent.as_deref() == value(form, "redirect_uri")
            && code.ask.verified(value(form, "code_verifier"))
    });
    match good {
        Some(code) => issue(state, code.username, code.ask.scopes),
        None => refused("invalid_grant"),
    }
}

/// Both old tokens die before the new ones are born.
fn refresh(state: &mut State, form: &Pairs) -> Response {
    if value(form, "redirect_uri").is_some_and(|sent| sent != state.knobs.redirect_uri) {
        return refused("invalid_grant");
    }
    let old = value(form, "refresh_token").and_then(|token| state.grants.refresh.remove(token));
    let Some(Pair { username, scopes, access }) = old else { return refused("invalid_grant") };
    state.book.revoke(&access);
    issue(state, username, scopes)
}

fn issue(state: &mut State, username: String, scopes: Vec<String>) -> Response {
    let (life, now) = (state.knobs.life, state.book.clock.now());
    let access = state.book.journal.secret(short_jwt());
    state.book.adopt(&access, &username, &scopes, now + life);
    let refresh = state.book.journal.secret(opaque(43));
    let body = json!({
        "access_token": access, "token_type": "bearer", "expires_in": life, "refresh_token": refresh,
        "created_at": now, "scope": scopes.join(" "),
    });
    state.grants.refresh.insert(refresh, Pair { username, scopes, access });
    Response::json(200, &body).with("Cache-Control", "no-store")
}

/// Looks like a short HS256 token that holds an id; opaque to clients.
fn short_jwt() -> String {
    let header = base64url(b"{\"alg\":\"HS256\"}");
    let id = json!({ "jti": opaque(22) });
    format!("{header}.{}.{}", base64url(id.to_string().as_bytes()), opaque(43))
}

/// Whether the ceiling contains a scope; the repository scopes imply one another.
fn within(scope: &str, ceiling: &[String]) -> bool {
    let rank = |scope: &str| RANKS.iter().position(|known| *known == scope);
    let highest = ceiling.iter().filter_map(|scope| rank(scope)).max();
    ceiling.iter().any(|known| known == scope) || rank(scope).is_some_and(|rank| highest.is_some_and(|top| rank <= top))
}

fn refused(error: &str) -> Response {
    Response::json(400, &json!({ "error": error }))
}

const RANKS: &[&str] = &["PUBLIC_REPOS", "REPO_READ", "REPO_WRITE", "REPO_ADMIN"];
