//! Public documents of the authority, kept as files so that not every process fetches them. A file that cannot be
//! read or written is as good as none.

use super::refusal::Moment;
use super::{Entra, SessionError, wire};
use crate::basis::clock::Timestamp;
use crate::basis::digest;
use crate::basis::files::{private_dir, put_private, read_private};
use crate::net::Call;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Duration;

/// How old a kept document may be.
#[derive(Clone, Copy)]
pub(super) struct Age {
    longest: Duration,
    /// The kept document does not do, unless it was fetched for this very reason.
    once_more: bool,
}

impl Age {
    /// A document that is younger will do.
    pub(super) fn of(longest: Duration) -> Self {
        Self { longest, once_more: false }
    }

    /// Something is missing from the kept document: it is fetched again, at most once in this time.
    pub(super) fn once_more(longest: Duration) -> Self {
        Self { longest, once_more: true }
    }

    fn does(self, kept: &Kept, now: Timestamp) -> bool {
        let young = kept.fetched <= now && kept.fetched.until(now) < self.longest;
        young && (kept.once_more || !self.once_more)
    }
}

/// The document at `url`: the kept one while it is young enough, else a fresh one, else (where there is no
/// usable answer) the last good one. Whatever `read` refuses is not kept.
pub(super) fn fetched<T>(
    entra: &Entra<'_>,
    url: &str,
    age: Age,
    read: impl Fn(&[u8]) -> Result<T, SessionError>,
    moment: Moment,
) -> Result<T, SessionError> {
    let file = entra.cache.join(format!("{}.json", &digest::of_fields([url])[..32]));
    let kept = load(&file).filter(|kept| kept.url == url && read(kept.body.as_bytes()).is_ok());
    let now = entra.clock.now();
    if let Some(kept) = kept.as_ref().filter(|kept| age.does(kept, now)) {
        return read(kept.body.as_bytes());
    }
    let fresh = fetch(entra, url, kept.as_ref(), &read, moment);
    match (fresh, kept) {
        (Ok(fresh), _) => {
            let fresh = Kept { once_more: age.once_more, ..fresh };
            keep(&file, &fresh);
            read(fresh.body.as_bytes())
        }
        (Err(error), Some(kept)) if no_answer(&error) => read(kept.body.as_bytes()),
        (Err(error), _) => Err(error),
    }
}

/// A document as kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    url: String,
    fetched: Timestamp,
    etag: Option<String>,
    body: String,
    /// Fetched because something was missing from the one before.
    #[serde(default)]
    once_more: bool,
}

fn fetch<T>(
    entra: &Entra<'_>,
    url: &str,
    kept: Option<&Kept>,
    read: &impl Fn(&[u8]) -> Result<T, SessionError>,
    moment: Moment,
) -> Result<Kept, SessionError> {
    let mut call = Call::get(url);
    let known = kept.and_then(|kept| Some((kept.etag.as_ref()?, &kept.body)));
    if let Some((etag, _)) = known {
        call = call.header("if-none-match", etag.as_bytes());
    }
    let reply = entra.http.send(&call)?;
    let etag = reply.header("etag").map(str::to_owned);
    let fetched = entra.clock.now();
    if let (304, Some((old, body))) = (reply.status, known) {
        let etag = etag.or_else(|| Some(old.clone()));
        return Ok(Kept { url: url.to_owned(), fetched, etag, body: body.clone(), once_more: false });
    }
    let object = wire::object(call.place(), &reply, moment)?;
    let body = serde_json::Value::Object(object).to_string();
    read(body.as_bytes())?;
    Ok(Kept { url: url.to_owned(), fetched, etag, body, once_more: false })
}

/// Where the authority did not speak; what it did say is believed over what is kept.
fn no_answer(error: &SessionError) -> bool {
    match error {
        SessionError::Refused(refusal) => refusal.action == super::Action::Later,
        SessionError::Net(_) | SessionError::Upstream { .. } | SessionError::Throttled { .. } => true,
        _ => false,
    }
}

fn load(file: &Path) -> Option<Kept> {
    serde_json::from_slice(&read_private(file).ok()??).ok()
}

/// Public, but the keys that we trust are among it: nobody else may write here. The state directory above is never
/// made here: whoever owns it checks it.
fn keep(file: &Path, kept: &Kept) {
    let Ok(bytes) = serde_json::to_vec(kept) else { return };
    let Some(folder) = file.parent().filter(|folder| folder.parent().is_some_and(Path::is_dir)) else { return };
    if private_dir(folder).is_ok() {
        _ = put_private(file, &bytes);
    }
}

/// Entra's own `max-age`.
pub(super) const DAY: Duration = Duration::from_secs(86_400);
