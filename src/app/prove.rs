//! Has Entra vouch for the account: by its last answer, by a refresh, or by a new sign-in.

use crate::app::entra::{self, Again, Next, Refused};
use crate::app::get::Manner;
use crate::app::sessions::{self, Kept};
use crate::app::sign_in::{self, SignIn, Why};
use crate::app::wanted::Wanted;
use crate::app::words;
use crate::app::world::World;
use crate::app::{claims, consent, grants, interaction, trail, turns, workload};
use crate::basis::clock::Timestamp;
use crate::basis::credential::{Proof, Subject, Vouched};
use crate::basis::failure::{Failure, Kind};
use crate::config::settings::Identity;
use crate::flight::Turn;
use crate::session::Tokens;
use crate::source::Demand;
use std::time::Duration;

pub use crate::app::sessions::forget_recent;

/// A proof for this host, from one leader per account; everybody else adopts how it went.
pub fn prove(world: &World, wanted: &Wanted<'_>, manner: Manner) -> Result<Proof, Failure> {
    if wanted.profile.identity != Identity::User {
        return workload::prove(world, wanted);
    }
    if let Some(proof) = sessions::recent(world, wanted) {
        return Ok(proof);
    }
    let turn = turns::account(world, wanted)?;
    if let Some(failure) = adopted(world, wanted, manner, &*turn)? {
        return Err(failure);
    }
    if let Some(proof) = sessions::recent(world, wanted) {
        return Ok(proof);
    }
    let proved = refresh_or_sign_in(world, wanted, manner, &*turn);
    turn.conclude(&wanted.grant, proved.as_ref().err());
    proved
}

/// The failure of the leader that was waited for, if it is ours too: it wanted the same host, or the account has no
/// session, so that we would ask the same person the same thing. Who has a person to ask does not adopt that
/// there was none.
pub fn adopted(
    world: &World,
    wanted: &Wanted<'_>,
    manner: Manner,
    turn: &dyn Turn,
) -> Result<Option<Failure>, Failure> {
    let Some(adopted) = turn.adopted() else { return Ok(None) };
    if !adopted.is_about(&wanted.grant) && sessions::load(world, wanted)?.is_some() {
        return Ok(None);
    }
    let nobody = adopted.failure.kind == Kind::SignInNeeded;
    let state = turns::state(world, wanted);
    let somebody = nobody && interaction::choose(world, wanted, manner, None, &state, turn.waited()).is_ok();
    Ok((!somebody).then_some(adopted.failure))
}

/// Has the person consent at Bitbucket, for a source whose grant is missing although the session lives. Entra is
/// asked again if its last answer is too old by now: consents of other hosts may have taken their time.
pub fn consent(world: &World, wanted: &Wanted<'_>, manner: Manner) -> Result<(), Failure> {
    let turn = turns::account(world, wanted)?;
    if grants::present(world, wanted)? {
        return Ok(());
    }
    if let Some(failure) = adopted(world, wanted, manner, &*turn)? {
        return Err(failure);
    }
    let consented = prove_and_consent(world, wanted, manner, &*turn);
    turn.conclude(&wanted.grant, consented.as_ref().err());
    consented
}

/// Signs in again as the broker demands, once; a sign-in of somebody else's meanwhile serves as well.
pub fn step_up(
    world: &World,
    wanted: &Wanted<'_>,
    manner: Manner,
    demand: &Demand,
    (refused, failure): (&Proof, Failure),
) -> Result<Proof, Failure> {
    if wanted.profile.identity != Identity::User {
        return Err(failure);
    }
    forget_recent(world, wanted, refused);
    let turn = turns::account(world, wanted)?;
    if let Some(proof) = sessions::recent(world, wanted) {
        return Ok(proof);
    }
    if let Some(failure) = adopted(world, wanted, manner, &*turn)? {
        return Err(failure);
    }
    // If nobody can be asked now, the next sign-in still brings them.
    turns::change(world, wanted, |state| {
        if let Some(claims) = &demand.claims {
            state.claims = Some(claims::merged(state.claims.as_deref(), claims));
        }
    });
    let again = Again { claims: turns::state(world, wanted).claims, ..Again::default() };
    let sign_in = SignIn::new(world, wanted, manner, &*turn, Why::StepUp);
    let sign_in = sign_in.again(again, Some(refused.who.username.clone()));
    let sign_in = SignIn { reauthenticate: sign_in.reauthenticate || demand.fresh, ..sign_in };
    let signed = sign_in::sign_in(&sign_in).map_err(|nobody| because(nobody, &failure));
    turn.conclude(&wanted.grant, signed.as_ref().err());
    signed
}

fn prove_and_consent(world: &World, wanted: &Wanted<'_>, manner: Manner, turn: &dyn Turn) -> Result<(), Failure> {
    let proof = match sessions::recent(world, wanted) {
        Some(proof) => proof,
        None => refresh_or_sign_in(world, wanted, manner, turn)?,
    };
    // A new sign-in has it in its own tab.
    if grants::present(world, wanted)? { Ok(()) } else { consent::alone(world, wanted, &proof, manner, turn) }
}

