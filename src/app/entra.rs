//! Conversations with Entra, and what their failures mean for the session.

use crate::app::sign_in::SignIn;
use crate::app::trail;
use crate::app::wanted::Wanted;
use crate::app::words;
use crate::app::world::World;
use crate::basis::failure::Failure;
use crate::basis::session::Session;
use crate::config::settings::ResponseMode;
use crate::session::browser::{Attempt, Prompt};
use crate::session::device::{self, DeviceCode};
use crate::session::loopback::Fields;
use crate::session::{self, Action, Asked, Entra, SessionError, Tenant, Tokens};
use std::path::PathBuf;
use std::time::Duration;

/// What the leader does after Entra gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// A person has to sign in again.
    AskAgain(Again),
    /// The session is over; its grants stay.
    Expired,
    /// The account's access ended; `may_return`: a new sign-in may succeed (a changed password).
    Gone { may_return: bool },
    /// Nobody asks Entra again for this long; `unreachable`: it did not answer at all.
    Wait { pause: Duration, unreachable: bool },
    /// It ends here; nothing is removed.
    Stop,
}

/// What Entra wants of the next sign-in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Again {
    /// A claims challenge, verbatim.
    pub claims: Option<String>,
    /// Its consent page shown again.
    pub consent: bool,
    /// A device state that only a browser can show.
    pub browser: bool,
}

/// A refused or failed conversation: what to do, and how it is told if nothing can be done.
#[derive(Debug)]
pub struct Refused {
    pub next: Next,
    pub failure: Failure,
}

/// Has the stored session vouched for, with a token for the host's own scope.
pub fn refresh(world: &World, wanted: &Wanted<'_>, session: &Session) -> Result<Tokens, Box<Refused>> {
    let talk = Talk::new(world, wanted, None);
    let tenant = talk.tenant().map_err(|error| Box::new(refused(wanted, &error)))?;
    session::refresh(&talk.entra(), &tenant, &session.refresh_token, &talk.asked())
        .map_err(|error| Box::new(refused(wanted, &error)))
}

/// One sign-in in the browser.
pub struct InBrowser<'a> {
    talk: Talk<'a>,
    tenant: Tenant,
    attempt: Attempt,
}

impl<'a> InBrowser<'a> {
    /// Prepares the page; `redirect_uri` is the loopback's own, `mode` how the answer comes to it.
    pub fn start(sign_in: &SignIn<'a>, redirect_uri: &str, mode: ResponseMode) -> Result<Self, Failure> {
        let SignIn { world, wanted, .. } = *sign_in;
        let talk = Talk::new(world, wanted, sign_in.claims.clone());
        let tenant = talk.tenant().map_err(|error| words::session(wanted, &error))?;
        let prompt = match (sign_in.reauthenticate, sign_in.consent) {
            (true, _) => Prompt::Login,
            (_, true) => Prompt::Consent,
            _ => Prompt::Auto,
        };
        let hint = sign_in.hint.as_deref();
        let attempt = Attempt::start(&talk.entra(), &tenant, redirect_uri, &talk.asked(), hint, prompt, mode);
        Ok(Self { attempt: attempt.map_err(|error| words::session(wanted, &error))?, talk, tenant })
    }

    /// The page to open.
    pub fn url(&self) -> &str {
        self.attempt.url()
    }

    /// What the answer must repeat.
    pub fn state(&self) -> &str {
        self.attempt.state()
    }

    /// Turns the browser's answer into tokens.
    pub fn redeem(self, answer: &Fields) -> Result<Tokens, Failure> {
        let Self { talk, tenant, attempt } = self;
        let redeemed = attempt.redeem(&talk.entra(), &tenant, &talk.asked(), answer);
        redeemed.map_err(|error| words::session(talk.wanted, &error))
    }
}

/// One sign-in by device code.
pub struct ByDevice<'a> {
    talk: Talk<'a>,
    tenant: Tenant,
    pub code: DeviceCode,
}

