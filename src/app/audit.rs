//! The audit trail read back: shown, checked, exported, and joined with what Entra and Bitbucket have recorded.

pub mod export;
pub mod join;
mod table;

use crate::app::wanted::Wanted;
use crate::app::world::{World, trail_file};
use crate::app::{trail, words};
use crate::audit::{self, Anchors, Kept, Row, Trace, Verdict};
use crate::basis::clock::Timestamp;
use crate::basis::credential::Ruling;
use crate::basis::failure::Failure;
use crate::basis::url::WebUrl;
use crate::vault::Place;
use join::Standing;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use export::Form;

/// Which rows are wanted.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// A date, a time (RFC 3339), or a span such as `24h`, `7d`.
    pub since: Option<String>,
    pub host: Option<String>,
}

/// `audit show`.
pub fn show(world: &World, choice: &Choice, json: bool) -> Result<String, Failure> {
    let trace = trace(world)?;
    let rows = chosen(world, choice, &trace)?;
    if json {
        return Ok(export::export(&rows, Form::Jsonl));
    }
    Ok(words::trail_table(&rows, trace.nonsense()))
}

/// `audit export`.
pub fn export(world: &World, choice: &Choice, form: Form) -> Result<String, Failure> {
    Ok(export::export(&chosen(world, choice, &trace(world)?)?, form))
}

/// `audit verify`; `anchors` is any text that somebody else has kept heads or correlation ids in.
pub fn verify(world: &World, anchors: Option<&Path>) -> Result<String, Failure> {
    let known = match anchors {
        Some(path) => Anchors::find(&table::text(path)?),
        None => Anchors::default(),
    };
    if let (Some(path), true) = (anchors, known.is_empty()) {
        return Err(words::no_anchors(path));
    }
    let file = file(world);
    let verdict = judge(world, &trace(world)?, &known)?;
    if verdict.flaws.is_empty() {
        Ok(words::trail_holds(&file, &verdict))
    } else {
        Err(words::trail_broken(&file, &verdict))
    }
}

/// The check itself. Where the key cannot be read now, and the rest shows nothing, that is the failure: the seals would
/// pass for unchecked.
pub fn judge(world: &World, trace: &Trace, anchors: &Anchors) -> Result<Verdict, Failure> {
    match trail::kept_key(world) {
        Ok(Some(key)) => Ok(audit::verify(trace, Kept::Here(&key), anchors)),
        Ok(None) if world.vault.get().place() == Place::Keyring => Ok(audit::verify(trace, Kept::Gone, anchors)),
        Ok(None) => Ok(audit::verify(trace, Kept::Forgotten, anchors)),
        Err(error) => {
            let verdict = audit::verify(trace, Kept::Forgotten, anchors);
            if verdict.flaws.is_empty() { Err(words::vault(&error)) } else { Ok(verdict) }
        }
    }
}

/// `audit join`.
pub fn join(world: &World, entra: &Path, atlassian: &Path, json: bool) -> Result<String, Failure> {
    let trace = trace(world)?;
    let (sign_ins, events) = (table::read(entra)?, table::read(atlassian)?);
    for (path, known) in [(entra, join::are_sign_ins(&sign_ins)), (atlassian, join::are_events(&events))] {
        if !known {
            return Err(words::bad_export(path));
        }
    }
    let mut joined = join::join(&audit::rows(&trace), &sign_ins, &events);
    let verdict = judge(world, &trace, &Anchors::default())?;
    joined.trail = Standing {
        file: file(world).display().to_string(),
        holds: verdict.flaws.is_empty(),
        records: verdict.records,
        head: verdict.head,
        flaws: verdict.flaws.iter().map(words::flaw).collect(),
    };
    if json {
        return Ok(format!("{:#}\n", serde_json::json!(joined)));
    }
    Ok(words::joined(&joined))
}

/// By which rule a broker issued the last token of a host; nothing where no broker said so, or the trail cannot be read.
pub fn last_ruling(world: &World, wanted: &Wanted<'_>) -> Ruling {
    let url = Some(wanted.host.url.to_string());
    let rows = trace(world).map(|trace| audit::rows(&trace)).unwrap_or_default();
    let last = rows.into_iter().rfind(|row| row.event == "mint" && row.host == url);
    last.map(|row| Ruling { rule: row.rule, policy: row.policy }).unwrap_or_default()
}

fn chosen(world: &World, choice: &Choice, trace: &Trace) -> Result<Vec<Row>, Failure> {
    let since = choice.since.as_deref().map(|text| since(world, text)).transpose()?;
    let host = choice.host.as_deref();
    let host = host.map(|text| text.parse::<WebUrl>().map_err(|error| words::not_a_host(text, &error))).transpose()?;
    let host = host.map(|url| url.to_string());
    let mut rows = audit::rows(trace);
    rows.retain(|row| since.as_ref().is_none_or(|since| row.time >= *since));
    rows.retain(|row| host.is_none() || row.host == host);
    Ok(rows)
}

/// As the trail writes times, so that texts compare.
fn since(world: &World, text: &str) -> Result<String, Failure> {
    let number = |unit: char| text.strip_suffix(unit).and_then(|number| number.parse::<u64>().ok());
    let ago = number('h').map(|hours| hours.saturating_mul(3600));
    let ago = ago.or_else(|| number('d').map(|days| days.saturating_mul(24 * 3600)));
    let moment = match ago {
        Some(seconds) => Some(world.clock.now().before(Duration::from_secs(seconds))),
        None => Timestamp::parse(text).or_else(|| Timestamp::parse(&format!("{text}T00:00:00Z"))),
    };
    moment.map(Timestamp::rfc3339).ok_or_else(|| words::bad_since(text))
}

/// The trail as it lies there.
pub fn trace(world: &World) -> Result<Trace, Failure> {
    let file = file(world);
    audit::read(&file, &world.places.state, &*world.clock).map_err(|error| words::trail_unreadable(&file, &error))
}

fn file(world: &World) -> PathBuf {
    trail_file(&world.places, &world.loaded.settings.audit)
}
