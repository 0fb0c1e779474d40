//! Bitbucket Cloud (facts/bitbucket.md A), git and API on one host.

use super::super::clock::Clock;
use super::super::git::{Access, Place, Repos};
use super::super::http::{Door, Presented, Reply, Request, Response, Server};
use super::super::journal::Journal;
use super::super::tls::{Authority, Leaf};
use super::super::weather::{self, Weather};
use super::cloud_oauth::{Grants, Refreshed};
use super::{Account, Book, Live, cloud_api, cloud_oauth, lfs};
use std::sync::{Arc, Mutex, MutexGuard};

/// A running Cloud.
pub struct Cloud {
    /// `https://localhost:PORT`.
    pub base: String,
    pub server: Server,
    pub weather: Arc<Weather>,
    state: Arc<Mutex<State>>,
}

/// Everything that can be changed while it runs.
pub struct State {
    pub book: Book,
    pub knobs: CloudKnobs,
    pub(super) grants: Grants,
}

/// Shape of the token answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Before 2026-05-04: `scopes`, `state`, short tokens, a refresh token that stays.
    Old,
    /// `scope`, 2,500 and more characters, refresh tokens that rotate.
    New,
}

/// How a redirect URI is compared with the registered one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectRule {
    Exact,
    PathPrefix,
    LoopbackAnyPort,
}

/// What is done with a code challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pkce {
    Ignore,
    Verify,
}

/// The choices of facts/bitbucket.md F.
#[derive(Clone, Debug)]
pub struct CloudKnobs {
    pub client_id: String,
    pub client_secret: String,
    /// The registered callback; `None`: nothing works, as with the real one.
    pub callback: Option<String>,
    /// Ticked "private consumer": `client_credentials` is allowed.
    pub private: bool,
    /// Scopes of the consumer; a token has those, whatever was asked.
    pub scopes: Vec<String>,
    /// Further consumers of the workspace.
    pub others: Vec<Consumer>,
    pub shape: Shape,
    /// Seconds that a rotated refresh token still works.
    pub grace: i64,
    pub redirect: RedirectRule,
    pub pkce: Pkce,
    /// `expires_in`.
    pub life: i64,
    pub access_letters: usize,
    pub refresh_letters: usize,
    /// Status of git for a good token and no such repository: 403 or 404.
    pub missing: u16,
    /// Answer a bad token at the API as text/plain.
    pub plain_401: bool,
    /// Large file storage answers 403 where it should answer 401.
    pub lfs_403: bool,
}

/// An OAuth consumer.
#[derive(Clone, Debug)]
pub struct Consumer {
    pub client_id: String,
    pub client_secret: String,
    pub callback: Option<String>,
    pub scopes: Vec<String>,
    pub private: bool,
}

impl CloudKnobs {
    /// The consumer of this key.
    pub(super) fn consumer(&self, client_id: &str) -> Option<Consumer> {
        let first = Consumer {
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone(),
            callback: self.callback.clone(),
            scopes: self.scopes.clone(),
            private: self.private,
        };
        std::iter::once(&first).chain(&self.others).find(|consumer| consumer.client_id == client_id).cloned()
    }
}

impl Cloud {
    pub(in super::super) fn start(
        authority: &Authority,
        repos: &Repos,
        accounts: Vec<Account>,
        clock: &Arc<Clock>,
        journal: &Arc<Journal>,
    ) -> Self {
        let door = Door::new();
        let base = door.https();
        let knobs = CloudKnobs::default();
        journal.secret(knobs.client_secret.clone());
        let book = Book::new(accounts, clock, journal);
        let state = Arc::new(Mutex::new(State { book, knobs, grants: Grants::default() }));
        let weather = Arc::new(Weather::default());
        let (shared, repos, url) = (Arc::clone(&state), repos.clone(), base.clone());
        let handler = weather::behind("cloud", journal, &weather, move |request| {
            Reply::Answer(route(&shared, &repos, &url, request))
        });
        let server = door.serve(Some(authority.server(Leaf::Good, &[])), handler);
        Self { base, server, weather, state }
    }

    /// Accounts, tokens and knobs.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Accounts and tokens, for a broker that issues them.
    pub fn shared(&self) -> Arc<Mutex<State>> {
        Arc::clone(&self.state)
    }

    /// How many refresh tokens would work now.
    pub fn live_refresh_tokens(&self) -> usize {
        let state = self.state();
        state.grants.live(state.book.clock.now(), state.knobs.grace)
    }

