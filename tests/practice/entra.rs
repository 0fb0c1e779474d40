//! A Microsoft Entra ID tenant on the loopback (facts/entra.md, above all section 12).

mod authorize;
mod claims;
mod control;
mod device;
mod errors;
pub mod faults;
mod grants;
mod graph;
mod issue;
mod metadata;
mod scopes;
pub mod state;
mod statement;
mod token;

pub use faults::{Fault, Target};
pub use state::{Api, App, Federated, Registered, State, User};

use super::clock::http_date;
use super::codec;
use super::http::{Door, Handler, Reply, Request, Response, Server};
use super::jwt::{self, Forgery};
use super::tls::{Authority, Leaf};
use super::weather::{self, Weather};
use serde_json::Value;
use state::{Call, DeviceAnswer};
use std::sync::{Arc, Mutex, MutexGuard};

/// A running tenant and the hands on its switches.
pub struct Entra {
    /// `https://localhost:PORT`: the authority.
    pub base: String,
    pub server: Server,
    /// Trouble on the line, by path: `token`, `devicecode`, `keys`, `openid-configuration`, `authorize`.
    pub weather: Arc<Weather>,
    state: Arc<Mutex<State>>,
}

impl Entra {
    /// Opens the door and serves; `make` fills the tenant, which knows its own base URL.
    pub fn start(authority: &Authority, make: impl FnOnce(String) -> State) -> Self {
        let door = Door::new();
        let base = door.https();
        let state = make(base.clone());
        let journal = Arc::clone(&state.journal);
        let state = Arc::new(Mutex::new(state));
        let weather = Arc::new(Weather::default());
        let shared = Arc::clone(&state);
        let forecast = Arc::clone(&weather);
        let handler: Handler = weather::behind("entra", &journal, &weather, move |request| {
            Reply::Answer(route(&mut shared.lock().unwrap(), &forecast, request))
        });
        let server = door.serve(Some(authority.server(Leaf::Good, &[])), handler);
        Self { base, server, weather, state }
    }

    /// The tenant, to look at and to change.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The tenant, for those who verify its tokens.
    pub fn shared(&self) -> Arc<Mutex<State>> {
        Arc::clone(&self.state)
    }

    /// Switches a fault on until it is switched off (those that clear themselves do so).
    pub fn on(&self, fault: Fault, target: Target) {
        self.set(fault, target, None, 0);
    }

    /// Switches a fault on for so many meetings, with a value where it has one.
    pub fn set(&self, fault: Fault, target: Target, times: Option<u32>, value: i64) {
        control::switch_on(&mut self.state(), fault, target, times, value);
    }

    /// Switches a fault off.
    pub fn off(&self, fault: Fault, target: &Target) {
        self.state().faults.off(fault, target);
    }

    /// Forges all ID tokens from now on; `None` ends it.
    pub fn forge(&self, forgery: Option<Forgery>) {
        self.state().forgery = forgery;
    }

    /// A person types the code and signs in. The text of the page they end on, as error, if they are refused.
    pub fn approve(&self, user_code: &str, upn: &str) -> Result<(), String> {
        device::approve(&mut self.state(), user_code, upn).map_err(|refusal| format!("{:?}", refusal.codes))
    }

    /// A person types the code and declines.
    pub fn decline(&self, user_code: &str) {
        device::answer(&mut self.state(), user_code, DeviceAnswer::Declined);
    }

    /// The user codes that wait for a person.
    pub fn waiting_codes(&self) -> Vec<String> {
        let state = self.state();
        let waiting = state.devices.values().filter(|device| device.answer == DeviceAnswer::Pending);
        waiting.map(|device| device.user_code.clone()).collect()
    }

    /// How many refresh tokens are alive.
    pub fn live_refresh_tokens(&self) -> usize {
        self.state().refresh.values().filter(|token| token.dead.is_none()).count()
    }

    /// The claims of an access token of this tenant for the API with this client id or URI.
    pub fn verify(&self, token: &str, audience: &str) -> Result<Value, &'static str> {
        verify(&self.state(), token, audience)
    }

    /// A token as a CI service would sign it (the `spare` key), for federated credentials and brokers.
    pub fn foreign_token(&self, claims: &Value) -> String {
        let state = self.state();
        state.journal.secret(state.keys.spare.sign(claims))
    }
}

