//! `setup --user --quiet`, `--migrate` and `--admin`.

use crate::app::chain;
use crate::app::setup::migrate::{self, Found, Wish};
use crate::app::setup::{self, SetupError, admin, user};
use crate::app::words;
use crate::app::world::World;
use crate::basis::failure::Failure;
use crate::config;
use std::path::PathBuf;
use std::time::Duration;

/// `setup --migrate` as typed.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are flags as typed")]
pub struct Migration {
    /// Repositories below them are looked at, too.
    pub roots: Vec<PathBuf>,
    pub wish: Wish,
    pub undo: bool,
    pub dry_run: bool,
    pub yes: bool,
    pub json: bool,
}

/// A command's result, and what still has to be said of it.
pub struct Told {
    pub text: String,
    pub failure: Option<Failure>,
}

/// `setup --user --quiet`.
pub fn quietly(world: &World) -> Result<(), Failure> {
    let Ok(include) = chain::include_file(&world.places, false) else { return Ok(()) };
    let surroundings = chain::surroundings(&world.env, &world.exe, &include);
    user::register(&surroundings, &world.loaded.settings.hosts).map_err(|error| fail(&error))
}

/// `setup --migrate`.
pub fn migrate(world: &World, typed: &Migration) -> Result<Told, Failure> {
    let record = world.places.state.join("migrated.json");
    let settings = &world.loaded.settings;
    if typed.undo {
        let undone = migrate::undo(&record, typed.dry_run).map_err(|error| fail(&error))?;
        let failure = (!undone.left.is_empty()).then(|| words::migrate_left(undone.left.len()));
        return Ok(Told { text: setup::words::undone(&undone, typed.json, typed.dry_run), failure });
    }
    if settings.hosts.is_empty() {
        return Err(words::no_hosts());
    }
    let include = chain::include_file(&world.places, false)?;
    let surroundings = chain::surroundings(&world.env, &world.exe, &include);
    setup::check_home(&surroundings).map_err(|error| fail(&error))?;
    let seen = migrate::look(&surroundings, settings, &typed.roots).map_err(|error| fail(&error))?;
    let found = seen.found();
    let changes = found.iter().filter(|one| typed.wish.covers(one)).filter(|one| one.left.is_none()).count();
    if changes == 0 || typed.dry_run {
        let failure = open(&found, typed.wish, |one| one.left.is_none());
        return Ok(Told { text: setup::words::found(&found, &[], typed.wish, typed.json), failure });
    }
    if !typed.yes {
        ask(world, &setup::words::found(&found, &[], typed.wish, false), typed.wish, changes)?;
    }
    let applied = seen.apply(&surroundings, settings, typed.wish);
    if !applied.rewritten.is_empty() {
        migrate::keep(&record, &applied.rewritten).map_err(|error| fail(&error))?;
    }
    let text = setup::words::found(&found, &applied.changed, typed.wish, typed.json);
    let not_done = || open(&found, typed.wish, |one| applied.changed.contains(one));
    let failure = applied.error.as_ref().map(fail).or_else(not_done);
    Ok(Told { text, failure })
}

/// `setup --admin`.
pub fn admin(world: &World, typed: &admin::Wish) -> Result<String, Failure> {
    let plan = admin::plan(&world.loaded.settings, typed).map_err(|error| words::admin(&error))?;
    let files =
        if typed.out.is_some() { admin::files(&plan).map_err(|error| words::admin(&error))? } else { Vec::new() };
    let check = |path: &std::path::Path| config::validate(path).map_err(|error| error.to_string());
    let written = match &typed.out {
        Some(out) => admin::write(out, &files, typed.dry_run, &check).map_err(|error| words::admin(&error))?,
        None => Vec::new(),
    };
    Ok(if typed.json {
        admin::json(&plan)
    } else {
        setup::words::checklist(&plan) + &setup::words::written(&written, typed.dry_run)
    })
}

fn ask(world: &World, shown: &str, wish: Wish, changes: usize) -> Result<(), Failure> {
    world.ui.show(shown);
    match world.ui.ask(setup::words::migrate_question(wish), ANSWER_WITHIN) {
        Some(line) if matches!(line.trim(), "y" | "Y" | "yes" | "Yes") => Ok(()),
        Some(_) => Err(words::migrate_declined()),
        None => Err(words::migrate_unasked(changes)),
    }
}

/// What was asked for and could not be done.
fn open(found: &[Found], wish: Wish, done: impl Fn(&Found) -> bool) -> Option<Failure> {
    let count = found.iter().filter(|one| wish.covers(one) && !done(one)).count();
    (count > 0).then(|| words::migrate_left(count))
}

fn fail(error: &SetupError) -> Failure {
    setup::words::failure(error)
}

const ANSWER_WITHIN: Duration = Duration::from_secs(300);
