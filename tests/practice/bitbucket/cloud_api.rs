//! Cloud's REST interface, as far as a credential helper sees it (facts/bitbucket.md A2, A4).

use super::super::codec::value;
use super::super::http::{Presented, Request, Response};
use super::cloud::State;
use super::{Account, Live};
use serde_json::{Value, json};

pub(super) fn answer(state: &mut State, request: &Request) -> Response {
    if GONE.contains(&request.path.as_str()) {
        return error(410, "This API has been removed.", None);
    }
    let live = match who(state, request) {
        Ok(live) => live,
        Err(refused) => return refused,
    };
    let (scope, body): (&str, fn(&Account) -> Value) = match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/2.0/user") => ("account", user),
        ("GET", "/2.0/user/emails") => ("email", emails),
        _ => return error(404, "Resource not found", None),
    };
    if !live.scopes.iter().any(|granted| granted == scope || *granted == format!("{scope}:write")) {
        let text = "Your credentials lack one or more required privilege scopes.";
        return error(403, text, Some(json!({"granted": live.scopes, "required": [scope]})));
    }
    match state.book.account(&live.username) {
        Some(account) => limited(Response::json(200, &body(account))),
        None => error(403, "This API is not accessible by this authentication mechanism", None),
    }
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
