//! Data Center's HTTP access tokens of repositories (facts/bitbucket.md B3).

use super::super::codec::opaque;
use super::super::git::{Place, Repos};
use super::super::http::{Presented, Request, Response};
use super::Live;
use super::data_center::{State, known, refused, unauthorized};
use serde_json::{Value, json};

/// An account with a password.
#[derive(Clone, Debug)]
pub struct Service {
    pub user: String,
    pub password: String,
    /// `workspace/name` of what it administers; a missing name stands for all of the project.
    pub administers: Vec<String>,
}

/// The tokens that exist.
#[derive(Debug)]
pub struct Tokens {
    kept: Vec<Kept>,
    last: u32,
    /// How many a repository may have at once.
    most: usize,
}

#[derive(Clone, Debug)]
struct Kept {
    id: String,
    name: String,
    slug: String,
    permissions: Vec<String>,
    created: i64,
    days: i64,
    token: String,
}

impl Service {
    /// Whether these are its name and password.
    pub(super) fn is(&self, presented: &Presented) -> bool {
        matches!(presented, Presented::Basic { user, password } if *user == self.user && *password == self.password)
    }

    /// What it may do once it is known.
    pub(super) fn live(&self) -> Live {
        let scopes = vec!["REPO_ADMIN".to_owned()];
        Live { username: self.user.clone(), scopes, expires: i64::MAX, uses: None, only: None }
    }

    fn administers(&self, slug: &str) -> bool {
        let project = slug.split('/').next();
        self.administers.iter().any(|known| known == slug || Some(known.as_str()) == project)
    }
}

impl Tokens {
    /// Ids and names.
    pub fn existing(&self) -> Vec<(String, String)> {
        self.kept.iter().map(|kept| (kept.id.clone(), kept.name.clone())).collect()
    }

    /// How many a repository may have.
    pub fn limit(&mut self, most: usize) {
        self.most = most;
    }
}

impl Default for Tokens {
    fn default() -> Self {
        Self { kept: Vec::new(), last: 0, most: 100 }
    }
}

impl State {
    /// How many tokens a repository may have.
    pub fn limit_http_tokens(&mut self, most: usize) {
        self.tokens.limit(most);
    }
}

/// `/rest/access-tokens/latest/projects/{key}/repos/{slug}[/{id}]`.
pub(super) fn answer(state: &mut State, repos: &Repos, request: &Request, path: &str) -> Response {
    routed(state, repos, request, path).unwrap_or_else(|refused| refused)
}

fn routed(state: &mut State, repos: &Repos, request: &Request, path: &str) -> Result<Response, Response> {
    let segments: Vec<&str> = path.split('/').skip(3).collect();
    let ["latest" | "1.0", "projects", key, "repos", name, rest @ ..] = segments.as_slice() else {
        return Err(missing("There is no such resource."));
    };
    let administrator = administrator(state, request)?;
    let slug = existing(repos, key, name).ok_or_else(|| missing("Repository does not exist."))?;
    if !administrator.administers(&slug) {
        return Err(unauthorized());
    }
    match (request.method.as_str(), rest) {
        ("PUT", []) => create(state, request, &slug),
        ("GET", []) => Ok(listed(state, &slug)),
        (method, [id]) => one(state, method, id, &slug),
        _ => Err(Response::text(405, "")),
    }
}

/// A password, not a token that was made here: those cannot make others (BSERV-10482).
fn administrator(state: &mut State, request: &Request) -> Result<Service, Response> {
    let presented = request.authorization().ok_or_else(unauthorized)?;
    known(state, &presented)?;
    state.service.clone().filter(|service| service.is(&presented)).ok_or_else(unauthorized)
}

