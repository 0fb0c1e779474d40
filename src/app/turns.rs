//! Waiting for one's turn, and the small notes that all processes of an account share.

use crate::app::wanted::Wanted;
use crate::app::words;
use crate::app::world::World;
use crate::basis::clock::Timestamp;
use crate::basis::failure::Failure;
use crate::flight::{AccountState, Lane, Notice, Turn};
use std::time::Duration;

/// The account's lane: sign-in and Entra refresh. Long enough for a person to sign in.
pub fn account(world: &World, wanted: &Wanted<'_>) -> Result<Box<dyn Turn>, Failure> {
    enter(world, &Lane::Account(wanted.account.clone()), FOR_A_PERSON)
}

/// The host's lane: its Bitbucket tokens. Nobody waits for a person in it.
pub fn host(world: &World, wanted: &Wanted<'_>) -> Result<Box<dyn Turn>, Failure> {
    enter(world, &Lane::Host(wanted.grant.clone()), FOR_A_MACHINE)
}

/// Tells the waiters what this leader does and until when.
pub fn announce(world: &World, turn: &dyn Turn, doing: String, longest: Duration) {
    let until: Timestamp = world.clock.now().after(longest);
    turn.announce(&Notice { pid: std::process::id(), doing, until });
}

/// The account's notes.
pub fn state(world: &World, wanted: &Wanted<'_>) -> AccountState {
    AccountState::load(&world.places.state, &wanted.account)
}

/// Changes the account's notes; called under the account's lane. Notes that cannot be written only cost
/// politeness (a cool-down forgotten), so the run goes on.
pub fn change(world: &World, wanted: &Wanted<'_>, edit: impl FnOnce(&mut AccountState)) {
    let mut state = state(world, wanted);
    edit(&mut state);
    _ = state.save(&world.places.state, &wanted.account);
}

fn enter(world: &World, lane: &Lane, longest: Duration) -> Result<Box<dyn Turn>, Failure> {
    let mut told = |notice: Option<&Notice>| match notice {
        Some(notice) => world.ui.tell(&words::waiting(world, notice)),
        None => world.ui.tell(&words::waiting_for_somebody(longest)),
    };
    world.flight.enter(lane, longest, &mut told).map_err(|error| words::flight(&error))
}

/// A device code lives fifteen minutes (`facts/entra.md` 2.1).
const FOR_A_PERSON: Duration = Duration::from_secs(16 * 60);
/// Two calls of thirty seconds, twice.
const FOR_A_MACHINE: Duration = Duration::from_secs(120);
