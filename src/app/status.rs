//! Who is signed in, until when, and what each host has.

use crate::app::get;
use crate::app::records::Cached;
use crate::app::wanted::{Wanted, per_repository};
use crate::app::words;
use crate::app::world::World;
use crate::app::{audit, grants, organisation, pick, sessions, turns, workload};
use crate::basis::clock::Timestamp;
use crate::basis::credential::{Credential, Ruling};
use crate::basis::failure::Failure;
use crate::basis::version::Version;
use crate::config::settings::Source;
use crate::config::{self, Layer, Loaded, ShownValue};
use crate::vault::Place;
use serde::Serialize;
use std::time::Duration;

/// What `status --json` prints.
#[derive(Debug, Serialize)]
pub struct Status {
    pub accounts: Vec<Account>,
    /// Every value in force, and which layer decided it.
    pub settings: Vec<Decided>,
    /// Overrides that were ignored, files that were skipped.
    pub findings: Vec<String>,
}

/// One value in force.
#[derive(Debug, Serialize)]
pub struct Decided {
    /// As `config show` names it.
    pub key: String,
    /// Secrets are masked.
    pub value: String,
    /// The layer's name.
    pub layer: &'static str,
    /// File and line, variable or flag.
    pub place: Option<String>,
    /// Whether policy locks it.
    pub locked: bool,
}

/// One Entra account.
#[derive(Debug, Serialize)]
pub struct Account {
    pub profile: String,
    pub tenant: String,
    pub signed_in: bool,
    pub user: Option<String>,
    pub tid: Option<String>,
    pub oid: Option<String>,
    pub flow: Option<String>,
    /// RFC 3339, UTC.
    pub day_ends: Option<String>,
    /// Whether that is within the hour.
    pub ends_soon: bool,
    /// Where the session is kept.
    pub storage: &'static str,
    /// Of a workload: which identity it has, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload: Option<workload::Standing>,
    pub hosts: Vec<HostStatus>,
    #[serde(skip)]
    pub ends: Option<Timestamp>,
}

/// One host.
#[derive(Debug, Serialize)]
pub struct HostStatus {
    pub url: String,
    pub source: &'static str,
    /// Which layer and file the host comes from.
    pub decided_by: String,
    /// The Bitbucket account that a grant is bound to.
    pub grant: Option<String>,
    pub needs_consent: bool,
    pub scopes: Option<String>,
    /// RFC 3339, UTC: the end of the token that waits for git.
    pub token_expires: Option<String>,
    /// RFC 3339, UTC: from then on, the next git command replaces that token without asking anybody. Nothing where
    /// the day ends before, or no token waits.
    pub next_renewal: Option<String>,
    /// By which rule of which policy the broker issued the last token.
    #[serde(flatten)]
    pub ruling: Ruling,
    #[serde(skip)]
    pub expires: Option<Timestamp>,
    #[serde(skip)]
    pub renews: Option<Timestamp>,
    /// Other helpers that also get the token, or that come first; empty if all is well.
    pub chain: Vec<String>,
}

/// Gathers the status. `chain` replays git's helper chain for a host; it is left out where git is missing.
pub fn status(world: &World, chain: &dyn Fn(&Wanted<'_>) -> Vec<String>) -> Result<Status, Failure> {
    let mut accounts = Vec::new();
    for hosts in pick::accounts(world, None)? {
        if let Some(first) = hosts.first() {
            accounts.push(account(world, first, &hosts, chain)?);
        }
    }
    let unknown = config::unknown_variables(&world.env);
    let mut findings: Vec<String> = world.loaded.findings.iter().chain(&unknown).map(words::finding).collect();
    findings.extend(organisation::complaints(world));
    findings
        .extend(world.loaded.settings.fleet.wanted_version.map(|wanted| words::too_old(wanted, Version::own()).what));
    if let Some((when, why)) = world.journal.forward_failure() {
        findings.push(words::forward_failed(&when, &why));
    }
    Ok(Status { accounts, settings: decided(&world.loaded), findings })
}

fn decided(loaded: &Loaded) -> Vec<Decided> {
    let one = |ShownValue { key, value, layer, file }| Decided {
        key,
        value,
        layer: layer.name(),
        place: file,
        locked: layer == Layer::Policy,
    };
    config::show(loaded).into_iter().map(one).collect()
}

/// How a store is named for people and machines.
pub fn storage_name(place: Place) -> &'static str {
    match place {
        Place::Keyring => "keyring",
        Place::Kernel => "kernel",
        Place::MemoryFile => "memory-file",
        Place::Nowhere => "nowhere",
    }
}