fn create(state: &mut State, request: &Request, slug: &str) -> Result<Response, Response> {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let name = body["name"].as_str().unwrap_or_default();
    let list = body["permissions"].as_array().cloned().unwrap_or_default();
    let permissions: Vec<String> = list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect();
    let known = permissions.iter().all(|one| ["REPO_READ", "REPO_WRITE", "REPO_ADMIN"].contains(&one.as_str()));
    let days = body["expiryDays"].as_i64().unwrap_or_default();
    let json = request.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    match () {
        () if !json => return Err(refused(415, "Unsupported Media Type", "NotSupportedException")),
        () if name.is_empty() || name.chars().count() > 255 => return Err(bad("A token must have a name.")),
        () if !known || list.is_empty() || permissions.len() != list.len() => return Err(bad("Unknown permission.")),
        () if days < 1 => return Err(bad("The expiry must be at least one day.")),
        () if state.tokens.kept.iter().filter(|kept| kept.slug == slug).count() >= state.tokens.most => {
            return Err(bad("The maximum number of tokens has been reached."));
        }
        () => {}
    }
    state.tokens.last += 1;
    let id = (100_000 + state.tokens.last).to_string();
    let token = format!("BBDC-{}", opaque(44));
    state.book.journal_secret(&token);
    let created = state.book.clock.now();
    let user = format!("access-token-user-{id}");
    state.book.adopt_for(&token, &user, &permissions, (created + days * 86_400, slug));
    let kept = Kept { id, name: name.to_owned(), slug: slug.to_owned(), permissions, created, days, token };
    let mut shown = described(&kept);
    shown["token"] = json!(kept.token);
    state.tokens.kept.push(kept);
    Ok(Response::json(200, &shown))
}

fn one(state: &mut State, method: &str, id: &str, slug: &str) -> Result<Response, Response> {
    let at = state.tokens.kept.iter().position(|kept| kept.id == id && kept.slug == slug);
    let at = at.ok_or_else(|| missing("There is no such token."))?;
    match method {
        "GET" => Ok(Response::json(200, &described(&state.tokens.kept[at]))),
        "DELETE" => {
            let kept = state.tokens.kept.remove(at);
            state.book.revoke(&kept.token);
            Ok(Response { status: 204, headers: Vec::new(), body: Vec::new() })
        }
        _ => Err(Response::text(405, "")),
    }
}

fn listed(state: &State, slug: &str) -> Response {
    let values: Vec<Value> = state.tokens.kept.iter().filter(|kept| kept.slug == slug).map(described).collect();
    Response::json(200, &json!({"size": values.len(), "limit": 25, "isLastPage": true, "start": 0, "values": values}))
}

/// Without the token: it is shown once.
fn described(kept: &Kept) -> Value {
    json!({
        "id": kept.id, "name": kept.name, "permissions": kept.permissions, "createdDate": kept.created * 1000,
        "expiryDate": (kept.created + kept.days * 86_400) * 1000,
        "user": {"name": format!("access-token-user-{}", kept.id), "type": "SERVICE", "active": true},
    })
}

/// `/rest/api/latest/projects/{key}/repos/{slug}[/permissions/search]`.
pub(super) fn repository(state: &State, repos: &Repos, live: &Live, path: &str) -> Response {
    let segments: Vec<&str> = path.split('/').skip(4).collect();
    let ["projects", key, "repos", name, rest @ ..] = segments.as_slice() else {
        return missing("There is no such resource.");
    };
    let Some(slug) = existing(repos, key, name) else { return missing("Repository does not exist.") };
    if live.only.as_ref().is_some_and(|only| *only != slug) {
        return unauthorized();
    }
    let admin = live.scopes.iter().any(|scope| scope == "REPO_ADMIN");
    match rest {
        [] => {
            let project = json!({"key": key.to_uppercase()});
            Response::json(200, &json!({"slug": name, "name": name, "project": project, "archived": false}))
        }
        ["permissions", "search"] if !admin => unauthorized(),
        ["permissions", "search"] => {
            let words = ["REPO_READ", "REPO_WRITE", "REPO_ADMIN"];
            let entry = |account: &super::Account| {
                let right = state.book.right(&account.username, &slug).checked_sub(1)?;
                let user = json!({"name": account.username, "slug": account.username, "emailAddress": account.email});
                Some(json!({"user": user, "permission": words[right]}))
            };
            let values: Vec<Value> = state.book.accounts.iter().filter_map(entry).collect();
            Response::json(200, &json!({"values": values, "size": values.len(), "start": 0, "isLastPage": true}))
        }
        _ => missing("There is no such resource."),
    }
}

fn existing(repos: &Repos, key: &str, name: &str) -> Option<String> {
    Place::read(&format!("/{key}/{name}.git")).filter(|place| repos.has(place)).map(|place| place.slug())
}

fn bad(text: &str) -> Response {
    refused(400, text, "com.atlassian.bitbucket.validation.ArgumentValidationException")
}

fn missing(text: &str) -> Response {
    refused(404, text, "com.atlassian.bitbucket.NoSuchEntityException")
}
