//! A person connects their Bitbucket account at the broker, once: in the tab that Entra has just left, in a tab of its
//! own, or in any browser anywhere. The broker's page does it all; we only wait until it says that it is done.

use crate::app::answer::{self, PATIENCE};
use crate::app::by_browser::{self, Page};
use crate::app::get::{self, Manner};
use crate::app::interaction;
use crate::app::mint::{self, Asked, Stopped};
use crate::app::reminders::Reminders;
use crate::app::sign_in::{SignIn, Why};
use crate::app::wanted::Wanted;
use crate::app::words::{self, pages};
use crate::app::world::World;
use crate::app::{prove, turns};
use crate::basis::credential::Proof;
use crate::basis::failure::Failure;
use crate::basis::random;
use crate::basis::session::Flow;
use crate::config::settings::{Identity, Source};
use crate::flight::{Turn, Unconnected};
use crate::session::loopback::{Expect, Loopback, Method, Visit};
use crate::source::asking;
use std::time::Duration;

/// Sends the waiting tab on to every broker of this sign-in that has no account of the person's yet.
pub fn in_tab(
    sign_in: &SignIn<'_>,
    loopback: &mut Loopback,
    proof: &Proof,
    mut visit: Visit,
) -> Result<Visit, Failure> {
    let SignIn { world, manner, .. } = *sign_in;
    for wanted in questions(sign_in) {
        if let Some(page) = missing(world, &wanted, proof, manner) {
            let ours = Ours::new(loopback, &page);
            // Not by redirect: after a form, browsers apply its `form-action` to redirects too.
            answer::show(visit, |language| pages::onward(language, &wanted, &ours.url));
            visit = back(world, loopback, &wanted, &ours, true)?;
        }
        connected(world, &wanted);
    }
    Ok(visit)
}

/// The same where this machine shows no page.
pub fn elsewhere(sign_in: &SignIn<'_>, proof: &Proof) -> Result<(), Failure> {
    let SignIn { world, manner, .. } = *sign_in;
    for wanted in questions(sign_in) {
        match missing(world, &wanted, proof, manner) {
            Some(page) => anywhere(world, &wanted, proof, (manner, &page))?,
            None => connected(world, &wanted),
        }
    }
    Ok(())
}

/// What the brokers of this sign-in are asked: what git wants to know at once, or, when somebody signs in on purpose,
/// what a broker has answered so before. No broker is asked for a token that nobody wants.
fn questions<'a>(sign_in: &SignIn<'a>) -> Vec<Wanted<'a>> {
    let SignIn { world, why, .. } = *sign_in;
    let brokers = sign_in.also.iter().filter(|wanted| matches!(wanted.host.source, Source::Exchange(_)));
    match why {
        Why::Asked => brokers.filter_map(|wanted| noted(world, wanted)).collect(),
        _ => brokers.cloned().collect(),
    }
}

/// The question of this host that nobody could be asked about.
fn noted<'a>(world: &World, wanted: &Wanted<'a>) -> Option<Wanted<'a>> {
    let note = turns::state(world, wanted).connect.filter(|note| note.host == wanted.host.url)?;
    Some(Wanted::new(wanted.profile, wanted.host, note.path.as_deref()))
}

/// The session lives, only the account is not connected: whoever can be asked is asked once. `failure` is for when
/// nobody can.
pub fn alone(
    world: &World,
    wanted: &Wanted<'_>,
    proof: &Proof,
    manner: Manner,
    (page, failure): (&str, Failure),
) -> Result<(), Failure> {
    if wanted.profile.identity != Identity::User {
        return Err(failure);
    }
    let turn = turns::account(world, wanted)?;
    if let Some(failure) = prove::adopted(world, wanted, manner, &*turn)? {
        return Err(failure);
    }
    if turn.waited() && missing(world, wanted, proof, manner).is_none() {
        return Ok(());
    }
    let done = ask(world, wanted, proof, (manner, page), &*turn);
    turn.conclude(&wanted.grant, done.as_ref().err());
    done
}

/// `login` while the session lives: does what only a person can do for this host, if that was wanted before.
pub fn now(world: &World, wanted: &Wanted<'_>) -> Result<(), Failure> {
    let Some(wanted) = noted(world, wanted) else { return Ok(()) };
    match get::obtain(world, &wanted, Manner::Command) {
        Err(failure) if words::MENDED_BY_LOGIN.contains(&failure.id) => Err(failure),
        _ => Ok(()),
    }
}

