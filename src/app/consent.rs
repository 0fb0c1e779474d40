//! A person consents at Bitbucket: in the tab that Entra has just left, or by a pasted address.

use crate::app::by_browser::{self, PATIENCE};
use crate::app::get::Manner;
use crate::app::interaction::{self, Choice};
use crate::app::oauth::OAuth;
use crate::app::sign_in::{SignIn, Why};
use crate::app::wanted::Wanted;
use crate::app::words::{self, pages};
use crate::app::world::World;
use crate::app::{bind, turns};
use crate::basis::credential::Proof;
use crate::basis::failure::Failure;
use crate::basis::random;
use crate::basis::secret::{Code, Verifier};
use crate::basis::session::Flow;
use crate::basis::text;
use crate::flight::Turn;
use crate::session::loopback::{Expect, Loopback, Method, Visit};
use crate::source::pasted::{self, PasteError};
use std::time::{Duration, Instant};

/// One consent under way.
pub struct Request<'a> {
    pub oauth: OAuth<'a>,
    pub redirect_uri: String,
    pub state: String,
    pub verifier: Verifier,
    pub url: String,
}

impl<'a> Request<'a> {
    fn new(wanted: &'a Wanted<'a>, redirect_uri: String) -> Option<Self> {
        let oauth = OAuth::of(&wanted.host.source)?;
        let state = random::token(24);
        let verifier = Verifier::new(random::token(48));
        let url = oauth.authorize_url(wanted, &redirect_uri, &state, &verifier);
        Some(Self { oauth, redirect_uri, state, verifier, url })
    }
}

