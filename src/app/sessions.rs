//! The session of an account in the vault, and what Entra said last, in the hot cache.

use crate::app::records;
use crate::app::turns;
use crate::app::wanted::Wanted;
use crate::app::words;
use crate::app::world::World;
use crate::basis::credential::Proof;
use crate::basis::digest;
use crate::basis::failure::Failure;
use crate::basis::session::Session;
use crate::vault::{Name, Slot};
use std::time::Duration;

/// A session with the generation under which it was read.
pub struct Kept {
    pub session: Session,
    pub generation: u64,
}

/// The account's session; a record that cannot be understood counts as none. If the clock was set back it ends as
/// much earlier, so that it does not live longer for it.
pub fn load(world: &World, wanted: &Wanted<'_>) -> Result<Option<Kept>, Failure> {
    let record = world.vault.get().load(&name(wanted)).map_err(|error| words::vault(&error))?;
    Ok(record.and_then(|record| {
        let mut session = records::session(&record.bytes)?;
        session.ends = session.ends.before(set_back(world, wanted));
        Some(Kept { session, generation: record.generation })
    }))
}

/// Stores a session durably; it is in the vault before anything that came with it is used.
pub fn keep(world: &World, wanted: &Wanted<'_>, session: &Session, seen: u64) -> Result<(), Failure> {
    let bytes = records::session_bytes(session);
    world.vault.get().keep(&name(wanted), &bytes, seen).map(drop).map_err(|error| words::vault(&error))
}

/// Forgets the session and everything that was cached for the account. Grants are not touched.
pub fn forget(world: &World, wanted: &Wanted<'_>) -> Result<bool, Failure> {
    turns::change(world, wanted, |state| state.endings += 1);
    world.hot.drop_account(&wanted.account);
    world.vault.get().forget(&name(wanted)).map_err(|error| words::vault(&error))
}

/// What Entra said within the last five minutes for this host's scope.
pub fn recent(world: &World, wanted: &Wanted<'_>) -> Option<Proof> {
    let now = world.clock.now();
    let proof = records::proof(&world.hot.read(&wanted.account, &slot(wanted))?)?;
    let age = now.0.abs_diff(proof.confirmed.0);
    let live = age < ONE_ANSWER.as_secs() && now < proof.session_ends;
    let usable = proof.access_token.is_none() || now.after(ONE_ANSWER) < proof.expires;
    (live && usable).then_some(proof)
}

/// Lets the other hosts of the account use the same answer. A cache that cannot be written costs a request.
pub fn remember(world: &World, wanted: &Wanted<'_>, proof: &Proof) {
    let until = proof.confirmed.after(ONE_ANSWER).min(proof.session_ends);
    let keep = |slot: &Slot, proof: &Proof| {
        _ = world.hot.write(&wanted.account, slot, &records::proof_bytes(proof), until);
    };
    keep(&slot(wanted), proof);
    if proof.access_token.is_some() {
        // Sources that only need to know that the session lives profit from any answer.
        keep(&Slot::Access(wanted.account.clone(), String::new()), &Proof { access_token: None, ..proof.clone() });
    }
}

/// Makes the next proof ask Entra again; a newer proof than the refused one stays.
pub fn forget_recent(world: &World, wanted: &Wanted<'_>, refused: &Proof) {
    let token = |proof: &Proof| proof.access_token.as_ref().map(|token| digest::of(token.expose().as_bytes()));
    if recent(world, wanted).is_some_and(|kept| token(&kept) == token(refused)) {
        world.hot.drop_slot(&wanted.account, &slot(wanted));
    }
}

/// How far the clock was set back since Entra last answered for the account.
pub fn set_back(world: &World, wanted: &Wanted<'_>) -> Duration {
    let latest = turns::state(world, wanted).latest_clock;
    latest.map_or(Duration::ZERO, |latest| world.clock.now().until(latest))
}

/// DESIGN.md section 8: one Entra answer counts for all hosts of the account for this long.
const ONE_ANSWER: Duration = Duration::from_secs(300);

fn name(wanted: &Wanted<'_>) -> Name {
    Name::Session(wanted.account.clone())
}

fn slot(wanted: &Wanted<'_>) -> Slot {
    let scope = wanted.host.source.entra_scope().unwrap_or_default();
    Slot::Access(wanted.account.clone(), scope.to_owned())
}
