//! What is in force, what policy decides, and what was ignored.

use super::finding::{Finding, Severity};
use crate::app::words::{self, Seen};
use crate::app::world::World;
use crate::config::{self, Layer};

pub(super) fn check(world: &World) -> Vec<Finding> {
    let settings = &world.loaded.settings;
    let shown = config::show(&world.loaded);
    let locked = shown.iter().filter(|value| value.layer == Layer::Policy).count();
    let first = if settings.hosts.is_empty() {
        Finding::failed("configuration", &words::no_hosts())
    } else {
        Finding::seen("configuration", Severity::Ok, &Seen::Configured)
    };
    let file = world.places.user_file.as_ref().map_or_else(|| "none".to_owned(), |file| file.display().to_string());
    let mut findings =
        vec![first.with("hosts", settings.hosts.len()).with("set by policy", locked).with("user file", file)];
    let (_, command) = words::seen(&Seen::Configured);
    let warn = |severity| {
        let command = command.clone();
        move |text| Finding::new("configuration", severity, text, command.clone())
    };
    findings.extend(world.loaded.findings.iter().map(words::finding).map(warn(Severity::Warning)));
    let unknown = config::unknown_variables(&world.env);
    findings.extend(unknown.iter().map(words::finding).map(warn(Severity::Note)));
    findings
}
