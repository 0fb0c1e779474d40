//! Answers git: from the cache if it can, else by way of Entra and the token source.

use crate::app::connect;
use crate::app::mint::{self, Asked};
use crate::app::prove;
use crate::app::records::Cached;
use crate::app::renew;
use crate::app::trail;
use crate::app::turns;
use crate::app::wanted::Wanted;
use crate::app::words;
use crate::app::world::World;
use crate::basis::failure::Failure;
use crate::basis::version::Version;
use crate::git::answer::{Answer, Scheme};
use crate::git::request::Request;
use crate::hosts;

/// Who asks, and what may therefore be done to get an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Git asks: only a person at a foreground terminal, or a display once, may be bothered.
    Git,
    /// A person typed a command of ours.
    Command,
    /// The renewing child: nobody may be bothered, and a credential that is still good is replaced.
    Background,
}

/// The whole way of a request (DESIGN.md section 3).
pub fn get(world: &World, request: &Request) -> Result<Answer, Failure> {
    let Some(wanted) = wanted(world, request) else { return Ok(Answer::Pass) };
    new_enough(world)?;
    let cached = match hit(world, &wanted)? {
        Some(cached) => cached,
        None => obtain(world, &wanted, Manner::Git)?,
    };
    let scheme = Scheme::of(wanted.scheme(), request.capabilities);
    Ok(Answer::Credential { credential: cached.credential, scheme })
}

/// Refuses where policy wants a later version of this program.
pub fn new_enough(world: &World) -> Result<(), Failure> {
    world.loaded.settings.fleet.wanted_version.map_or(Ok(()), |wanted| Err(words::too_old(wanted, Version::own())))
}

/// A cached credential, recorded as handed out; one that ages is renewed behind the caller's back.
pub fn hit(world: &World, wanted: &Wanted<'_>) -> Result<Option<Cached>, Failure> {
    let Some(cached) = fresh(world, wanted) else { return Ok(None) };
    trail::handed_out(world, &cached)?;
    if cached.credential.aging(world.clock.now()) {
        renew::start(world, wanted);
    }
    Ok(Some(cached))
}

/// The host of ours that a request names.
pub fn wanted<'a>(world: &'a World, request: &Request) -> Option<Wanted<'a>> {
    let settings = &world.loaded.settings;
    let host = hosts::find(settings, &request.protocol, &request.host, request.path.as_deref())?;
    Some(Wanted::new(settings.profile(host)?, host, request.path.as_deref()))
}

/// A cached credential that may be handed out as it is.
pub fn fresh(world: &World, wanted: &Wanted<'_>) -> Option<Cached> {
    let rules = world.loaded.settings.token;
    let now = world.clock.now();
    let cached = wanted.cached(world)?;
    let young = rules.max_cached_age.is_none_or(|age| now < cached.credential.issued.after(age));
    (young && !cached.suspect && cached.credential.fresh(now, rules.margin)).then_some(cached)
}

/// The slow way: a live session, then a token; a refusal is recorded too.
pub fn obtain(world: &World, wanted: &Wanted<'_>, manner: Manner) -> Result<Cached, Failure> {
    let obtained = prove_and_mint(world, wanted, manner);
    if let Err(failure) = &obtained {
        trail::refused(world, wanted, failure);
    }
    obtained
}

/// Entra is asked at most twice; a person at most once for each thing that only they can do.
fn prove_and_mint(world: &World, wanted: &Wanted<'_>, manner: Manner) -> Result<Cached, Failure> {
    let mut proof = prove::prove(world, wanted, manner)?;
    let mut endings = turns::state(world, wanted).endings;
    let (mut retried, mut connected, mut stepped) = (false, false, false);
    loop {
        match mint::mint(world, wanted, &proof, endings, manner) {
            Ok(cached) => return Ok(cached),
            Err(mint::Stopped::SignedOut) if !retried => {
                proof = prove::prove(world, wanted, manner)?;
                endings = turns::state(world, wanted).endings;
            }
            Err(mint::Stopped::ConsentNeeded) if !retried => prove::consent(world, wanted, manner)?,
            Err(mint::Stopped::ProofRefused(_)) if !retried => {
                prove::forget_recent(world, wanted, &proof);
                proof = prove::prove(world, wanted, manner)?;
            }
            Err(mint::Stopped::Asked(Asked::Connect(page), failure)) if !connected => {
                connected = true;
                connect::alone(world, wanted, &proof, manner, (&page, *failure))?;
                proof = prove::prove(world, wanted, manner)?;
                endings = turns::state(world, wanted).endings;
                continue;
            }
            Err(mint::Stopped::Asked(Asked::StepUp(demand), failure)) if !stepped => {
                stepped = true;
                proof = prove::step_up(world, wanted, manner, &demand, (&proof, *failure))?;
                endings = turns::state(world, wanted).endings;
                continue;
            }
            Err(mint::Stopped::Asked(Asked::Connect(_), _)) => return Err(words::connected_in_vain(wanted)),
            Err(mint::Stopped::Asked(Asked::StepUp(_), _)) => return Err(words::stepped_up_in_vain(wanted)),
            Err(mint::Stopped::ConsentNeeded | mint::Stopped::SignedOut) => return Err(words::consent_lost(wanted)),
            Err(mint::Stopped::Failed(failure) | mint::Stopped::ProofRefused(failure)) => return Err(failure),
        }
        retried = true;
    }
}
