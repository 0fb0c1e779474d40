//! Trouble on the line: what any server may do to any request, before or after it has been carried out.

use super::http::{Handler, Reply, Request, Response};
use super::journal::Journal;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The troubles that await one server's requests.
#[derive(Debug, Default)]
pub struct Weather(Mutex<Vec<Rule>>);

/// One trouble and whom it meets.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Part of the request's path; empty for all.
    pub path: String,
    pub trouble: Trouble,
    /// How often; `None` until cleared.
    pub times: Option<u32>,
    /// The request is carried out first: a token is rotated, then the answer is lost.
    pub after: bool,
}

/// What happens instead of the answer.
#[derive(Clone, Debug)]
pub enum Trouble {
    Drop,
    Hang,
    /// The right answer, after so many milliseconds.
    Slow(u64),
    /// The status with a page of HTML, as a reverse proxy sends it.
    Html(u16),
    /// The status with this body; its type is JSON.
    Json(u16, String),
    /// The status with this text.
    Text(u16, String),
    /// 429 (or 503) as plain text, with `Retry-After` in seconds.
    Throttled(u16, Option<u64>),
    /// 307 to this URL.
    Redirect(String),
    /// The right answer cut in half (with `after`), else half a JSON text.
    Truncated,
    Endless,
}

impl Weather {
    /// Adds a trouble that meets the next `times` requests whose path contains `path`.
    pub fn next(&self, path: &str, times: u32, trouble: Trouble) {
        self.add(Rule { path: path.into(), trouble, times: Some(times), after: false });
    }

    /// Adds a trouble that comes after the request was carried out.
    pub fn after_next(&self, path: &str, times: u32, trouble: Trouble) {
        self.add(Rule { path: path.into(), trouble, times: Some(times), after: true });
    }

    /// Adds a trouble that stays until [`Weather::clear`].
    pub fn always(&self, path: &str, trouble: Trouble) {
        self.add(Rule { path: path.into(), trouble, times: None, after: false });
    }

    /// Adds a rule.
    pub fn add(&self, rule: Rule) {
        self.0.lock().unwrap().push(rule);
    }

    /// Whether every trouble has met its requests.
    pub fn is_clear(&self) -> bool {
        self.0.lock().unwrap().iter().all(|rule| rule.times == Some(0))
    }

    /// Sunshine.
    pub fn clear(&self) {
        self.0.lock().unwrap().clear();
    }

    fn meet(&self, path: &str, after: bool) -> Option<Trouble> {
        let mut rules = self.0.lock().unwrap();
        let met = |rule: &Rule| rule.after == after && rule.times != Some(0) && path.contains(&rule.path);
        let rule = rules.iter_mut().find(|rule| met(rule))?;
        rule.times = rule.times.map(|times| times - 1);
        Some(rule.trouble.clone())
    }
}

/// A server's handler behind its weather, with a journal entry for each request.
pub fn behind(
    server: &'static str,
    journal: &Arc<Journal>,
    weather: &Arc<Weather>,
    handle: impl Fn(&Request) -> Reply + Send + Sync + 'static,
) -> Handler {
    let (journal, weather) = (Arc::clone(journal), Arc::clone(weather));
    Arc::new(move |request| {
        let reply = match weather.meet(&request.path, false) {
            Some(Trouble::Slow(delay)) => Reply::Later(Duration::from_millis(delay), Box::new(handle(request))),
            Some(trouble) => trouble.instead_of(None),
            None => handle(request),
        };
        let reply = match weather.meet(&request.path, true) {
            Some(Trouble::Slow(delay)) => Reply::Later(Duration::from_millis(delay), Box::new(reply)),
            Some(trouble) => trouble.instead_of(reply.response().cloned()),
            None => reply,
        };
        journal.note(server, request, &reply);
        reply
    })
}

impl Trouble {
    fn instead_of(self, answer: Option<Response>) -> Reply {
        let half = || Response::new(200, "application/json", "{\"access_token\": \"half of a token\", \"expi");
        match self {
            Self::Drop => Reply::Drop,
            Self::Hang => Reply::Hang,
            Self::Slow(_) => unreachable!("a slow answer is still the answer"),
            Self::Html(status) => Response::page(status, "Gateway", "<p>The service is not available.</p>").into(),
            Self::Json(status, body) => Response::new(status, "application/json", body).into(),
            Self::Text(status, body) => Response::text(status, &body).into(),
            Self::Throttled(status, after) => throttled(status, after).into(),
            Self::Redirect(url) => {
                let mut response = Response::redirect(&url);
                response.status = 307;
                response.into()
            }
            Self::Truncated => Reply::Truncated(answer.unwrap_or_else(half)),
            Self::Endless => Reply::Endless(answer.unwrap_or_else(half)),
        }
    }
}

fn throttled(status: u16, after: Option<u64>) -> Response {
    let response = match status {
        503 => Response::page(503, "Service unavailable", ""),
        _ => Response::text(status, "Too Many Requests"),
    };
    match after {
        Some(seconds) => response.with("Retry-After", &seconds.to_string()),
        None => response,
    }
}
