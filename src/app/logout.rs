//! Forgets tokens and prints a receipt: what was removed, what stays valid until when.

use crate::app::records::Cached;
use crate::app::wanted::{Wanted, per_repository};
use crate::app::words;
use crate::app::world::World;
use crate::app::{grants, pick, sessions, trail, turns};
use crate::basis::failure::Failure;

/// What one host's part of the receipt says.
#[derive(Debug)]
pub struct Removed {
    pub host: String,
    pub source: &'static str,
    /// Whether there was one; `None` for sources that never have any.
    pub grant: Option<bool>,
    /// A token that was cached; Bitbucket takes it until its end.
    pub token: Option<Cached>,
}

/// Which tokens are forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The grant and token of one host; the session stays.
    Host(String),
    /// Every session, grant and token.
    Everything,
}

/// Neither Entra nor Bitbucket offers a call that ends a native client's tokens (`facts/entra.md` 7,
/// `facts/bitbucket.md` A1, B1), so the receipt says what lives on.
pub fn logout(world: &World, extent: &Extent) -> Result<String, Failure> {
    let host = match extent {
        Extent::Host(host) => Some(host.as_str()),
        Extent::Everything => None,
    };
    let mut receipt = String::new();
    for hosts in pick::accounts(world, host)? {
        let Some(first) = hosts.first() else { continue };
        let _turn = turns::account(world, first)?;
        let removed = hosts.iter().map(|wanted| remove(world, wanted)).collect::<Result<Vec<_>, _>>()?;
        let session = match extent {
            Extent::Everything => end_session(world, first)?,
            Extent::Host(_) => None,
        };
        trail::signed_out(world, first)?;
        receipt.push_str(&words::receipt(world, session.as_deref(), &removed));
    }
    Ok(receipt)
}

/// Under the host's lane too: a token request under way would put its rotated grant back.
fn remove(world: &World, wanted: &Wanted<'_>) -> Result<Removed, Failure> {
    let _turn = turns::host(world, wanted)?;
    let token = wanted.cached(world).filter(|cached| world.clock.now() < cached.credential.expires);
    wanted.uncache(world);
    if per_repository(wanted.host) {
        // Nobody knows which repositories have a token here; the account's other hosts only mint again.
        world.hot.drop_account(&wanted.account);
    }
    // A grant that cannot be read is forgotten too, and may be alive for all we know.
    let alive = grants::present(world, wanted).unwrap_or(true);
    let forget = || grants::forget(world, wanted).map(|there| there && alive);
    let grant = grants::needed(&wanted.host.source).then(forget).transpose()?;
    Ok(Removed { host: wanted.host.url.to_string(), source: wanted.host.source.name(), grant, token })
}

/// The name of whoever was signed in.
fn end_session(world: &World, wanted: &Wanted<'_>) -> Result<Option<String>, Failure> {
    // A session that cannot be read is forgotten too.
    let who = sessions::load(world, wanted).ok().flatten().map(|kept| kept.session.who.to_string());
    let there = sessions::forget(world, wanted)?;
    // From now on anybody may sign in here.
    turns::change(world, wanted, |state| state.last = None);
    Ok(there.then(|| who.unwrap_or_else(|| "an unreadable session".into())))
}
