//! A token broker (RFC 8693; facts/bitbucket.md E3, facts/entra.md 11).

use super::bitbucket::{Book, Cloud, DataCenter};
use super::cast;
use super::clock::Clock;
use super::codec::{opaque, value};
use super::entra::{self, Entra};
use super::http::{Door, Presented, Reply, Request, Response, Server};
use super::journal::Journal;
use super::jwt;
use super::tls::{Authority, Leaf};
use super::weather::{self, Weather};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard};

/// A running broker.
pub struct Broker {
    /// `https://localhost:PORT`; tokens at `/oauth2/token`.
    pub base: String,
    pub server: Server,
    pub weather: Arc<Weather>,
    knobs: Arc<Mutex<Knobs>>,
}

/// How it answers.
#[derive(Clone, Debug)]
pub struct Knobs {
    /// `expires_in`, and the life of the Bitbucket token.
    pub life: i64,
    pub leave_out_expires_in: bool,
    /// `token_type` is `N_A`.
    pub not_applicable: bool,
    /// Every audience is an `invalid_target`.
    pub refuse_target: bool,
    /// Every subject token is an `invalid_grant`, for so many requests.
    pub refuse_subject: u32,
    /// The private member `username`; a line break in it must never reach git.
    pub username: Option<String>,
    /// Put between the two halves of the token: a line break must never reach git.
    pub in_token: String,
    pub token_letters: usize,
    /// `scope` in the answer, `repository:write` by default.
    pub scope: String,
    /// Wants the subject token in `Authorization` too.
    pub client_auth: bool,
    /// Accepts tokens of this other issuer (the `spare` key), for workloads.
    pub foreign_issuer: Option<String>,
    /// Repositories for which a token is issued when `resource` names one; empty: all.
    pub repositories: Vec<String>,
}

/// The servers that the broker talks to.
struct Peers {
    tenant: Arc<Mutex<entra::State>>,
    cloud: Arc<Mutex<super::bitbucket::CloudState>>,
    data_center: Arc<Mutex<super::bitbucket::DataCenterState>>,
    clock: Arc<Clock>,
}

impl Broker {
    pub(super) fn start(
        authority: &Authority,
        entra: &Entra,
        (cloud, data_center): (&Cloud, &DataCenter),
        (clock, journal): (&Arc<Clock>, &Arc<Journal>),
    ) -> Self {
        let door = Door::new();
        let base = door.https();
        let knobs = Arc::new(Mutex::new(Knobs::default()));
        let weather = Arc::new(Weather::default());
        let clock = Arc::clone(clock);
        let peers = Peers { tenant: entra.shared(), cloud: cloud.shared(), data_center: data_center.shared(), clock };
        let shared = Arc::clone(&knobs);
        let handler = weather::behind("broker", journal, &weather, move |request| {
            Reply::Answer(route(&peers, &mut shared.lock().unwrap(), request))
        });
        let server = door.serve(Some(authority.server(Leaf::Good, &[])), handler);
        Self { base, server, weather, knobs }
    }

    /// How it answers, to be changed.
    pub fn knobs(&self) -> MutexGuard<'_, Knobs> {
        self.knobs.lock().unwrap()
    }
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            life: 3600,
            leave_out_expires_in: false,
            not_applicable: false,
            refuse_target: false,
            refuse_subject: 0,
            username: None,
            in_token: String::new(),
            token_letters: 600,
            scope: "repository:write".into(),
            client_auth: false,
            foreign_issuer: None,
            repositories: Vec::new(),
        }
    }
}

fn route(peers: &Peers, knobs: &mut Knobs, request: &Request) -> Response {
    match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/oauth2/token") => exchange(peers, knobs, request).unwrap_or_else(|refused| refused),
        _ => Response::text(404, "not here"),
    }
}

