//! What the audit trail is told: one event per decision, digests instead of tokens.

use crate::app::records::Cached;
use crate::app::wanted::Wanted;
use crate::app::words;
use crate::app::world::World;
use crate::audit::Event;
use crate::basis::digest;
use crate::basis::failure::Failure;
use crate::basis::session::{Session, Who};

/// A token was minted and is about to be handed out.
pub fn minted(world: &World, wanted: &Wanted<'_>, cached: &Cached) -> Result<(), Failure> {
    let credential = &cached.credential;
    record(
        world,
        &Event {
            token_sha256: Some(digest::of(credential.token.expose().as_bytes())),
            expires: Some(credential.expires.rfc3339()),
            scopes: Some(credential.scopes.clone()),
            ..event(world, wanted, "mint", Some(&cached.who), "ok")
        },
    )
}

/// A token that somebody else's call has minted, or that was cached before, is about to be handed out.
pub fn handed_out(world: &World, cached: &Cached) -> Result<(), Failure> {
    let token = digest::of(cached.credential.token.expose().as_bytes());
    world.journal.hit(world.clock.now(), &token).map_err(|error| words::journal(&error))
}

/// A session began.
pub fn signed_in(
    world: &World,
    wanted: &Wanted<'_>,
    session: &Session,
    correlation: Option<String>,
) -> Result<(), Failure> {
    let expires = Some(session.ends.rfc3339());
    record(world, &Event { expires, correlation, ..event(world, wanted, "sign-in", Some(&session.who), "ok") })
}

/// A Bitbucket account was bound to the Entra account.
pub fn granted(world: &World, wanted: &Wanted<'_>, who: &Who, account: &str) -> Result<(), Failure> {
    let scopes = Some(account.to_owned());
    record(world, &Event { scopes, ..event(world, wanted, "grant", Some(who), "ok") })
}

/// Nothing was handed out.
pub fn refused(world: &World, wanted: &Wanted<'_>, failure: &Failure) {
    // The refusal itself is what the person must see; a trail that cannot be written must not hide it.
    _ = world.journal.record(&event(world, wanted, "refuse", None, failure.id));
}

/// Entra ended the account's access: session and `grants` grants were removed.
pub fn ended(world: &World, wanted: &Wanted<'_>, who: &Who, failure: &Failure, grants: usize) -> Result<(), Failure> {
    let scopes = Some(format!("{grants} grants removed"));
    record(world, &Event { scopes, ..event(world, wanted, "ended", Some(who), failure.id) })
}

/// A token is minted although Entra could not be asked; policy allows it.
pub fn outage_grace(world: &World, wanted: &Wanted<'_>, who: &Who) -> Result<(), Failure> {
    record(world, &event(world, wanted, "outage-grace", Some(who), "ok"))
}

/// A person signed out.
pub fn signed_out(world: &World, wanted: &Wanted<'_>) -> Result<(), Failure> {
    record(world, &event(world, wanted, "logout", None, "ok"))
}

fn record(world: &World, event: &Event) -> Result<(), Failure> {
    world.journal.record(event).map_err(|error| words::journal(&error))
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
        pid: std::process::id(),
        outcome: outcome.to_owned(),
        ..Event::default()
    }
}
