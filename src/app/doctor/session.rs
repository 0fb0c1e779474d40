//! Who is signed in, and which grants are there.

use super::finding::{Finding, Severity};
use crate::app::status::{self, Account, HostStatus};
use crate::app::words::Seen;
use crate::app::world::World;

pub(super) fn check(world: &World) -> Vec<Finding> {
    if world.loaded.settings.hosts.is_empty() {
        return Vec::new();
    }
    match status::status(world, &|_| Vec::new()) {
        Ok(status) => status.accounts.iter().filter(|account| account.workload.is_none()).flat_map(account).collect(),
        Err(failure) => vec![Finding::failed("session", &failure)],
    }
}

fn account(account: &Account) -> Vec<Finding> {
    let Account { tenant, user, day_ends, storage, hosts, .. } = account;
    let finding = match user {
        Some(user) => Finding::seen("session", Severity::Ok, &Seen::SignedIn).with("user", user),
        None => Finding::seen("session", Severity::Note, &Seen::SignedOut),
    };
    let finding = finding.with("tenant", tenant).with("kept in", storage);
    let finding = day_ends.iter().fold(finding, |finding, end| finding.with("day ends", end));
    std::iter::once(finding).chain(hosts.iter().filter_map(grant)).collect()
}

/// Only of hosts that need one, or whose broker says by which rule it issued.
fn grant(host: &HostStatus) -> Option<Finding> {
    let HostStatus { url, source, grant, needs_consent, ruling, .. } = host;
    let ruled = || {
        let finding = Finding::seen("grant", Severity::Ok, &Seen::Ruled).with("rule", ruling.rule.as_ref()?);
        Some(ruling.policy.iter().fold(finding, |finding, policy| finding.with("policy", policy)))
    };
    let finding = match (grant, needs_consent) {
        (_, true) => Finding::seen("grant", Severity::Note, &Seen::ConsentNeeded(url)),
        (Some(name), false) => Finding::seen("grant", Severity::Ok, &Seen::GrantThere).with("account", name),
        (None, false) => ruled()?,
    };
    Some(finding.with("host", url).with("source", source))
}
