//! A scripted Entra for the tests of this room.

mod browser;
mod device;
mod refresh;
mod tenant;

use super::*;
use crate::basis::day::TimeOfDay;
use crate::basis::secret::SecretBytes;
use crate::config::settings::{DeviceCode, FlowChoice, Identity, ResponseMode};
use crate::idtoken::tests::{CLIENT, ISSUER, TID, claims, header, jwk, key_set, signed};
use crate::net::{Call, Reply};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Instant;

pub(super) const NOW: Timestamp = Timestamp(1_790_000_000);
pub(super) const ASKED: Asked<'_> =
    Asked { scope: Some("api://broker/token.issue"), claims: None, correlation: "corr-1" };

/// Time that passes only by sleeping.
pub(super) struct TestClock(Mutex<Duration>, Instant);

impl TestClock {
    #[expect(clippy::disallowed_methods, reason = "a clock for tests")]
    fn new() -> Self {
        Self(Mutex::default(), Instant::now())
    }

    fn slept(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        NOW.after(self.slept())
    }
    fn steady(&self) -> Instant {
        self.1 + self.slept()
    }
    fn sleep(&self, duration: Duration) {
        *self.0.lock().unwrap() += duration;
    }
    fn zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::UTC
    }
}

/// Answers metadata and keys by itself, everything else from a script.
pub(super) struct Script {
    answers: RefCell<VecDeque<Result<Reply, NetError>>>,
    metadata: RefCell<Result<Value, Reply>>,
    keys: RefCell<Vec<Value>>,
    offline: RefCell<bool>,
    pub calls: RefCell<Vec<Call>>,
}

impl Http for Script {
    fn send(&self, call: &Call) -> Result<Reply, NetError> {
        let Call { method, url, headers, form, repeatable, way } = call;
        let (url, headers, form, way) = (url.clone(), headers.clone(), form.clone(), way.clone());
        let copy = Call { method: *method, url, headers, form, repeatable: *repeatable, way };
        self.calls.borrow_mut().push(copy);
        let place = call.place().to_owned();
        if *self.offline.borrow() {
            return Err(NetError::Unreachable { place, why: "no route".into() });
        }
        if place.ends_with("/openid-configuration") {
            return Ok(self.metadata.borrow().as_ref().map_or_else(Reply::clone, |json| reply(200, json)));
        }
        if place.ends_with("/keys") {
            return Ok(raw(200, &[], &key_set(&self.keys.borrow())));
        }
        self.answers.borrow_mut().pop_front().expect("one more call than scripted")
    }
}

/// One test's world.
pub(super) struct World {
    pub script: Script,
    pub clock: TestClock,
    pub profile: Profile,
    /// Inside a directory that goes away.
    cache: PathBuf,
    _dir: tempfile::TempDir,
}

impl World {
    pub fn new(answers: impl IntoIterator<Item = Reply>) -> Self {
        Self::of(answers.into_iter().map(Ok))
    }

    pub fn of(answers: impl IntoIterator<Item = Result<Reply, NetError>>) -> Self {
        let script = Script {
            answers: RefCell::new(answers.into_iter().collect()),
            metadata: RefCell::new(Ok(metadata())),
            keys: RefCell::new(vec![jwk("k1", None)]),
            offline: RefCell::default(),
            calls: RefCell::default(),
        };
        let dir = tempfile::tempdir().unwrap();
        let cache = dir.path().join("entra");
        Self { script, clock: TestClock::new(), profile: profile(), cache, _dir: dir }
    }

    pub fn entra(&self) -> Entra<'_> {
        Entra { http: &self.script, clock: &self.clock, profile: &self.profile, cache: &self.cache }
    }

    pub fn tenant(&self) -> Tenant {
        discover(&self.entra()).unwrap()
    }

    /// How often a place was called.
    pub fn count(&self, end: &str) -> usize {
        self.script.calls.borrow().iter().filter(|call| call.place().ends_with(end)).count()
    }

    /// The form of the last call.
    pub fn form(&self) -> Vec<(String, String)> {
        let calls = self.script.calls.borrow();
        let form = calls.iter().rev().find_map(|call| call.form.as_ref()).unwrap();
        url::form_urlencoded::parse(form.expose()).into_owned().collect()
    }
}

pub(super) fn raw(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Reply { status, headers, body: SecretBytes::new(body.to_vec()) }
}

pub(super) fn reply(status: u16, body: &Value) -> Reply {
    raw(status, &[("content-type", "application/json")], body.to_string().as_bytes())
}

/// An error as Entra writes it.
pub(super) fn refused(error: &str, code: u32) -> Value {
    json!({
        "error": error, "error_codes": [code], "trace_id": "trace-1", "correlation_id": "corr-1",
        "error_description": format!("AADSTS{code}: It is so.\r\nTrace ID: trace-1\r\nCorrelation ID: corr-1"),
    })
}

pub(super) fn id_token(nonce: Option<&str>) -> String {
    let mut claims = claims(NOW);
    claims["nonce"] = json!(nonce);
    signed(&header("k1"), &claims).expose().to_owned()
}

/// A token answer with numbers as text, as some of Entra's are.
pub(super) fn tokens(id_token: Option<&str>) -> Value {
    json!({
        "token_type": "Bearer", "scope": "api://broker/token.issue openid profile", "expires_in": "3600",
        "ext_expires_in": 3600, "access_token": "canary-at", "refresh_token": "canary-rt", "id_token": id_token,
        "foci": "", "client_info": "e30",
    })
}

pub(super) fn metadata() -> Value {
    let at = |path: &str| format!("https://login.example/{TID}/{path}");
    json!({
        "issuer": ISSUER, "authorization_endpoint": at("oauth2/v2.0/authorize"),
        "token_endpoint": at("oauth2/v2.0/token"), "device_authorization_endpoint": at("oauth2/v2.0/devicecode"),
        "jwks_uri": at("discovery/v2.0/keys"), "tenant_region_scope": null,
    })
}

fn profile() -> Profile {
    Profile {
        name: "default".into(),
        tenant: TID.into(),
        client_id: CLIENT.into(),
        redirect_uri: "http://localhost".into(),
        authority: "https://login.example".parse().unwrap(),
        response_mode: ResponseMode::FormPost,
        flow: FlowChoice::Auto,
        device_code: DeviceCode::Terminal,
        max_session: Duration::from_secs(86_400),
        day_starts: "04:00".parse::<TimeOfDay>().unwrap(),
        reauthenticate: false,
        outage_grace: Duration::ZERO,
        identity: Identity::User,
        workload: crate::config::settings::Workload::default(),
    }
}
