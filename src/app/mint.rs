//! Turns a proof into a credential, one process at a time per host.

use crate::app::get::{Manner, fresh};
use crate::app::oauth::OAuth;
use crate::app::records::Cached;
use crate::app::wanted::Wanted;
use crate::app::words;
use crate::app::world::World;
use crate::app::{grants, suspect, trail, turns};
use crate::basis::credential::{Credential, Proof};
use crate::basis::failure::Failure;
use crate::config::settings::Source;
use crate::source::exchange::exchange;
use crate::source::{Demand, Limits, Mint, SourceError, entra};
use std::time::Duration;

/// Why nothing was minted, named for what the caller does next.
#[derive(Debug)]
pub enum Stopped {
    /// A person has to consent at Bitbucket first.
    ConsentNeeded,
    /// The other side does not take the proof: ask Entra again, once.
    ProofRefused(Failure),
    /// The broker wants a person to do something first; the failure is for when nobody can.
    Asked(Asked, Box<Failure>),
    /// The session was ended while its turn was waited for; the proof counts no more.
    SignedOut,
    /// It ends here.
    Failed(Failure),
}

/// What a broker wants of a person.
#[derive(Clone, Debug)]
pub enum Asked {
    /// Their Bitbucket account connected, at this page.
    Connect(String),
    /// Another sign-in.
    StepUp(Demand),
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// The credential of this host: somebody else's if they were quicker, else a new one, cached and recorded.
/// `endings` is the account's, as it was when the proof was had.
pub fn mint(
    world: &World,
    wanted: &Wanted<'_>,
    proof: &Proof,
    endings: u64,
    manner: Manner,
) -> Result<Cached, Stopped> {
    let turn = turns::host(world, wanted)?;
    if turns::state(world, wanted).endings != endings {
        return Err(Stopped::SignedOut);
    }
    if let Some(cached) = fresh(world, wanted).filter(|cached| !replaces(world, cached, manner)) {
        if manner != Manner::Background {
            trail::handed_out(world, &cached)?;
        }
        return Ok(cached);
    }
    if let Some(adopted) = turn.adopted().filter(|adopted| adopted.is_about(&wanted.id)) {
        return Err(again(adopted.failure));
    }
    let minted = match suspect::cleared(world, wanted) {
        Ok(Some(cached)) => trail::handed_out(world, &cached).map(|()| cached).map_err(Stopped::Failed),
        Ok(None) => issue(world, wanted, proof).and_then(|credential| hand_out(world, wanted, proof, credential)),
        Err(failure) => Err(Stopped::Failed(failure)),
    };
    match &minted {
        Err(Stopped::Failed(failure) | Stopped::ProofRefused(failure)) => turn.conclude(&wanted.id, Some(failure)),
        _ => turn.conclude(&wanted.id, None),
    }
    minted
}

/// A renewal replaces what still can be handed out, unless somebody was quicker.
fn replaces(world: &World, cached: &Cached, manner: Manner) -> bool {
    manner == Manner::Background && cached.credential.aging(world.clock.now())
}

/// What the leader's failure means for a waiter: whoever holds the same refused proof gets the next one, too.
fn again(failure: Failure) -> Stopped {
    if failure.id == words::PROOF_REFUSED { Stopped::ProofRefused(failure) } else { Stopped::Failed(failure) }
}

/// Records and caches a new credential; one with little life left is handed out once, not cached.
pub fn hand_out(world: &World, wanted: &Wanted<'_>, proof: &Proof, credential: Credential) -> Result<Cached, Stopped> {
    let left = world.clock.now().until(credential.expires.min(proof.session_ends));
    let cached = Cached { credential, who: proof.who.clone(), suspect: false, session_ends: proof.session_ends };
    trail::minted(world, wanted, &cached, &proof.vouched)?;
    if left >= LEAST_CACHED {
        // A cache that cannot be written only costs the next call a request.
        _ = wanted.cache(world, &cached);
    }
    Ok(cached)
}

fn issue(world: &World, wanted: &Wanted<'_>, proof: &Proof) -> Result<Credential, Stopped> {
    let issued = match &wanted.host.source {
        Source::Exchange(broker) => exchange(&with(world, proof), wanted.host, broker, &wanted.ask),
        Source::Entra(proxy) => entra::credential(&*world.clock, proxy, proof, limits(world)),
        Source::CloudOauth(consumer) => return grants::refreshed(world, wanted, &OAuth::Cloud(consumer), proof),
        Source::DataCenterOauth(link) => return grants::refreshed(world, wanted, &OAuth::DataCenter(link), proof),
    };
    issued.map_err(|error| stopped(wanted, &error))
}

/// What every new token is made with.
pub fn with<'a>(world: &'a World, proof: &'a Proof) -> Mint<'a> {
    Mint { http: world.http.get(), clock: &*world.clock, proof, limits: limits(world) }
}

fn limits(world: &World) -> Limits {
    Limits { max_life: world.loaded.settings.token.max_life }
}

/// What an error of a token source means here.
pub fn stopped(wanted: &Wanted<'_>, error: &SourceError) -> Stopped {
    let failure = words::source(wanted, error);
    match error {
        SourceError::NeedsConsent { .. } if grants::needed(&wanted.host.source) => Stopped::ConsentNeeded,
        SourceError::Connect { page } => Stopped::Asked(Asked::Connect(page.clone()), Box::new(failure)),
        SourceError::StepUp { demand, .. } => Stopped::Asked(Asked::StepUp(demand.clone()), Box::new(failure)),
        SourceError::ProofRefused { .. } => Stopped::ProofRefused(failure),
        _ => Stopped::Failed(failure),
    }
}

/// DESIGN.md section 6 rule 5.
const LEAST_CACHED: Duration = Duration::from_secs(120);
