//! Bitbucket Data Center (facts/bitbucket.md B), under a context path.

use super::super::clock::Clock;
use super::super::codec::{hex, random};
use super::super::git::{Place, Repos};
use super::super::http::{Door, Presented, Reply, Request, Response, Server};
use super::super::journal::Journal;
use super::super::tls::{Authority, Leaf};
use super::super::weather::{self, Weather};
use super::data_center_oauth::{self as oauth, Grants};
use super::data_center_tokens::{self as tokens, Service, Tokens};
use super::{Account, Book, Live, lfs};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard};

/// A running Data Center.
pub struct DataCenter {
    /// `https://localhost:PORT/bitbucket`.
    pub base: String,
    pub server: Server,
    pub weather: Arc<Weather>,
    state: Arc<Mutex<State>>,
}

/// Everything that can be changed while it runs.
pub struct State {
    pub book: Book,
    pub knobs: DataCenterKnobs,
    pub(super) grants: Grants,
    /// Failed logins in a row.
    pub(super) failures: u32,
    pub(super) tokens: Tokens,
    /// An account with a password, which administers repositories.
    pub service: Option<Service>,
}

/// The choices of facts/bitbucket.md F.
#[derive(Clone, Debug)]
pub struct DataCenterKnobs {
    pub client_id: String,
    pub client_secret: String,
    /// Whether the secret is wanted although PKCE is used.
    pub secret_required: bool,
    /// Compared to the letter.
    pub redirect_uri: String,
    /// Scope ceiling of the application link.
    pub scopes: Vec<String>,
    /// Refuse redirect URIs that are not https, as 7.21.18 does.
    pub https_redirect_only: bool,
    /// Seconds from the page to the redemption.
    pub code_life: i64,
    /// `expires_in`.
    pub life: i64,
    /// The provider is switched off: 404.
    pub oauth_off: bool,
    /// "Allow basic authentication" is off: 403 to every Basic.
    pub basic_off: bool,
    /// Failed logins after which a CAPTCHA is wanted.
    pub captcha_after: Option<u32>,
    pub version: String,
}

impl DataCenter {
    pub(in super::super) fn start(
        authority: &Authority,
        repos: &Repos,
        accounts: Vec<Account>,
        (clock, journal): (&Arc<Clock>, &Arc<Journal>),
        (context, redirect_uri): (&str, String),
    ) -> Self {
        let door = Door::new();
        let site = door.https();
        let knobs = DataCenterKnobs { redirect_uri, ..DataCenterKnobs::default() };
        journal.secret(knobs.client_secret.clone());
        let book = Book::new(accounts, clock, journal);
        let (grants, tokens) = (Grants::default(), Tokens::default());
        let state = State { book, knobs, grants, failures: 0, tokens, service: None };
        let state = Arc::new(Mutex::new(state));
        let weather = Arc::new(Weather::default());
        let (shared, repos, url, prefix) = (Arc::clone(&state), repos.clone(), site.clone(), context.to_owned());
        let handler = weather::behind("datacenter", journal, &weather, move |request| {
            let response = match request.path.strip_prefix(&prefix) {
                Some(path) => route(&shared, &repos, (&url, &prefix), request, path),
                None => Response::page(404, "Not found", ""),
            };
            let id = format!("@{}x1x2x3", hex(&random(3)));
            Reply::Answer(response.with("X-AREQUESTID", &id).with("X-ASEN", "SEN-L1"))
        });
        let server = door.serve(Some(authority.server(Leaf::Good, &[])), handler);
        Self { base: format!("{site}{context}"), server, weather, state }
    }

    /// Accounts, tokens and knobs.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Accounts and tokens, for a broker that issues them.
    pub fn shared(&self) -> Arc<Mutex<State>> {
        Arc::clone(&self.state)
    }

    /// How many refresh tokens are alive.
    pub fn live_refresh_tokens(&self) -> usize {
        self.state().grants.live()
    }

    /// Ids and names of the HTTP access tokens that exist.
    pub fn http_tokens(&self) -> Vec<(String, String)> {
        self.state().tokens.existing()
    }

    /// Ends all grants and access tokens, as a person does under "Authorized applications".
    pub fn revoke_grants(&self) {
        let mut state = self.state();
        state.grants = Grants::default();
        state.book.revoke_all();
    }
}

impl Default for DataCenterKnobs {
    fn default() -> Self {
        Self {
            client_id: "practice-link-id".into(),
            client_secret: "practice-link-secret-77aa".into(),
            secret_required: true,
            redirect_uri: String::new(),
            scopes: vec!["REPO_WRITE".into()],
            https_redirect_only: false,
            code_life: 10,
            life: 3600,
            oauth_off: false,
            basic_off: false,
            captcha_after: None,
            version: "9.4.0".into(),
        }
    }
}

fn route(state: &Mutex<State>, repos: &Repos, at: (&str, &str), request: &Request, path: &str) -> Response {
    let (site, context) = at;
    if let Some(scm) = path.strip_prefix("/scm") {
        return match Place::read(scm) {
            Some(place) => git(state, repos, site, request, &place),
            None => refused(404, "Repository not found.", "NoSuchRepositoryException"),
        };
    }
    let state = &mut *state.lock().unwrap();
    let off = state.knobs.oauth_off;
    match (request.method.as_str(), path) {
        (_, path) if off && path.starts_with("/rest/oauth2/") => Response::page(404, "Not found", ""),
        ("GET", "/rest/oauth2/latest/authorize" | "/rest/oauth2/1.0/authorize") => {
            oauth::authorize(state, request, context)
        }
        ("POST", "/plugins/servlet/oauth2/consent") => {
            let action = format!("{context}/plugins/servlet/oauth2/consent");
            state.grants.desk.press(&mut state.book, request, &action)
        }
        ("POST", "/rest/oauth2/latest/token" | "/rest/oauth2/1.0/token") => oauth::token(state, request),
        ("GET", "/rest/oauth2/1.0/client" | "/rest/oauth2/latest/client") => unauthorized(),
        ("GET", "/rest/authconfig/1.0/login-options" | "/rest/authconfig/latest/login-options") => {
            login_options(context)
        }
        (_, path) if path.starts_with("/rest/access-tokens/") => tokens::answer(state, repos, request, path),
        (_, path) if path.starts_with("/rest/api/") => api(state, repos, request, path),
        ("GET", _) => Response::redirect(&format!("{context}/login")),
        _ => Response::page(404, "Not found", ""),
    }
}

