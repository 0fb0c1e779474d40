//! The sign-in in the browser: Entra, then Bitbucket's consents in the same tab, then the true outcome.

use crate::app::consent;
use crate::app::entra::InBrowser;
use crate::app::interaction::Choice;
use crate::app::sign_in::{self, SignIn};
use crate::app::turns;
use crate::app::words;
use crate::app::words::pages;
use crate::basis::credential::Proof;
use crate::basis::failure::Failure;
use crate::basis::session::Flow;
use crate::config::settings::ResponseMode;
use crate::session::loopback::{Expect, Loopback, Method, Visit};
use std::time::Duration;

/// Signs in by authorization code with PKCE (`facts/entra.md` section 3).
pub fn run(sign_in: &SignIn<'_>, choice: &Choice) -> Result<Proof, Failure> {
    let SignIn { world, wanted, .. } = *sign_in;
    let consents = sign_in.consents()?;
    let mut loopback = Loopback::bind(&wanted.profile.redirect_uri).map_err(|error| words::loopback(wanted, &error))?;
    let attempt = InBrowser::start(sign_in, loopback.redirect_uri())?;
    turns::announce(world, sign_in.turn, words::leader_in_browser(wanted), PATIENCE);
    sign_in::announce(sign_in, choice);
    open(sign_in, choice, attempt.url())?;
    let deadline = world.clock.steady() + PATIENCE;
    let uri = loopback.redirect_uri().to_owned();
    let expect = Expect { uri: &uri, method: method(wanted.profile.response_mode), state: attempt.state() };
    let visit = loopback.wait(&*world.clock, &expect, deadline).map_err(|error| words::loopback(wanted, &error))?;
    let begun = attempt.redeem(&visit).and_then(|tokens| sign_in::begin(sign_in, tokens, Flow::Browser));
    let proof = match begun {
        Ok(proof) => proof,
        Err(failure) => {
            answer(visit, pages::failed(wanted, &failure));
            return Err(failure);
        }
    };
    let visit = consent::in_tab(sign_in, &mut loopback, &consents, &proof, visit)?;
    answer(visit, pages::done(world, wanted, &proof));
    world.ui.tell(&words::signed_in(world, &proof));
    Ok(proof)
}

/// Opens the page, or shows its address where no browser is to be opened.
pub fn open(sign_in: &SignIn<'_>, choice: &Choice, url: &str) -> Result<(), Failure> {
    let SignIn { world, wanted, .. } = *sign_in;
    if choice.opens {
        match world.ui.open_page(url) {
            Ok(()) => return Ok(()),
            Err(error) if choice.unattended => return Err(words::no_browser(wanted, &error)),
            Err(_) => {}
        }
    }
    world.ui.show(&words::open_this(url));
    Ok(())
}

/// Answers the tab. Its connection may be gone; the outcome stands all the same.
pub fn answer(visit: Visit, (status, html): (u16, String)) {
    visit.page(status, &html);
}

fn method(mode: ResponseMode) -> Method {
    match mode {
        ResponseMode::FormPost => Method::Post,
        ResponseMode::Query => Method::Get,
    }
}

/// How long a person may take (DESIGN.md section 11).
pub const PATIENCE: Duration = Duration::from_secs(300);