/// Has all missing consents in the tab that is waiting for its page; returns the tab for the last page.
pub fn in_tab(
    sign_in: &SignIn<'_>,
    loopback: &mut Loopback,
    consents: &[Wanted<'_>],
    proof: &Proof,
    mut visit: Visit,
) -> Result<Visit, Failure> {
    for wanted in consents {
        visit = next_tab(sign_in.world, loopback, wanted, proof, visit)?;
    }
    Ok(visit)
}

/// A consent alone: the session lives, only the grant is missing. Holds the account's lane.
pub fn alone(
    world: &World,
    wanted: &Wanted<'_>,
    proof: &Proof,
    manner: Manner,
    turn: &dyn Turn,
) -> Result<(), Failure> {
    let state = turns::state(world, wanted);
    let choice = interaction::choose(world, wanted, manner, None, &state, turn.waited());
    let choice = choice.map_err(|why| words::nobody_to_consent(wanted, why))?;
    if choice.unattended {
        turns::change(world, wanted, |state| state.tab_spent = true);
    }
    world.ui.tell(&words::consent_begins(wanted, &proof.who));
    turns::announce(world, turn, words::leader_in_browser(wanted), PATIENCE);
    if choice.flow == Flow::DeviceCode {
        return by_paste(world, wanted, proof);
    }
    let sign_in = SignIn::new(world, wanted, manner, turn, Why::Asked);
    let visit = first_tab(&sign_in, &choice, proof)?;
    by_browser::answer(visit, pages::done(world, wanted, proof));
    turns::change(world, wanted, |state| state.tab_spent = false);
    Ok(())
}

/// Opens a tab of its own for the consent.
fn first_tab(sign_in: &SignIn<'_>, choice: &Choice, proof: &Proof) -> Result<Visit, Failure> {
    let SignIn { world, wanted, .. } = *sign_in;
    let mut loopback = bound(wanted)?;
    let request = request(wanted, loopback.redirect_uri().to_owned())?;
    by_browser::open(sign_in, choice, &request.url)?;
    finish(world, &mut loopback, wanted, proof, &request)
}

/// Sends the waiting tab on to Bitbucket and waits for it to come back.
fn next_tab(
    world: &World,
    loopback: &mut Loopback,
    wanted: &Wanted<'_>,
    proof: &Proof,
    visit: Visit,
) -> Result<Visit, Failure> {
    let registered = OAuth::of(&wanted.host.source).map_or("", |oauth| oauth.registered_uri());
    let redirect_uri = loopback.also(registered).map_err(|error| words::loopback(wanted, &error));
    let request = redirect_uri.and_then(|uri| request(wanted, uri));
    let request = match request {
        Ok(request) => request,
        Err(failure) => {
            by_browser::answer(visit, pages::failed(wanted, &failure));
            return Err(failure);
        }
    };
    // Not by redirect: after our own form, browsers apply its `form-action` to redirects too.
    by_browser::answer(visit, pages::onward(wanted, &request.url));
    finish(world, loopback, wanted, proof, &request)
}

/// Waits for Bitbucket's redirect, redeems the code, binds the accounts, stores the grant.
fn finish(
    world: &World,
    loopback: &mut Loopback,
    wanted: &Wanted<'_>,
    proof: &Proof,
    request: &Request<'_>,
) -> Result<Visit, Failure> {
    let deadline: Instant = world.clock.steady() + PATIENCE;
    let expect = Expect { uri: &request.redirect_uri, method: Method::Get, state: &request.state };
    let visit = loopback.wait(&*world.clock, &expect, deadline).map_err(|error| words::loopback(wanted, &error))?;
    let code = code_of(&visit).map_err(|error| words::pasted(wanted, &error));
    match code.and_then(|code| bind::granted(world, wanted, proof, request, &code)) {
        Ok(bind::Bound::Stored) => Ok(visit),
        Ok(bind::Bound::Unclear(pending)) => {
            bind::confirm_in_tab(world, loopback, wanted, proof, visit, &request.redirect_uri, pending)
        }
        Err(failure) => {
            by_browser::answer(visit, pages::failed(wanted, &failure));
            Err(failure)
        }
    }
}

/// Without a browser here: shows the address, takes the pasted redirect, or the loopback's if it comes first
/// (a forwarded port).
pub fn by_paste(world: &World, wanted: &Wanted<'_>, proof: &Proof) -> Result<(), Failure> {
    let mut loopback = bound(wanted)?;
    let request = request(wanted, loopback.redirect_uri().to_owned())?;
    world.ui.show(&words::paste_this(wanted, &request.url));
    let code = race(world, wanted, &mut loopback, &request)?;
    match bind::granted(world, wanted, proof, &request, &code)? {
        bind::Bound::Stored => Ok(()),
        bind::Bound::Unclear(pending) => bind::confirm_at_terminal(world, wanted, proof, pending),
    }
}

fn race(world: &World, wanted: &Wanted<'_>, loopback: &mut Loopback, request: &Request<'_>) -> Result<Code, Failure> {
    let deadline = world.clock.steady() + PATIENCE;
    let expect = Expect { uri: &request.redirect_uri, method: Method::Get, state: &request.state };
    while world.clock.steady() < deadline {
        if let Some(line) = world.ui.ask("", SLICE) {
            let read = pasted::parse(&line, &request.redirect_uri, &request.state);
            match read {
                Ok(code) => return Ok(code),
                Err(error) if worth_another_try(&error) => world.ui.show(&words::pasted_again(&error)),
                Err(error) => return Err(words::pasted(wanted, &error)),
            }
        }
        if let Ok(visit) = loopback.wait(&*world.clock, &expect, world.clock.steady() + SLICE) {
            let code = code_of(&visit).map_err(|error| words::pasted(wanted, &error));
            by_browser::answer(visit, pages::back_to_terminal(wanted));
            return code;
        }
    }
    Err(words::paste_timed_out(wanted))
}

/// The code of a redirect whose state the loopback has checked.
fn code_of(visit: &Visit) -> Result<Code, PasteError> {
    let one = |name: &str| visit.fields().get(name);
    match (one("error"), one("code")) {
        (Some("access_denied"), _) => Err(PasteError::Declined),
        (Some(error), _) => {
            let description = text::clean(one("error_description").unwrap_or_default());
            Err(PasteError::Refused { error: text::clean(error), description })
        }
        (None, Some(code)) if !code.is_empty() => Ok(Code::new(code.to_owned())),
        (None, _) => Err(PasteError::NoCode),
    }
}

fn worth_another_try(error: &PasteError) -> bool {
    matches!(error, PasteError::NotAnAddress | PasteError::OtherPage { .. } | PasteError::OtherSignIn)
}

/// The terminal and the loopback are looked at in turns of this length.
const SLICE: Duration = Duration::from_millis(200);

fn bound(wanted: &Wanted<'_>) -> Result<Loopback, Failure> {
    let registered = OAuth::of(&wanted.host.source).map_or("", |oauth| oauth.registered_uri());
    Loopback::bind(registered).map_err(|error| words::loopback(wanted, &error))
}

fn request<'a>(wanted: &'a Wanted<'a>, redirect_uri: String) -> Result<Request<'a>, Failure> {
    Request::new(wanted, redirect_uri).ok_or_else(|| words::consent_lost(wanted))
}
