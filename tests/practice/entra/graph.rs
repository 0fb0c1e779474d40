//! Microsoft Graph, as far as a broker asks it: `checkMemberGroups` (facts/entra.md 5.3).

use super::super::codec;
use super::super::http::{Presented, Request, Response};
use super::scopes::GRAPH;
use super::state::State;
use serde_json::{Value, json};

pub(super) fn check_member_groups(state: &State, id: &str, request: &Request) -> Response {
    match checked(state, id, request) {
        Ok(response) | Err(response) => response,
    }
}

fn checked(state: &State, id: &str, request: &Request) -> Result<Response, Response> {
    let Some(Presented::Bearer(token)) = request.authorization() else {
        return Err(refused(401, "InvalidAuthenticationToken", "Access token is empty."));
    };
    let claims = super::verify(state, &token, GRAPH);
    let claims = claims.map_err(|why| {
        refused(401, "InvalidAuthenticationToken", &format!("Access token validation failure: {why}."))
    })?;
    let roles = claims["roles"].as_array().cloned().unwrap_or_default();
    if !roles.iter().any(|role| role.as_str().is_some_and(|role| ENOUGH.contains(&role))) {
        let text = "Insufficient privileges to complete the operation.";
        return Err(refused(403, "Authorization_RequestDenied", text));
    }
    let ids = asked(request)?;
    let user = state.users.iter().find(|user| user.oid.eq_ignore_ascii_case(id));
    let user = user.ok_or_else(|| {
        let text = format!(
            "Resource '{id}' does not exist or one of its queried reference-property objects are not \
            present."
        );
        refused(404, "Request_ResourceNotFound", &text)
    })?;
    let member = |id: &&String| user.groups.iter().any(|group| group.eq_ignore_ascii_case(id));
    let context = format!("{}/v1.0/$metadata#Collection(Edm.String)", state.base);
    Ok(Response::json(200, &json!({"@odata.context": context, "value": ids.iter().filter(member).collect::<Vec<_>>()})))
}

/// `groupIds`: one to twenty object ids.
fn asked(request: &Request) -> Result<Vec<String>, Response> {
    let bad = |text: &str| Err(refused(400, "Request_BadRequest", text));
    let kind = request.header("content-type").unwrap_or_default();
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let list = body["groupIds"].as_array().cloned().unwrap_or_default();
    let ids: Option<Vec<String>> = list.iter().map(|id| id.as_str().map(str::to_owned)).collect();
    match ids {
        _ if !kind.starts_with("application/json") => bad("Write requests must have a Content-Type of JSON."),
        Some(ids) if ids.is_empty() => bad("groupIds must be specified."),
        Some(ids) if ids.len() > 20 => bad("The number of groupIds exceeds the maximum of 20."),
        Some(ids) if ids.iter().all(|id| codec::is_guid(id)) => Ok(ids),
        _ => bad("Invalid object identifier."),
    }
}

fn refused(status: u16, code: &str, message: &str) -> Response {
    Response::json(status, &json!({"error": {"code": code, "message": message}}))
}

const ENOUGH: [&str; 2] = ["GroupMember.Read.All", "Directory.Read.All"];
