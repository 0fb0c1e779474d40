//! Token services of CI jobs.

use super::super::codec::value;
use super::super::entra::State;
use super::super::http::{Presented, Request, Response};
use super::Knobs;
use serde_json::json;

/// The answer, if the request is for one of these services.
pub(super) fn answer(tenant: &State, knobs: &Knobs, request: &Request) -> Option<Response> {
    let query = request.pairs();
    let known = request.authorization() == Some(Presented::Bearer(knobs.secret.clone()));
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/github/token") if !known => Some(Response::json(401, &json!({"message": "Bad credentials"}))),
        ("GET", "/github/token") => {
            let audience = value(&query, "audience").unwrap_or("https://github.com/acme");
            // The runner's own parameter must have survived.
            let whole = value(&query, "job") == Some("7");
            let token = token(tenant, knobs, audience);
            Some(if whole { Response::json(200, &json!({"value": token})) } else { Response::text(404, "no job") })
        }
        // An expired job token is answered with a sign-in page, unless the client suppresses that.
        ("POST", "/azure-pipelines/oidc") if !known => Some(match request.header("x-tfs-fedauthredirect") {
            Some("Suppress") => Response::text(401, ""),
            _ => Response::redirect("https://login.example/signin"),
        }),
        ("POST", "/azure-pipelines/oidc") => {
            let asked = value(&query, "api-version") == Some("7.1") && value(&query, "serviceConnectionId").is_some();
            let json_asked = request.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
            let token = token(tenant, knobs, "api://AzureADTokenExchange");
            Some(if asked && json_asked {
                Response::json(200, &json!({"oidcToken": token}))
            } else {
                Response::json(400, &json!({"message": "api-version and serviceConnectionId are needed"}))
            })
        }
        _ => None,
    }
}

/// A job's token, ten minutes long; every issuer signs with the tenant's spare key.
pub(super) fn token(tenant: &State, knobs: &Knobs, audience: &str) -> String {
    let now = tenant.clock.now() + knobs.shift;
    let claims = json!({
        "iss": knobs.issuer, "sub": knobs.subject, "aud": audience, "nbf": now - 5, "iat": now, "exp": now + 600,
        "jti": super::super::codec::guid(),
    });
    tenant.journal.secret(tenant.keys.spare.sign(&claims))
}
