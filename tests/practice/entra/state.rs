//! What the tenant knows.

use super::super::clock::Clock;
use super::super::codec;
use super::super::http::Request;
use super::super::journal::Journal;
use super::super::jwt::{Forgery, Key};
use super::faults::{Fault, Faults};
use std::collections::HashMap;
use std::sync::Arc;

/// The tenant, its people and everything it has issued.
pub struct State {
    /// `https://localhost:PORT`.
    pub base: String,
    pub tenant: String,
    pub domains: Vec<String>,
    pub apps: Vec<App>,
    pub apis: Vec<Api>,
    pub users: Vec<User>,
    /// What apps may ask of Graph on their own behalf: client id and application permissions.
    pub graph: HashMap<String, Vec<String>>,
    pub faults: Faults,
    /// How the next ID tokens are forged.
    pub forgery: Option<Forgery>,
    pub keys: Keys,
    pub habits: Habits,
    pub clock: Arc<Clock>,
    pub journal: Arc<Journal>,
    pub(super) pages: HashMap<String, super::authorize::Ask>,
    pub(super) codes: HashMap<String, Code>,
    pub(super) devices: HashMap<String, Device>,
    pub(super) refresh: HashMap<String, Refresh>,
    pub(super) recent: Vec<(i64, String)>,
    /// Fixed name of the policy that claims challenges refer to.
    pub(super) policy: String,
    turn: u32,
}

/// An app registration.
#[derive(Clone, Debug)]
pub struct App {
    pub client_id: String,
    pub name: String,
    /// "Allow public client flows".
    pub public: bool,
    pub redirect_uris: Vec<String>,
    pub secret: Option<String>,
    /// A federated credential: whose tokens stand for the app.
    pub federated: Option<Federated>,
    /// A certificate whose key signs statements about the app.
    pub certificate: Option<Registered>,
}

/// A certificate as an app registration keeps it.
#[derive(Clone, Debug)]
pub struct Registered {
    pub der: Vec<u8>,
    /// Its key as PKCS#1 `RSAPublicKey`.
    pub public: Vec<u8>,
}

/// Issuer, subject and audience of a federated credential; the token is signed by the `spare` key.
#[derive(Clone, Debug)]
pub struct Federated {
    pub issuer: String,
    pub subject: String,
    pub audience: String,
}

/// An API that exposes scopes.
#[derive(Clone, Debug)]
pub struct Api {
    /// Application ID URI.
    pub uri: String,
    /// `aud` of its tokens.
    pub client_id: String,
    pub scopes: Vec<String>,
}

/// A person.
#[derive(Clone, Debug)]
pub struct User {
    pub upn: String,
    pub oid: String,
    pub name: String,
    /// Object ids, as the directory knows them; in tokens only where they are few enough.
    pub groups: Vec<String>,
    /// App roles that are assigned to the person.
    pub roles: Vec<String>,
    /// Template ids of directory roles.
    pub wids: Vec<String>,
}

/// The signing keys.
pub struct Keys {
    pub first: Key,
    pub second: Key,
    pub decoy: Key,
    pub spare: Key,
    /// The second signs.
    pub rotated: bool,
    /// The spare key signs; the key set shows it from its next reading on.
    pub spare_signs: bool,
    pub spare_shown: bool,
}

/// Settings that are no faults.
#[derive(Clone, Debug)]
pub struct Habits {
    /// `interval` of the device flow, seconds.
    pub interval: u32,
    /// `expires_in` of the device flow, seconds.
    pub device_life: i64,
    /// Answer `slow_down` to whoever polls faster.
    pub strict_polling: bool,
    /// `expires_in` of access tokens; random between 3600 and 5399 by default.
    pub access_life: Option<i64>,
    /// `refresh_in` in every token answer.
    pub refresh_in: Option<i64>,
    /// Same refresh request within five minutes that is answered with 50196; `None` for never.
    pub loop_limit: Option<usize>,
    /// Who is signed in to the browser already; no page is shown then.
    pub single_sign_on: Option<String>,
    /// `verification_uri`, default `{base}/device`.
    pub verification_uri: Option<String>,
}

/// An authorization code.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub ask: super::authorize::Ask,
    pub upn: String,
    pub issued: i64,
    pub used: bool,
}

