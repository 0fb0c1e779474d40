//! What kind of place this is, and how a sign-in would begin here.

use super::finding::{Finding, Severity};
use crate::app::get::Manner;
use crate::app::interaction::{self, NotAsked};
use crate::app::pick;
use crate::app::words::Seen;
use crate::app::world::World;
use crate::config::settings::Identity;
use crate::flight::AccountState;
use crate::ui::browser::{Usable, usable, wsl};
use crate::vault;
use std::path::Path;

pub(super) fn check(world: &World) -> Vec<Finding> {
    let env = &world.env;
    let yes = |is: bool| if is { "yes" } else { "no" };
    let ssh = ["SSH_CONNECTION", "SSH_TTY"].iter().any(|name| env.os(name).is_some());
    let browser = match usable(env, &world.loaded.settings.ui.browser) {
        Usable::Yes(why) => format!("yes ({why})"),
        Usable::No(why) => format!("no ({why})"),
    };
    flow(world)
        .into_iter()
        .map(|finding| {
            finding
                .with("container", yes(vault::in_container(env, Path::new("/"))))
                .with("ssh", yes(ssh))
                .with("wsl", yes(wsl(env)))
                .with("terminal", yes(world.ui.can_ask()))
                .with("browser", &browser)
        })
        .collect()
}

/// One finding per person's account, for a workload needs none; one without any account.
fn flow(world: &World) -> Vec<Finding> {
    let accounts = pick::accounts(world, None).unwrap_or_default();
    let firsts: Vec<_> = accounts.iter().filter_map(|hosts| hosts.first()).collect();
    if firsts.is_empty() {
        return vec![Finding::seen("sign-in", Severity::Note, &Seen::NoAccount)];
    }
    let one = |wanted| match interaction::choose(world, wanted, Manner::Command, None, &AccountState::default(), false)
    {
        Ok(choice) => {
            let flow = choice.flow.to_string();
            Finding::seen("sign-in", Severity::Ok, &Seen::WouldSignIn(&flow, &choice.reason))
        }
        Err(NotAsked::Forbidden(failure)) => Finding::failed("sign-in", &failure),
        Err(NotAsked::Nobody(why)) => Finding::seen("sign-in", Severity::Warning, &Seen::NobodyToAsk(&why)),
    };
    let people = firsts.into_iter().filter(|wanted| wanted.profile.identity == Identity::User);
    people.map(|wanted| one(wanted).with("tenant", &wanted.profile.tenant)).collect()
}
