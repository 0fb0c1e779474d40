//! A person signs in on purpose.

use crate::app::chain;
use crate::app::consent;
use crate::app::get::Manner;
use crate::app::grants;
use crate::app::sessions::{self, Kept};
use crate::app::sign_in::{self, SignIn, Why};
use crate::app::wanted::Wanted;
use crate::app::words;
use crate::app::world::World;
use crate::app::{pick, prove, trail, turns};
use crate::basis::failure::Failure;
use crate::basis::session::Flow;
use crate::config::settings::Identity;

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
        return Err(words::workload(first));
    }
    let kept = sessions::load(world, first)?;
    match kept.filter(|kept| !wish.force && !wish.ahead && alive(world, first, kept)) {
        Some(kept) => {
            let proof = prove::prove(world, first, Manner::Command)?;
            for wanted in hosts.iter().filter(|wanted| grants::needed(&wanted.host.source)) {
                if !grants::present(world, wanted)? {
                    let turn = turns::account(world, wanted)?;
                    let consented = consent::alone(world, wanted, &proof.who, Manner::Command, &*turn);
                    turn.conclude(&wanted.grant, consented.as_ref().err());
                    consented?;
                }
            }
            world.ui.tell(&words::already_signed_in(world, &kept.session));
            Ok(())
        }
        None => anew(world, wish, first, hosts),
    }
}

fn anew(world: &World, wish: &Wish, first: &Wanted<'_>, hosts: &[Wanted<'_>]) -> Result<(), Failure> {
    let turn = turns::account(world, first)?;
    let sign_in = SignIn {
        forced: wish.flow,
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

fn alive(world: &World, wanted: &Wanted<'_>, kept: &Kept) -> bool {
    sessions::steady_now(world, turns::state(world, wanted).latest_clock) < kept.session.ends
}
