//! What is said when many machines, pipelines and old habits are set up.

use crate::app::setup::admin::AdminError;
use crate::basis::failure::{Failure, Kind};
use crate::basis::text::clean;

/// `ci env` cannot go on counting.
pub fn ci_count(found: &str) -> Failure {
    let what = format!("the variable GIT_CONFIG_COUNT is `{}`, which is no number that git takes", clean(found));
    Failure::new(Kind::Config, "ci-env-count", what, "unset GIT_CONFIG_COUNT")
}

/// There is no terminal to ask at.
pub fn migrate_unasked(changes: usize) -> Failure {
    let what = format!("{changes} changes were not made: there is no terminal to ask at");
    Failure::new(Kind::SignInNeeded, "migrate-unasked", what, "look at them with --dry-run, then add --yes")
}

/// The person did not agree.
pub fn migrate_declined() -> Failure {
    let what = "nothing was changed: the answer was no";
    Failure::new(Kind::Declined, "migrate-declined", what, "git credential-bitbucket-sso setup --migrate")
}

/// Places that only a person can change.
pub fn migrate_left(count: usize) -> Failure {
    let what = format!("places that were left as they are, because only their owner should change them: {count}");
    Failure::new(Kind::Config, "migrate-left-alone", what, "change them by hand where the list says why")
}

/// `setup --admin`.
pub fn admin(error: &AdminError) -> Failure {
    match error {
        AdminError::Incomplete(missing) => {
            let what = format!("the organisation's configuration is not complete: {missing} is missing");
            let help = format!("add it: git credential-bitbucket-sso setup --admin … {}", flag(missing));
            Failure::new(Kind::Usage, "admin-incomplete", what, help)
        }
        AdminError::Invalid(why) => {
            let what = "the configuration that was asked for is not valid";
            Failure::new(Kind::Usage, "admin-invalid", what, "correct what the detail names").with_detail(clean(why))
        }
        AdminError::Differs(path) => {
            let name = clean(&path.to_string_lossy());
            let what = format!("{name} is there and says otherwise, so nothing was written");
            Failure::new(
                Kind::Config,
                "admin-file-differs",
                what,
                "choose another directory for --out, or move that file",
            )
        }
        AdminError::Write(error) => crate::app::setup::words::failure(error),
    }
}

fn flag(missing: &str) -> String {
    match missing {
        "host.client_id" => "--consumer ID".to_owned(),
        key => format!("--{} VALUE", key.rsplit('.').next().unwrap_or(key).replace('_', "-")),
    }
}
