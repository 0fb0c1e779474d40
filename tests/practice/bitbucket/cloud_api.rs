//! Cloud's REST interface, as far as a credential helper sees it (facts/bitbucket.md A2, A4).

use super::super::codec::value;
use super::super::git::{Place, Repos};
use super::super::http::{Presented, Request, Response};
use super::cloud::State;
use super::{Account, Live, RIGHTS};
use serde_json::{Value, json};

pub(super) fn answer(state: &mut State, repos: &Repos, request: &Request) -> Response {
    if GONE.contains(&request.path.as_str()) {
        return error(410, "This API has been removed.", None);
    }
    let live = match who(state, request) {
        Ok(live) => live,
        Err(refused) => return refused,
    };
    if let Some(response) = repository(state, repos, request, &live) {
        return response;
    }
    let (scope, body): (&str, fn(&Account) -> Value) = match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/2.0/user") => ("account", user),
        ("GET", "/2.0/user/emails") => ("email", emails),
        _ => return error(404, "Resource not found", None),
    };
    if let Err(refused) = scoped(&live, &[scope]) {
        return refused;
    }
    match state.book.account(&live.username) {
        Some(account) => limited(Response::json(200, &body(account))),
        None => error(403, "This API is not accessible by this authentication mechanism", None),
    }
}

/// Calls about repositories: one of them, one's own rights in a workspace, everybody's rights on one.
fn repository(state: &State, repos: &Repos, request: &Request, live: &Live) -> Option<Response> {
    let segments: Vec<&str> = request.path.split('/').skip(1).collect();
    if request.method != "GET" {
        return None;
    }
    let answer = match segments.as_slice() {
        ["2.0", "repositories", workspace, name] => one(state, repos, live, (workspace, name)),
        ["2.0", "user", "workspaces", workspace, "permissions", "repositories"] => {
            own(state, repos, live, workspace, request)
        }
        ["2.0", "workspaces", workspace, "permissions", "repositories", name] => {
            everybody(state, repos, live, (workspace, name))
        }
        _ => return None,
    };
    Some(answer.unwrap_or_else(|refused| refused))
}

fn one(state: &State, repos: &Repos, live: &Live, at: (&str, &str)) -> Result<Response, Response> {
    scoped(live, &["repository"])?;
    let slug = visible(state, repos, live, at)?;
    Ok(limited(Response::json(200, &described(&slug))))
}

/// `q` is understood as far as `repository.full_name="WORKSPACE/NAME"`.
fn own(state: &State, repos: &Repos, live: &Live, workspace: &str, request: &Request) -> Result<Response, Response> {
    scoped(live, &["account", "repository"])?;
    let pairs = request.pairs();
    let wanted = match value(&pairs, "q") {
        None => None,
        Some(q) => {
            let name = q.replace(' ', "");
            let name = name.strip_prefix("repository.full_name=\"").and_then(|rest| rest.strip_suffix('"'));
            Some(name.ok_or_else(|| error(400, "Invalid query", None))?.to_owned())
        }
    };
    let names = repos.names(workspace).into_iter().map(|name| format!("{workspace}/{name}"));
    let fitting = names.filter(|slug| wanted.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(slug)));
    let mine = fitting.filter_map(|slug| permission(state, &live.username, &slug));
    Ok(limited(Response::json(200, &page(&mine.collect::<Vec<_>>()))))
}

/// For administrators of the repository only.
fn everybody(state: &State, repos: &Repos, live: &Live, at: (&str, &str)) -> Result<Response, Response> {
    scoped(live, &["repository"])?;
    let slug = visible(state, repos, live, at)?;
    if state.book.right(&live.username, &slug) < 3 {
        return Err(error(403, "You must be an administrator of this repository.", None));
    }
    let all = state.book.accounts.iter().filter_map(|account| permission(state, &account.username, &slug));
    Ok(limited(Response::json(200, &page(&all.collect::<Vec<_>>()))))
}

