//! What Entra says when it says no.

use super::codes::{self, Action};
use serde_json::{Map, Value};
use std::fmt;
use std::time::Duration;

/// An OAuth error of Entra (`facts/entra.md` 4.5), with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub action: Action,
    /// A short stable name in kebab-case: of the code if it is known, else of the error.
    pub name: &'static str,
    /// The AADSTS number that says most.
    pub code: Option<u32>,
    /// RFC 6749's `error`.
    pub error: String,
    pub suberror: Option<String>,
    /// Whether a code was typed on another device: that flow never shows what device this is.
    pub by_code: bool,
    /// The description without its ids, cleaned and cut: to be shown, never to be decided on.
    pub text: String,
    pub trace_id: Option<String>,
    pub correlation_id: Option<String>,
    /// The claims that the next sign-in must ask for, verbatim.
    pub claims: Option<String>,
    /// How long to wait at least, with [`Action::Later`].
    pub retry_after: Option<Duration>,
}

/// What was being done: the same code means another thing for a stored session than for a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Refresh,
    Browser,
    Device,
    Metadata,
    /// Nobody is there: a workload shows who it is.
    Workload,
}

impl Refusal {
    /// The refusal in a JSON body; `None` if the body names no error.
    pub(super) fn of(body: &Map<String, Value>, retry_after: Option<Duration>, moment: Moment) -> Option<Self> {
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let codes =
            body.get("error_codes").and_then(Value::as_array).map(|all| all.iter().filter_map(number).collect());
        Self::read(&text, codes.unwrap_or_default(), retry_after, moment)
    }

    /// The refusal in the fields of a redirect (`facts/entra.md` 3.4).
    pub(super) fn of_fields<'a>(field: &dyn Fn(&str) -> Option<&'a str>, moment: Moment) -> Option<Self> {
        Self::read(field, Vec::new(), None, moment)
    }

    fn read<'a>(
        text: &dyn Fn(&str) -> Option<&'a str>,
        mut codes: Vec<u32>,
        retry_after: Option<Duration>,
        moment: Moment,
    ) -> Option<Self> {
        let error = text("error").filter(|error| !error.is_empty())?;
        let description = text("error_description").unwrap_or_default();
        if codes.is_empty() {
            codes.extend(leading_code(description));
        }
        let code = codes::telling(&codes);
        let suberror = text("suberror").filter(|suberror| !suberror.is_empty());
        let claims = text("claims").filter(|claims| !claims.is_empty() && claims.len() <= LONGEST_CLAIMS);
        let (action, name) = codes::action(error, suberror, code, claims.is_some(), moment);
        let shown = |name: &str| text(name).map(crate::basis::text::clean);
        Some(Self {
            action,
            name,
            code,
            error: crate::basis::text::clean(error),
            by_code: moment == Moment::Device,
            suberror: shown("suberror").filter(|suberror| !suberror.is_empty()),
            text: crate::basis::text::clean(description.split("Trace ID:").next().unwrap_or_default()),
            trace_id: shown("trace_id").or_else(|| written(description, "Trace ID:")),
            correlation_id: shown("correlation_id").or_else(|| written(description, "Correlation ID:")),
            claims: claims.map(str::to_owned),
            retry_after: (action == Action::Later).then(|| codes::pause(code, retry_after)),
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "Entra refused with AADSTS{code} ({})", self.error),
            None => write!(f, "Entra refused with `{}`", self.error),
        }
    }
}

fn number(value: &Value) -> Option<u32> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_u64().and_then(|code| code.try_into().ok()),
    }
}

/// Redirects carry the ids only at the end of their description.
fn written(description: &str, label: &str) -> Option<String> {
    let (_, rest) = description.split_once(label)?;
    rest.split_whitespace().next().map(crate::basis::text::clean)
}

/// Redirects carry the number only at the head of their description.
fn leading_code(description: &str) -> Option<u32> {
    let digits = description.trim_start().strip_prefix("AADSTS")?;
    digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Longer ones would not fit in an authorize URL (AADSTS90015).
const LONGEST_CLAIMS: usize = 8 * 1024;

#[cfg(test)]
impl Refusal {
    /// What Entra's table of codes makes of one answer, for a stored session or at a sign-in in the browser.
    pub(crate) fn sample(error: &str, code: u32, stored: bool) -> Self {
        let body = serde_json::json!({
            "error": error,
            "error_codes": [code],
            "error_description": format!("AADSTS{code}: Words of Entra about it. Trace ID: t Correlation ID: c"),
            "trace_id": "7a1c9b0e-0000-4000-8000-000000000001",
            "correlation_id": "1c0e6d2a-0000-4000-8000-000000000002",
        });
        let moment = if stored { Moment::Refresh } else { Moment::Browser };
        body.as_object().and_then(|body| Self::of(body, None, moment)).expect("it names an error")
    }
}
