//! Azure's own services: what each wants to see, and what it answers.

use super::super::codec::{self, Pairs, value};
use super::super::entra::{self, State};
use super::super::http::{Request, Response};
use super::{Assigned, Knobs};
use serde_json::{Value, json};

pub(super) fn answer(tenant: &mut State, knobs: &Knobs, request: &Request) -> Response {
    let query = request.pairs();
    let given = |name: &str| value(&query, name);
    let header = |name: &str| request.header(name);
    let metadata = header("metadata").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let secret = |name: &str| header(name) == Some(knobs.secret.as_str());
    if header("x-forwarded-for").is_some() {
        return error(400, "bad_request_104", "The request was forwarded.");
    }
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/metadata/identity/oauth2/token") => match given("api-version") {
            _ if !metadata => error(400, "bad_request_102", "Required metadata header not specified"),
            None => Response::json(
                400,
                &json!({"error": "Bad request. api-version was not specified in the request",
                    "newest-versions": ["2021-02-01", "2020-12-01"]}),
            ),
            Some("2018-02-01") => imds(tenant, knobs, &query, &IDS),
            Some(_) => error(400, "invalid_request", "api-version is not supported"),
        },
        ("GET", "/msi/token") if !secret("x-identity-header") => app_service(401, "The header is not the secret."),
        ("GET", "/msi/token") if given("api-version") != Some("2019-08-01") => app_service(400, "api-version"),
        ("GET", "/msi/token") => {
            let answer = imds(tenant, knobs, &query, &["client_id", "principal_id", "object_id", "mi_res_id"]);
            if answer.status == 200 { without(answer, "expires_in") } else { app_service(400, NOT_FOUND) }
        }
        ("GET", "/ml/token") if !secret("secret") => app_service(401, "The secret is wrong."),
        ("GET", "/ml/token") if given("api-version") != Some("2017-09-01") => app_service(400, "api-version"),
        ("GET", "/ml/token") => numbered(imds(tenant, knobs, &query, &["clientid"])),
        ("POST", "/cloudshell/token") if metadata => match request.form() {
            Some(form) => imds(tenant, knobs, &form, &[]),
            None => error(400, "invalid_request", "The body must be a form."),
        },
        ("GET", "/arc/token") if !metadata || given("api-version") != Some("2020-06-01") => {
            error(400, "bad_request_102", "Required metadata header not specified")
        }
        ("GET", "/arc/token") => arc(tenant, knobs, &query, header("authorization")),
        ("GET", "/fabric/token") if !secret("secret") => fabric(401, "SecretHeaderNotFound"),
        ("GET", "/fabric/token") if given("api-version") != Some("2019-07-01-preview") => {
            fabric(400, "ArgumentNullOrEmpty")
        }
        ("GET", "/fabric/token") if knobs.assigned.is_empty() => fabric(404, "ManagedIdentityNotFound"),
        ("GET", "/fabric/token") => without(imds(tenant, knobs, &query, &[]), "expires_in"),
        _ => Response::text(404, "not here"),
    }
}

/// The token of the identity that is named, else of the only one.
fn imds(tenant: &mut State, knobs: &Knobs, query: &Pairs, names: &[&str]) -> Response {
    let Some(resource) = value(query, "resource") else {
        return error(400, "invalid_request", "The parameter resource is missing.");
    };
    if resource.ends_with("/.default") {
        return error(400, "invalid_resource", "AADSTS500011: a scope is no resource.");
    }
    let asked: Vec<(&str, &str)> = names.iter().filter_map(|name| Some((*name, value(query, name)?))).collect();
    let fits = |one: &&Assigned| {
        asked.iter().all(|(name, id)| match *name {
            "client_id" | "clientid" => one.client_id == *id,
            "object_id" | "principal_id" => one.object_id == *id,
            _ => one.resource_id == *id,
        })
    };
    let mut found = knobs.assigned.iter().filter(fits).filter(|one| !asked.is_empty() || one.system);
    let identity = match (found.next(), asked.len()) {
        (_, 2..) => return error(400, "invalid_request", "Only one identity may be named."),
        (Some(one), _) => one,
        (None, 0) if knobs.assigned.len() > 1 => {
            let text = "Multiple user assigned identities exist, please specify the clientId / resourceId of the \
                identity in the token request";
            return error(400, "invalid_request", text);
        }
        (None, 0) if knobs.assigned.len() == 1 => &knobs.assigned[0],
        (None, _) => return error(400, "invalid_request", "Identity not found"),
    };
    granted(tenant, identity, resource)
}

