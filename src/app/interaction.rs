//! Who may be asked, and how: the rules of DESIGN.md section 6 rule 8 and section 10 rule 5.

use crate::app::get::Manner;
use crate::app::git_settings;
use crate::app::wanted::Wanted;
use crate::app::words;
use crate::app::world::World;
use crate::basis::failure::Failure;
use crate::basis::session::Flow;
use crate::config::settings::{Background, DeviceCode, FlowChoice};
use crate::flight::AccountState;
use crate::ui::browser::{Usable, usable};

/// How the person will be asked, and why so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub flow: Flow,
    /// In words, for `login --verbose`.
    pub reason: String,
    /// Whether a page is opened here; else its address is shown.
    pub opens: bool,
    /// Nobody is at a terminal: this is the one page that may open by itself.
    pub unattended: bool,
}

/// How the person of this run wants to be asked, as typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Means {
    /// No browser is opened here; the address that it ends at may be pasted.
    pub paste: bool,
    /// The loopback listens on this port, where the redirect URI leaves it free.
    pub port: Option<u16>,
}

/// Why no person is asked.
#[derive(Debug)]
pub enum NotAsked {
    /// Nobody can or may be asked, and why not.
    Nobody(String),
    /// The way that is left is switched off.
    Forbidden(Failure),
}

/// Decides whether and how a person is asked. `forced` comes from the command line or from an answer of
/// Entra that only a browser can satisfy; `queued`: another sign-in was waited for, so that its cool-down binds.
pub fn choose(
    world: &World,
    wanted: &Wanted<'_>,
    manner: Manner,
    forced: Option<Flow>,
    state: &AccountState,
    queued: bool,
) -> Result<Choice, NotAsked> {
    let unattended = may_ask(world, manner, state, queued)?;
    let configured = match wanted.profile.flow {
        FlowChoice::Auto => None,
        FlowChoice::Browser => Some((Flow::Browser, "flow = \"browser\" is configured")),
        FlowChoice::DeviceCode => Some((Flow::DeviceCode, "flow = \"device-code\" is configured")),
    };
    let asked = forced.map(|flow| (flow, "it was asked for")).or(configured);
    let browser = usable(&world.env, &world.loaded.settings.ui.browser);
    let (flow, reason) = match (asked, &browser) {
        (Some((flow, reason)), _) => (flow, reason.to_owned()),
        (None, Usable::Yes(reason)) => (Flow::Browser, reason.clone()),
        (None, Usable::No(reason)) => (Flow::DeviceCode, reason.clone()),
    };
    let choice = Choice { flow, reason, opens: matches!(browser, Usable::Yes(_)) && !world.means.paste, unattended };
    terminal_allowed(world, wanted, manner, choice)
}

/// Whether nobody sits at a terminal but a page may open all the same; an error if nobody may be asked.
fn may_ask(world: &World, manner: Manner, state: &AccountState, queued: bool) -> Result<bool, NotAsked> {
    if manner == Manner::Command {
        return Ok(false);
    }
    let rules = &world.loaded.settings.ui;
    let refuse = |why: &str| Err(NotAsked::Nobody(why.to_owned()));
    if manner == Manner::Background {
        return refuse("this is a renewal in the background");
    }
    if world.env.text("CI").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return refuse("CI=true is set");
    }
    if world.git.get().interaction_forbidden() {
        return refuse("git's credential.interactive forbids it");
    }
    if rules.background == Background::Never {
        return refuse("[ui] background = \"never\" is set");
    }
    let cooling = state.cooldown_until.is_some_and(|until| world.clock.now() < until);
    if world.ui.can_ask() {
        return if cooling && queued { refuse(COOLING) } else { Ok(false) };
    }
    match usable(&world.env, &rules.browser) {
        Usable::No(reason) => refuse(&format!("there is no terminal, and {reason}")),
        Usable::Yes(_) if state.tab_spent => refuse("a sign-in page was already opened once and not completed"),
        Usable::Yes(_) if cooling => refuse(COOLING),
        Usable::Yes(_) => Ok(true),
    }
}

const COOLING: &str = "the last sign-in failed a moment ago";

/// A code or an address on the terminal needs a terminal that may be used, and a policy that lets it.
fn terminal_allowed(world: &World, wanted: &Wanted<'_>, manner: Manner, choice: Choice) -> Result<Choice, NotAsked> {
    let in_git = manner == Manner::Git;
    if choice.flow == Flow::DeviceCode {
        match wanted.profile.device_code {
            DeviceCode::Never => return Err(NotAsked::Forbidden(words::device_code_off(wanted, &choice.reason))),
            DeviceCode::LoginOnly if in_git => return Err(NotAsked::Forbidden(words::device_code_login_only(wanted))),
            DeviceCode::LoginOnly | DeviceCode::Terminal => {}
        }
    }
    let needs_terminal = choice.flow == Flow::DeviceCode || !choice.opens;
    if in_git && needs_terminal && (choice.unattended || git_settings::prompts_forbidden(world)) {
        let no_terminal = "there is no terminal for it";
        let why = if choice.unattended { no_terminal } else { "GIT_TERMINAL_PROMPT=0 is set" };
        return Err(NotAsked::Nobody(why.to_owned()));
    }
    Ok(choice)
}