impl<'a> ByDevice<'a> {
    /// Asks for a code.
    pub fn start(sign_in: &SignIn<'a>) -> Result<Self, Failure> {
        let SignIn { world, wanted, .. } = *sign_in;
        let talk = Talk::new(world, wanted, sign_in.claims.clone());
        let tenant = talk.tenant().map_err(|error| words::session(wanted, &error))?;
        let code = device::start(&talk.entra(), &tenant, &talk.asked());
        Ok(Self { code: code.map_err(|error| words::session(wanted, &error))?, talk, tenant })
    }

    /// Waits until the person has signed in; `nap` sleeps between two polls. `Err(None)`: Entra wants what only a
    /// browser can show.
    pub fn wait(&self, nap: &dyn Fn(Duration)) -> Result<Tokens, Option<Failure>> {
        let Self { talk, tenant, code } = self;
        let waited = code.wait(&talk.entra(), tenant, &talk.asked(), nap);
        waited.map_err(|error| match &error {
            SessionError::Refused(refusal) if refusal.action == Action::BrowserInstead => None,
            error => Some(words::session(talk.wanted, error)),
        })
    }
}

/// What one conversation needs to keep hold of.
struct Talk<'a> {
    world: &'a World,
    wanted: &'a Wanted<'a>,
    cache: PathBuf,
    correlation: String,
    claims: Option<String>,
}

impl<'a> Talk<'a> {
    fn new(world: &'a World, wanted: &'a Wanted<'a>, claims: Option<String>) -> Self {
        let correlation = trail::anchor(world);
        world.asked.replace(Some(correlation.clone()));
        Self { world, wanted, cache: world.places.state.join("entra"), correlation, claims }
    }

    fn entra(&self) -> Entra<'_> {
        let Self { world, wanted, cache, .. } = self;
        Entra { http: world.http.get(), clock: &*world.clock, profile: wanted.profile, cache }
    }

    fn asked(&self) -> Asked<'_> {
        let scope = self.wanted.host.source.entra_scope();
        Asked { scope, claims: self.claims.as_deref(), correlation: &self.correlation }
    }

    fn tenant(&self) -> Result<Tenant, SessionError> {
        session::discover(&self.entra())
    }
}

fn refused(wanted: &Wanted<'_>, error: &SessionError) -> Refused {
    Refused { next: next(error), failure: words::session(wanted, error) }
}

/// DESIGN.md section 8: only a clear word of Entra ends a session, and only its pause makes everybody wait.
fn next(error: &SessionError) -> Next {
    match error {
        SessionError::Refused(refusal) => match refusal.action {
            Action::SignIn => Next::AskAgain(Again::default()),
            Action::Consent => Next::AskAgain(Again { consent: true, ..Again::default() }),
            Action::BrowserInstead => Next::AskAgain(Again { browser: true, ..Again::default() }),
            Action::SignInWithClaims => Next::AskAgain(Again { claims: refusal.claims.clone(), ..Again::default() }),
            Action::Expired => Next::Expired,
            Action::Gone => Next::Gone { may_return: refusal.code.is_some_and(|code| RETURNABLE.contains(&code)) },
            Action::Later => Next::Wait { pause: refusal.retry_after.unwrap_or(SHORT), unreachable: false },
            Action::Stop | Action::Configuration | Action::Bug => Next::Stop,
        },
        SessionError::Throttled { after } => Next::Wait { pause: *after, unreachable: false },
        SessionError::Net(_) | SessionError::Upstream { .. } => Next::Wait { pause: SHORT, unreachable: true },
        SessionError::IdToken(_)
        | SessionError::Metadata(_)
        | SessionError::DeviceExpired
        | SessionError::DeviceDeclined
        | SessionError::Stray
        | SessionError::CancelledAtPage => Next::Stop,
    }
}

/// Sessions were revoked or the password changed: the account itself may sign in again.
const RETURNABLE: [u32; 3] = [50173, 50132, 50133];

/// After a failed silent call: long enough that twenty hosts make one call, short enough for a person.
const SHORT: Duration = Duration::from_secs(5);
