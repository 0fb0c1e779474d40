//! What an access token says of a person's memberships, and which claims a request demands (facts/entra.md 4.8, 5.3).

use super::super::codec::{Pairs, value};
use super::errors::{Refusal, refuse};
use super::faults::Fault;
use super::issue::Proof;
use super::scopes::{Asked, GRAPH};
use super::state::{State, User};
use serde_json::{Value, json};

/// `groups`, or where to ask for them; `roles`; `wids`.
pub(super) fn membership(state: &mut State, user: &User, claims: &mut Value) {
    let told = state.faults.meet(Fault::GroupsOverage, Some(&user.upn), "").is_some();
    if told || user.groups.len() > MOST_GROUPS {
        let endpoint = format!("https://graph.windows.net/{}/users/{}/getMemberObjects", state.tenant, user.oid);
        claims["_claim_names"] = json!({"groups": "src1"});
        claims["_claim_sources"] = json!({"src1": {"endpoint": endpoint}});
    } else {
        claims["groups"] = json!(user.groups);
    }
    if !user.roles.is_empty() {
        claims["roles"] = json!(user.roles);
    }
    if !user.wids.is_empty() {
        claims["wids"] = json!(user.wids);
    }
}

/// `roles` of an app's own token: what it was granted for the API.
pub(super) fn app_roles(state: &State, proof: &Proof, asked: &Asked) -> Vec<String> {
    if asked.audience() == GRAPH {
        return state.graph.get(&proof.client_id).cloned().unwrap_or_default();
    }
    asked.names(state)
}

/// The authentication contexts that a `claims` parameter demands: `{"access_token":{"acrs":{"value":"c1"}}}`, or
/// `values`.
pub(super) fn demanded(claims: Option<&str>) -> Vec<String> {
    let claims: Value = claims.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let acrs = &claims["access_token"]["acrs"];
    let list = acrs["values"].as_array().cloned().unwrap_or_default();
    let all = std::iter::once(acrs["value"].clone()).chain(list);
    all.filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

/// A refresh token cannot satisfy what its sign-in has not.
pub(super) fn satisfied(form: &Pairs, satisfied: &[String]) -> Result<(), Refusal> {
    let claims = value(form, "claims");
    if demanded(claims).iter().all(|acrs| satisfied.contains(acrs)) {
        return Ok(());
    }
    let text = "Due to a configuration change made by your administrator, or because you moved to a new location, \
        you must use multi-factor authentication.";
    let refusal = refuse("interaction_required", 50_076, text).suberror("basic_action");
    Err(refusal.claims(claims.unwrap_or_default().to_owned()))
}

const MOST_GROUPS: usize = 200;
