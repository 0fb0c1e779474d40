//! A person signs in: one line says why and where, one tab or one code does it, and the day begins.

use crate::app::entra::Again;
use crate::app::get::Manner;
use crate::app::interaction::{self, Choice};
use crate::app::sessions;
use crate::app::wanted::Wanted;
use crate::app::words;
use crate::app::world::World;
use crate::app::{by_browser, by_device, grants, prove, trail, turns};
use crate::basis::credential::{Proof, Subject};
use crate::basis::day::end_of_day;
use crate::basis::failure::Failure;
use crate::basis::session::{Flow, Session, Who};
use crate::flight::{AccountState, Turn};
use crate::session::Tokens;
use crate::vault::Place;
use std::time::Duration;

/// Why a person is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// There is no session.
    First,
    /// The day, or the longest session, is over.
    DayEnded,
    /// Entra wants to see the person again.
    Refused,
    /// The sessions of the account were revoked.
    Revoked,
    /// The broker wants a newer or stronger sign-in.
    StepUp,
    /// The person asked for it.
    Asked,
}

/// One sign-in about to happen; its leader holds the account's turn.
pub struct SignIn<'a> {
    pub world: &'a World,
    pub wanted: &'a Wanted<'a>,
    pub manner: Manner,
    pub turn: &'a dyn Turn,
    pub why: Why,
    /// A claims challenge, verbatim.
    pub claims: Option<String>,
    /// Only this flow will do.
    pub forced: Option<Flow>,
    /// Do not let Entra's own single sign-on answer.
    pub reauthenticate: bool,
    /// Entra wants its own consent page shown again.
    pub consent: bool,
    /// The user name of the last session, as a hint for Entra's page.
    pub hint: Option<String>,
    /// Hosts whose consent is had in the same tab.
    pub also: Vec<Wanted<'a>>,
    /// Say how the flow was chosen.
    pub verbose: bool,
}

impl<'a> SignIn<'a> {
    /// A plain sign-in for one host, its own consent included.
    pub fn new(world: &'a World, wanted: &'a Wanted<'a>, manner: Manner, turn: &'a dyn Turn, why: Why) -> Self {
        Self {
            world,
            wanted,
            manner,
            turn,
            why,
            claims: None,
            forced: None,
            reauthenticate: wanted.profile.reauthenticate,
            consent: false,
            hint: None,
            also: vec![wanted.clone()],
            verbose: false,
        }
    }

    /// The same with what Entra wants of it, and for whom.
    #[must_use]
    pub fn again(self, again: Again, hint: Option<String>) -> Self {
        let Again { claims, consent, browser } = again;
        Self { claims, consent, forced: browser.then_some(Flow::Browser).or(self.forced), hint, ..self }
    }

    /// Hosts of [`Self::also`] that still need a consent.
    pub fn consents(&self) -> Result<Vec<Wanted<'a>>, Failure> {
        let mut missing = Vec::new();
        for wanted in &self.also {
            if grants::needed(&wanted.host.source) && !grants::present(self.world, wanted)? {
                missing.push(wanted.clone());
            }
        }
        Ok(missing)
    }
}

/// Signs in and returns the proof for the wanted host. A failure starts a cool-down; an interrupted process starts none.
pub fn sign_in(sign_in: &SignIn<'_>) -> Result<Proof, Failure> {
    let SignIn { world, wanted, .. } = *sign_in;
    let state = turns::state(world, wanted);
    let choice = interaction::choose(world, wanted, sign_in.manner, sign_in.forced, &state, sign_in.turn.waited());
    let choice = choice.map_err(|why| words::nobody_to_ask(wanted, why))?;
    if choice.unattended {
        turns::change(world, wanted, |state| state.tab_spent = true);
    }
    let signed = run(sign_in, &choice);
    if signed.is_err() {
        cool_down(world, wanted);
    }
    signed
}

