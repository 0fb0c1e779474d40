//! Cloud's authorize and token endpoints (facts/bitbucket.md A1).

use super::super::codec::{Pairs, opaque, value};
use super::super::http::{Presented, Request, Response};
use super::cloud::{CloudKnobs, Consumer, Pkce, RedirectRule, Shape, State};
use super::oauth::{Ask, Desk};
use serde_json::json;
use std::collections::HashMap;

/// Codes and refresh tokens.
#[derive(Debug, Default)]
pub struct Grants {
    pub desk: Desk,
    refresh: HashMap<String, Refresh>,
    refreshes: Vec<Refreshed>,
    turn: u32,
}

/// A refresh that was carried out, whether its answer arrived or not.
#[derive(Clone, Debug)]
pub struct Refreshed {
    /// The consumer and the account: whose grant.
    pub grant: (String, String),
    pub at_ms: i64,
    /// The refresh token that came, and the access token that was made.
    pub sent: String,
    pub access: String,
}

#[derive(Clone, Debug)]
struct Refresh {
    client_id: String,
    username: String,
    scopes: Vec<String>,
    /// When it was replaced by a newer one.
    rotated: Option<i64>,
    used: i64,
}

impl Grants {
    /// How many refresh tokens would work.
    pub fn live(&self, now: i64, grace: i64) -> usize {
        self.refresh.values().filter(|token| token.works(now, grace)).count()
    }

    /// Every refresh there was.
    pub fn refreshes(&self) -> &[Refreshed] {
        &self.refreshes
    }
}

impl Refresh {
    fn works(&self, now: i64, grace: i64) -> bool {
        self.rotated.is_none_or(|at| now <= at + grace) && self.used + THREE_MONTHS >= now
    }
}

pub(super) fn authorize(state: &mut State, request: &Request) -> Response {
    let pairs = request.pairs();
    let knobs = &state.knobs;
    let Some(consumer) = value(&pairs, "client_id").and_then(|id| knobs.consumer(id)) else {
        return Response::page(400, "Invalid client_id", "<p>This integration is misconfigured.</p>");
    };
    let Some(callback) = &consumer.callback else { return no_callback() };
    let sent = value(&pairs, "redirect_uri").map(str::to_owned);
    if sent.as_ref().is_some_and(|sent| !fits(knobs.redirect, callback, sent)) {
        let text = "<p>This integration is misconfigured. Contact the vendor for assistance.</p>";
        return Response::page(400, "Invalid redirect_uri", text);
    }
    let ask = Ask {
        client_id: consumer.client_id.clone(),
        target: sent.clone().unwrap_or_else(|| callback.clone()),
        sent,
        scopes: consumer.scopes.clone(),
        state: value(&pairs, "state").map(str::to_owned),
        challenge: value(&pairs, "code_challenge").map(str::to_owned),
        plain: value(&pairs, "code_challenge_method").is_none_or(|method| method == "plain"),
    };
    if value(&pairs, "response_type") != Some("code") {
        return super::oauth::back(&ask, &[("error", "unsupported_response_type")]);
    }
    state.grants.desk.open(&state.book, ask, "/site/oauth2/authorize")
}

pub(super) fn token(state: &mut State, request: &Request) -> Response {
    let Some(form) = request.form() else { return refused(400, "invalid_grant", "Unsupported grant type: None") };
    let Some(consumer) = client(&state.knobs, request, &form) else {
        let status = if state.grants.even() { 400 } else { 401 };
        let text = "Requests must be authenticated using OAuth client credentials";
        return refused(status, "unauthorized_client", text);
    };
    match value(&form, "grant_type") {
        Some("authorization_code") => code(state, &form, &consumer),
        Some("refresh_token") => refresh(state, &form, &consumer),
        Some("client_credentials") => client_credentials(state, &consumer),
        other => refused(400, "invalid_grant", &format!("Unsupported grant type: {}", other.unwrap_or("None"))),
    }
}

fn code(state: &mut State, form: &Pairs, consumer: &Consumer) -> Response {
    let now = state.book.clock.now();
    let found = value(form, "code").and_then(|code| state.grants.desk.take(code));
    let verifies = state.knobs.pkce == Pkce::Verify;
    let good = found.filter(|code| {
        code.issued + 60 >= now
            && code.ask.client_id == consumer.client_id
            && code.ask.sent.as_deref() == value(form, "redirect_uri")
            && (!verifies || code.ask.verified(value(form, "code_verifier")))
    });
    let Some(code) = good else { return refused(400, "invalid_grant", "The specified code is not valid.") };
    let refresh = keep(state, &consumer.client_id, &code.username, &code.ask.scopes);
    issued(state, "authorization_code", &code.username, &code.ask.scopes, Some(refresh))
}

