//! An organisation's configuration: taken by `setup`, looked at again by `login` once a day.

use crate::app::commands::SetupWish;
use crate::app::setup::bootstrap::{self, BootstrapError, Consent, Kept, Offer, Origin};
use crate::app::setup::words;
use crate::app::words::no_home;
use crate::app::world::World;
use crate::basis::clock::Timestamp;
use crate::basis::failure::Failure;
use crate::basis::files::{private_dir, put_private, read_private};
use crate::config;
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::path::Path;
use std::time::Duration;

/// Fetches, shows, asks once, writes; what is printed of it.
pub fn take(world: &World, wish: &SetupWish, origin: &Origin, stdin: &mut dyn Read) -> Result<String, Failure> {
    let fail = |error: &BootstrapError| words::bootstrap_failure(error);
    let signers = &world.loaded.settings.fleet.signers;
    let offer = bootstrap::fetch(origin, world.http.get(), stdin, &config::toml_value, signers);
    let offer = offer.map_err(|error| fail(&error))?;
    let shown = words::offer(&offer);
    if wish.dry_run {
        return Ok(shown);
    }
    let consent = bootstrap::consent(&offer, wish.yes, wish.sha256.as_deref()).map_err(|error| fail(&error))?;
    if consent == Consent::Ask {
        match agreed(world, &shown) {
            Some(true) => {}
            Some(false) => return Err(words::declined()),
            None => return Err(words::nobody_to_ask(&offer)),
        }
    }
    let kept = keep(world, &offer)?;
    Note::of(&offer, world.clock.now()).save(world);
    let file = world.places.user_file.clone().unwrap_or_default();
    Ok(match kept {
        Kept::Written => format!("{} written\n", file.display()),
        Kept::Unchanged => format!("{} already says so\n", file.display()),
    })
}

/// Looks once a day whether the document that `setup` took has a new version. What is new about whom to trust is asked
/// about, everything else is taken. Nothing that goes wrong here stops a sign-in. Returns whether the user file changed.
pub fn refresh(world: &World) -> bool {
    let now = world.clock.now();
    let Some((origin, text)) = taken(world) else { return false };
    let mut note = Note::load(world).filter(|note| note.origin == origin.to_string()).unwrap_or_default();
    if note.asked <= now && now < note.asked.after(DAY) {
        return false;
    }
    note.origin = origin.to_string();
    note.asked = now;
    note.problem = None;
    let changed = look(world, &origin, &text, &mut note).unwrap_or_else(|why| {
        note.problem = Some(words::not_refreshed(&note.origin, &now.rfc3339(), &why));
        false
    });
    note.save(world);
    changed
}

/// What a person should know of the last look, for `status` and `doctor`.
pub fn complaints(world: &World) -> Vec<String> {
    let Some((origin, _)) = taken(world) else { return Vec::new() };
    let Some(note) = Note::load(world).filter(|note| note.origin == origin.to_string()) else { return Vec::new() };
    let waiting = || words::waiting(&note.origin, &note.waiting, note.declined.is_some());
    let waiting = (!note.waiting.is_empty()).then(waiting);
    waiting.into_iter().chain(note.problem.clone()).collect()
}

/// Whether the user file changed; what went wrong, in words.
fn look(world: &World, origin: &Origin, text: &str, note: &mut Note) -> Result<bool, String> {
    let say = |error: BootstrapError| words::bootstrap_failure(&error).what;
    // A version that still waits for an answer is fetched whole, so that it can be shown.
    let etag = note.etag.clone().filter(|_| note.waiting.is_empty() || note.declined.is_some());
    let fetched = bootstrap::fetch_again(origin, world.http.get(), &config::toml_value, etag.as_deref());
    let Some(offer) = fetched.map_err(say)? else { return Ok(false) };
    if note.declined.as_ref() == Some(&offer.sha256) {
        return Ok(false);
    }
    let changes = bootstrap::changes(&offer, text, &config::toml_value).map_err(say)?;
    *note = Note { asked: note.asked, ..Note::of(&offer, note.asked) };
    if changes.is_empty() {
        return Ok(false);
    }
    if changes.iter().any(|change| change.trust) {
        let answer = agreed(world, &words::offered_again(&offer, &changes));
        if answer != Some(true) {
            note.waiting = changes.into_iter().map(|change| change.text).collect();
            note.declined = answer.map(|_| offer.sha256.clone());
            return Ok(false);
        }
    }
    let kept = keep(world, &offer).map_err(|failure| {
        note.etag = None;
        failure.what
    })?;
    if changes.iter().all(|change| !change.trust) {
        world.ui.tell(&words::refreshed(&note.origin, &changes));
    }
    Ok(kept == Kept::Written)
}

/// The address that the user file was taken from, and the file; `None` for a file that a person wrote.
fn taken(world: &World) -> Option<(Origin, String)> {
    let text = std::fs::read_to_string(world.places.user_file.as_ref()?).ok()?;
    Some((bootstrap::origin_of(&text)?, text))
}

fn keep(world: &World, offer: &Offer) -> Result<Kept, Failure> {
    let user_file = world.places.user_file.clone().ok_or_else(no_home)?;
    let check = |path: &Path| config::validate(path).map_err(|error| without_place(path, &error.to_string()));
    let kept = bootstrap::keep(offer, &user_file, &check, &config::toml_value);
    kept.map_err(|error| words::bootstrap_failure(&error))
}

/// The person's answer; `None` if nobody could be asked.
fn agreed(world: &World, shown: &str) -> Option<bool> {
    world.ui.show(shown);
    let line = world.ui.ask(words::question(), ANSWER_WITHIN)?;
    Some(matches!(line.trim(), "y" | "Y" | "yes" | "Yes"))
}

/// A flaw of an offered document, without the place of our copy of it.
fn without_place(path: &Path, flaw: &str) -> String {
    let rest = flaw.strip_prefix(&*path.to_string_lossy()).and_then(|rest| rest.split_once(": "));
    rest.map_or(flaw, |(_line, why)| why).to_owned()
}

/// What is remembered between two looks. Nothing of it is secret, and losing it costs one look.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Note {
    origin: String,
    asked: Timestamp,
    etag: Option<String>,
    /// The changes of a version that nobody has agreed to.
    waiting: Vec<String>,
    /// The SHA-256 of the version that a person said no to.
    declined: Option<String>,
    problem: Option<String>,
}

impl Default for Note {
    fn default() -> Self {
        let asked = Timestamp(i64::MIN);
        Self { origin: String::new(), asked, etag: None, waiting: Vec::new(), declined: None, problem: None }
    }
}

impl Note {
    /// An offer that is in force.
    fn of(offer: &Offer, asked: Timestamp) -> Self {
        Self { origin: offer.summary.origin.clone(), asked, etag: offer.etag.clone(), ..Self::default() }
    }

    fn load(world: &World) -> Option<Self> {
        serde_json::from_slice(&read_private(&world.places.state.join(NOTE)).ok()??).ok()
    }

    /// A note that cannot be written costs one more look.
    fn save(&self, world: &World) {
        let state = &world.places.state;
        if private_dir(state).is_ok()
            && let Ok(bytes) = serde_json::to_vec(self)
        {
            _ = put_private(&state.join(NOTE), &bytes);
        }
    }
}

const NOTE: &str = "organisation.json";
const DAY: Duration = Duration::from_secs(24 * 3600);
const ANSWER_WITHIN: Duration = Duration::from_secs(300);
