//! Git says that a token failed: the cached credential becomes suspect, session and grant stay.

use crate::app::get::wanted;
use crate::app::records::Cached;
use crate::app::world::World;
use crate::basis::digest;
use crate::flight::Lane;
use crate::git::request::Request;

/// Marks the cached credential if it is the one that failed (DESIGN.md section 6 rule 6). Anything else that
/// git may be erasing is not ours, or is gone already.
pub fn erase(world: &World, request: &Request) {
    let Some(wanted) = wanted(world, request) else { return };
    let Some(failed) = request.password.as_ref().or(request.credential.as_ref()) else { return };
    let failed =
        |cached: &Cached| digest::equal(failed.expose().as_bytes(), cached.credential.token.expose().as_bytes());
    if wanted.cached(world).is_none_or(|cached| !failed(&cached)) {
        return;
    }
    // A leader at work replaces the token, or has just had it checked; its newer one must not be overwritten.
    let Ok(Some(_turn)) = world.flight.try_enter(&Lane::Host(wanted.grant.clone())) else { return };
    if let Some(cached) = wanted.cached(world).filter(failed) {
        // A mark that cannot be written leaves the token as it was; git's next call fails again and says so.
        _ = wanted.cache(world, &Cached { suspect: true, ..cached });
    }
}
