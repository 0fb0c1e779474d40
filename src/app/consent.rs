//! A person consents at Bitbucket: in the tab that Entra has just left, or by a pasted address.

use crate::app::answer::{self, Answer, PATIENCE};
use crate::app::by_browser::{self, Page};
use crate::app::forward;
use crate::app::get::Manner;
use crate::app::interaction::{self, Choice};
use crate::app::oauth::OAuth;
use crate::app::sign_in::SignIn;
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
use crate::session::loopback::{Expect, Fields, Loopback, LoopbackError, Method, Visit};
use crate::source::pasted::PasteError;

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
    let pasted = choice.flow == Flow::DeviceCode || world.means.paste;
    world.ui.tell(&words::consent_begins(wanted, &proof.who, choice.opens && !pasted));
    turns::announce(world, turn, words::leader_in_browser(wanted), PATIENCE);
    if pasted {
        return by_paste(world, wanted, proof);
    }
    let visit = first_tab(world, wanted, &choice, proof)?;
    answer::show(visit, |language| pages::done(language, world, wanted, proof));
    turns::change(world, wanted, |state| state.tab_spent = false);
    Ok(())
}

/// Opens a tab of its own for the consent.
fn first_tab(world: &World, wanted: &Wanted<'_>, choice: &Choice, proof: &Proof) -> Result<Visit, Failure> {
    let mut loopback = bound(world, wanted)?;
    let request = request(wanted, loopback.redirect_uri().to_owned())?;
    let page = Page { url: &request.url, uri: &request.redirect_uri, also: &[] };
    let opened = by_browser::open(world, wanted, choice, &page)?;
    finish(world, &mut loopback, wanted, proof, &request, opened)
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
            answer::show(visit, |language| pages::failed(language, wanted, Some(proof), &failure));
            return Err(failure);
        }
    };
    // Not by redirect: after our own form, browsers apply its `form-action` to redirects too.
    answer::show(visit, |language| pages::onward(language, wanted, &request.url));
    finish(world, loopback, wanted, proof, &request, true)
}

/// Waits for Bitbucket's redirect, redeems the code, binds the accounts, stores the grant.
fn finish(
    world: &World,
    loopback: &mut Loopback,
    wanted: &Wanted<'_>,
    proof: &Proof,
    request: &Request<'_>,
    opened: bool,
) -> Result<Visit, Failure> {
    let expect = Expect { uri: &request.redirect_uri, method: Method::Get, state: &request.state };
    let still = |left| words::still_in_browser(wanted, opened, false, left);
    let visit = answer::in_tab(world, wanted, loopback, &expect, &still)?;
    let code = code_of(visit.fields()).map_err(|error| words::pasted(wanted, &error));
    match code.and_then(|code| bind::granted(world, wanted, proof, request, &code)) {
        Ok(bind::Bound::Stored) => Ok(visit),
        Ok(bind::Bound::Unclear(pending)) => {
            bind::confirm_in_tab(world, loopback, wanted, proof, visit, &request.redirect_uri, pending)
        }
        Err(failure) => {
            answer::show(visit, |language| pages::failed(language, wanted, Some(proof), &failure));
            Err(failure)
        }
    }
}

/// Without a browser here: shows the address, takes the pasted redirect, or the loopback's if it comes first
/// (a forwarded port).
pub fn by_paste(world: &World, wanted: &Wanted<'_>, proof: &Proof) -> Result<(), Failure> {
    let mut loopback = bound(world, wanted)?;
    let request = request(wanted, loopback.redirect_uri().to_owned())?;
    let line = || forward::command(&world.env, &request.redirect_uri, &[]);
    let forward = world.means.port.map(|_| words::forward_ports(&line()));
    let address = words::paste_this(wanted, &request.url);
    world.ui.show(&forward.into_iter().chain([address]).collect::<Vec<_>>().join("\n"));
    let expect = Expect { uri: &request.redirect_uri, method: Method::Get, state: &request.state };
    let still = |left| words::still_in_browser(wanted, false, true, left);
    let came = answer::wait(world, wanted, &mut loopback, &expect, true, &still);
    let came = came.map_err(|failure| timed_out(wanted, failure))?;
    let code = code_of(came.fields()).map_err(|error| words::pasted(wanted, &error));
    if let Answer::Tab(visit) = came {
        answer::show(visit, |language| pages::back_to_terminal(language, wanted));
    }
    match bind::granted(world, wanted, proof, &request, &code?)? {
        bind::Bound::Stored => Ok(()),
        bind::Bound::Unclear(pending) => bind::confirm_at_terminal(world, wanted, proof, pending),
    }
}

/// The sign-in is there; what did not come is the consent.
fn timed_out(wanted: &Wanted<'_>, failure: Failure) -> Failure {
    if failure.id == "sign-in-timed-out" { words::paste_timed_out(wanted) } else { failure }
}

/// The code of a redirect whose state the loopback has checked.
fn code_of(fields: &Fields) -> Result<Code, PasteError> {
    let one = |name: &str| fields.get(name);
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

/// On the chosen port, unless the consumer or link is registered with one of its own.
fn bound(world: &World, wanted: &Wanted<'_>) -> Result<Loopback, Failure> {
    let registered = OAuth::of(&wanted.host.source).map_or("", |oauth| oauth.registered_uri());
    let bound = match Loopback::bind_to(registered, world.means.port) {
        Err(LoopbackError::Fixed { .. }) => Loopback::bind(registered),
        bound => bound,
    };
    bound.map_err(|error| words::loopback(wanted, &error))
}

fn request<'a>(wanted: &'a Wanted<'a>, redirect_uri: String) -> Result<Request<'a>, Failure> {
    Request::new(wanted, redirect_uri).ok_or_else(|| words::consent_lost(wanted))
}
