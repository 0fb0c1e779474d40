//! A token that git says failed: one cheap call tells a dead token from a forbidden repository.

use crate::app::oauth::OAuth;
use crate::app::records::Cached;
use crate::app::wanted::Wanted;
use crate::app::words;
use crate::app::world::World;
use crate::basis::failure::Failure;
use crate::source::Probe;

/// The cached credential if it is suspect and turns out to be good; `None` if a new one must be minted.
/// Called under the host's lane (DESIGN.md section 6 rule 6).
pub fn cleared(world: &World, wanted: &Wanted<'_>) -> Result<Option<Cached>, Failure> {
    let Some(cached) = wanted.cached(world).filter(|cached| cached.suspect) else { return Ok(None) };
    let now = world.clock.now();
    if !cached.credential.fresh(now, world.loaded.settings.token.margin) {
        return Ok(None);
    }
    let good = match OAuth::of(&wanted.host.source) {
        Some(oauth) => match oauth.probe(world, wanted, &cached.credential.token) {
            Ok(Probe::Accepted) => Some(words::forbidden_repository(wanted, &cached.who)),
            Ok(Probe::Refused) => None,
            Err(error) => return Err(words::source(wanted, &error)),
        },
        // No call tells: a token of the last minute stays, an older one is replaced.
        None if now.0.abs_diff(cached.credential.issued.0) < MINT_AT_MOST_EVERY => {
            Some(words::minted_a_moment_ago(wanted, &cached.who))
        }
        None => None,
    };
    let Some(news) = good else {
        wanted.uncache(world);
        return Ok(None);
    };
    world.ui.tell(&news);
    let cleared = Cached { suspect: false, ..cached };
    _ = wanted.cache(world, &cleared);
    Ok(Some(cleared))
}

/// Seconds between two tokens for a host whose tokens cannot be checked.
const MINT_AT_MOST_EVERY: u64 = 60;
