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

/// The document at `url`: the kept one while it is younger than `age`, else a fresh one, else (where there is no
/// usable answer) the last good one. Whatever `read` refuses is not kept.
pub(super) fn fetched<T>(
    entra: &Entra<'_>,
    url: &str,
    age: Duration,
    read: impl Fn(&[u8]) -> Result<T, SessionError>,
    moment: Moment,
) -> Result<T, SessionError> {
    let file = entra.cache.join(format!("{}.json", &digest::of_fields([url])[..32]));
    let kept = load(&file).filter(|kept| kept.url == url && read(kept.body.as_bytes()).is_ok());
    let now = entra.clock.now();
    if let Some(kept) = kept.as_ref().filter(|kept| kept.fetched <= now && kept.fetched.until(now) < age) {
        return read(kept.body.as_bytes());
    }
    let fresh = fetch(entra, url, kept.as_ref(), &read, moment);
    match (fresh, kept) {
        (Ok(fresh), _) => {
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
        return Ok(Kept { url: url.to_owned(), fetched, etag, body: body.clone() });
    }
    let object = wire::object(call.place(), &reply, moment)?;
    let body = serde_json::Value::Object(object).to_string();
    read(body.as_bytes())?;
    Ok(Kept { url: url.to_owned(), fetched, etag, body })
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