/// Where the broker wants an account to be connected. What else it says is for whoever needs the token, who finds it
/// in the cache otherwise.
fn missing(world: &World, wanted: &Wanted<'_>, proof: &Proof, manner: Manner) -> Option<String> {
    let endings = turns::state(world, wanted).endings;
    match mint::mint(world, wanted, proof, endings, manner) {
        Err(Stopped::Asked(Asked::Connect(page), _)) => Some(page),
        _ => None,
    }
}

fn ask(
    world: &World,
    wanted: &Wanted<'_>,
    proof: &Proof,
    (manner, page): (Manner, &str),
    turn: &dyn Turn,
) -> Result<(), Failure> {
    // If nobody can be asked now, the next `login` knows where to go.
    let note = Unconnected { host: wanted.host.url.clone(), path: wanted.ask.repository.clone() };
    turns::change(world, wanted, |state| state.connect = Some(note));
    let state = turns::state(world, wanted);
    let choice = interaction::choose(world, wanted, manner, None, &state, turn.waited());
    let choice = choice.map_err(|why| words::nobody_to_connect(wanted, why))?;
    if choice.unattended {
        turns::change(world, wanted, |state| state.tab_spent = true);
    }
    turns::announce(world, turn, words::leader_in_browser(wanted), PATIENCE);
    if choice.flow == Flow::DeviceCode || world.means.paste {
        return anywhere(world, wanted, proof, (manner, page));
    }
    world.ui.tell(&words::connect_begins(wanted, &proof.who, choice.opens));
    let mut loopback = Loopback::bind_to(&wanted.profile.redirect_uri, world.means.port);
    let loopback = loopback.as_mut().map_err(|error| words::loopback(wanted, error))?;
    let ours = Ours::new(loopback, page);
    let opened = by_browser::open(world, wanted, &choice, &Page { url: &ours.url, uri: &ours.uri, also: &[] })?;
    let visit = back(world, loopback, wanted, &ours, opened)?;
    answer::show(visit, |language| pages::done(language, world, wanted, proof));
    connected(world, wanted);
    Ok(())
}

/// The broker's page, and what of ours it leads back to.
struct Ours {
    url: String,
    uri: String,
    state: String,
}

impl Ours {
    fn new(loopback: &Loopback, page: &str) -> Self {
        let (uri, state) = (loopback.redirect_uri().to_owned(), random::token(24));
        Self { url: asking::returning(page, &uri, &state), uri, state }
    }
}

/// Waits for the tab to come back from the broker's page.
fn back(
    world: &World,
    loopback: &mut Loopback,
    wanted: &Wanted<'_>,
    ours: &Ours,
    opened: bool,
) -> Result<Visit, Failure> {
    let expect = Expect { uri: &ours.uri, method: Method::Get, state: &ours.state };
    let still = |left| words::still_in_browser(wanted, opened, false, left);
    let visit = answer::in_tab(world, wanted, loopback, &expect, &still)?;
    let error = visit.fields().get("error").map(str::to_owned);
    match error {
        None => Ok(visit),
        Some(error) => {
            let said = visit.fields().get("error_description").unwrap_or_default();
            let failure = words::connect_declined(wanted, &error, said);
            answer::show(visit, |language| pages::failed(language, wanted, None, &failure));
            Err(failure)
        }
    }
}

/// Shows the address, and asks the broker again until it is satisfied or the person has had time enough.
fn anywhere(world: &World, wanted: &Wanted<'_>, proof: &Proof, (manner, page): (Manner, &str)) -> Result<(), Failure> {
    world.ui.show(&words::connect_at(wanted, &proof.who, page));
    let remind = |left| world.ui.remind(&words::still_in_browser(wanted, false, false, left));
    let reminders = Reminders::new(&*world.clock, PATIENCE, &remind);
    let ends = world.clock.steady() + PATIENCE;
    let mut pause = SHORTEST;
    while world.clock.steady() < ends {
        reminders.sleep(pause);
        if missing(world, wanted, proof, manner).is_none() {
            connected(world, wanted);
            return Ok(());
        }
        pause = (pause * 3 / 2).min(LONGEST);
    }
    Err(words::connect_first(wanted))
}

fn connected(world: &World, wanted: &Wanted<'_>) {
    turns::change(world, wanted, |state| {
        state.connect = None;
        state.tab_spent = false;
    });
}

/// Between two questions to the broker.
const SHORTEST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(15);
