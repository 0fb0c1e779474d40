//! One function per grant (facts/entra.md 2.2, 3.5, 4.1, 6.7).

use super::super::codec::{Pairs, s256, value};
use super::super::http::Response;
use super::authorize::Ask;
use super::claims;
use super::errors::{Refusal, missing, refuse};
use super::faults::Fault;
use super::issue::{self, Proof};
use super::scopes::Asked;
use super::state::{App, Call, Device, DeviceAnswer, Refresh, State};
use super::token::{confidential, public};

pub(super) fn code(state: &mut State, call: &Call, form: &Pairs, app: &App) -> Result<Response, Refusal> {
    let code = value(form, "code").ok_or_else(|| missing("code"))?;
    let now = state.now();
    let Some(record) = state.codes.get_mut(code) else {
        return Err(refuse("invalid_grant", 70_000, "The provided value for the 'code' parameter is not valid."));
    };
    if record.used {
        let text = "OAuth2 Authorization code was already redeemed, please retry with a new valid code.";
        return Err(refuse("invalid_grant", 54_005, text).after(70_002));
    }
    if record.issued + 600 < now {
        return Err(refuse("invalid_grant", 70_008, "The provided authorization code or refresh token has expired."));
    }
    bound(&record.ask, call, form, app)?;
    public(form, app)?;
    record.used = true;
    let record = record.clone();
    issue::alive(state, &record.upn, &app.client_id)?;
    let asked = match value(form, "scope") {
        Some(scope) => Asked::read(state, scope)?.single()?,
        None => Asked::read(state, &record.ask.scope)?.first().single()?,
    };
    let proof = Proof {
        client_id: app.client_id.clone(),
        upn: Some(record.upn),
        nonce: record.ask.nonce,
        client_info: value(form, "client_info") == Some("1"),
        acrs: claims::demanded(record.ask.claims.as_deref()),
        consented: record.ask.scope,
    };
    Ok(issue::issue(state, &proof, &asked))
}

/// What a code is bound to: tenant, client, redirect URI, challenge.
fn bound(ask: &Ask, call: &Call, form: &Pairs, app: &App) -> Result<(), Refusal> {
    let redirect_uri = value(form, "redirect_uri").ok_or_else(|| missing("redirect_uri"))?;
    if !ask.segment.eq_ignore_ascii_case(&call.segment) {
        let text = "Provided Authorization Code is intended to use against other tenant, thus rejected.";
        return Err(refuse("invalid_grant", 700_005, text));
    }
    if ask.client_id != app.client_id {
        return Err(refuse("invalid_grant", 70_000, "The authorization code was issued to another client."));
    }
    if ask.redirect_uri != redirect_uri {
        let text = "The redirect URI does not match the one of the authorization request.";
        return Err(refuse("invalid_grant", 50_011, text).after(70_002));
    }
    let verifier = value(form, "code_verifier");
    let fits = match (&ask.challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) if ask.plain => challenge == verifier,
        (Some(challenge), Some(verifier)) => (43..=128).contains(&verifier.len()) && *challenge == s256(verifier),
        _ => false,
    };
    let text = "The Code_Verifier does not match the code_challenge supplied in the authorization request.";
    if fits { Ok(()) } else { Err(refuse("invalid_grant", 501_481, text)) }
}

pub(super) fn device(state: &mut State, form: &Pairs, app: &App) -> Result<Response, Refusal> {
    let code = value(form, "device_code").ok_or_else(|| missing("device_code"))?;
    let (now, now_ms) = (state.clock.now(), state.clock.now_ms());
    let strict = state.habits.strict_polling;
    let expired = state.faults.meet(Fault::DeviceExpired, None, &app.client_id).is_some();
    let Some(device) = state.devices.get_mut(code).filter(|device| device.client_id == app.client_id) else {
        return Err(refuse("bad_verification_code", 70_000, "The provided device code is not valid."));
    };
    let early = device.polled_ms.is_some_and(|last| now_ms - last < i64::from(device.interval) * 1000 - TOLERANCE_MS);
    device.polled_ms = Some(now_ms);
    if strict && early {
        device.interval += 5;
        return Err(refuse("slow_down", 70_016, "OAuth 2.0 device flow error. Polling too fast."));
    }
    if (device.expires <= now || expired) && device.answer != DeviceAnswer::Redeemed {
        let text = "OAuth 2.0 device flow error. Authorization has expired. Start again.";
        return Err(refuse("expired_token", 70_020, text));
    }
    let Device { scope, answer, claims, .. } = device.clone();
    let upn = settled(answer, app)?;
    public(form, app)?;
    issue::alive(state, &upn, &app.client_id)?;
    if let Some(device) = state.devices.get_mut(code) {
        device.answer = DeviceAnswer::Redeemed;
    }
    let asked = Asked::read(state, &scope)?.first().single()?;
    let client_info = value(form, "client_info") == Some("1");
    let acrs = claims::demanded(claims.as_deref());
    let client_id = app.client_id.clone();
    let proof = Proof { client_id, upn: Some(upn), nonce: None, client_info, consented: scope, acrs };
    Ok(issue::issue(state, &proof, &asked))
}