/// Signature, issuer, tenant, audience and time of an access token, as a resource server checks them.
pub fn verify(state: &State, token: &str, audience: &str) -> Result<Value, &'static str> {
    let claims = jwt::verify(token, state.keys.own())?;
    let now = state.clock.now();
    let api = state.apis.iter().find(|api| api.uri == audience || api.client_id == audience);
    let audience = api.map_or(audience, |api| &api.client_id);
    let time = |name: &str| claims[name].as_i64();
    match () {
        () if claims["iss"] != state.issuer() => Err("wrong issuer"),
        () if claims["tid"] != state.tenant.as_str() => Err("wrong tenant"),
        () if claims["aud"] != audience => Err("wrong audience"),
        () if time("exp").is_none_or(|exp| exp <= now) => Err("expired"),
        () if time("nbf").is_none_or(|nbf| nbf > now + 300) => Err("not yet valid"),
        () => Ok(claims),
    }
}

/// A token answer for an app alone, as the platform that runs it gets one; or why there is none.
pub fn app_token(state: &mut State, client_id: &str, resource: &str) -> Result<Value, String> {
    let asked = scopes::Asked::read(state, &format!("{resource}/.default")).and_then(scopes::Asked::single);
    let asked = asked.map_err(|refusal| format!("AADSTS{}: no such resource.", refusal.codes[0]))?;
    let proof = issue::Proof {
        client_id: client_id.to_owned(),
        upn: None,
        nonce: None,
        client_info: false,
        consented: String::new(),
        acrs: Vec::new(),
    };
    let response = issue::issue(state, &proof, &asked);
    Ok(serde_json::from_slice(&response.body).unwrap())
}

fn route(state: &mut State, weather: &Weather, request: &Request) -> Response {
    let segments: Vec<&str> = request.path.split('/').skip(1).collect();
    let given = request.header("client-request-id").filter(|id| codec::is_guid(id)).map(str::to_owned);
    let call = Call {
        request,
        segment: segments.first().copied().unwrap_or_default().to_owned(),
        trace: codec::guid(),
        correlation: given.clone().unwrap_or_else(codec::guid),
    };
    let response = match (request.method.as_str(), segments.as_slice()) {
        ("GET", ["common", "discovery", "instance"]) => metadata::instance(state, &call),
        ("GET", [_, "v2.0", ".well-known", "openid-configuration"]) => metadata::document(state, &call),
        ("GET", [_, "discovery", "v2.0", "keys"]) => metadata::keys(state, &call),
        ("POST", [_, "oauth2", "v2.0", "devicecode"]) => device::start(state, &call),
        ("GET", [_, "oauth2", "v2.0", "authorize"]) => authorize::authorize(state, &call),
        ("POST", [_, "login"]) => authorize::login(state, &call),
        (_, [_, "oauth2", "v2.0", "token"]) => token::token(state, &call),
        ("GET", [_, "oauth2", "v2.0", "logout"]) => authorize::logout(&call),
        ("POST", ["v1.0", "users", id, "checkMemberGroups"]) => graph::check_member_groups(state, id, request),
        ("GET", ["device"]) => device::page(state, &call),
        ("POST", ["device"]) => device::post(state, &call),
        ("GET", ["control"]) => control::page(state),
        ("POST", ["control", command]) => control::command(state, weather, command, &call),
        _ => Response::text(404, "not here"),
    };
    dressed(state, response, &call, given.is_some())
}

/// The headers that every answer of the service has; without `Strict-Transport-Security`, which a real browser would
/// apply to the loopback redirect of the same host.
fn dressed(state: &mut State, response: Response, call: &Call, given: bool) -> Response {
    let asked = call.request.header("return-client-request-id").is_some_and(|asked| asked.eq_ignore_ascii_case("true"));
    let mut response = response
        .with("x-ms-request-id", &call.trace)
        .with("x-ms-ests-server", "2.1.practice - LOOP ProdSlices")
        .with("X-Content-Type-Options", "nosniff")
        .with("Set-Cookie", "fpc=practice; path=/; secure; HttpOnly; SameSite=None");
    if !response.headers.iter().any(|(name, _)| name == "Cache-Control") {
        response = response
            .with(
                "Cache-Control",
                "no-store, \
            no-cache",
            )
            .with("Pragma", "no-cache")
            .with("Expires", "-1");
    }
    if asked && given {
        response = response.with("client-request-id", &call.correlation);
    }
    let now = state.now();
    response.with("Date", &http_date(now))
}
