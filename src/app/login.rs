//! A person signs in on purpose.

use crate::app::chain;
use crate::app::connect;
use crate::app::get::{self, Manner};
use crate::app::grants;
use crate::app::sessions::{self, Kept};
use crate::app::sign_in::{self, SignIn, Why};
use crate::app::wanted::Wanted;
use crate::app::words;
use crate::app::world::World;
use crate::app::{pick, prove, trail, turns};
use crate::basis::failure::Failure;
use crate::basis::session::Flow;
use crate::config;
use crate::config::settings::{FlowChoice, Identity, Source};

/// What was typed.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    pub flow: Option<Flow>,
    pub host: Option<String>,
    /// Let Entra ask for the password again.
    pub force: bool,
    /// Begin a new day although the old one has not ended.
    pub ahead: bool,
    pub verbose: bool,
}

/// Signs in every account that the chosen hosts need, and has their consents.
pub fn login(world: &World, wish: &Wish) -> Result<(), Failure> {
    get::new_enough(world)?;
    for hosts in pick::accounts(world, wish.host.as_deref())? {
        account(world, wish, &hosts)?;
        for complaint in hosts.iter().flat_map(|wanted| chain::complaints(world, wanted)) {
            world.ui.tell(&complaint);
        }
    }
    Ok(())
}

/// `hosts` share one account; there is at least one.
fn account(world: &World, wish: &Wish, hosts: &[Wanted<'_>]) -> Result<(), Failure> {
    let Some(first) = hosts.first() else { return Ok(()) };
    if first.profile.identity != Identity::User {
        let proof = prove::prove(world, first, Manner::Command)?;
        world.ui.tell(&words::workload_ready(first, &proof.who.to_string()));
        return Ok(());
    }
    match lives(world, wish, first)? {
        Some(kept) => consents(world, first, hosts, &kept),
        None => anew(world, wish, first, hosts),
    }
}

/// The session lives: Entra is asked, and only the consents that are missing are had.
fn consents(world: &World, first: &Wanted<'_>, hosts: &[Wanted<'_>], kept: &Kept) -> Result<(), Failure> {
    prove::prove(world, first, Manner::Command)?;
    for wanted in hosts.iter().filter(|wanted| grants::needed(&wanted.host.source)) {
        if !grants::present(world, wanted)? {
            prove::consent(world, wanted, Manner::Command)?;
        }
    }
    for wanted in hosts.iter().filter(|wanted| matches!(wanted.host.source, Source::Exchange(_))) {
        connect::now(world, wanted)?;
    }
    world.ui.tell(&words::already_signed_in(world, &kept.session));
    Ok(())
}

fn anew(world: &World, wish: &Wish, first: &Wanted<'_>, hosts: &[Wanted<'_>]) -> Result<(), Failure> {
    let turn = turns::account(world, first)?;
    // Somebody else may have signed in while we waited.
    if let Some(kept) = lives(world, wish, first)? {
        drop(turn);
        return consents(world, first, hosts, &kept);
    }
    let sign_in = SignIn {
        forced: flow(world, wish, first),
        reauthenticate: wish.force || first.profile.reauthenticate,
        also: hosts.to_vec(),
        claims: turns::state(world, first).claims,
        verbose: wish.verbose,
        ..SignIn::new(world, first, Manner::Command, &*turn, Why::Asked)
    };
    let signed = sign_in::sign_in(&sign_in);
    turn.conclude(&first.grant, signed.as_ref().err());
    if let Err(failure) = &signed {
        trail::refused(world, first, failure);
    }
    signed.map(drop)
}

/// The flow that was typed, unless policy has chosen one.
fn flow(world: &World, wish: &Wish, wanted: &Wanted<'_>) -> Option<Flow> {
    let typed = wish.flow?;
    let chosen = match wanted.profile.flow {
        FlowChoice::Auto => return Some(typed),
        FlowChoice::Browser => Flow::Browser,
        FlowChoice::DeviceCode => Flow::DeviceCode,
    };
    if chosen == typed || !config::is_locked(&world.loaded, &wanted.profile.name, "flow") {
        return Some(typed);
    }
    world.ui.tell(&words::flow_locked(chosen));
    None
}

/// The session that makes a new sign-in needless, unless one was asked for.
fn lives(world: &World, wish: &Wish, wanted: &Wanted<'_>) -> Result<Option<Kept>, Failure> {
    let kept = sessions::load(world, wanted)?;
    // What Entra or the broker wants to see is only shown by a new one.
    let demanded = turns::state(world, wanted).claims.is_some();
    Ok(kept.filter(|_| !demanded).filter(|kept| !wish.force && !wish.ahead && world.clock.now() < kept.session.ends))
}
