//! A token broker (RFC 8693; facts/bitbucket.md E3, facts/entra.md 11).

use super::bitbucket::{Book, Cloud, DataCenter};
use super::cast;
use super::clock::Clock;
use super::codec::{escape, opaque, value, with_query};
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
    /// Whether a person's Bitbucket account is connected here; `None`: nobody has to.
    pub connected: Option<bool>,
    /// The page named for it, instead of `{base}/connect/bitbucket.org`.
    pub connect_uri: Option<String>,
    /// The authentication context that a person's token must have.
    pub acrs: Option<String>,
    /// Members of the answers beyond the RFCs: rule and digest of a success, whom to ask of a refusal.
    pub ruling: Option<(String, String)>,
    pub contact: Option<String>,
    /// Repositories for which a token is issued when `resource` names one; empty: all.
    pub repositories: Vec<String>,
}

/// The servers that the broker talks to.
struct Peers {
    tenant: Arc<Mutex<entra::State>>,
    cloud: Arc<Mutex<super::bitbucket::CloudState>>,
    data_center: Arc<Mutex<super::bitbucket::DataCenterState>>,
    clock: Arc<Clock>,
    base: String,
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
        let peers = Peers {
            tenant: entra.shared(),
            cloud: cloud.shared(),
            data_center: data_center.shared(),
            clock,
            base: base.clone(),
        };
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
            connected: None,
            connect_uri: None,
            acrs: None,
            ruling: None,
            contact: None,
            repositories: Vec::new(),
        }
    }
}

fn route(peers: &Peers, knobs: &mut Knobs, request: &Request) -> Response {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET" | "POST", "/connect/bitbucket.org") => connect(knobs, request),
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
        let mut body = json!({"error": "invalid_target", "error_description": "No token is issued for this audience."});
        body["contact"] = json!(knobs.contact);
        return Err(Response::json(400, &body));
    }
    if claims["idtyp"] != "app" {
        asks_a_person(peers, knobs, &claims)?;
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

/// What a person has to do before there is a token.
fn asks_a_person(peers: &Peers, knobs: &Knobs, claims: &Value) -> Result<(), Response> {
    let said = |body: &Value| Err(Response::json(403, body).with("Cache-Control", "no-store"));
    if let Some(acrs) = &knobs.acrs {
        let shown = claims["acrs"].as_array().is_some_and(|list| list.contains(&json!(acrs)));
        if !shown {
            let text = format!("Rule releases wants {acrs}.");
            return said(&json!({
                "error": "insufficient_user_authentication", "error_description": text, "acr_values": acrs,
            }));
        }
    }
    if knobs.connected == Some(false) {
        let page = knobs.connect_uri.clone().unwrap_or_else(|| format!("{}/connect/bitbucket.org", peers.base));
        return said(&json!({"error": "connection_required", "connect_uri": page}));
    }
    Ok(())
}

/// The page where a person connects their account; it leads back to this machine, and to no other.
fn connect(knobs: &mut Knobs, request: &Request) -> Response {
    let pairs = if request.method == "POST" { request.form().unwrap_or_default() } else { request.pairs() };
    let back = value(&pairs, "return_to").unwrap_or_default();
    let ours = url::Url::parse(back).is_ok_and(|url| matches!(url.host_str(), Some("localhost" | "127.0.0.1")));
    if !back.is_empty() && (!ours || !back.starts_with("http://")) {
        return Response::page(400, "This address leads elsewhere", "");
    }
    let state = value(&pairs, "state").unwrap_or_default();
    let lead = |query: &[(&str, &str)]| match back {
        "" => Response::page(200, "Connected", ""),
        back => Response::redirect(&with_query(back, &[query, &[("state", state)]].concat())),
    };
    match value(&pairs, "choice") {
        Some("grant") => {
            knobs.connected = Some(true);
            lead(&[("connected", "1")])
        }
        Some("deny") => lead(&[("error", "access_denied"), ("error_description", "Nothing was connected.")]),
        _ => {
            let button = |choice: &str| {
                let (back, state) = (escape(back), escape(state));
                format!(
                    "<form method=\"post\" action=\"/connect/bitbucket.org\" data-choice=\"{choice}\"><input \
                     type=\"hidden\" name=\"return_to\" value=\"{back}\"><input type=\"hidden\" name=\"state\" \
                     value=\"{state}\"><input type=\"hidden\" name=\"choice\" \
                     value=\"{choice}\"><button>{choice}</button></form>"
                )
            };
            Response::page(200, "Connect your Bitbucket account", &(button("grant") + &button("deny")))
        }
    }
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
    if let Some((rule, policy)) = &knobs.ruling {
        body["rule"] = json!(rule);
        body["policy_digest"] = json!(policy);
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
