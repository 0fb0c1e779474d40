//! What stands for an app instead of a secret: another issuer's token, or a statement that its own key has signed
//! (facts/entra.md 6.4, 6.6).

use super::super::codec::{self, base64url};
use super::super::jwt;
use super::errors::{Refusal, refuse};
use super::state::{App, Registered, State};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm};
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
    if !signed(assertion, &header, known) {
        return Err(unknown_key());
    }
    let claims = jwt::claims(assertion).unwrap_or_default();
    let endpoint = format!("{}/{}/oauth2/v2.0/token", state.base, state.tenant);
    let client = app.client_id.as_str();
    // Microsoft's own clients write no `nbf`, and seconds with fractions.
    let number = |name: &str| seconds(&claims, name).unwrap_or_default();
    let begins = seconds(&claims, "nbf").unwrap_or(number("iat"));
    match () {
        () if claims["aud"] != endpoint || claims["iss"] != client || claims["sub"] != client => {
            Err(refuse("invalid_client", 50_027, "JWT token is invalid or malformed."))
        }
        () if !claims["jti"].is_string() || header["typ"] != "JWT" => {
            Err(refuse("invalid_client", 50_027, "JWT token is invalid or malformed."))
        }
        () if number("exp") - begins > 600 => {
            Err(refuse("invalid_client", 700_024, "Client assertion is not within its valid time range."))
        }
        () => in_time(state, &claims),
    }
}

/// As it should be, or as older clients sign: `RS256` with the certificate's SHA-1.
fn signed(assertion: &str, header: &Value, known: &Registered) -> bool {
    let (name, hash, algorithm): (_, _, &dyn VerificationAlgorithm) = match header["alg"].as_str() {
        Some("PS256") => ("x5t#S256", &SHA256, &RSA_PSS_2048_8192_SHA256),
        Some("RS256") => ("x5t", &SHA1_FOR_LEGACY_USE_ONLY, &RSA_PKCS1_2048_8192_SHA256),
        _ => return false,
    };
    let thumbprint = base64url(digest(hash, &known.der).as_ref());
    // Microsoft's own clients leave the padding on.
    let fits = header[name].as_str().is_some_and(|shown| shown.trim_end_matches('=') == thumbprint);
    let (message, signature) = assertion.rsplit_once('.').unwrap_or_default();
    let signature = codec::unbase64(signature).unwrap_or_default();
    fits && UnparsedPublicKey::new(algorithm, &known.public).verify(message.as_bytes(), &signature).is_ok()
}

pub(super) fn unknown_key() -> Refusal {
    let text = "Client assertion failed signature validation. The key was not found.";
    refuse("invalid_client", 700_027, text)
}

/// Clocks may differ by five minutes.
fn in_time(state: &State, claims: &Value) -> Result<(), Refusal> {
    let now = state.clock.now();
    let begun = seconds(claims, "nbf").is_none_or(|nbf| nbf <= now + 300);
    let lasts = seconds(claims, "exp").is_some_and(|exp| exp > now - 300);
    if begun && lasts {
        return Ok(());
    }
    Err(refuse("invalid_client", 700_024, "Client assertion is not within its valid time range."))
}

#[expect(clippy::cast_possible_truncation, reason = "whole seconds of this millennium")]
fn seconds(claims: &Value, name: &str) -> Option<i64> {
    claims[name].as_f64().map(|seconds| seconds as i64)
}