/// A device code.
#[derive(Clone, Debug)]
pub(super) struct Device {
    pub client_id: String,
    pub user_code: String,
    pub scope: String,
    pub claims: Option<String>,
    pub expires: i64,
    pub interval: u32,
    pub polled_ms: Option<i64>,
    pub answer: DeviceAnswer,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DeviceAnswer {
    Pending,
    Approved(String),
    Declined,
    Blocked,
    Redeemed,
}

/// A refresh token.
#[derive(Clone, Debug)]
pub(super) struct Refresh {
    pub client_id: String,
    pub upn: String,
    pub scope: String,
    /// Authentication contexts that its sign-in has satisfied.
    pub acrs: Vec<String>,
    pub used: i64,
    pub dead: Option<Fault>,
}

impl State {
    /// Everything empty but the tenant.
    pub fn new(base: String, tenant: &str, clock: &Arc<Clock>, journal: &Arc<Journal>) -> Self {
        Self {
            base,
            tenant: tenant.to_owned(),
            domains: Vec::new(),
            apps: Vec::new(),
            apis: Vec::new(),
            users: Vec::new(),
            graph: HashMap::new(),
            faults: Faults::default(),
            forgery: None,
            keys: Keys::new(),
            habits: Habits::default(),
            clock: Arc::clone(clock),
            journal: Arc::clone(journal),
            pages: HashMap::new(),
            codes: HashMap::new(),
            devices: HashMap::new(),
            refresh: HashMap::new(),
            recent: Vec::new(),
            policy: codec::guid(),
            turn: 0,
        }
    }

    /// Entra's idea of the time.
    pub(super) fn now(&mut self) -> i64 {
        let skew = self.faults.meet(Fault::ClockSkew, None, "");
        self.clock.now() + skew.map_or(0, |seconds| if seconds == 0 { 600 } else { seconds })
    }

    /// Alternates between the shapes that real answers have.
    pub(super) fn every(&mut self, nth: u32) -> bool {
        self.turn += 1;
        self.turn.is_multiple_of(nth)
    }

    pub fn app(&self, client_id: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.client_id.eq_ignore_ascii_case(client_id))
    }

    pub fn user(&self, upn: &str) -> Option<&User> {
        self.users.iter().find(|user| user.upn.eq_ignore_ascii_case(upn))
    }

    /// A person, to be changed: offboarding takes groups away.
    pub fn user_mut(&mut self, upn: &str) -> Option<&mut User> {
        self.users.iter_mut().find(|user| user.upn.eq_ignore_ascii_case(upn))
    }

    /// Issuer of its tokens.
    pub fn issuer(&self) -> String {
        format!("{}/{}/v2.0", self.base, self.tenant)
    }

    /// The claims challenge of its policy.
    pub(super) fn challenge(&self) -> String {
        let policy = &self.policy;
        serde_json::json!({"access_token": {"capolids": {"essential": true, "values": [policy]}}}).to_string()
    }

    /// Marks all refresh tokens of a user, or of everyone.
    pub(super) fn kill(&mut self, upn: Option<&str>, fault: Fault) {
        let hit = |token: &Refresh| upn.is_none_or(|upn| token.upn.eq_ignore_ascii_case(upn));
        self.refresh.values_mut().filter(|token| hit(token)).for_each(|token| token.dead = Some(fault));
    }
}

impl Keys {
    fn new() -> Self {
        Self {
            first: Key::load(include_str!("../keys/first.pk8.b64")),
            second: Key::load(include_str!("../keys/second.pk8.b64")),
            decoy: Key::load(include_str!("../keys/decoy.pk8.b64")),
            spare: Key::load(include_str!("../keys/spare.pk8.b64")),
            rotated: false,
            spare_signs: false,
            spare_shown: false,
        }
    }

    /// The key that signs now.
    pub fn active(&self) -> &Key {
        match (self.spare_signs, self.rotated) {
            (true, _) => &self.spare,
            (false, true) => &self.second,
            (false, false) => &self.first,
        }
    }

    /// The tenant's own keys, for those who verify its tokens.
    pub fn own(&self) -> [&Key; 3] {
        [&self.first, &self.second, &self.spare]
    }
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            interval: 1,
            device_life: 900,
            strict_polling: false,
            access_life: None,
            refresh_in: None,
            loop_limit: Some(15),
            single_sign_on: None,
            verification_uri: None,
        }
    }
}

/// One request and the identifiers that its answer carries.
pub(super) struct Call<'a> {
    pub request: &'a Request,
    /// Tenant segment of the path.
    pub segment: String,
    pub trace: String,
    pub correlation: String,
}
