//! Proxy, reachability, Entra's metadata and the clock: the only check that leaves the machine.

use super::finding::{Finding, Severity};
use crate::app::git_settings::GitSettings;
use crate::app::pick;
use crate::app::wanted::Wanted;
use crate::app::words::{self, Seen};
use crate::app::world::World;
use crate::basis::clock::Timestamp;
use crate::basis::url::WebUrl;
use crate::config::settings::Source;
use crate::net::{Call, Http, NetError, Reply};
use crate::session::{self, Entra};
use std::cell::RefCell;

pub(super) fn check(world: &World, offline: bool) -> Vec<Finding> {
    let mut findings = vec![proxy(world)];
    if offline {
        findings.push(Finding::seen("network", Severity::Note, &Seen::Offline));
        return findings;
    }
    let accounts = pick::accounts(world, None).unwrap_or_default();
    for first in accounts.iter().filter_map(|hosts| hosts.first()) {
        findings.extend(authority(world, first));
    }
    let mut asked: Vec<WebUrl> = Vec::new();
    for wanted in accounts.iter().flatten() {
        for url in places(wanted) {
            if !asked.iter().any(|known| known.same_origin(&url)) {
                findings.push(reached(world, wanted, &url));
                asked.push(url);
            }
        }
    }
    findings
}

/// Only host and port of a proxy: the rest of its address may hold a password.
fn proxy(world: &World) -> Finding {
    let variable = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        .into_iter()
        .find_map(|name| Some((name, world.env.text(name)?)));
    let of_git = GitSettings::read(&world.env).network.proxy.map(|address| ("git's http.proxy", address));
    let except = world.env.text("NO_PROXY").or_else(|| world.env.text("no_proxy"));
    match of_git.or(variable) {
        None => Finding::seen("proxy", Severity::Ok, &Seen::NoProxy),
        Some((from, address)) => {
            let finding = Finding::seen("proxy", Severity::Note, &Seen::Proxy);
            let finding = finding.with("from", from).with("address", host_and_port(&address));
            except.map_or(finding.clone(), |_| finding.with("exceptions", "NO_PROXY is set"))
        }
    }
}

fn host_and_port(address: &str) -> &str {
    let rest = address.rsplit('@').next().unwrap_or_default();
    let rest = rest.split_once("://").map_or(rest, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// Asks the authority for the tenant's metadata anew, and reads the clock from its answer.
fn authority(world: &World, wanted: &Wanted<'_>) -> Vec<Finding> {
    let http = Dated { http: world.http.get(), date: RefCell::new(None) };
    // A directory whose parent is not there keeps nothing.
    let cache = world.places.state.join("doctor/none");
    let entra = Entra { http: &http, clock: &*world.clock, profile: wanted.profile, cache: &cache };
    let finding = match session::discover(&entra) {
        Ok(tenant) => Finding::seen("entra", Severity::Ok, &Seen::TenantValid)
            .with("tid", &tenant.tid)
            .with("issuer", &tenant.issuer)
            .with("device codes", if tenant.device.is_some() { "yes" } else { "no" }),
        Err(error) => Finding::failed("entra", &words::session(wanted, &error)),
    };
    let finding = finding.with("authority", &wanted.profile.authority).with("tenant", &wanted.profile.tenant);
    let date = http.date.take();
    let clock = date.and_then(|date| Timestamp::of_http_date(&date)).map(|theirs| clock(world.clock.now(), theirs));
    std::iter::once(finding).chain(clock).collect()
}

fn clock(ours: Timestamp, theirs: Timestamp) -> Finding {
    let apart = ours.0.abs_diff(theirs.0);
    let (severity, seen) = match apart {
        0..=60 => (Severity::Ok, Seen::ClockAgrees),
        61..=300 => (Severity::Warning, Seen::ClockDrifts),
        _ => (Severity::Error, Seen::ClockWrong),
    };
    let finding = Finding::seen("clock", severity, &seen);
    finding.with("seconds apart", apart).with("here", ours).with("there", theirs)
}

/// The host itself and where its tokens come from.
fn places(wanted: &Wanted<'_>) -> Vec<WebUrl> {
    let mut all = vec![wanted.host.url.clone()];
    match &wanted.host.source {
        Source::Exchange(exchange) => all.push(exchange.token_endpoint.clone()),
        Source::CloudOauth(cloud) => all.extend([cloud.token_url.clone(), cloud.api_url.clone()]),
        Source::DataCenterOauth(_) | Source::Entra(_) => {}
    }
    all
}

/// Any answer will do: the way there is open and its certificate is accepted.
fn reached(world: &World, wanted: &Wanted<'_>, url: &WebUrl) -> Finding {
    let finding = match world.http.get().send(&Call::get(url.to_string())) {
        Ok(reply) => Finding::seen("reach", Severity::Ok, &Seen::Reached).with("status", reply.status),
        Err(error) => Finding::failed("reach", &words::net(wanted, &error)),
    };
    finding.with("place", url)
}

/// Remembers the last `Date`.
struct Dated<'a> {
    http: &'a dyn Http,
    date: RefCell<Option<String>>,
}

impl Http for Dated<'_> {
    fn send(&self, call: &Call) -> Result<Reply, NetError> {
        let reply = self.http.send(call)?;
        self.date.replace(reply.header("date").map(str::to_owned));
        Ok(reply)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_shown_without_its_password() {
        for address in ["http://me:canary@p.example:3128/x?y", "me:canary@p.example:3128", "p.example:3128"] {
            assert_eq!(host_and_port(address), "p.example:3128", "{address}");
        }
    }

    #[test]
    fn a_clock_is_judged_by_the_distance() {
        let judge = |seconds: i64| clock(Timestamp(1_000_000), Timestamp(1_000_000 + seconds)).severity;
        assert_eq!((judge(60), judge(-61)), (Severity::Ok, Severity::Warning));
        assert_eq!((judge(-301), judge(86_400)), (Severity::Error, Severity::Error));
        let date = Timestamp::of_http_date("Fri, 15 Jan 2027 12:00:00 GMT");
        assert_eq!(date, Some(Timestamp(1_800_014_400)));
    }
}