fn account(
    world: &World,
    first: &Wanted<'_>,
    hosts: &[Wanted<'_>],
    chain: &dyn Fn(&Wanted<'_>) -> Vec<String>,
) -> Result<Account, Failure> {
    let now = world.clock.now();
    let session = sessions::load(world, first)?.map(|kept| kept.session).filter(|session| now < session.ends);
    let ends = session.as_ref().map(|session| session.ends);
    let hosts = hosts.iter().map(|wanted| host(world, wanted, ends, chain)).collect::<Result<_, _>>()?;
    Ok(Account {
        profile: first.profile.name.clone(),
        tenant: first.profile.tenant.clone(),
        signed_in: session.is_some(),
        user: session.as_ref().map(|session| session.who.to_string()),
        tid: session.as_ref().map(|session| session.who.tid.clone()),
        oid: session.as_ref().map(|session| session.who.oid.clone()),
        flow: session.as_ref().map(|session| session.flow.to_string()),
        day_ends: ends.map(Timestamp::rfc3339),
        ends_soon: ends.is_some_and(|ends| now.until(ends) <= NOTICE),
        storage: storage_name(world.vault.get().place()),
        workload: workload::standing(world, first),
        hosts,
        ends,
    })
}

fn host(
    world: &World,
    wanted: &Wanted<'_>,
    ends: Option<Timestamp>,
    chain: &dyn Fn(&Wanted<'_>) -> Vec<String>,
) -> Result<HostStatus, Failure> {
    let cached = get::fresh(world, wanted);
    let needs_grant = grants::needed(&wanted.host.source);
    let unconnected = turns::state(world, wanted).connect.is_some_and(|note| note.host == wanted.host.url);
    let grant = if needs_grant { grants::load(world, wanted)? } else { None };
    let expires = cached.as_ref().map(|cached| cached.credential.expires);
    let renews = cached.as_ref().map(|cached| renewal(world, wanted, &cached.credential));
    let renews = renews.filter(|renews| ends.is_some_and(|ends| *renews < ends));
    Ok(HostStatus {
        url: wanted.host.url.to_string(),
        source: wanted.host.source.name(),
        decided_by: words::origin(world, wanted),
        needs_consent: unconnected || needs_grant && !grant.as_ref().is_some_and(|kept| kept.grant.is_alive()),
        grant: grant.map(|kept| kept.grant.account_name),
        ruling: ruling(world, wanted, cached.as_ref()),
        scopes: cached.map(|cached| cached.credential.scopes).filter(|scopes| !scopes.is_empty()),
        token_expires: expires.map(Timestamp::rfc3339),
        next_renewal: renews.map(Timestamp::rfc3339),
        expires,
        renews,
        chain: chain(wanted),
    })
}

/// Why the broker issued the last token: the one that waits, else what the trail says. Tokens of single repositories
/// are found under their repositories only.
fn ruling(world: &World, wanted: &Wanted<'_>, cached: Option<&Cached>) -> Ruling {
    match (cached, per_repository(wanted.host)) {
        (Some(cached), _) => cached.credential.ruling.clone(),
        (None, true) => audit::last_ruling(world, wanted),
        (None, false) => Ruling::default(),
    }
}

/// When a git command first finds this token too old: behind its back where the old token stays valid, else as a miss.
fn renewal(world: &World, wanted: &Wanted<'_>, credential: &Credential) -> Timestamp {
    let rules = world.loaded.settings.token;
    let due = match wanted.host.source {
        Source::DataCenterOauth(_) => credential.stale_at(rules.margin),
        Source::CloudOauth(_) | Source::Exchange(_) | Source::Entra(_) => credential.ages_at(),
    };
    rules.max_cached_age.map_or(due, |age| due.min(credential.issued.after(age)))
}

/// A push that begins within the last hour of the day may not end in it.
const NOTICE: Duration = Duration::from_secs(3600);
