//! What the audit trail is told: one event per decision, digests instead of tokens.

use crate::app::records::Cached;
use crate::app::wanted::Wanted;
use crate::app::words;
use crate::app::workload;
use crate::app::world::{World, trail_file};
use crate::audit::{self, Event, KEY_LENGTH, TrailKey};
use crate::basis::credential::{Proof, Vouched};
use crate::basis::failure::Failure;
use crate::basis::files::private_dir;
use crate::basis::secret::SecretBytes;
use crate::basis::session::{Session, Who};
use crate::basis::{digest, lock, process, random};
use crate::vault::{Name, VaultError};
use std::time::Duration;

/// A token was minted and is about to be handed out.
pub fn minted(world: &World, wanted: &Wanted<'_>, cached: &Cached, vouched: &Vouched) -> Result<(), Failure> {
    let credential = &cached.credential;
    record(
        world,
        &Event {
            token_sha256: Some(digest::of(credential.token.expose().as_bytes())),
            expires: Some(credential.expires.rfc3339()),
            scopes: Some(credential.scopes.clone()),
            rule: credential.ruling.rule.clone(),
            policy: credential.ruling.policy.clone(),
            ..by(vouched, event(world, wanted, "mint", Some(&cached.who), "ok"))
        },
    )
}

/// A token that somebody else's call has minted, or that was cached before, is about to be handed out.
pub fn handed_out(world: &World, cached: &Cached) -> Result<(), Failure> {
    let token = digest::of(cached.credential.token.expose().as_bytes());
    world.journal.hit(world.clock.now(), &token).map_err(|error| words::journal(&error))
}

/// A session began.
pub fn signed_in(world: &World, wanted: &Wanted<'_>, session: &Session, vouched: &Vouched) -> Result<(), Failure> {
    let expires = Some(session.ends.rfc3339());
    let event = event(world, wanted, "sign-in", Some(&session.who), "ok");
    record(world, &Event { expires, ..by(vouched, event) })
}

/// A Bitbucket account was bound to the Entra account.
pub fn granted(world: &World, wanted: &Wanted<'_>, proof: &Proof, account: &str) -> Result<(), Failure> {
    let bitbucket_account = Some(account.to_owned());
    let event = event(world, wanted, "grant", Some(&proof.who), "ok");
    record(world, &Event { bitbucket_account, ..by(&proof.vouched, event) })
}

/// Nothing was handed out.
pub fn refused(world: &World, wanted: &Wanted<'_>, failure: &Failure) {
    // The refusal itself is what the person must see; a trail that cannot be written must not hide it.
    _ = record(world, &event(world, wanted, "refuse", None, failure.id));
}

/// Entra ended the account's access: session and `grants` grants were removed.
pub fn ended(world: &World, wanted: &Wanted<'_>, who: &Who, failure: &Failure, grants: usize) -> Result<(), Failure> {
    let grants_removed = Some(grants);
    record(world, &Event { grants_removed, ..event(world, wanted, "ended", Some(who), failure.id) })
}

/// A token is minted although Entra could not be asked; policy allows it.
pub fn outage_grace(world: &World, wanted: &Wanted<'_>, who: &Who) -> Result<(), Failure> {
    record(world, &event(world, wanted, "outage-grace", Some(who), "ok"))
}

/// A person signed out.
pub fn signed_out(world: &World, wanted: &Wanted<'_>) -> Result<(), Failure> {
    record(world, &event(world, wanted, "logout", None, "ok"))
}

/// The `client-request-id` of the next call to Entra: the head of the trail, so that Entra's own sign-in log says how
/// far the trail had come. Before the first record there is nothing to say.
pub fn anchor(world: &World) -> String {
    world.journal.head().and_then(|head| audit::anchor_of(&head)).unwrap_or_else(random::uuid)
}

/// The key of the trail; `None` where no store keeps one, or it cannot be read now.
pub fn key(world: &World) -> Option<&TrailKey> {
    world.trail_key.get_or_init(|| kept_key(world).ok().flatten().or_else(|| new_key(world))).as_ref()
}

/// The key as it is kept, without making one; an error where the store cannot be read now.
pub fn kept_key(world: &World) -> Result<Option<TrailKey>, VaultError> {
    Ok(world.vault.get().load(&key_name(world))?.and_then(|record| TrailKey::new(&record.bytes)))
}

/// Forgets that key: with the trail, when everything goes.
pub fn forget_key(world: &World) -> Result<(), Failure> {
    world.vault.get().forget(&key_name(world)).map(drop).map_err(|error| words::vault(&error))
}

/// Two processes that find none make one.
fn new_key(world: &World) -> Option<TrailKey> {
    let vault = world.vault.get();
    let locks = world.places.state.join("locks");
    private_dir(&locks).ok()?;
    let _locked = lock::wait(&locks.join("v1-audit-key.lock"), PATIENCE, &*world.clock).ok()?;
    let seen = match vault.load(&key_name(world)).ok()? {
        Some(record) => match TrailKey::new(&record.bytes) {
            Some(key) => return Some(key),
            None => record.generation,
        },
        None => 0,
    };
    let mut raw = vec![0; KEY_LENGTH];
    random::fill(&mut raw);
    let bytes = SecretBytes::new(raw);
    vault.keep(&key_name(world), &bytes, seen).ok()?;
    TrailKey::new(&bytes)
}

fn key_name(world: &World) -> Name {
    let file = trail_file(&world.places, &world.loaded.settings.audit);
    let digest = digest::of(file.as_os_str().as_encoded_bytes());
    Name::TrailKey(digest.get(..32).unwrap_or_default().to_owned())
}

fn record(world: &World, event: &Event) -> Result<(), Failure> {
    world.journal.record(event, key(world)).map_err(|error| words::journal(&error))
}

fn by(vouched: &Vouched, event: Event) -> Event {
    let Vouched { correlation, uti } = vouched.clone();
    Event { correlation, uti, ..event }
}

fn event(world: &World, wanted: &Wanted<'_>, event: &'static str, who: Option<&Who>, outcome: &str) -> Event {
    Event {
        time: world.clock.now().rfc3339(),
        event,
        tid: who.map(|who| who.tid.clone()),
        oid: who.map(|who| who.oid.clone()),
        user: who.map(ToString::to_string),
        host: Some(wanted.host.url.to_string()),
        path: wanted.ask.repository.clone(),
        source: Some(wanted.host.source.name()),
        correlation: world.asked.borrow().clone(),
        identity: workload::identity_of(world, wanted),
        pid: process::parent(),
        program: process::parent_program(),
        outcome: outcome.to_owned(),
        ..Event::default()
    }
}

/// Making a key takes moments, unless a keyring hangs.
const PATIENCE: Duration = Duration::from_secs(3);
