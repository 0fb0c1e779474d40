//! Error answers (facts/entra.md 4.5, 4.6).

use super::super::clock::stamp;
use super::super::codec::Pairs;
use super::super::http::Response;
use super::state::{Call, State};
use serde_json::json;

/// What went wrong, in Entra's terms.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub status: u16,
    pub error: &'static str,
    pub codes: Vec<u32>,
    text: String,
    suberror: Option<&'static str>,
    claims: Option<String>,
    no_uri: bool,
}

/// A refusal with status 400 (401 for `invalid_client`).
pub(super) fn refuse(error: &'static str, code: u32, text: &str) -> Refusal {
    let status = if error == "invalid_client" { 401 } else { 400 };
    Refusal { status, error, codes: vec![code], text: text.into(), suberror: None, claims: None, no_uri: false }
}

/// A field that is not there.
pub(super) fn missing(field: &str) -> Refusal {
    let text = format!("The request body must contain the following parameter: '{field}'.");
    refuse("invalid_request", 900_144, &text)
}

impl Refusal {
    pub fn suberror(mut self, suberror: &'static str) -> Self {
        self.suberror = Some(suberror);
        self
    }

    pub fn claims(mut self, claims: String) -> Self {
        self.claims = Some(claims);
        self
    }

    pub fn without_uri(mut self) -> Self {
        self.no_uri = true;
        self
    }

    /// One more code in front.
    pub fn after(mut self, code: u32) -> Self {
        self.codes.insert(0, code);
        self
    }

    /// As JSON, in one of the shapes that are seen.
    pub fn answer(&self, state: &mut State, call: &Call) -> Response {
        let now = stamp(state.now());
        let code = self.codes.last().copied().unwrap_or_default();
        let mut body = json!({
            "error": self.error,
            "error_description": self.description(state, call, &now),
            "error_codes": self.codes,
            "timestamp": now,
            "trace_id": call.trace,
            "correlation_id": call.correlation,
        });
        if !self.no_uri && !state.every(4) {
            body["error_uri"] = json!(format!("{}/error?code={code}", state.base));
        }
        if let Some(suberror) = self.suberror {
            body["suberror"] = json!(suberror);
        }
        if let Some(claims) = &self.claims {
            body["claims"] = json!(claims);
        }
        Response::json(self.status, &body)
    }

    /// As parameters of the redirect.
    pub fn pairs(&self, state: &mut State, call: &Call) -> Pairs {
        let now = stamp(state.now());
        let code = self.codes.last().copied().unwrap_or_default();
        let mut pairs = vec![
            ("error".to_owned(), self.error.to_owned()),
            ("error_description".to_owned(), self.description(state, call, &now)),
            ("error_uri".to_owned(), format!("{}/error?code={code}", state.base)),
        ];
        pairs.extend(self.suberror.map(|suberror| ("suberror".to_owned(), suberror.to_owned())));
        pairs
    }

    /// As a page, where Entra does not redirect.
    pub fn page(&self, state: &mut State, call: &Call) -> Response {
        let now = stamp(state.now());
        let text = super::super::codec::escape(&self.description(state, call, &now));
        let status = if self.codes == [50_011] || self.codes == [700_016] { 400 } else { 200 };
        Response::page(status, "Sorry, but we're having trouble signing you in", &format!("<p>{text}</p>"))
    }

    fn description(&self, state: &mut State, call: &Call, now: &str) -> String {
        let code = self.codes.last().copied().unwrap_or_default();
        let space = if state.every(2) { "\r\n" } else { " " };
        let (text, trace, correlation) = (&self.text, &call.trace, &call.correlation);
        format!(
            "AADSTS{code}: {text}{space}Trace ID: {trace}{space}Correlation ID: {correlation}{space}Timestamp: {now}"
        )
    }
}
