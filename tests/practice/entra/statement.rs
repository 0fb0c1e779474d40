//! What stands for an app instead of a secret: another issuer's token, or a statement that its own key has signed
//! (facts/entra.md 6.4, 6.6).

use super::super::codec::{self, base64url};
use super::super::jwt;
use super::errors::{Refusal, refuse};
use super::state::{App, Registered, State};
use ring::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::Value;

/// A token of another issuer; the `spare` key is all issuers'.
pub(super) fn federated(state: &State, assertion: &str, app: &App) -> Result<(), Refusal> {
    let claims = jwt::verify(assertion, [&state.keys.spare]);
    let claims =
        claims.map_err(|why| refuse("invalid_client", 700_027, &format!("Invalid client assertion: {why}.")))?;
    let no_record = "No matching federated identity record found for presented assertion";
    let Some(federated) = &app.federated else {
        return Err(refuse("invalid_request", 70_021, &format!("{no_record}.")));
    };
    let unknown = |code, what: &str| {
        let text = format!(
            "{no_record} {what} '{}'. Check your federated identity credential Subject, Audience and Issuer against \
             the presented assertion.",
            claims[&what[..3]].as_str().unwrap_or_default()
        );
        Err(refuse("invalid_client", code, &text))
    };
    match () {
        () if claims["iss"] != federated.issuer.as_str() => unknown(700_211, "issuer"),
        () if claims["aud"] != federated.audience.as_str() => unknown(700_212, "audience"),
        () if claims["sub"] != federated.subject.as_str() => unknown(700_213, "subject"),
        () => in_time(state, &claims),
    }
}

/// A statement that the app's own certificate has signed.
pub(super) fn own(state: &State, assertion: &str, app: &App, known: &Registered) -> Result<(), Refusal> {
    let header = jwt::header(assertion).unwrap_or_default();
    let thumbprint = base64url(ring::digest::digest(&ring::digest::SHA256, &known.der).as_ref());
    let (message, signature) = assertion.rsplit_once('.').unwrap_or_default();
    let signature = codec::unbase64(signature).unwrap_or_default();
    let key = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, &known.public);
    if header["x5t#S256"] != thumbprint || key.verify(message.as_bytes(), &signature).is_err() {
        return Err(unknown_key());
    }
    let claims = jwt::claims(assertion).unwrap_or_default();
    let endpoint = format!("{}/{}/oauth2/v2.0/token", state.base, state.tenant);
    let client = app.client_id.as_str();
    let number = |name: &str| claims[name].as_i64().unwrap_or_default();
    match () {
        () if claims["aud"] != endpoint || claims["iss"] != client || claims["sub"] != client => {
            Err(refuse("invalid_client", 50_027, "JWT token is invalid or malformed."))
        }
        () if !claims["jti"].is_string() || header["typ"] != "JWT" => {
            Err(refuse("invalid_client", 50_027, "JWT token is invalid or malformed."))
        }
        () if number("exp") - number("nbf") > 600 => {
            Err(refuse("invalid_client", 700_024, "Client assertion is not within its valid time range."))
        }
        () => in_time(state, &claims),
    }
}

pub(super) fn unknown_key() -> Refusal {
    let text = "Client assertion failed signature validation. The key was not found.";
    refuse("invalid_client", 700_027, text)
}

/// Clocks may differ by five minutes.
fn in_time(state: &State, claims: &Value) -> Result<(), Refusal> {
    let now = state.clock.now();
    let begun = claims["nbf"].as_i64().is_none_or(|nbf| nbf <= now + 300);
    let lasts = claims["exp"].as_i64().is_some_and(|exp| exp > now - 300);
    if begun && lasts {
        return Ok(());
    }
    Err(refuse("invalid_client", 700_024, "Client assertion is not within its valid time range."))
}
