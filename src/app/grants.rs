//! Grants of the two OAuth sources: Bitbucket refresh tokens, bound to an Entra and a Bitbucket account.

use crate::app::mint::{self, Stopped};
use crate::app::oauth::OAuth;
use crate::app::turns;
use crate::app::wanted::Wanted;
use crate::app::words;
use crate::app::world::World;
use crate::basis::credential::{Credential, Proof};
use crate::basis::failure::Failure;
use crate::basis::session::Who;
use crate::config::settings::Source;
use crate::flight::Deferred;
use crate::source::grant::{Grant, GrantError};
use crate::source::{Granted, SourceError};
use crate::vault::Name;

/// A grant with the generation under which it was read.
pub struct Kept {
    pub grant: Grant,
    pub generation: u64,
}

/// The stored grant of a host.
pub fn load(world: &World, wanted: &Wanted<'_>) -> Result<Option<Kept>, Failure> {
    let record = world.vault.get().load(&name(wanted)).map_err(|error| words::vault(&error))?;
    let Some(record) = record else { return Ok(None) };
    match Grant::from_bytes(&record.bytes) {
        Ok(grant) => Ok(Some(Kept { grant, generation: record.generation })),
        // Damaged: as good as none. Of a later version: left alone, and said so.
        Err(GrantError::Broken) => Ok(None),
        Err(error @ GrantError::Version(_)) => Err(words::grant_of_other_version(wanted, &error)),
    }
}

/// Whether a grant is there that Bitbucket may still take.
pub fn present(world: &World, wanted: &Wanted<'_>) -> Result<bool, Failure> {
    load(world, wanted).map(|kept| kept.is_some_and(|kept| kept.grant.is_alive()))
}

/// Stores a grant durably.
pub fn keep(world: &World, wanted: &Wanted<'_>, grant: &Grant, seen: u64) -> Result<u64, Failure> {
    world.vault.get().keep(&name(wanted), &grant.to_bytes(), seen).map_err(|error| words::vault(&error))
}

/// Forgets the grant of a host and its cached credential.
pub fn forget(world: &World, wanted: &Wanted<'_>) -> Result<bool, Failure> {
    wanted.uncache(world);
    world.vault.get().forget(&name(wanted)).map_err(|error| words::vault(&error))
}

/// Forgets the grants of every host of the account; how many there were. Called under the account's lane.
pub fn forget_account(world: &World, wanted: &Wanted<'_>) -> Result<usize, Failure> {
    let mut removed = 0;
    for other in siblings(world, wanted) {
        // A token request under way would put its rotated grant back. One that outlasts the wait saves nothing.
        let _turn = turns::host(world, &other);
        removed += usize::from(forget(world, &other)?);
    }
    Ok(removed)
}

/// All hosts of ours that sign in with the same account and hold grants.
pub fn siblings<'a>(world: &'a World, wanted: &Wanted<'a>) -> Vec<Wanted<'a>> {
    let settings = &world.loaded.settings;
    let same = settings.hosts.iter().filter(|host| host.profile == wanted.profile.name);
    same.filter(|host| OAuth::of(&host.source).is_some()).map(|host| Wanted::new(wanted.profile, host, None)).collect()
}

/// A new token from the stored grant. The rotated grant is durable before the token is used; signals wait
/// meanwhile, because Data Center ends both old tokens at once (DESIGN.md section 10 rule 6).
pub fn refreshed(world: &World, wanted: &Wanted<'_>, oauth: &OAuth<'_>, proof: &Proof) -> Result<Credential, Stopped> {
    let kept = owned(world, wanted, &proof.who)?;
    match refresh_once(world, wanted, oauth, proof, kept) {
        Err(Dead::Grant { generation }) => {
            // Another machine state may have rotated it meanwhile: look once more before giving it up.
            let again = owned(world, wanted, &proof.who)?;
            if again.generation == generation {
                bury(world, wanted, again)?;
                return Err(Stopped::ConsentNeeded);
            }
            refresh_once(world, wanted, oauth, proof, again).map_err(|dead| match dead {
                Dead::Grant { .. } => Stopped::ConsentNeeded,
                Dead::Stopped(stopped) => stopped,
            })
        }
        Err(Dead::Stopped(stopped)) => Err(stopped),
        Ok(credential) => Ok(credential),
    }
}

enum Dead {
    /// Bitbucket no longer takes this generation's refresh token.
    Grant {
        generation: u64,
    },
    Stopped(Stopped),
}

fn refresh_once(
    world: &World,
    wanted: &Wanted<'_>,
    oauth: &OAuth<'_>,
    proof: &Proof,
    kept: Kept,
) -> Result<Credential, Dead> {
    let Kept { mut grant, generation } = kept;
    let secret = oauth.secret(world).map_err(Dead::stopped)?;
    // Whatever would keep the next grant out of the vault has to show while this one still lives.
    let generation = keep(world, wanted, &grant, generation).map_err(Dead::stopped)?;
    let deferred = Deferred::begin();
    let granted = oauth.refresh(&mint::with(world, proof), wanted, secret.as_ref(), &grant);
    let Granted { credential, refresh_token } = match granted {
        Ok(granted) => granted,
        Err(SourceError::GrantDead { .. }) => return Err(Dead::Grant { generation }),
        Err(error) => return Err(Dead::Stopped(mint::stopped(wanted, &error))),
    };
    match (refresh_token, oauth) {
        (Some(next), _) => {
            grant.refresh_token = next;
            keep(world, wanted, &grant, generation).map_err(Dead::stopped)?;
        }
        (None, OAuth::Cloud(_)) => {}
        // The old pair died with the refresh and no new one came: the next token needs a consent.
        (None, OAuth::DataCenter(_)) => bury(world, wanted, Kept { grant, generation }).map_err(Dead::stopped)?,
    }
    drop(deferred);
    Ok(credential)
}

/// Forgets the refresh token that Bitbucket no longer takes. Which accounts belong together is remembered: a
/// later consent must come from the same Bitbucket account (DESIGN.md section 7).
fn bury(world: &World, wanted: &Wanted<'_>, kept: Kept) -> Result<(), Failure> {
    wanted.uncache(world);
    keep(world, wanted, &kept.grant.dead(), kept.generation).map(drop)
}

impl Dead {
    fn stopped(failure: Failure) -> Self {
        Self::Stopped(Stopped::Failed(failure))
    }
}

/// The grant if it belongs to the account that Entra vouches for.
fn owned(world: &World, wanted: &Wanted<'_>, who: &Who) -> Result<Kept, Stopped> {
    let kept = load(world, wanted)?.ok_or(Stopped::ConsentNeeded)?;
    match kept.grant.belongs_to(who) {
        true if kept.grant.is_alive() => Ok(kept),
        true => Err(Stopped::ConsentNeeded),
        false => Err(Stopped::Failed(words::grant_of_another(wanted, &kept.grant, who))),
    }
}

fn name(wanted: &Wanted<'_>) -> Name {
    Name::Grant(wanted.grant.clone())
}

/// Whether the source of a host needs a grant at all.
pub fn needed(source: &Source) -> bool {
    OAuth::of(source).is_some()
}