/// All numbers are texts.
fn granted(tenant: &mut State, identity: &Assigned, resource: &str) -> Response {
    let now = tenant.clock.now();
    let answer = match entra::app_token(tenant, &identity.client_id, resource) {
        Ok(answer) => answer,
        Err(text) => return error(400, "invalid_resource", &text),
    };
    let life = answer["expires_in"].as_i64().unwrap_or_default();
    Response::json(
        200,
        &json!({
            "access_token": answer["access_token"], "refresh_token": "", "expires_in": life.to_string(),
            "expires_on": (now + life).to_string(), "not_before": (now - 300).to_string(), "resource": resource,
            "token_type": "Bearer", "client_id": identity.client_id,
        }),
    )
}

/// 401 with the name of a file; then the same with what is in it.
fn arc(tenant: &mut State, knobs: &Knobs, query: &Pairs, shown: Option<&str>) -> Response {
    let file = knobs.arc_file.clone().unwrap_or_else(|| knobs.arc_dir.join("challenge.key"));
    if knobs.arc_file.is_none() && !file.exists() {
        std::fs::create_dir_all(&knobs.arc_dir).unwrap();
        std::fs::write(&file, codec::opaque(40)).unwrap();
    }
    let right = std::fs::read_to_string(&file).ok().map(|key| format!("Basic {key}"));
    match shown {
        Some(shown) if right.as_deref() == Some(shown) && knobs.arc_old => {
            without(imds(tenant, knobs, query, &[]), "client_id")
        }
        Some(shown) if right.as_deref() == Some(shown) => echoed(imds(tenant, knobs, query, &IDS), query),
        Some(_) => error(401, "unauthorized_client", "The challenge was not answered."),
        None => {
            let seen = knobs.arc_seen.as_ref().map(|dir| dir.join(file.file_name().unwrap()));
            let realm = format!("Basic realm={}", seen.unwrap_or(file).display());
            Response::text(401, "").with("WWW-Authenticate", &realm)
        }
    }
}

fn error(status: u16, error: &str, text: &str) -> Response {
    Response::json(status, &json!({"error": error, "error_description": text}))
}

fn app_service(status: u16, text: &str) -> Response {
    Response::json(status, &json!({"statusCode": status, "message": text, "correlationId": codec::guid()}))
}

fn fabric(status: u16, code: &str) -> Response {
    Response::json(status, &json!({"error": {"correlationId": codec::guid(), "code": code, "message": code}}))
}

fn without(mut response: Response, name: &str) -> Response {
    let mut body: Value = serde_json::from_slice(&response.body).unwrap();
    body.as_object_mut().unwrap().remove(name);
    response.body = body.to_string().into();
    response
}

/// Azure Machine Learning writes the end as a number, and no other time.
fn numbered(response: Response) -> Response {
    let mut response = without(response, "expires_in");
    let mut body: Value = serde_json::from_slice(&response.body).unwrap();
    if let Some(end) = body["expires_on"].as_str().and_then(|end| end.parse::<i64>().ok()) {
        body["expires_on"] = json!(end);
    }
    response.body = body.to_string().into();
    response
}

/// Azure Arc says which identity it took, by the name by which it was asked for.
fn echoed(mut response: Response, query: &Pairs) -> Response {
    let mut body: Value = serde_json::from_slice(&response.body).unwrap();
    for name in IDS {
        if let Some(id) = value(query, name).filter(|_| response.status == 200) {
            body[name] = json!(id);
        }
    }
    response.body = body.to_string().into();
    response
}

const IDS: [&str; 3] = ["client_id", "object_id", "msi_res_id"];
/// Recorded of App Service.
const NOT_FOUND: &str =
    "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.";
