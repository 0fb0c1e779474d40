//! The sign-in in the browser: Entra, then Bitbucket's consents in the same tab, then the true outcome.

use crate::app::answer::{self, Answer, PATIENCE};
use crate::app::connect;
use crate::app::consent;
use crate::app::entra::InBrowser;
use crate::app::forward;
use crate::app::interaction::Choice;
use crate::app::sign_in::{self, SignIn};
use crate::app::turns;
use crate::app::wanted::Wanted;
use crate::app::words;
use crate::app::words::pages;
use crate::app::world::World;
use crate::basis::credential::Proof;
use crate::basis::failure::Failure;
use crate::basis::session::Flow;
use crate::config::settings::ResponseMode;
use crate::session::loopback::{Expect, Loopback, Method};

/// Signs in by authorization code with PKCE (`facts/entra.md` section 3).
pub fn run(sign_in: &SignIn<'_>, choice: &Choice) -> Result<Proof, Failure> {
    let SignIn { world, wanted, .. } = *sign_in;
    let consents = sign_in.consents()?;
    let loopback = Loopback::bind_to(&wanted.profile.redirect_uri, world.means.port);
    let mut loopback = loopback.map_err(|error| words::loopback(wanted, &error))?;
    // A form leaves nothing in the address bar that could be copied.
    let mode = if world.means.paste { ResponseMode::Query } else { wanted.profile.response_mode };
    let attempt = InBrowser::start(sign_in, loopback.redirect_uri(), mode)?;
    turns::announce(world, sign_in.turn, words::leader_in_browser(wanted), PATIENCE);
    sign_in::announce(sign_in, choice);
    let uri = loopback.redirect_uri().to_owned();
    let opened = open(world, wanted, choice, &Page { url: attempt.url(), uri: &uri, also: &consents })?;
    let expect = Expect { uri: &uri, method: method(mode), state: attempt.state() };
    let still = |left| words::still_in_browser(wanted, opened, world.means.paste, left);
    let came = answer::wait(world, wanted, &mut loopback, &expect, world.means.paste, &still)?;
    let begun = attempt.redeem(came.fields()).and_then(|tokens| sign_in::begin(sign_in, tokens, Flow::Browser));
    match (begun, came) {
        (Err(failure), came) => {
            came.show(|language| pages::failed(language, wanted, None, &failure));
            Err(failure)
        }
        (Ok(proof), Answer::Tab(visit)) => {
            let visit = consent::in_tab(sign_in, &mut loopback, &consents, &proof, visit)?;
            let visit = connect::in_tab(sign_in, &mut loopback, &proof, visit)?;
            answer::show(visit, |language| pages::done(language, world, wanted, &proof));
            world.ui.tell(&words::signed_in(world, &proof));
            Ok(proof)
        }
        (Ok(proof), Answer::Pasted(_)) => {
            // Its port may be the one that a consent needs.
            drop(loopback);
            consents.iter().try_for_each(|wanted| consent::by_paste(world, wanted, &proof))?;
            connect::elsewhere(sign_in, &proof)?;
            world.ui.tell(&words::signed_in(world, &proof));
            Ok(proof)
        }
    }
}

/// A page to be opened, where it will lead back to, and whose consents follow.
pub struct Page<'a> {
    pub url: &'a str,
    pub uri: &'a str,
    pub also: &'a [Wanted<'a>],
}

/// Opens the page, or shows its address where no browser is to be opened; whether it was opened.
pub fn open(world: &World, wanted: &Wanted<'_>, choice: &Choice, page: &Page<'_>) -> Result<bool, Failure> {
    if choice.opens {
        match world.ui.open_page(page.url) {
            Ok(()) => return Ok(true),
            Err(error) if choice.unattended => return Err(words::no_browser(wanted, &error)),
            Err(_) => {}
        }
    }
    let forward = world.means.port.map(|_| words::forward_ports(&forward::command(&world.env, page.uri, page.also)));
    let address = words::open_this(page.url, page.uri, world.means);
    world.ui.show(&forward.into_iter().chain([address]).collect::<Vec<_>>().join("\n"));
    Ok(false)
}

fn method(mode: ResponseMode) -> Method {
    match mode {
        ResponseMode::FormPost => Method::Post,
        ResponseMode::Query => Method::Get,
    }
}
