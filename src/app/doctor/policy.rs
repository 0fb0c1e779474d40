//! What a fleet's inventory wants to know: which policy is in force here, and whether this program is new enough for it.

use super::finding::{Finding, Severity};
use crate::app::world::World;
use crate::app::{organisation, words};
use crate::basis::version::Version;
use crate::config;

pub(super) fn check(world: &World) -> Vec<Finding> {
    let (values, digest) = config::policy_digest(&world.loaded);
    let finding = match (world.loaded.settings.fleet.wanted_version, values) {
        (Some(wanted), _) => Finding::failed("policy", &words::too_old(wanted, Version::own())),
        (None, 0) => Finding::new("policy", Severity::Ok, "no policy is in force", CONFIG_SHOW),
        (None, _) => Finding::new("policy", Severity::Ok, "a policy is in force", CONFIG_SHOW),
    };
    let shown = if values == 0 { "none".to_owned() } else { digest };
    let policy = finding.with("version", Version::own()).with("values", values).with("digest", shown);
    let waiting = organisation::complaints(world);
    let waiting = waiting.into_iter().map(|text| Finding::new("policy", Severity::Warning, text, LOGIN));
    [policy].into_iter().chain(waiting).collect()
}

const CONFIG_SHOW: &str = "git credential-bitbucket-sso config show";
const LOGIN: &str = "git credential-bitbucket-sso login";
