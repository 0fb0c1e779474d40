//! Which git is found, and whether it is one that we work with.

use super::finding::{Finding, Severity};
use crate::app::setup::git::Git;
use crate::app::setup::{SetupError, words};
use crate::app::words::Seen;
use crate::basis::env::Env;

pub(super) fn check(env: &Env) -> Vec<Finding> {
    let all = Git::all(env);
    let asked = Git::find(env).and_then(|git| Ok((git.version()?, git)));
    let (version, git) = match asked {
        Ok(found) => found,
        Err(error) => return vec![Finding::failed("git", &words::failure(&SetupError::Git(error)))],
    };
    let finding = if old(&version) {
        Finding::seen("git", Severity::Warning, &Seen::GitOld)
    } else {
        Finding::seen("git", Severity::Ok, &Seen::GitFound)
    };
    let finding = finding.with("version", version).with("program", git.program().display());
    vec![if all.len() > 1 { finding.with("others in PATH", all.len() - 1) } else { finding }]
}

/// Before 2.25; a version that cannot be read counts as new.
fn old(version: &str) -> bool {
    let mut numbers = version.split('.').map_while(|number| number.parse::<u32>().ok());
    matches!((numbers.next(), numbers.next()), (Some(major), Some(minor)) if (major, minor) < (2, 25))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(old("2.9.5") && old("1.99.0") && old("2.24.4"));
        assert!(!old("2.25.0") && !old("2.100.0") && !old("3.0.0") && !old("next"));
    }
}