fn api(state: &mut State, repos: &Repos, request: &Request, path: &str) -> Response {
    let path = path.replacen("/rest/api/1.0/", "/rest/api/latest/", 1);
    let live = request.authorization().map(|presented| known(state, &presented));
    let live = match live {
        Some(Ok(live)) => Some(live),
        Some(Err(refused)) => return refused,
        None => None,
    };
    let response = match (path.as_str(), &live) {
        ("/rest/api/latest/application-properties", _) => {
            let version = &state.knobs.version;
            Response::json(200, &json!({"version": version, "buildNumber": "9004000", "displayName": "Bitbucket"}))
        }
        (_, None) => return unauthorized(),
        ("/rest/api/latest/inbox/pull-requests/count", _) => Response::json(200, &json!({"count": 0})),
        (path, Some(live)) if path.starts_with("/rest/api/latest/projects/") => {
            tokens::repository(state, repos, live, path)
        }
        (path, Some(_)) => {
            let slug = path.strip_prefix("/rest/api/latest/users/");
            match slug.and_then(|slug| state.book.account(slug)) {
                Some(account) => Response::json(200, &user(account)),
                None => refused(404, "There is no such resource.", "NoSuchUserException"),
            }
        }
    };
    match live {
        Some(live) => response.with("X-AUSERID", "42").with("X-AUSERNAME", &live.username),
        None => response,
    }
}

fn git(state: &Mutex<State>, repos: &Repos, site: &str, request: &Request, place: &Place) -> Response {
    let live = match admit(&mut state.lock().unwrap(), repos, request, place) {
        Ok(live) => live,
        Err(refused) => return refused,
    };
    let response = if place.is_large() {
        lfs::answer(repos, site, request, place)
    } else {
        repos.serve(request, place, &live.username)
    };
    response.with("X-AUSERNAME", &live.username)
}

fn admit(state: &mut State, repos: &Repos, request: &Request, place: &Place) -> Result<Live, Response> {
    let presented = request.authorization().ok_or_else(unauthorized)?;
    let live = known(state, &presented)?;
    if let Some(refusal) = state.book.refusal(&place.slug()) {
        let (status, text) = refusal.answer();
        return Err(refused(status, text, "AuthorisationException"));
    }
    if !repos.has(place) {
        return Err(refused(404, "Repository does not exist.", "NoSuchRepositoryException"));
    }
    if live.only.as_ref().is_some_and(|only| *only != place.slug()) || !live.allows(place.access(request)) {
        let text = "You do not have sufficient permissions for this repository.";
        return Err(refused(403, text, "AuthorisationException"));
    }
    Ok(live)
}

/// Basic with any user name, or Bearer. An empty password counts as a failed login.
pub(super) fn known(state: &mut State, presented: &Presented) -> Result<Live, Response> {
    let basic = matches!(presented, Presented::Basic { .. });
    if basic && state.knobs.basic_off {
        return Err(refused(403, "Basic authentication has been disabled on this instance.", "AuthorisationException"));
    }
    if state.knobs.captcha_after.is_some_and(|limit| state.failures >= limit) && basic {
        let text = "CAPTCHA required. Your Bitbucket account has been marked as requiring a CAPTCHA.";
        let exception = "com.atlassian.bitbucket.auth.CaptchaRequiredAuthenticationException";
        return Err(challenge(refused(401, text, exception))
            .with("X-Authentication-Denied-Reason", "CAPTCHA_CHALLENGE; login-url=/login"));
    }
    let live = presented.secret().and_then(|token| state.book.check(token));
    let live = live.or_else(|| state.service.as_ref().filter(|service| service.is(presented)).map(Service::live));
    state.failures = if live.is_some() { 0 } else { state.failures + 1 };
    live.ok_or_else(unauthorized)
}

pub(super) fn unauthorized() -> Response {
    let text = "You are not permitted to access this resource";
    challenge(refused(401, text, "com.atlassian.bitbucket.AuthorisationException"))
}

fn challenge(response: Response) -> Response {
    response.with("WWW-Authenticate", "Basic realm=\"Atlassian Bitbucket\"")
}

pub(super) fn refused(status: u16, message: &str, exception: &str) -> Response {
    let error = json!({"context": null, "message": message, "exceptionName": exception});
    Response::json(status, &json!({ "errors": [error] }))
}

fn login_options(context: &str) -> Response {
    let form = json!({"type": "LOGIN_FORM"});
    let link = format!("{context}/plugins/servlet/external-login/1");
    let idp = json!({"type": "IDP", "id": 1, "buttonText": "Log in with Entra", "loginLink": link});
    let body = json!({"results": [idp, form], "size": 2, "start": 0, "limit": 25, "isLastPage": true});
    Response::json(200, &body)
}

fn user(account: &Account) -> Value {
    json!({
        "name": account.username, "slug": account.username, "displayName": account.display_name,
        "emailAddress": account.email, "active": true, "type": "NORMAL", "id": 42,
    })
}
