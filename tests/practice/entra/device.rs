//! The device flow's start and its page (facts/entra.md 2).

use super::super::codec::{escape, is_guid, opaque, random, value};
use super::super::http::Response;
use super::errors::{Refusal, missing, refuse};
use super::faults::Fault;
use super::issue::{self, number};
use super::metadata::{self, Tenant};
use super::scopes::Asked;
use super::state::{Call, Device, DeviceAnswer, State};
use super::token;
use serde_json::json;

pub(super) fn start(state: &mut State, call: &Call) -> Response {
    match begin(state, call) {
        Ok(response) => response,
        Err(refusal) => refusal.answer(state, call),
    }
}

fn begin(state: &mut State, call: &Call) -> Result<Response, Refusal> {
    let form = token::form(call.request)?;
    let tenant = metadata::tenant(state, &call.segment)?;
    let client_id = value(&form, "client_id").ok_or_else(|| missing("client_id"))?;
    let app = token::app(state, client_id)?;
    if tenant == Tenant::Any {
        let text = "No tenant-identifying information found in either the request or implied by any provided \
            credentials.";
        return Err(refuse("invalid_request", 50_059, text));
    }
    let scope = value(&form, "scope").ok_or_else(|| missing("scope"))?;
    Asked::read(state, scope)?;
    if state.faults.meet(Fault::ErrorOn200, None, &app.client_id).is_some() {
        let mut refusal = refuse(
            "invalid_scope",
            70_011,
            "The provided value for the input parameter 'scope' is not \
            valid.",
        );
        refusal.status = 200;
        return Err(refusal);
    }
    let texts = state.faults.meet(Fault::Strings, None, &app.client_id).is_some();
    let device_code = state.journal.secret(format!("CAQAB{}", opaque(230)));
    let user_code: String = random(9).iter().map(|byte| char::from(LETTERS[usize::from(byte % 31)])).collect();
    let uri = state.habits.verification_uri.clone().unwrap_or_else(|| format!("{}/device", state.base));
    let record = Device {
        client_id: app.client_id,
        user_code: user_code.clone(),
        scope: scope.to_owned(),
        claims: value(&form, "claims").map(str::to_owned),
        expires: state.clock.now() + state.habits.device_life,
        interval: state.habits.interval,
        polled_ms: None,
        answer: DeviceAnswer::Pending,
    };
    state.devices.insert(device_code.clone(), record);
    Ok(Response::json(
        200,
        &json!({
            "user_code": user_code,
            "device_code": device_code,
            "verification_uri": uri,
            "expires_in": number(state.habits.device_life, texts),
            "interval": number(i64::from(state.habits.interval), texts),
            "message": format!("To sign in, use a web browser to open the page {uri} and enter the code {user_code} \
                to authenticate."),
        }),
    ))
}

/// The page where a person types the code.
pub(super) fn page(state: &State, call: &Call) -> Response {
    let pairs = call.request.pairs();
    let typed = value(&pairs, "otc").unwrap_or_default();
    people(state, typed)
}

/// The page's buttons; also a test's: `otc`, `action` (approve, decline, block, expire), `upn`.
pub(super) fn post(state: &mut State, call: &Call) -> Response {
    let form = call.request.form().unwrap_or_default();
    let otc = value(&form, "otc").unwrap_or_default().to_owned();
    let upn = value(&form, "upn").unwrap_or_default().to_owned();
    match value(&form, "action") {
        None => people(state, &otc),
        Some("approve") => match approve(state, &otc, &upn) {
            Ok(()) => Response::page(200, "You have signed in", "<p>You may now close this window.</p>"),
            Err(refusal) => refusal.page(state, call),
        },
        Some("decline") => done(state, &otc, DeviceAnswer::Declined),
        Some("block") => done(state, &otc, DeviceAnswer::Blocked),
        Some("expire") => {
            let now = state.clock.now();
            if let Some(device) = find(state, &otc) {
                device.expires = now;
            }
            Response::page(200, "Expired", "")
        }
        Some(_) => Response::page(400, "No such action", ""),
    }
}

/// A person signs in on the page and confirms.
pub(super) fn approve(state: &mut State, user_code: &str, upn: &str) -> Result<(), Refusal> {
    let now = state.clock.now();
    let Some(device) = find(state, user_code) else {
        return Err(refuse("bad_verification_code", 70_018, "That code didn't work. Check the code and try again."));
    };
    if device.expires <= now || device.answer != DeviceAnswer::Pending {
        return Err(refuse("expired_token", 70_019, "That code has expired. Return to your device for a new one."));
    }
    let client_id = device.client_id.clone();
    issue::may_sign_in(state, upn, &client_id)?;
    if state.faults.meet(Fault::BlockDeviceCode, Some(upn), &client_id).is_some() {
        return Err(issue::blocked());
    }
    if state.faults.meet(Fault::DeviceRequired, Some(upn), &client_id).is_some() {
        let text = "Device code flow is not supported for policies that require a managed device.";
        return Err(refuse("interaction_required", 530_033, text));
    }
    let blocked = state.faults.meet(Fault::BlockDeviceCodeOnPoll, Some(upn), &client_id).is_some();
    let outcome = if blocked { DeviceAnswer::Blocked } else { DeviceAnswer::Approved(upn.to_lowercase()) };
    answer(state, user_code, outcome);
    Ok(())
}

/// Sets the outcome of a user code.
pub(super) fn answer(state: &mut State, user_code: &str, outcome: DeviceAnswer) {
    if let Some(device) = find(state, user_code) {
        device.answer = outcome;
    }
}

fn done(state: &mut State, user_code: &str, outcome: DeviceAnswer) -> Response {
    answer(state, user_code, outcome);
    Response::page(200, "You have not signed in", "<p>You may now close this window.</p>")
}

fn find<'a>(state: &'a mut State, user_code: &str) -> Option<&'a mut Device> {
    let typed: String = user_code.to_uppercase().chars().filter(char::is_ascii_alphanumeric).collect();
    state.devices.values_mut().find(|device| device.user_code == typed)
}

fn people(state: &State, typed: &str) -> Response {
    let otc = escape(typed);
    if typed.is_empty() {
        let markup = "<form method=\"post\" action=\"/device\" data-choice=\"code\"><label>Code <input name=\"otc\" \
                      autofocus></label><button>Next</button></form>";
        return Response::page(200, "Enter code to allow access", markup);
    }
    let form = |choice: String, action: &str, upn: &str, label: &str| {
        format!(
            "<form method=\"post\" action=\"/device\" data-choice=\"{}\"><input type=\"hidden\" name=\"otc\" \
             value=\"{otc}\"><input type=\"hidden\" name=\"action\" value=\"{action}\"><input type=\"hidden\" \
             name=\"upn\" value=\"{}\"><button>{}</button></form>",
            escape(&choice),
            escape(upn),
            escape(label)
        )
    };
    let sign_in = |upn: &str, name: &str| {
        form(format!("sign-in:{upn}"), "approve", upn, &format!("Sign in as {name} and continue"))
    };
    let mut markup: String = state.users.iter().map(|user| sign_in(&user.upn, &user.name)).collect();
    markup.push_str(&form("cancel".into(), "decline", "", "Cancel"));
    let title = if is_guid(typed) { "That code didn't work" } else { "Are you trying to sign in?" };
    Response::page(200, title, &markup)
}

/// Without letters that look alike.
const LETTERS: &[u8; 31] = b"ABCDEFGHJKLMNPQRSTUVWXYZ2346789";