fn settled(answer: DeviceAnswer, app: &App) -> Result<String, Refusal> {
    match answer {
        DeviceAnswer::Approved(upn) => Ok(upn),
        DeviceAnswer::Pending => {
            let text = "OAuth 2.0 device flow error. Authorization is pending. Continue polling.";
            Err(refuse("authorization_pending", 70_016, text))
        }
        DeviceAnswer::Declined => {
            Err(refuse("authorization_declined", 70_018, "OAuth 2.0 device flow error. The user declined."))
        }
        DeviceAnswer::Blocked => Err(issue::blocked()),
        DeviceAnswer::Redeemed => {
            let text = format!("OAuth2 device code was already redeemed for '{}'.", app.name);
            Err(refuse("invalid_grant", 54_005, &text))
        }
    }
}

pub(super) fn refresh(state: &mut State, form: &Pairs, app: &App) -> Result<Response, Refusal> {
    let token = value(form, "refresh_token").ok_or_else(|| missing("refresh_token"))?;
    public(form, app)?;
    let known = state.refresh.get(token).filter(|known| known.client_id == app.client_id).cloned();
    let Some(known) = known else {
        let text = "The provided value for the input parameter 'refresh_token' is not valid.";
        return Err(refuse("invalid_grant", 70_000, text));
    };
    issue::alive(state, &known.upn, &app.client_id)?;
    usable(state, &known)?;
    claims::satisfied(form, &known.acrs)?;
    policy(state, &known)?;
    let scope = value(form, "scope").map(str::to_owned);
    no_loop(state, token, &known, scope.as_deref().unwrap_or_default())?;
    let asked = match &scope {
        Some(scope) => Asked::read(state, scope)?.single()?,
        None => Asked::read(state, &known.scope)?.first().single()?,
    };
    let now = state.clock.now();
    if let Some(known) = state.refresh.get_mut(token) {
        known.used = now;
    }
    let proof = Proof {
        client_id: app.client_id.clone(),
        upn: Some(known.upn),
        nonce: None,
        client_info: value(form, "client_info") == Some("1"),
        consented: known.scope,
        acrs: known.acrs,
    };
    Ok(issue::issue(state, &proof, &asked))
}

/// Whether the token itself still lives.
fn usable(state: &State, known: &Refresh) -> Result<(), Refusal> {
    let bad = |code, text: &str, suberror| Err(refuse("invalid_grant", code, text).suberror(suberror));
    match known.dead {
        Some(Fault::Revoked) => {
            let text = "The provided grant has expired due to it being revoked, a fresh auth token is needed. \
                TokensValidFrom date has changed.";
            bad(50_173, text, "bad_token")
        }
        Some(Fault::PasswordChanged) => bad(50_133, "Session is invalid due to recent password change.", "bad_token"),
        Some(Fault::SignInFrequency) => {
            let text = "The refresh token has expired or is invalid due to sign-in frequency checks by conditional \
                access. The maximum allowed lifetime for this request is 32400.";
            Err(refuse("invalid_grant", 70_043, text).suberror("token_expired").without_uri())
        }
        None if known.used + 90 * 86_400 >= state.clock.now() => Ok(()),
        _ => {
            let text = "The refresh token has expired due to inactivity. The token was inactive for 90.00:00:00.";
            Err(refuse("invalid_grant", 700_082, text))
        }
    }
}

