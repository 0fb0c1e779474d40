//! What is in force, what policy decides, and what was ignored.

use super::finding::{Finding, Severity};
use crate::app::words;
use crate::app::world::World;
use crate::config::{self, Layer};

pub(super) fn check(world: &World) -> Vec<Finding> {
    let settings = &world.loaded.settings;
    let shown = config::show(&world.loaded);
    let locked = shown.iter().filter(|value| value.layer == Layer::Policy).count();
    let first = if settings.hosts.is_empty() {
        Finding::failed("configuration", &words::no_hosts())
    } else {
        Finding::new("configuration", Severity::Ok, "the configuration is usable", CONFIG_SHOW)
    };
    let file = world.places.user_file.as_ref().map_or_else(|| "none".to_owned(), |file| file.display().to_string());
    let mut findings =
        vec![first.with("hosts", settings.hosts.len()).with("set by policy", locked).with("user file", file)];
    let warn = |severity| move |text| Finding::new("configuration", severity, text, CONFIG_SHOW);
    findings.extend(world.loaded.findings.iter().map(words::finding).map(warn(Severity::Warning)));
    let unknown = config::unknown_variables(&world.env);
    findings.extend(unknown.iter().map(words::finding).map(warn(Severity::Note)));
    findings
}

const CONFIG_SHOW: &str = "git credential-bitbucket-sso config show";
