//! What the services of platforms answer: tokens with numbers as text, and errors in three shapes.

use crate::basis::clock::Timestamp;
use crate::basis::credential::Subject;
use crate::basis::secret::AccessToken;
use crate::basis::text::clean;
use crate::identity::claims::seconds;
use crate::identity::{IdentityError, Shown};
use crate::net::{Call, Reply};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

/// The token of a reply, or what its error means.
pub(super) fn token(call: &Call, reply: &Reply, now: Timestamp) -> Result<Shown, IdentityError> {
    if reply.status != 200 {
        return Err(refused(call, reply));
    }
    let Ok(read) = serde_json::from_slice::<Granted>(reply.body.expose()) else {
        return Err(foreign(call, senseless(reply)));
    };
    if read.access_token.expose().is_empty() {
        return Err(foreign(call, "it gave an empty token"));
    }
    // `expires_on` of the oldest interface is a date in words; then, as where nothing is said, an hour is safe.
    let relative = read.expires_in.as_ref().and_then(seconds).map(|life| now.after(whole(life)));
    let expires = read.expires_on.as_ref().and_then(seconds).or(relative).unwrap_or(now.after(UNSAID));
    Ok(Shown::Token { token: read.access_token, subject: Subject::EntraAccessToken, expires })
}

/// A token answer; everything else in it is ignored.
#[derive(Deserialize)]
struct Granted {
    access_token: AccessToken,
    expires_on: Option<Value>,
    expires_in: Option<Value>,
}

/// What a refusal means. The services say in words only which of two things is missing.
pub(super) fn refused(call: &Call, reply: &Reply) -> IdentityError {
    let body: Value = serde_json::from_slice(reply.body.expose()).unwrap_or_default();
    let Some(said) = said(&body) else { return foreign(call, senseless(reply)) };
    let lower = said.to_ascii_lowercase();
    match () {
        () if lower.contains("multiple user assigned identities") => IdentityError::Several,
        () if MISSING.iter().any(|words| lower.contains(words)) => IdentityError::NotAssigned { said },
        () => IdentityError::Refused { place: call.place().to_owned(), status: reply.status, said },
    }
}

/// `error` with its description, `error.code` with its message, or a bare `message`.
fn said(body: &Value) -> Option<String> {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let error = text(body, "error").or_else(|| text(body.get("error")?, "code"));
    let words = ["error_description", "message", "Message"].into_iter().find_map(|name| text(body, name));
    let words = words.or_else(|| text(body.get("error")?, "message"));
    let all: Vec<String> = [error, words].into_iter().flatten().collect();
    (!all.is_empty()).then(|| clean(&all.join(": ")))
}

/// It is not the service that was expected.
pub(super) fn foreign(call: &Call, why: &str) -> IdentityError {
    IdentityError::Foreign { place: call.place().to_owned(), why: why.to_owned() }
}

fn senseless(reply: &Reply) -> &'static str {
    match (reply.body.expose().trim_ascii_start(), reply.status) {
        (_, 300..400) => "it answers with a redirect, which is not followed",
        ([], _) => "it answers nothing",
        ([b'<', ..], _) => "it answers HTML instead of JSON",
        ([b'{', ..], 200) => "it answers JSON without a token",
        _ => "it answers something else than JSON",
    }
}

fn whole(life: Timestamp) -> Duration {
    Duration::from_secs(u64::try_from(life.0).unwrap_or(0))
}

/// The metadata service, Service Fabric and App Service (two generations of it).
const MISSING: [&str; 3] = ["identity not found", "managedidentitynotfound", "found for specified"];
const UNSAID: Duration = Duration::from_secs(3600);