fn refresh_or_sign_in(world: &World, wanted: &Wanted<'_>, manner: Manner, turn: &dyn Turn) -> Result<Proof, Failure> {
    let state = turns::state(world, wanted);
    let first = Again { claims: state.claims.clone(), ..Again::default() };
    let Some(kept) = sessions::load(world, wanted)? else {
        let hint = state.last.map(|who| who.username);
        return sign_in::sign_in(&SignIn::new(world, wanted, manner, turn, Why::First).again(first, hint));
    };
    let hint = kept.session.who.username.clone();
    let ask =
        |why, again| sign_in::sign_in(&SignIn::new(world, wanted, manner, turn, why).again(again, Some(hint.clone())));
    if kept.session.ends <= world.clock.now() {
        sessions::forget(world, wanted)?;
        return ask(Why::DayEnded, Again::default());
    }
    if let Some(until) = state.not_before.filter(|until| world.clock.now() < *until) {
        let grace = state.unreachable.then(|| grace(world, wanted, &kept)).flatten();
        return grace.ok_or_else(|| words::not_before(world, wanted, until));
    }
    turns::announce(world, turn, words::leader_renews(wanted), A_CALL);
    match entra::refresh(world, wanted, &kept.session) {
        Ok(tokens) => renewed(world, wanted, kept, tokens),
        Err(refused) => after(world, wanted, &kept, *refused, &ask),
    }
}

/// How long a refresh may take, with its second try.
const A_CALL: Duration = Duration::from_secs(90);

/// The rotated token is durable before the access token that came with it is used.
fn renewed(world: &World, wanted: &Wanted<'_>, kept: Kept, tokens: Tokens) -> Result<Proof, Failure> {
    let Kept { mut session, generation } = kept;
    let vouched = vouched(&tokens);
    if let Some(id) = tokens.id.filter(|id| !id.who().is(&session.who)) {
        return Err(words::wrong_account(wanted, &session.who.to_string(), id.who()));
    }
    session.confirmed = world.clock.now();
    if let Some(next) = tokens.refresh_token {
        session.refresh_token = next;
    }
    sessions::keep(world, wanted, &session, generation)?;
    if !sessions::set_back(world, wanted).is_zero() {
        // What was cached before knows only the later end.
        world.hot.drop_account(&wanted.account);
    }
    turns::change(world, wanted, |state| {
        state.not_before = None;
        state.latest_clock = Some(session.confirmed);
    });
    let proof = Proof {
        who: session.who,
        vouched,
        access_token: tokens.access.filter(|_| wanted.host.source.entra_scope().is_some()),
        subject: Subject::EntraAccessToken,
        expires: tokens.expires,
        confirmed: session.confirmed,
        session_ends: session.ends,
    };
    sessions::remember(world, wanted, &proof);
    Ok(proof)
}

/// How Entra's sign-in log names the call that gave these tokens.
pub fn vouched(tokens: &Tokens) -> Vouched {
    let uti = tokens.id.as_ref().and_then(|id| id.uti()).map(str::to_owned);
    Vouched { correlation: tokens.correlation.clone(), uti }
}

/// What a refused or failed refresh means (DESIGN.md section 8).
fn after(
    world: &World,
    wanted: &Wanted<'_>,
    kept: &Kept,
    refused: Refused,
    ask: &dyn Fn(Why, Again) -> Result<Proof, Failure>,
) -> Result<Proof, Failure> {
    let Refused { next, failure } = refused;
    match next {
        Next::AskAgain(again) => {
            // If nobody can be asked now, the next sign-in still brings them.
            turns::change(world, wanted, |state| state.claims.clone_from(&again.claims));
            ask(Why::Refused, again).map_err(|nobody| because(nobody, &failure))
        }
        Next::Expired => {
            sessions::forget(world, wanted)?;
            ask(Why::DayEnded, Again::default()).map_err(|nobody| because(nobody, &failure))
        }
        Next::Gone { may_return } => {
            let removed = grants::forget_account(world, wanted)?;
            sessions::forget(world, wanted)?;
            trail::ended(world, wanted, &kept.session.who, &failure, removed)?;
            if !may_return {
                turns::change(world, wanted, |state| state.last = None);
                return Err(failure);
            }
            ask(Why::Revoked, Again::default()).map_err(|nobody| because(nobody, &failure))
        }
        Next::Wait { pause, unreachable } => {
            let until = world.clock.now().after(pause);
            turns::change(world, wanted, |state| {
                state.not_before = Some(until);
                state.unreachable = unreachable;
            });
            // A pause that Entra asks for is an answer: no token is minted past it.
            unreachable.then(|| grace(world, wanted, kept)).flatten().ok_or(failure)
        }
        Next::Stop => Err(failure),
    }
}

/// Nobody could be asked: the ticket still gets what Entra said.
fn because(nobody: Failure, refused: &Failure) -> Failure {
    if nobody.kind != Kind::SignInNeeded || nobody.detail.is_some() {
        return nobody;
    }
    let Failure { what, detail, .. } = refused;
    let ids = detail.as_ref().map(|detail| format!("\n           {detail}")).unwrap_or_default();
    nobody.with_detail(format!("{what}{ids}"))
}

/// During an Entra outage, policy may let the sources that need no Entra token go on for a while.
fn grace(world: &World, wanted: &Wanted<'_>, kept: &Kept) -> Option<Proof> {
    let Kept { session, .. } = kept;
    let ends = session.confirmed.after(wanted.profile.outage_grace);
    let within = wanted.profile.outage_grace > Duration::ZERO && world.clock.now() < ends;
    if !within || wanted.host.source.entra_scope().is_some() {
        return None;
    }
    trail::outage_grace(world, wanted, &session.who).ok()?;
    Some(Proof {
        who: session.who.clone(),
        // Nobody vouched now; the trail says so with an event of its own.
        vouched: Vouched::default(),
        access_token: None,
        subject: Subject::EntraAccessToken,
        expires: Timestamp(0),
        confirmed: session.confirmed,
        session_ends: session.ends,
    })
}
