//! Whether git asks us first, host by host.

use super::finding::{Finding, Severity};
use crate::app::chain::{include_file, surroundings};
use crate::app::setup::chain::{Chain, Verdict};
use crate::app::setup::{self, words};
use crate::app::world::World;
use crate::config::settings::Host;

pub(super) fn check(world: &World) -> Vec<Finding> {
    let include = match include_file(&world.places, false) {
        Ok(include) => include,
        Err(failure) => return vec![Finding::failed("registration", &failure)],
    };
    let surroundings = surroundings(&world.env, &world.exe, &include);
    if let Err(error) = setup::check_home(&surroundings) {
        return vec![Finding::failed("registration", &words::failure(&error))];
    }
    let host = |host: &Host| match setup::replay(&surroundings, host) {
        Ok(chain) => judged(host, &chain),
        Err(error) => Finding::failed("registration", &words::failure(&error)),
    };
    let mut findings: Vec<Finding> = world.loaded.settings.hosts.iter().map(host).collect();
    // Where git itself is the trouble, once is enough.
    findings.dedup_by(|one, other| one.id.is_some() && one.id == other.id);
    findings
}

/// The worst part decides the severity; the words are those of `setup`.
fn judged(host: &Host, chain: &Chain) -> Finding {
    let parts = chain.narrower.iter().map(|part| (part.verdict, part.culprit.as_ref()));
    let all = std::iter::once((chain.verdict, chain.culprit.as_ref())).chain(parts);
    let (verdict, culprit) = all.max_by_key(|(verdict, _)| rank(*verdict)).unwrap_or((chain.verdict, None));
    let severity = match verdict {
        Verdict::First => Severity::Ok,
        Verdict::OthersAlso => Severity::Warning,
        Verdict::NotFirst | Verdict::Absent => Severity::Error,
    };
    let told = words::chain(host, chain);
    let summary = told.lines().filter(|line| !line.starts_with(' ')).collect::<Vec<_>>().join("; ");
    let finding = Finding::new("registration", severity, summary, words::repair(culprit)).with("host", &host.url);
    culprit.map_or(finding.clone(), |line| finding.with("scope", line.scope.as_deref().unwrap_or("unknown")))
}

fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::First => 0,
        Verdict::OthersAlso => 1,
        Verdict::NotFirst => 2,
        Verdict::Absent => 3,
    }
}
