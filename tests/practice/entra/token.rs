//! The token endpoint: what every grant must satisfy (facts/entra.md 4 and 12.2).

use super::super::codec::{Pairs, value};
use super::super::http::{Request, Response};
use super::super::jwt;
use super::authorize::check_client_id;
use super::errors::{Refusal, missing, refuse};
use super::faults::Fault;
use super::grants;
use super::metadata::{self, Tenant};
use super::state::{App, Call, State};
use super::statement;

pub(super) fn token(state: &mut State, call: &Call) -> Response {
    match grant(state, call) {
        Ok(response) => response,
        Err(refusal) => refusal.answer(state, call),
    }
}

/// The form of a POST, each parameter once.
pub(super) fn form(request: &Request) -> Result<Pairs, Refusal> {
    let Some(form) = request.form() else {
        let text = "The request body must be application/x-www-form-urlencoded.";
        return Err(refuse("invalid_request", 9_002_313, text));
    };
    let twice = form.iter().enumerate().find(|(at, (name, _))| form[..*at].iter().any(|(known, _)| known == name));
    match twice {
        Some((_, (name, _))) => {
            let text = format!("The parameter '{name}' was given more than once.");
            Err(refuse("invalid_request", 90_023, &text))
        }
        None => Ok(form),
    }
}

/// The app of a client id.
pub(super) fn app(state: &State, client_id: &str) -> Result<App, Refusal> {
    check_client_id(client_id)?;
    state.app(client_id).cloned().ok_or_else(|| {
        let text = format!("Application with identifier '{client_id}' was not found in the directory.");
        refuse("unauthorized_client", 700_016, &text)
    })
}

fn grant(state: &mut State, call: &Call) -> Result<Response, Refusal> {
    if call.request.method != "POST" {
        return Err(refuse(
            "invalid_request",
            900_561,
            "The endpoint only accepts POST requests. Received a GET \
            request.",
        ));
    }
    let form = form(call.request)?;
    let tenant = metadata::tenant(state, &call.segment)?;
    if call.request.header("origin").is_some() {
        let text = "Cross-origin token redemption is permitted only for the 'Single-Page Application' client-type.";
        return Err(refuse("invalid_request", 9_002_326, text));
    }
    if value(&form, "resource").is_some() {
        return Err(refuse("invalid_request", 901_002, "The 'resource' request parameter is not supported."));
    }
    let grant_type = value(&form, "grant_type").ok_or_else(|| missing("grant_type"))?;
    let client_id = value(&form, "client_id").ok_or_else(|| missing("client_id"))?;
    let app = app(state, client_id)?;
    if tenant == Tenant::Any {
        let text = format!("Application '{client_id}' is not configured as a multi-tenant application.");
        return Err(refuse("invalid_request", 50_194, &text));
    }
    weather(state, &app.client_id)?;
    match grant_type {
        "authorization_code" => grants::code(state, call, &form, &app),
        "urn:ietf:params:oauth:grant-type:device_code" | "device_code" => grants::device(state, &form, &app),
        "refresh_token" => grants::refresh(state, &form, &app),
        "client_credentials" => grants::client_credentials(state, &form, &app),
        "urn:ietf:params:oauth:grant-type:jwt-bearer" => grants::on_behalf_of(state, &form, &app),
        _ => {
            let text = format!("The app requested an unsupported grant type '{grant_type}'.");
            Err(refuse("unsupported_grant_type", 70_003, &text))
        }
    }
}

fn weather(state: &mut State, client_id: &str) -> Result<(), Refusal> {
    if state.faults.meet(Fault::Busy, None, client_id).is_some() {
        let text = "The request was throttled according to policy. Too many requests.";
        return Err(refuse("temporarily_unavailable", 90_055, text));
    }
    if state.faults.meet(Fault::CloudRedirect, None, client_id).is_some() {
        let text = "Tenant and cloud endpoint do not match. The tenant exists in another cloud.";
        return Err(refuse("invalid_request", 90_038, text));
    }
    Ok(())
}

/// What a grant that a person made needs of its client: a public one, without credentials.
pub(super) fn public(form: &Pairs, app: &App) -> Result<(), Refusal> {
    let presented = value(form, "client_secret").is_some() || value(form, "client_assertion").is_some();
    if app.public {
        let text = "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.";
        return if presented { Err(refuse("invalid_client", 700_025, text)) } else { Ok(()) };
    }
    match value(form, "client_secret") {
        Some(secret) if app.secret.as_deref() == Some(secret) => Ok(()),
        Some(_) => Err(wrong_secret(app)),
        None if presented => Ok(()),
        None => Err(credentials_missing()),
    }
}

/// What a grant without a person needs: a secret, or a federated credential's token.
pub(super) fn confidential(state: &State, form: &Pairs, app: &App) -> Result<(), Refusal> {
    if let Some(secret) = value(form, "client_secret") {
        let right = app.secret.as_deref() == Some(secret);
        return if right { Ok(()) } else { Err(wrong_secret(app)) };
    }
    let assertion = value(form, "client_assertion").ok_or_else(credentials_missing)?;
    if value(form, "client_assertion_type") != Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer") {
        return Err(missing("client_assertion_type"));
    }
    // Only the app itself says that it is the app.
    match (jwt::claims(assertion).is_some_and(|claims| claims["iss"] == app.client_id.as_str()), &app.certificate) {
        (true, Some(certificate)) => statement::own(state, assertion, app, certificate),
        (true, None) => Err(statement::unknown_key()),
        (false, _) => statement::federated(state, assertion, app),
    }
}

fn wrong_secret(app: &App) -> Refusal {
    refuse("invalid_client", 7_000_215, &format!("Invalid client secret provided for app '{}'.", app.client_id))
}

fn credentials_missing() -> Refusal {
    let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
    refuse("invalid_client", 7_000_218, text)
}
