//! Who may have tokens, and the tokens themselves (facts/entra.md 4.2 and 5).

use super::super::codec::{base64url, below, hex, opaque, s256};
use super::super::http::Response;
use super::super::jwt;
use super::authorize::Ask;
use super::claims;
use super::errors::{Refusal, refuse};
use super::faults::{Fault, Target};
use super::scopes::Asked;
use super::state::{Refresh, State, User};
use serde_json::{Value, json};

/// What a grant has proved.
#[derive(Clone, Debug)]
pub(super) struct Proof {
    pub client_id: String,
    /// `None`: the app itself.
    pub upn: Option<String>,
    pub nonce: Option<String>,
    pub client_info: bool,
    /// What the person consented to, for later refreshes.
    pub consented: String,
    /// Authentication contexts that the person has satisfied.
    pub acrs: Vec<String>,
}

/// Whether this account may sign in to this app at all; the refusals are pages.
pub(super) fn may_sign_in(state: &mut State, upn: &str, app: &str) -> Result<(), Refusal> {
    alive(state, upn, app)?;
    let mut met = |fault| state.faults.meet(fault, Some(upn), app).is_some();
    if met(Fault::GuestMissing) {
        let text = format!("User account '{upn}' from identity provider does not exist in tenant.");
        return Err(refuse("invalid_grant", 50_020, &text));
    }
    if met(Fault::NotAssigned) {
        let text = format!("The signed in user '{upn}' is not assigned to a role for the application '{app}'.");
        return Err(refuse("interaction_required", 50_105, &text));
    }
    if met(Fault::CaBlock) { Err(blocked()) } else { Ok(()) }
}

/// Whether the account still exists and is enabled.
pub(super) fn alive(state: &mut State, upn: &str, app: &str) -> Result<(), Refusal> {
    let gone = state.user(upn).is_none() || state.faults.meet(Fault::Deleted, Some(upn), app).is_some();
    if gone {
        let text = format!(
            "The user account {upn} does not exist in the directory. To sign into this application, \
            the account must be added to the directory."
        );
        return Err(refuse("invalid_grant", 50_034, &text).suberror("bad_token"));
    }
    if state.faults.meet(Fault::Disabled, Some(upn), app).is_some() {
        return Err(refuse("invalid_grant", 50_057, "The user account is disabled."));
    }
    Ok(())
}

/// 53003 as a page or in `description`.
pub(super) fn blocked() -> Refusal {
    let text = "Access has been blocked by Conditional Access policies. The access policy does not allow token \
        issuance.";
    refuse("invalid_grant", 53_003, text).suberror("message_only")
}

/// 53000.
pub(super) fn not_compliant() -> Refusal {
    let text = "Device is not in required device state: compliant. Conditional Access policy requires a compliant \
        device.";
    refuse("interaction_required", 53_000, text)
}

/// An interactive sign-in mends what the person could mend.
pub(super) fn signed_in(state: &mut State, ask: &Ask, upn: &str) {
    let targets = [Target::Everyone, Target::User(upn.to_lowercase()), Target::App(ask.client_id.clone())];
    let carried = ask.claims.as_deref().is_some_and(|claims| claims.contains(&state.policy));
    for target in &targets {
        state.faults.off(Fault::ConsentMissing, target);
        if carried {
            state.faults.off(Fault::MfaRequired, target);
            state.faults.off(Fault::MfaEnrol, target);
        }
    }
}

/// `client_info`.
pub(super) fn client_info(state: &State, upn: &str) -> String {
    let oid = state.user(upn).map(|user| user.oid.clone()).unwrap_or_default();
    base64url(json!({"uid": oid, "utid": state.tenant}).to_string().as_bytes())
}

/// The token answer.
pub(super) fn issue(state: &mut State, proof: &Proof, asked: &Asked) -> Response {
    let upn = proof.upn.as_deref();
    let user = upn.and_then(|upn| state.user(upn).cloned());
    let mut met = |fault| state.faults.meet(fault, upn, &proof.client_id).is_some();
    let (big, texts) = (met(Fault::BigTokens), met(Fault::Strings));
    let (keep_old, new_kid) = (met(Fault::NoNewRefreshToken), met(Fault::NewKid));
    if new_kid {
        state.keys.spare_signs = true;
    }
    let life = state.habits.access_life.unwrap_or_else(|| 3600 + i64::from(below(1800)));
    let access = access_token(state, proof, user.as_ref(), asked, life, big);
    let mut body = json!({
        "token_type": "Bearer", "scope": asked.echo(state), "expires_in": number(life, texts),
        "ext_expires_in": number(life, texts), "access_token": access,
    });
    if let Some(refresh_in) = state.habits.refresh_in {
        body["refresh_in"] = number(refresh_in, texts);
    }
    let Some(user) = user else {
        body.as_object_mut().unwrap().remove("scope");
        return no_store(Response::json(200, &body));
    };
    if asked.offline && !keep_old {
        body["refresh_token"] = json!(refresh_token(state, proof, &user, big));
    }
    if asked.openid {
        body["id_token"] = json!(id_token(state, proof, &user, asked));
    }
    if proof.client_info {
        body["client_info"] = json!(client_info(state, &user.upn));
    }
    no_store(Response::json(200, &body))
}