fn refresh(state: &mut State, form: &Pairs, consumer: &Consumer) -> Response {
    let (now, grace, shape) = (state.book.clock.now(), state.knobs.grace, state.knobs.shape);
    let sent = value(form, "refresh_token").unwrap_or_default().to_owned();
    let even = state.grants.even();
    let works = |token: &&mut Refresh| token.client_id == consumer.client_id && token.works(now, grace);
    let known = state.grants.refresh.get_mut(&sent).filter(works);
    let Some(token) = known else {
        return refused(if even { 400 } else { 401 }, "invalid_grant", "Invalid refresh_token");
    };
    token.used = now;
    if shape == Shape::New {
        token.rotated.get_or_insert(now);
    }
    let Refresh { username, scopes, .. } = token.clone();
    let next = match shape {
        Shape::New => keep(state, &consumer.client_id, &username, &scopes),
        Shape::Old => sent.clone(),
    };
    let (grant, at_ms) = ((consumer.client_id.clone(), username.clone()), state.book.clock.now_ms());
    let response = issued(state, "refresh_token", &username, &scopes, Some(next));
    let body: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
    let access = body["access_token"].as_str().unwrap().to_owned();
    state.grants.refreshes.push(Refreshed { grant, at_ms, sent, access });
    response
}

fn client_credentials(state: &mut State, consumer: &Consumer) -> Response {
    if consumer.callback.is_none() {
        return no_callback();
    }
    if !consumer.private {
        let text = "Cannot use client_credentials with a consumer marked as \"public\".";
        return refused(400, "unauthorized_client", text);
    }
    issued(state, "client_credentials", "workspace-consumer", &consumer.scopes, None)
}

/// The answer with a new access token, in the shape of the day.
fn issued(state: &mut State, grant: &str, username: &str, scopes: &[String], refresh: Option<String>) -> Response {
    let CloudKnobs { shape, life, access_letters, .. } = state.knobs;
    let letters = if shape == Shape::Old { 88 } else { access_letters };
    let access = state.book.issue(username, scopes, life, letters);
    let mut body = json!({"access_token": access, "token_type": "bearer", "expires_in": life});
    match shape {
        Shape::Old => {
            body["scopes"] = json!(scopes.join(" "));
            body["state"] = json!(grant);
        }
        Shape::New => body["scope"] = json!(scopes.join(" ")),
    }
    if let Some(refresh) = refresh {
        body["refresh_token"] = json!(refresh);
    }
    Response::json(200, &body).with("Cache-Control", "no-store")
}

fn keep(state: &mut State, client_id: &str, username: &str, scopes: &[String]) -> String {
    let letters = if state.knobs.shape == Shape::Old { 18 } else { state.knobs.refresh_letters };
    let token = state.book.journal.secret(opaque(letters));
    let used = state.book.clock.now();
    let (client_id, username) = (client_id.to_owned(), username.to_owned());
    let record = Refresh { client_id, username, scopes: scopes.to_vec(), rotated: None, used };
    state.grants.refresh.insert(token.clone(), record);
    token
}

/// The consumer that shows its secret: Basic, or id and secret in the body.
fn client(knobs: &CloudKnobs, request: &Request, form: &Pairs) -> Option<Consumer> {
    let (id, secret) = match request.authorization() {
        Some(Presented::Basic { user, password }) => (user, password),
        Some(_) => return None,
        None => (value(form, "client_id")?.to_owned(), value(form, "client_secret")?.to_owned()),
    };
    knobs.consumer(&id).filter(|consumer| consumer.client_secret == secret)
}

fn fits(rule: RedirectRule, registered: &str, sent: &str) -> bool {
    match rule {
        RedirectRule::Exact => registered == sent,
        RedirectRule::PathPrefix => {
            sent == registered || sent.starts_with(&format!("{}/", registered.trim_end_matches('/')))
        }
        RedirectRule::LoopbackAnyPort => {
            let (Ok(known), Ok(given)) = (url::Url::parse(registered), url::Url::parse(sent)) else { return false };
            let rest = |url: &url::Url| format!("{} {:?} {}", url.scheme(), url.host_str(), url.path());
            let loopback = matches!(given.host_str(), Some("127.0.0.1" | "localhost"));
            registered == sent || loopback && rest(&known) == rest(&given)
        }
    }
}

fn no_callback() -> Response {
    refused(400, "invalid_request", "No callback uri defined for the OAuth client.")
}

fn refused(status: u16, error: &str, text: &str) -> Response {
    Response::json(status, &json!({"error": error, "error_description": text}))
}

impl Grants {
    /// Alternates, where both statuses have been seen.
    fn even(&mut self) -> bool {
        self.turn += 1;
        self.turn.is_multiple_of(2)
    }
}

const THREE_MONTHS: i64 = 90 * 86_400;