    /// Every refresh that was carried out.
    pub fn refreshes(&self) -> Vec<Refreshed> {
        self.state().grants.refreshes().to_vec()
    }

    /// Ends all grants and access tokens, as a person does in the account settings.
    pub fn revoke_grants(&self) {
        let mut state = self.state();
        state.grants = Grants::default();
        state.book.revoke_all();
    }
}

impl Default for CloudKnobs {
    fn default() -> Self {
        Self {
            client_id: "practice-consumer-key".into(),
            client_secret: "practice-consumer-secret-8c1f".into(),
            callback: Some("http://127.0.0.1/callback".into()),
            private: false,
            scopes: ["repository:write", "account", "email"].map(str::to_owned).to_vec(),
            others: Vec::new(),
            shape: Shape::New,
            grace: 600,
            redirect: RedirectRule::LoopbackAnyPort,
            pkce: Pkce::Ignore,
            life: 7200,
            access_letters: 2_560,
            refresh_letters: 2_200,
            missing: 404,
            plain_401: false,
            lfs_403: false,
        }
    }
}

fn route(state: &Mutex<State>, repos: &Repos, base: &str, request: &Request) -> Response {
    let locked = || state.lock().unwrap();
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/site/oauth2/authorize") => cloud_oauth::authorize(&mut locked(), request),
        ("POST", "/site/oauth2/authorize") => {
            let state = &mut *locked();
            state.grants.desk.press(&mut state.book, request, "/site/oauth2/authorize")
        }
        ("POST", "/site/oauth2/access_token") => cloud_oauth::token(&mut locked(), request),
        (_, path) if path.starts_with("/2.0/") || path.starts_with("/1.0/") => {
            cloud_api::answer(&mut locked(), repos, request)
        }
        _ => match Place::read(&request.path) {
            Some(place) => git(state, repos, base, request, &place),
            None => Response::page(404, "Page not found", ""),
        },
    }
}

fn git(state: &Mutex<State>, repos: &Repos, base: &str, request: &Request, place: &Place) -> Response {
    let live = match admit(&mut state.lock().unwrap(), repos, request, place) {
        Ok(live) => live,
        Err(refused) => return refused,
    };
    if place.is_large() {
        return lfs::answer(repos, base, request, place);
    }
    repos.serve(request, place, &live.username)
}

/// Who may pass, or the answer for those who may not.
fn admit(state: &mut State, repos: &Repos, request: &Request, place: &Place) -> Result<Live, Response> {
    let live = request.authorization().and_then(|presented| known(&mut state.book, &presented));
    let Some(live) = live else { return Err(stranger(state, request, place)) };
    if let Some(refusal) = state.book.refusal(&place.slug()) {
        let (status, text) = refusal.answer();
        return Err(Response::text(status, text));
    }
    if !repos.has(place) {
        let text = "The requested repository either does not exist or you do not have access.";
        return Err(Response::text(state.knobs.missing, text));
    }
    let slug = place.slug();
    let right = state.book.right(&live.username, &slug);
    if right == 0 || right == 1 && place.access(request) == Access::Write {
        let text = "The requested repository either does not exist or you do not have access.";
        return Err(Response::text(403, text));
    }
    if !live.allows(place.access(request)) {
        return Err(Response::text(403, "Your credentials lack one or more required privilege scopes."));
    }
    Ok(live)
}

/// Basic with `x-token-auth` or the account's own user name, or Bearer. An e-mail is no user name.
fn known(book: &mut Book, presented: &Presented) -> Option<Live> {
    let live = book.check(presented.secret()?)?;
    match presented {
        Presented::Basic { user, .. } if user == "x-token-auth" || *user == live.username => Some(live),
        Presented::Bearer(_) => Some(live),
        Presented::Basic { .. } | Presented::Other(_) => None,
    }
}

fn stranger(state: &State, request: &Request, place: &Place) -> Response {
    if state.knobs.lfs_403 && place.is_large() && request.authorization().is_none() {
        return Response::text(403, "Forbidden");
    }
    let text = "You may not have access to this repository or it no longer exists in this workspace. Make sure you \
                are authenticated.";
    let realm = "Basic realm=\"Bitbucket.org HTTP\"";
    let response = Response::text(401, text).with("WWW-Authenticate", realm);
    if place.is_large() { response.with("LFS-Authenticate", realm) } else { response }
}