fn run(sign_in: &SignIn<'_>, choice: &Choice) -> Result<Proof, Failure> {
    match choice.flow {
        Flow::Browser => by_browser::run(sign_in, choice),
        Flow::DeviceCode => by_device::run(sign_in, choice),
    }
}

/// Says what is about to open or be shown, once Entra has been reached.
pub fn announce(sign_in: &SignIn<'_>, choice: &Choice) {
    let SignIn { world, wanted, .. } = *sign_in;
    let last = turns::state(world, wanted).last.map(|who| who.username);
    let account = sign_in.hint.clone().or(last);
    world.ui.tell(&words::sign_in_begins(wanted, choice, sign_in.why, account.as_deref()));
    if sign_in.verbose {
        world.ui.tell(&words::why_this_flow(choice));
    }
}

/// The session begins now: stored before anything that came with it is used, recorded, and shared.
pub fn begin(sign_in: &SignIn<'_>, tokens: Tokens, flow: Flow) -> Result<Proof, Failure> {
    let SignIn { world, wanted, .. } = *sign_in;
    let vouched = prove::vouched(&tokens);
    let Tokens { refresh_token, access, expires, id, .. } = tokens;
    let who = id.map(|id| id.who().clone()).ok_or_else(|| words::no_id_token(wanted))?;
    same_account(sign_in, &who)?;
    let now = world.clock.now();
    let profile = wanted.profile;
    let session = Session {
        who: who.clone(),
        flow,
        started: now,
        ends: end_of_day(now, profile.day_starts, profile.max_session, &world.clock.zone()),
        refresh_token: refresh_token.ok_or_else(|| words::no_refresh_token(wanted))?,
        confirmed: now,
    };
    let before = sessions::load(world, wanted)?;
    world.hot.drop_account(&wanted.account);
    sessions::keep(world, wanted, &session, before.map_or(0, |kept| kept.generation))?;
    turns::change(world, wanted, |state| {
        let last = Some(Who { email: None, ..who.clone() });
        let connect = state.connect.take();
        let endings = state.endings;
        *state = AccountState { latest_clock: Some(now), endings, last, connect, ..AccountState::default() };
    });
    trail::signed_in(world, wanted, &session, &vouched)?;
    let access_token = access.filter(|_| wanted.host.source.entra_scope().is_some());
    let subject = Subject::EntraAccessToken;
    let proof = Proof { who, vouched, access_token, subject, expires, confirmed: now, session_ends: session.ends };
    sessions::remember(world, wanted, &proof);
    if world.vault.get().place() == Place::Nowhere {
        world.ui.tell(words::kept_nowhere());
    }
    Ok(proof)
}

/// Another account signing in by mistake is refused by name, until `logout`: by the last session, be it over or
/// not, or by a grant that is locked to somebody else.
fn same_account(sign_in: &SignIn<'_>, who: &Who) -> Result<(), Failure> {
    let SignIn { world, wanted, .. } = *sign_in;
    let kept = sessions::load(world, wanted)?.map(|kept| kept.session.who);
    if let Some(before) = kept.or_else(|| turns::state(world, wanted).last)
        && !before.is(who)
    {
        return Err(words::wrong_account(wanted, &before.to_string(), who));
    }
    for other in grants::siblings(world, wanted) {
        if let Some(kept) = grants::load(world, &other)?
            && !kept.grant.belongs_to(who)
        {
            return Err(words::grant_of_another(&other, &kept.grant, who));
        }
    }
    Ok(())
}

/// 30 seconds, doubled with each failure in a row, at most five minutes (DESIGN.md section 10 rule 5).
fn cool_down(world: &World, wanted: &Wanted<'_>) {
    let now = world.clock.now();
    turns::change(world, wanted, |state| {
        let length = (state.cooldown_len * 2).clamp(Duration::from_secs(30), Duration::from_secs(300));
        state.cooldown_len = length;
        state.cooldown_until = Some(now.after(length));
    });
}
