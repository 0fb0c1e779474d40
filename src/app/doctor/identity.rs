//! Workloads: which identity was detected and why, what it says of itself, and what Entra makes of it.

use super::OURS;
use super::finding::{Finding, Severity};
use crate::app::pick;
use crate::app::wanted::Wanted;
use crate::app::words;
use crate::app::workload;
use crate::app::world::World;
use crate::config::settings::Identity;
use crate::identity::{self, Claims, Shown};

/// One finding per identity and per host that uses it; nothing for people.
pub(super) fn check(world: &World, offline: bool) -> Vec<Finding> {
    let hosts = pick::hosts(world, None).unwrap_or_default();
    let workloads = hosts.iter().filter(|wanted| wanted.profile.identity != Identity::User);
    workloads.flat_map(|wanted| host(world, wanted, offline)).collect()
}

fn host(world: &World, wanted: &Wanted<'_>, offline: bool) -> Vec<Finding> {
    let detected = match workload::detected(world, wanted) {
        Ok(detected) => detected,
        Err(failure) => return vec![Finding::failed("identity", &failure)],
    };
    let command = format!("{OURS} status");
    let found = Finding::new("identity", Severity::Ok, "this machine has an identity", command)
        .with("identity", words::detected_as(&detected))
        .with("host", &wanted.host.url);
    if offline {
        return vec![found];
    }
    let shown = match identity::show(&workload::here(world, wanted), detected.means) {
        Ok(shown) => shown,
        Err(error) => return vec![found, Finding::failed("identity", &words::identity(wanted, &error))],
    };
    let (token, believed) = match shown {
        Shown::Token { token, .. } => (token, None),
        Shown::Statement(statement) => {
            let claims = Claims::of(statement.assertion.expose()).unwrap_or_default();
            let said = with_claims(Finding::new("statement", Severity::Ok, "it shows this", &found.command), &claims);
            let said = said.with("application", &statement.client_id);
            match workload::redeemed(world, wanted, &statement) {
                Ok(given) => (given.token, Some(said)),
                Err(failure) => {
                    let refused = with_claims(Finding::failed("statement", &failure), &claims);
                    let refused = refused.with("application", &statement.client_id);
                    let detail = failure.detail.iter().fold(refused, |finding, detail| finding.with("Entra", detail));
                    return vec![found, detail];
                }
            }
        }
    };
    let claims = Claims::of(token.expose()).unwrap_or_default();
    let has = Finding::new("identity-token", Severity::Ok, "it was given a token", &found.command);
    [Some(found), believed, Some(with_claims(has, &claims))].into_iter().flatten().collect()
}

fn with_claims(finding: Finding, claims: &Claims) -> Finding {
    workload::shown_claims(claims).into_iter().fold(finding, |finding, (name, value)| finding.with(name, value))
}