fn visible(state: &State, repos: &Repos, live: &Live, (workspace, name): (&str, &str)) -> Result<String, Response> {
    let place = Place::read(&format!("/{workspace}/{name}.git")).filter(|place| repos.has(place));
    let place = place.filter(|place| state.book.right(&live.username, &place.slug()) > 0);
    let refusal = place.as_ref().and_then(|place| state.book.refusal(&place.slug()));
    match (place, refusal) {
        (Some(_), Some(refusal)) => {
            let (status, text) = refusal.answer();
            Err(error(status, text, None))
        }
        (Some(place), None) => Ok(place.slug()),
        (None, _) => Err(error(404, &format!("Repository {workspace}/{name} not found"), None)),
    }
}

fn permission(state: &State, username: &str, slug: &str) -> Option<Value> {
    let right = RIGHTS[state.book.right(username, slug)];
    let account = state.book.account(username)?;
    (right != "none").then(|| {
        json!({
            "type": "repository_permission", "permission": right, "user": user(account),
            "repository": described(slug),
        })
    })
}

fn described(slug: &str) -> Value {
    let name = slug.split('/').next_back();
    json!({"type": "repository", "full_name": slug, "name": name, "slug": name, "is_private": true})
}

fn page(values: &[Value]) -> Value {
    json!({"size": values.len(), "values": values, "page": 1, "pagelen": 100})
}

/// Whether the token has all these scopes; those to write contain those to read.
fn scoped(live: &Live, required: &[&str]) -> Result<(), Response> {
    let has = |scope: &&&str| live.scopes.iter().any(|have| have == **scope || *have == format!("{scope}:write"));
    if required.iter().all(|scope| has(&scope)) {
        return Ok(());
    }
    let text = "Your credentials lack one or more required privilege scopes.";
    Err(error(403, text, Some(json!({"granted": live.scopes, "required": required}))))
}

/// Tokens travel in the header only.
fn who(state: &mut State, request: &Request) -> Result<Live, Response> {
    let realm = "Basic realm=\"Bitbucket.org HTTP\"";
    let refuse = |text: &str| Err(error(401, text, None).with("WWW-Authenticate", realm));
    if value(&request.pairs(), "access_token").is_some() {
        return refuse("Access tokens must be provided in the Authorization header.");
    }
    let presented = request.authorization();
    let token = match &presented {
        Some(Presented::Bearer(token)) => token.clone(),
        Some(Presented::Basic { user, password }) if user == "x-token-auth" => password.clone(),
        Some(_) if state.knobs.plain_401 => {
            return Err(Response::text(401, "Login failed: bad credentials or method.").with("WWW-Authenticate", realm));
        }
        _ => return refuse("Token is invalid, expired, or not supported for this endpoint."),
    };
    match state.book.check(&token) {
        Some(live) => Ok(live),
        None if state.knobs.plain_401 => {
            Err(Response::text(401, "Login failed: bad credentials or method.").with("WWW-Authenticate", realm))
        }
        None if state.book.expired(&token) => {
            refuse("Access token expired. Use your refresh token to obtain a new access token.")
        }
        None => refuse("Token is invalid, expired, or not supported for this endpoint."),
    }
}

fn user(account: &Account) -> Value {
    json!({
        "type": "user", "uuid": format!("{{{}}}", account.uuid), "account_id": account.account_id,
        "display_name": account.display_name, "nickname": account.username, "username": account.username,
        "links": {},
    })
}

fn emails(account: &Account) -> Value {
    let email = json!({
        "type": "email", "email": account.email, "is_primary": true, "is_confirmed": account.email_confirmed,
    });
    json!({"values": [email], "page": 1, "pagelen": 10, "size": 1})
}

fn error(status: u16, message: &str, detail: Option<Value>) -> Response {
    let mut error = json!({ "message": message });
    if let Some(detail) = detail {
        error["detail"] = detail;
    }
    limited(Response::json(status, &json!({"type": "error", "error": error})))
}

fn limited(response: Response) -> Response {
    let response = response.with("X-RateLimit-Limit", "1000").with("X-RateLimit-Resource", "api-resource");
    response.with("X-RateLimit-NearLimit", "false")
}

const GONE: &[&str] = &["/2.0/workspaces", "/2.0/user/permissions/workspaces", "/2.0/user/permissions/repositories"];