/// Conditional Access at refresh.
fn policy(state: &mut State, known: &Refresh) -> Result<(), Refusal> {
    let claims = state.challenge();
    let mut met = |fault| state.faults.meet(fault, Some(&known.upn), &known.client_id).is_some();
    let mfa = [(Fault::MfaRequired, 50_076), (Fault::MfaEnrol, 50_079)];
    if let Some((_, code)) = mfa.into_iter().find(|(fault, _)| met(*fault)) {
        let error = if state.every(2) { "interaction_required" } else { "invalid_grant" };
        let text = "Due to a configuration change made by your administrator, or because you moved to a new \
            location, you must use multi-factor authentication.";
        return Err(refuse(error, code, text).suberror("basic_action").claims(claims));
    }
    if met(Fault::CaBlock) {
        return Err(issue::blocked().claims(claims));
    }
    if met(Fault::DeviceRequired) {
        return Err(refuse("invalid_grant", 530_003, "Your device is required to be managed to access this resource."));
    }
    if met(Fault::TokenProtection) {
        let text = "Access has been blocked by conditional access token protection policy.";
        return Err(refuse("invalid_grant", 530_084, text));
    }
    if met(Fault::ConsentMissing) {
        let text = "The user or administrator has not consented to use the application.";
        return Err(refuse("invalid_grant", 65_001, text).suberror("consent_required"));
    }
    if met(Fault::LoopDetected) { Err(looping()) } else { Ok(()) }
}

/// 50196 for the same request again and again.
fn no_loop(state: &mut State, token: &str, known: &Refresh, scope: &str) -> Result<(), Refusal> {
    let now = state.clock.now();
    let request = format!("{} {} {scope}", known.client_id, s256(token));
    state.recent.retain(|(at, _)| at + 300 > now);
    state.recent.push((now, request.clone()));
    let count = state.recent.iter().filter(|(_, seen)| *seen == request).count();
    if state.habits.loop_limit.is_some_and(|limit| count > limit) { Err(looping()) } else { Ok(()) }
}

fn looping() -> Refusal {
    refuse("invalid_grant", 50_196, "The server terminated an operation because it encountered a client request loop.")
}

pub(super) fn client_credentials(state: &mut State, form: &Pairs, app: &App) -> Result<Response, Refusal> {
    confidential(state, form, app)?;
    let scope = value(form, "scope").ok_or_else(|| missing("scope"))?;
    if !scope.ends_with("/.default") {
        let text = format!(
            "The provided value for scope {scope} is not valid. Client credential flows must have a \
            scope value with /.default suffixed."
        );
        return Err(refuse("invalid_scope", 1_002_012, &text));
    }
    let asked = Asked::read(state, scope)?.single()?;
    let client_id = app.client_id.clone();
    let (consented, acrs) = (String::new(), Vec::new());
    let proof = Proof { client_id, upn: None, nonce: None, client_info: false, consented, acrs };
    Ok(issue::issue(state, &proof, &asked))
}

pub(super) fn on_behalf_of(state: &mut State, form: &Pairs, app: &App) -> Result<Response, Refusal> {
    confidential(state, form, app)?;
    let assertion = value(form, "assertion").ok_or_else(|| missing("assertion"))?;
    if value(form, "requested_token_use") != Some("on_behalf_of") {
        return Err(missing("requested_token_use"));
    }
    let claims = super::verify(state, assertion, &app.client_id);
    let claims = claims.map_err(|why| refuse("invalid_grant", 50_013, &format!("Assertion failed: {why}.")))?;
    let upn = claims["preferred_username"].as_str().unwrap_or_default().to_owned();
    issue::alive(state, &upn, &app.client_id)?;
    let scope = value(form, "scope").ok_or_else(|| missing("scope"))?.to_owned();
    let asked = Asked::read(state, &scope)?.single()?;
    let client_id = app.client_id.clone();
    let acrs = Vec::new();
    let proof = Proof { client_id, upn: Some(upn), nonce: None, client_info: false, consented: scope, acrs };
    Ok(issue::issue(state, &proof, &asked))
}

/// A client may poll this much early: its clock and ours are read at different moments.
const TOLERANCE_MS: i64 = 100;