/// A number, or the text of it.
pub(super) fn number(value: i64, text: bool) -> Value {
    if text { json!(value.to_string()) } else { json!(value) }
}

fn access_token(state: &mut State, proof: &Proof, user: Option<&User>, asked: &Asked, life: i64, big: bool) -> String {
    let now = state.now();
    let mut claims = json!({
        "aud": asked.audience(), "iss": state.issuer(), "iat": now - 300, "nbf": now - 300, "exp": now + life,
        "azp": proof.client_id, "azpacr": if user.is_some() { "0" } else { "1" }, "tid": state.tenant,
        "uti": opaque(22), "ver": "2.0",
    });
    if let Some(user) = user {
        claims["scp"] = json!(asked.names(state).join(" "));
        claims["oid"] = json!(user.oid);
        claims["sub"] = json!(pairwise(&user.oid, asked.audience()));
        claims["name"] = json!(user.name);
        claims["preferred_username"] = json!(user.upn);
        claims::membership(state, user, &mut claims);
        claims["email"] = json!(user.upn);
        claims["xms_edov"] = json!(true);
        if !proof.acrs.is_empty() {
            claims["acrs"] = json!(proof.acrs);
        }
    } else {
        let service = object_id(&pairwise(&proof.client_id, &state.tenant));
        claims["idtyp"] = json!("app");
        claims["oid"] = json!(service);
        claims["sub"] = json!(service);
        claims["roles"] = json!(claims::app_roles(state, proof, asked));
    }
    if big {
        claims["xms_padding"] = json!(opaque(8_500));
    }
    let token = state.keys.active().sign(&claims);
    state.journal.secret(token)
}

fn refresh_token(state: &mut State, proof: &Proof, user: &User, big: bool) -> String {
    let size = if big { 4096 } else { 1200 };
    let token = state.journal.secret(format!("1.AX{}", opaque(size - 4)));
    let used = state.clock.now();
    let record = Refresh {
        client_id: proof.client_id.clone(),
        upn: user.upn.clone(),
        scope: proof.consented.clone(),
        acrs: proof.acrs.clone(),
        used,
        dead: None,
    };
    state.refresh.insert(token.clone(), record);
    token
}

fn id_token(state: &mut State, proof: &Proof, user: &User, asked: &Asked) -> String {
    let issued = state.now() - 300;
    let mut claims = json!({
        "ver": "2.0", "iss": state.issuer(), "aud": proof.client_id, "iat": issued, "nbf": issued,
        "exp": issued + 3900, "sub": pairwise(&user.oid, &proof.client_id), "aio": opaque(60),
        "rh": format!("1.{}", opaque(40)), "uti": opaque(22), "sid": super::super::codec::guid(),
    });
    // Real tenants put these under `profile`; without it a client cannot tell who signed in.
    if asked.profile {
        claims["oid"] = json!(user.oid);
        claims["tid"] = json!(state.tenant);
        claims["preferred_username"] = json!(user.upn);
        claims["name"] = json!(user.name);
    }
    if asked.email {
        claims["email"] = json!(user.upn);
        claims["xms_edov"] = json!(true);
    }
    if let Some(nonce) = &proof.nonce {
        claims["nonce"] = json!(nonce);
    }
    if state.faults.meet(Fault::GroupsOverage, Some(&user.upn), &proof.client_id).is_some() {
        let endpoint = format!("https://graph.windows.net/{}/users/{}/getMemberObjects", state.tenant, user.oid);
        claims["_claim_names"] = json!({"groups": "src1"});
        claims["_claim_sources"] = json!({"src1": {"endpoint": endpoint}});
    }
    let token = match state.forgery {
        Some(forgery) => jwt::forge(forgery, state.keys.active(), &state.keys.decoy, claims),
        None => state.keys.active().sign(&claims),
    };
    state.journal.secret(token)
}

/// Stable per person and app, as `sub` is.
/// The object id of a service principal: always the same, a GUID as all object ids are.
fn object_id(seed: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, seed.as_bytes());
    let hex = hex(&digest.as_ref()[..16]);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

fn pairwise(oid: &str, audience: &str) -> String {
    s256(&format!("{oid} {audience}"))
}

fn no_store(response: Response) -> Response {
    response.with("Cache-Control", "no-store, no-cache").with("Pragma", "no-cache").with("Expires", "-1")
}
