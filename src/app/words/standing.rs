//! `status`, `whoami` and `config show` as people read them.

use crate::app::status::{Account, Decided, HostStatus, Status};
use crate::app::words::duration;
use crate::app::world::World;
use crate::basis::credential::Ruling;
use crate::basis::failure::{Failure, Kind};
use crate::config::{Layer, ShownValue};
use std::fmt::Write as _;

/// The whole status.
pub fn status(world: &World, status: &Status) -> String {
    let mut text = String::new();
    for account in &status.accounts {
        text.push_str(&self::account(world, account));
        for host in &account.hosts {
            text.push_str(&self::host(world, host));
        }
    }
    text.push_str(&decided(&status.settings));
    for finding in &status.findings {
        // Writing to a String cannot fail.
        _ = writeln!(text, "note: {finding}");
    }
    text
}

/// One line per layer that decides anything: the values are `config show`'s.
fn decided(settings: &[Decided]) -> String {
    let mut text = String::new();
    let mut layers: Vec<&str> = Vec::new();
    for Decided { layer, .. } in settings.iter().filter(|one| one.layer != Layer::BuiltIn.name()) {
        if !layers.contains(layer) {
            layers.push(layer);
        }
    }
    for layer in layers {
        let of: Vec<&Decided> = settings.iter().filter(|one| one.layer == layer).collect();
        let keys: Vec<&str> = of.iter().map(|one| one.key.as_str()).collect();
        let locked = if of.iter().any(|one| one.locked) { ", locked" } else { "" };
        // Writing to a String cannot fail.
        _ = writeln!(text, "decided by {layer}{locked}: {}", keys.join(", "));
    }
    text
}

fn account(world: &World, account: &Account) -> String {
    if let Some(workload) = &account.workload {
        return super::workload_account(&account.profile, workload);
    }
    let Account { profile, tenant, user, flow, storage, ends, ends_soon, .. } = account;
    let now = world.clock.now();
    let name = if profile == "default" { String::new() } else { format!(" [{profile}]") };
    let stored = match *storage {
        "kernel" => "in sealed files with a kernel-held key; a reboot means a new sign-in",
        "memory-file" => "in memory; a reboot or a new container means a new sign-in",
        "nowhere" => "nowhere; each command signs in again",
        _ => "in the keyring",
    };
    match (user, flow, ends) {
        (Some(user), Some(flow), Some(ends)) => format!(
            "{tenant}{name}: signed in as {user} by {flow} until {} (in {})\n{}  kept {stored}\n",
            ends.local(&world.clock.zone()),
            duration(now.until(*ends)),
            if *ends_soon { ENDS_SOON } else { "" },
        ),
        _ => format!("{tenant}{name}: not signed in; the next git command asks\n  kept {stored}\n"),
    }
}

fn host(world: &World, host: &HostStatus) -> String {
    let HostStatus { url, source, decided_by, grant, needs_consent, scopes, ruling, expires, renews, chain, .. } = host;
    let mut text = format!("  {url}  {source}, from {decided_by}\n");
    let token = match expires {
        Some(expires) => format!("token until {}", expires.local(&world.clock.zone())),
        None => "no token yet".to_owned(),
    };
    let renewed = match (renews, expires) {
        (Some(renews), _) => format!(", renewed silently from {} on", renews.local(&world.clock.zone())),
        (None, Some(_)) => ", then a sign-in".to_owned(),
        (None, None) => String::new(),
    };
    let scopes = scopes.as_ref().map_or_else(String::new, |scopes| format!(", scopes {scopes}"));
    let grant = match (grant, needs_consent) {
        (Some(name), _) => format!(", as Bitbucket account {}", crate::basis::text::clean(name)),
        (None, true) => ", consent needed at the next sign-in".to_owned(),
        (None, false) => String::new(),
    };
    // Writing to a String cannot fail.
    _ = writeln!(text, "    {token}{renewed}{scopes}{grant}");
    text.push_str(&ruled(ruling));
    for complaint in chain {
        let lead = if complaint.starts_with(' ') { "  " } else { "warning: " };
        _ = writeln!(text, "    {lead}{complaint}");
    }
    text
}

/// Why the broker issued it.
fn ruled(ruling: &Ruling) -> String {
    let Ruling { rule, policy } = ruling;
    let Some(rule) = rule else { return String::new() };
    let policy = policy.as_ref().map_or_else(String::new, |policy| format!(" of policy {policy}"));
    format!("    last token by the broker's rule {rule}{policy}\n")
}

/// One line per signed-in account.
pub fn whoami(accounts: &[Account]) -> String {
    let users = accounts.iter().filter_map(|account| account.user.as_ref().map(|user| (user, account)));
    let lines: Vec<String> = users.map(|(user, account)| format!("{user} ({})", account.tenant)).collect();
    lines.join("\n") + "\n"
}

/// The same for machines.
pub fn whoami_json(accounts: &[Account]) -> serde_json::Value {
    let signed_in = accounts.iter().filter(|account| account.signed_in);
    let one = |account: &Account| {
        let Account { user, tenant, tid, oid, day_ends, .. } = account;
        serde_json::json!({ "user": user, "tenant": tenant, "tid": tid, "oid": oid, "day_ends": day_ends })
    };
    signed_in.map(one).collect()
}

/// One line per value: key, value, and what decided it.
pub fn shown_values(values: &[ShownValue]) -> String {
    let mut text = String::new();
    for ShownValue { key, value, layer, file } in values {
        let layer = layer.name();
        let decided = match file {
            Some(place) if place.starts_with(layer) => place.clone(),
            Some(place) => format!("{layer} {place}"),
            None => layer.to_owned(),
        };
        _ = writeln!(text, "{key} = {value}    # {decided}");
    }
    text
}

/// There is no home to keep anything in.
pub fn no_home() -> Failure {
    let what = "there is no home directory to keep the configuration in";
    Failure::new(Kind::Config, "home-unset", what, "export HOME=/home/you")
}

const ENDS_SOON: &str =
    "  warning: the day ends within the hour; a new one begins now with: git credential-bitbucket-sso login --ahead\n";
