//! What a token says of itself. Nobody is believed here: whoever takes the token checks it.

use crate::basis::base64;
use crate::basis::clock::Timestamp;
use crate::basis::text::clean;
use crate::identity::IdentityError;
use serde_json::Value;
use std::time::Duration;

/// The claims of a JWT that are shown and compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    pub issuer: Option<String>,
    pub subject: Option<String>,
    /// Several, joined by a blank, if there are several.
    pub audience: Option<String>,
    pub tid: Option<String>,
    pub oid: Option<String>,
    /// `azp` or `appid`.
    pub app: Option<String>,
    pub roles: Option<String>,
    /// `exp`.
    pub expires: Option<Timestamp>,
    /// `nbf`.
    pub begins: Option<Timestamp>,
}

impl Claims {
    /// The claims of a token; `None` if it is no JWT.
    pub fn of(token: &str) -> Option<Self> {
        let mut parts = token.trim().split('.');
        let (_, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
        let value: Value = serde_json::from_slice(&base64::from_url(payload)?).ok()?;
        let whole = !signature.is_empty() && parts.next().is_none() && value.is_object();
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(clean);
        let time = |name: &str| seconds(value.get(name)?);
        whole.then(|| Self {
            issuer: text("iss"),
            subject: text("sub"),
            audience: value.get("aud").and_then(list),
            tid: text("tid"),
            oid: text("oid"),
            app: text("azp").or_else(|| text("appid")),
            roles: value.get("roles").and_then(list),
            expires: time("exp"),
            begins: time("nbf"),
        })
    }

    /// Whether it holds now, as far as clocks agree.
    pub(super) fn in_time(&self, now: Timestamp) -> Result<(), IdentityError> {
        if let Some(by) = self.expires.map(|end| end.until(now)).filter(|by| *by > SKEW) {
            return Err(IdentityError::Expired { by });
        }
        match self.begins.map(|begins| now.until(begins)).filter(|by| *by > SKEW) {
            Some(by) => Err(IdentityError::NotYetValid { by }),
            None => Ok(()),
        }
    }

    /// Entra takes one audience, compared byte for byte.
    pub(super) fn is_for(&self, wants: &str) -> Result<(), IdentityError> {
        if self.audience.as_deref() == Some(wants) {
            return Ok(());
        }
        let has = self.audience.clone().unwrap_or_default();
        Err(IdentityError::Audience { has, wants: wants.to_owned() })
    }
}

fn list(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(clean(text)),
        Value::Array(all) => Some(all.iter().filter_map(Value::as_str).map(clean).collect::<Vec<_>>().join(" ")),
        _ => None,
    }
}

/// Numbers may come as text (`facts/entra.md`, rule 3).
pub(super) fn seconds(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => text.trim().parse().ok().map(Timestamp),
        #[expect(clippy::cast_possible_truncation, reason = "whole seconds of this millennium")]
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|number| number as i64)).map(Timestamp),
        _ => None,
    }
}

/// As far as Entra lets clocks differ.
const SKEW: Duration = Duration::from_secs(300);
