//! Discovery: metadata, keys, instances (facts/entra.md 1).

use super::super::codec::{is_guid, value};
use super::super::http::Response;
use super::errors::{Refusal, refuse};
use super::faults::Fault;
use super::state::{Call, State};
use serde_json::json;

/// What the tenant segment of a path means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tenant {
    Ours,
    /// `common` or `organizations`.
    Any,
}

/// Judges the tenant segment.
pub(super) fn tenant(state: &mut State, segment: &str) -> Result<Tenant, Refusal> {
    let lower = segment.to_lowercase();
    let wrong = state.faults.meet(Fault::WrongTenant, None, "").is_some();
    match () {
        () if wrong => Err(unknown(segment)),
        () if lower == state.tenant || state.domains.contains(&lower) => Ok(Tenant::Ours),
        () if lower == "common" || lower == "organizations" => Ok(Tenant::Any),
        () if is_guid(&lower) || lower.contains('.') => Err(unknown(segment)),
        () => {
            let text = format!(
                "Specified tenant identifier '{segment}' is neither a valid DNS name, nor a valid \
                external domain."
            );
            Err(refuse("invalid_request", 900_023, &text))
        }
    }
}

pub(super) fn document(state: &mut State, call: &Call) -> Response {
    let tenant = match tenant(state, &call.segment) {
        Ok(Tenant::Ours) => state.tenant.clone(),
        Ok(Tenant::Any) => call.segment.clone(),
        Err(refusal) => return refusal.answer(state, call),
    };
    let issuer = if tenant == state.tenant { tenant.clone() } else { "{tenantid}".into() };
    let base = format!("{}/{tenant}", state.base);
    let host = state.base.trim_start_matches("https://");
    cached(Response::json(
        200,
        &json!({
            "token_endpoint": format!("{base}/oauth2/v2.0/token"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": format!("{base}/discovery/v2.0/keys"),
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": format!("{}/{issuer}/v2.0", state.base),
            "request_uri_parameter_supported": false,
            "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
            "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
            "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
            "http_logout_supported": true,
            "frontchannel_logout_supported": true,
            "end_session_endpoint": format!("{base}/oauth2/v2.0/logout"),
            "claims_supported": ["sub", "iss", "cloud_instance_name", "cloud_instance_host_name",
                "cloud_graph_host_name", "msgraph_host", "aud", "exp", "iat", "auth_time", "acr", "nonce",
                "preferred_username", "name", "tid", "ver", "at_hash", "c_hash", "email"],
            "kerberos_endpoint": format!("{base}/kerberos"),
            "tenant_region_scope": if tenant == state.tenant { json!("EU") } else { json!(null) },
            "cloud_instance_name": host,
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": "graph.microsoft.com",
            "rbac_url": "https://pas.windows.net",
        }),
    ))
}

pub(super) fn keys(state: &mut State, call: &Call) -> Response {
    if let Err(refusal) = tenant(state, &call.segment) {
        return refusal.answer(state, call);
    }
    let own = format!("{}/{{tenantid}}/v2.0", state.base);
    let consumer = format!("{}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", state.base);
    let keys = &mut state.keys;
    let mut list = vec![keys.decoy.jwk(&consumer), keys.second.jwk(&own), keys.first.jwk(&own)];
    keys.spare_shown |= keys.spare_signs;
    if keys.spare_shown {
        list.push(keys.spare.jwk(&own));
    }
    cached(Response::json(200, &json!({ "keys": list })))
}

pub(super) fn instance(state: &mut State, call: &Call) -> Response {
    let pairs = call.request.pairs();
    let host = state.base.trim_start_matches("https://").to_owned();
    let asked = value(&pairs, "authorization_endpoint").and_then(|asked| url::Url::parse(asked).ok());
    let known = asked.as_ref().and_then(|asked| {
        let authority = asked.authority();
        (authority == host || authority == "login.microsoftonline.com").then_some(asked)
    });
    let Some(asked) = known else {
        let text = "Unknown or invalid instance. You may discover instances by sending a request to the endpoint.";
        return refuse("invalid_instance", 50_049, text).answer(state, call);
    };
    let tenant = asked.path().split('/').nth(1).unwrap_or("common");
    Response::json(
        200,
        &json!({
            "tenant_discovery_endpoint": format!("{}/{tenant}/v2.0/.well-known/openid-configuration", state.base),
            "api-version": value(&pairs, "api-version").unwrap_or("1.1"),
            "metadata": [
                {"preferred_network": host, "preferred_cache": host, "aliases": [host]},
                {"preferred_network": "login.microsoftonline.com", "preferred_cache": "login.windows.net",
                 "aliases": ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com",
                     "sts.windows.net"]},
            ],
        }),
    )
}

fn unknown(segment: &str) -> Refusal {
    let text = format!(
        "Tenant '{segment}' not found. Check to make sure you have the correct tenant ID and are signing into the \
         correct cloud."
    );
    refuse("invalid_tenant", 90_002, &text)
}

fn cached(response: Response) -> Response {
    response.with("Cache-Control", "max-age=86400, private").with("Access-Control-Allow-Origin", "*")
}
