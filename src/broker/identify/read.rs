//! Reading claims by their type: a claim of another type is a refusal, never an absent one.

use super::refused;
use crate::basis::clock::Timestamp;
use crate::basis::text;
use crate::broker::ground::ask::Refusal;
use crate::broker::settings::Issuer;
use serde_json::{Map, Value};
use std::time::Duration;

/// The claims of a token whose signature is right.
pub struct Read<'a>(pub &'a Map<String, Value>);

impl<'a> Read<'a> {
    /// Text that must be there and say something.
    pub fn text(&self, name: &str) -> Result<&'a str, Refusal> {
        self.maybe_text(name)?.filter(|text| !text.is_empty()).ok_or_else(|| missing(name))
    }

    /// Text that may be absent.
    pub fn maybe_text(&self, name: &str) -> Result<Option<&'a str>, Refusal> {
        self.maybe(name, Value::as_str)
    }

    /// Texts; none where the claim is absent.
    pub fn texts(&self, name: &str) -> Result<Vec<&'a str>, Refusal> {
        let list = self.maybe(name, |value| {
            value.as_array().and_then(|list| list.iter().map(Value::as_str).collect::<Option<Vec<_>>>())
        });
        Ok(list?.unwrap_or_default())
    }

    /// A GUID, in lower case.
    pub fn guid(&self, name: &str) -> Result<String, Refusal> {
        let text = self.text(name)?;
        if !is_guid(text) {
            return Err(refused(format!("`{name}` of the token is no GUID")));
        }
        Ok(text.to_ascii_lowercase())
    }

    /// A claim that may be absent, and is of the type that `of_type` takes.
    pub fn maybe<T>(&self, name: &str, of_type: impl FnOnce(&'a Value) -> Option<T>) -> Result<Option<T>, Refusal> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let wrong = || refused(format!("`{name}` of the token has the wrong type"));
        of_type(value).map(Some).ok_or_else(wrong)
    }

    /// `iss` is one of the issuer's, byte for byte.
    pub fn from(&self, issuer: &Issuer) -> Result<&'a str, Refusal> {
        let iss = self.text("iss")?;
        let ours = issuer.issuers.iter().any(|known| known == iss);
        if ours { Ok(iss) } else { Err(refused(format!("the token is from the issuer `{}`", text::clean(iss)))) }
    }

    /// `iat` and `exp`, if the token holds at `now`, give or take five minutes.
    pub fn in_time(&self, not_before: NotBefore, now: Timestamp) -> Result<(Timestamp, Timestamp), Refusal> {
        let time = |name: &str| Ok(self.maybe(name, Value::as_i64)?.map(Timestamp));
        let (expires, issued) = (time("exp")?.ok_or_else(|| missing("exp"))?, time("iat")?);
        let issued = issued.ok_or_else(|| missing("iat"))?;
        let begins = match (time("nbf")?, not_before) {
            (Some(begins), _) => begins.max(issued),
            (None, NotBefore::IfThere) => issued,
            (None, NotBefore::Needed) => return Err(missing("nbf")),
        };
        if expires.after(SKEW) <= now {
            return Err(refused(format!("the token ended {} seconds ago", expires.until(now).as_secs())));
        }
        if begins > now.after(SKEW) {
            return Err(refused(format!("the token begins in {} seconds", now.until(begins).as_secs())));
        }
        if expires <= begins {
            return Err(refused("the token ends before it begins"));
        }
        Ok((issued, expires))
    }
}

/// Whether a token must say when it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotBefore {
    Needed,
    IfThere,
}

/// Whether a text is a GUID in its usual form, in any case.
pub fn is_guid(text: &str) -> bool {
    let dash = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    let fits = |(at, byte): (usize, u8)| if dash(at) { byte == b'-' } else { byte.is_ascii_hexdigit() };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

fn missing(name: &str) -> Refusal {
    refused(format!("the token has no `{name}`"))
}

/// Clocks may differ by this much.
const SKEW: Duration = Duration::from_secs(300);
