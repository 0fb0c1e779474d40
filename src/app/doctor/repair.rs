//! `doctor --fix`: what can be set right without taking anything away from anybody.

use super::finding::{Finding, Severity};
use crate::app::chain::{include_file, surroundings};
use crate::app::setup::chain::Verdict;
use crate::app::setup::{self, SetupError, words};
use crate::app::words::Seen;
use crate::app::world::World;
use crate::basis::permissions;

/// What was repaired, and what could not be.
pub(super) fn repair(world: &World) -> Vec<Finding> {
    permissions(world).into_iter().chain(registration(world)).collect()
}

fn permissions(world: &World) -> Option<Finding> {
    let state = &world.places.state;
    let finding = match permissions::close_to_others(state) {
        Ok(0) => return None,
        Ok(count) => Finding::seen("fix", Severity::Ok, &Seen::Closed(state)).with("files", count),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => Finding::seen("fix", Severity::Warning, &Seen::NotClosed(state, &error.to_string())),
    };
    Some(finding.with("directory", state.display()))
}

/// `setup` again, where git does not ask us first and alone.
fn registration(world: &World) -> Option<Finding> {
    let hosts = &world.loaded.settings.hosts;
    let include = include_file(&world.places, false).ok()?;
    let surroundings = surroundings(&world.env, &world.exe, &include);
    let wrong = |host| setup::replay(&surroundings, host).is_ok_and(|chain| chain.verdict != Verdict::First);
    if !hosts.iter().any(wrong) {
        return None;
    }
    let done = setup::check_home(&surroundings)
        .and_then(|()| setup::plan(&surroundings, hosts))
        .and_then(|plan| setup::apply(&plan));
    Some(match done {
        Ok(_) => Finding::seen("fix", Severity::Ok, &Seen::SetUpAgain),
        Err(error) => not_repaired(&error),
    })
}

fn not_repaired(error: &SetupError) -> Finding {
    Finding::failed("fix", &words::failure(error))
}