fn exchange(peers: &Peers, knobs: &mut Knobs, request: &Request) -> Result<Response, Response> {
    let form = request.form().ok_or_else(|| refused("invalid_request", "The body must be a form."))?;
    let need = |name: &str| {
        value(&form, name).ok_or_else(|| {
            refused(
                "invalid_request",
                &format!(
                    "{name} is \
        missing."
                ),
            )
        })
    };
    if need("grant_type")? != "urn:ietf:params:oauth:grant-type:token-exchange" {
        return Err(refused("unsupported_grant_type", "Only token exchange is offered."));
    }
    let subject = need("subject_token")?;
    let kind = need("subject_token_type")?;
    if value(&form, "actor_token").is_none() && value(&form, "actor_token_type").is_some() {
        return Err(refused("invalid_request", "actor_token_type without actor_token."));
    }
    if knobs.client_auth && request.authorization() != Some(Presented::Bearer(subject.to_owned())) {
        let response = Response::json(401, &json!({"error": "invalid_client"}));
        return Err(response.with("WWW-Authenticate", "Bearer realm=\"broker\""));
    }
    if knobs.refuse_subject > 0 {
        knobs.refuse_subject -= 1;
        return Err(refused("invalid_grant", "The subject token is not accepted."));
    }
    let claims = who(peers, knobs, subject, kind)?;
    let person = claims["preferred_username"].as_str().or_else(|| claims["sub"].as_str()).unwrap_or_default();
    let resource = value(&form, "resource").unwrap_or_default();
    let named = knobs.repositories.iter().any(|repository| resource.trim_end_matches(".git").ends_with(repository));
    if knobs.refuse_target || !knobs.repositories.is_empty() && !named {
        return Err(refused("invalid_target", "No token is issued for this audience or resource."));
    }
    Ok(issued(peers, knobs, person))
}

/// The claims of a subject token that this broker accepts.
fn who(peers: &Peers, knobs: &Knobs, subject: &str, kind: &str) -> Result<Value, Response> {
    let tenant = peers.tenant.lock().unwrap();
    let known = ["access_token", "jwt", "id_token"].iter().any(|name| kind == format!("{TOKEN_TYPE}{name}"));
    if !known {
        return Err(refused("invalid_request", "This subject_token_type is not supported."));
    }
    if let Some(issuer) = &knobs.foreign_issuer {
        let claims = jwt::verify(subject, [&tenant.keys.spare]);
        if let Some(claims) = claims.ok().filter(|claims| claims["iss"] == issuer.as_str()) {
            let alive = claims["exp"].as_i64().is_some_and(|exp| exp > peers.clock.now());
            return if alive { Ok(claims) } else { Err(refused("invalid_grant", "The subject token has expired.")) };
        }
    }
    if kind.ends_with(":id_token") {
        return Err(refused("invalid_request", "ID tokens are not for authorisation."));
    }
    let claims = entra::verify(&tenant, subject, cast::BROKER_API);
    let claims = claims.map_err(|why| refused("invalid_request", &format!("Subject token: {why}.")))?;
    let scopes = claims["scp"].as_str().unwrap_or_default();
    let granted = claims["idtyp"] == "app" || scopes.split(' ').any(|scope| scope == "token.issue");
    if granted { Ok(claims) } else { Err(refused("invalid_request", "Subject token: scope.")) }
}

fn issued(peers: &Peers, knobs: &Knobs, person: &str) -> Response {
    let half = knobs.token_letters / 2;
    let token = format!("{}{}{}", opaque(half), knobs.in_token, opaque(knobs.token_letters - half));
    let write = |book: &mut Book, scopes: &[String]| {
        book.journal_secret(&token);
        let username = book.account(person).map_or(person, |account| &account.username).to_owned();
        book.adopt(&token, &username, scopes, peers.clock.now() + knobs.life);
    };
    let scopes: Vec<String> = knobs.scope.split(' ').map(str::to_owned).collect();
    write(&mut peers.cloud.lock().unwrap().book, &scopes);
    write(&mut peers.data_center.lock().unwrap().book, &scopes);
    let kind = if knobs.not_applicable { "N_A" } else { "Bearer" };
    let mut body = json!({
        "access_token": token, "issued_token_type": format!("{TOKEN_TYPE}access_token"), "token_type": kind,
        "expires_in": knobs.life, "scope": knobs.scope,
    });
    if knobs.leave_out_expires_in {
        body.as_object_mut().unwrap().remove("expires_in");
    }
    if let Some(username) = &knobs.username {
        body["username"] = json!(username);
    }
    Response::json(200, &body).with("Cache-Control", "no-store")
}

fn refused(error: &str, text: &str) -> Response {
    Response::json(400, &json!({"error": error, "error_description": text})).with("Cache-Control", "no-store")
}

const TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:";
