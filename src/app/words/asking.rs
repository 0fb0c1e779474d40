//! Asking a person: what is said before, while and after, and why nobody could be asked.

use crate::app::interaction::{Choice, Means, NotAsked};
use crate::app::sign_in::Why;
use crate::app::wanted::Wanted;
use crate::app::words::{STATUS, duration, login_command};
use crate::app::world::World;
use crate::basis::clock::Timestamp;
use crate::basis::credential::Proof;
use crate::basis::failure::{Failure, Kind};
use crate::basis::session::{Flow, Session, Who};
use crate::basis::text::clean;
use crate::flight::Notice;
use crate::session::device::DeviceCode;
use std::time::Duration;

/// Before anything opens: which host, which tenant, which account if it is known, and what will happen.
pub fn sign_in_begins(wanted: &Wanted<'_>, choice: &Choice, why: Why, account: Option<&str>) -> String {
    let reason = match why {
        Why::First | Why::Asked => "",
        Why::DayEnded => " (the last sign-in has ended)",
        Why::Refused => " (Entra wants to see you again)",
        Why::Revoked => " (your sessions were revoked)",
        Why::StepUp => " (its broker wants a newer or stronger sign-in)",
    };
    let how = match (choice.flow, choice.opens) {
        (Flow::Browser, true) => "your browser opens",
        (Flow::Browser, false) => "open the address below in a browser",
        (Flow::DeviceCode, _) => "type the code below in any browser",
    };
    let Wanted { host, profile, .. } = wanted;
    let account = account.map(|name| format!(" as {}", clean(name))).unwrap_or_default();
    format!("bitbucket-sso: sign in to {}{account} for {}{reason}; {how}", profile.tenant, host.url.host())
}

/// `login --verbose`.
pub fn why_this_flow(choice: &Choice) -> String {
    format!("bitbucket-sso: signing in by {} because {}", choice.flow, choice.reason)
}

/// Before a consent without a sign-in.
pub fn consent_begins(wanted: &Wanted<'_>, who: &Who, opens: bool) -> String {
    let how = if opens { "your browser opens" } else { "open the address below in a browser" };
    format!("bitbucket-sso: {} needs your consent once, for {who}; {how}", wanted.host.url.host())
}

/// Before the broker's page without a sign-in.
pub fn connect_begins(wanted: &Wanted<'_>, who: &Who, opens: bool) -> String {
    let how = if opens { "your browser opens" } else { "open the address below in a browser" };
    format!("bitbucket-sso: connect the Bitbucket account of {who} for {} once; {how}", wanted.host.url.host())
}

/// The broker's page, for any browser on any machine.
pub fn connect_at(wanted: &Wanted<'_>, who: &Who, page: &str) -> String {
    let host = wanted.host.url.host();
    format!(
        "open this address in any browser, on any machine, and connect the Bitbucket account of {who} for {host} \
         there; this goes on by itself then:\n\n  {page}\n"
    )
}

/// Where no browser opens by itself.
pub fn open_this(url: &str, uri: &str, means: Means) -> String {
    let ask = match means {
        Means { paste: true, .. } => format!(
            "open this address in any browser and sign in; then paste here the address of the last page, which starts \
             with {uri} and need not be there:"
        ),
        Means { port: Some(_), .. } => "open this address in a browser over there:".to_owned(),
        Means { port: None, .. } => {
            "open this address in a browser on this machine (from another: login --no-browser):".to_owned()
        }
    };
    format!("{ask}\n\n  {url}\n")
}

/// `--redirect-port`: what brings the browser's answer here from the machine that the browser is on.
pub fn forward_ports(command: &str) -> String {
    format!("run this where the browser is, and leave it running until you are signed in:\n\n  {command}\n")
}

/// A reminder: where the prompt is.
pub fn still_in_browser(wanted: &Wanted<'_>, opened: bool, paste: bool, left: Duration) -> String {
    let (host, left) = (wanted.host.url.host(), duration(left));
    let place = match (opened, paste) {
        (true, _) => "look for the tab in your browser",
        (false, true) => "the address to open is above; paste where it ends here",
        (false, false) => "the address to open is above",
    };
    format!("bitbucket-sso: still waiting for you to sign in for {host}: {place} ({left} left; Ctrl-C ends it)")
}

/// The same, for our own question.
pub fn still_to_confirm(wanted: &Wanted<'_>, left: Duration) -> String {
    let (host, left) = (wanted.host.url.host(), duration(left));
    format!("bitbucket-sso: still waiting: your browser asks whether the account at {host} is yours ({left} left)")
}

/// The same, for a device code.
pub fn still_with_code(code: &DeviceCode, left: Duration) -> String {
    let DeviceCode { user_code, verification_uri: uri, .. } = code;
    format!("bitbucket-sso: still waiting: type {user_code} at {uri} ({} left; Ctrl-C ends it)", duration(left))
}

/// A server that takes its time.
pub fn waiting_for_server(server: &str, longest: Duration) -> String {
    format!("bitbucket-sso: waiting for an answer of {} (up to {})", clean(server), duration(longest))
}

/// A keyring that takes its time: three seconds, or as long as its own dialog.
pub fn waiting_for_keyring() -> String {
    "bitbucket-sso: waiting for the keyring of this system (a few seconds, or until its dialog is answered)".to_owned()
}

/// A program that prints a client secret and takes its time.
pub fn waiting_for_secret_command() -> String {
    "bitbucket-sso: waiting for client_secret_command (up to 10 seconds)".to_owned()
}

/// Somebody holds a lane and does not say what for.
pub fn waiting_for_somebody(longest: Duration) -> String {
    format!("bitbucket-sso: waiting for another process that asks for the same (up to {})", duration(longest))
}

/// Where there is no browser at all.
pub fn paste_this(wanted: &Wanted<'_>, url: &str) -> String {
    let host = wanted.host.url.host();
    format!(
        "{host} needs your consent once. Open this address in any browser, consent, and paste the address of the \
         page that cannot be shown:\n\n  {url}\n"
    )
}

/// The device code stands alone on its line.
pub fn device_code(wanted: &Wanted<'_>, code: &DeviceCode, left: Duration) -> String {
    let host = wanted.host.url.host();
    let DeviceCode { user_code, verification_uri: uri, .. } = code;
    format!("to sign in for {host}, open {uri} and type this code within {}:\n\n  {user_code}\n", duration(left))
}

/// The end of a sign-in.
pub fn signed_in(world: &World, proof: &Proof) -> String {
    format!("bitbucket-sso: signed in as {} until {}", proof.who, proof.session_ends.local(&world.clock.zone()))
}

/// After a sign-in that no store of this machine keeps.
pub fn kept_nowhere() -> &'static str {
    "bitbucket-sso: nothing on this machine can keep the sign-in, so the next command asks again"
}

/// `login` with nothing to do.
pub fn already_signed_in(world: &World, session: &Session) -> String {
    let until = session.ends.local(&world.clock.zone());
    format!("bitbucket-sso: signed in as {} until {until}; `login --ahead` starts a new day now", session.who)
}

/// What a leader that needs nobody tells its waiters.
pub fn leader_renews(wanted: &Wanted<'_>) -> String {
    format!("asking Entra for {}", wanted.host.url.host())
}

/// What a leader tells its waiters.
pub fn leader_in_browser(wanted: &Wanted<'_>) -> String {
    format!("a sign-in for {} is open in the browser", wanted.host.url.host())
}

/// What a leader with a device code tells its waiters.
pub fn leader_with_code(wanted: &Wanted<'_>, code: &DeviceCode) -> String {
    let DeviceCode { user_code, verification_uri: uri, .. } = code;
    format!("a sign-in for {} waits for code {user_code} at {uri}", wanted.host.url.host())
}

/// What a waiter says.
pub fn waiting(world: &World, notice: &Notice) -> String {
    let Notice { pid, doing, until } = notice;
    let left = duration(world.clock.now().until(*until));
    let doing = clean(doing);
    format!("bitbucket-sso: waiting for process {pid}: {doing} (up to {left})")
}

/// A sign-in is needed and nobody is asked.
pub fn nobody_to_ask(wanted: &Wanted<'_>, why: NotAsked) -> Failure {
    not_asked(wanted, why, "sign-in-needed", "a sign-in")
}

/// A consent at Bitbucket is needed and nobody is asked.
pub fn nobody_to_consent(wanted: &Wanted<'_>, why: NotAsked) -> Failure {
    not_asked(wanted, why, "consent-needed", "your consent")
}

/// An account has to be connected at the broker and nobody is asked.
pub fn nobody_to_connect(wanted: &Wanted<'_>, why: NotAsked) -> Failure {
    not_asked(wanted, why, "connection-needed", "your Bitbucket account, connected once at the broker,")
}

fn not_asked(wanted: &Wanted<'_>, why: NotAsked, id: &'static str, needed: &str) -> Failure {
    match why {
        NotAsked::Forbidden(failure) => failure,
        NotAsked::Nobody(why) => {
            let what = format!("{needed} is needed for {}, but nobody can be asked: {why}", wanted.host.url.host());
            Failure::new(Kind::SignInNeeded, id, what, login_command(wanted))
        }
    }
}

/// `device_code = "never"` and no browser.
pub fn device_code_off(wanted: &Wanted<'_>, reason: &str) -> Failure {
    let host = wanted.host.url.host();
    let what = format!(
        "a sign-in by device code for {host} is switched off (device_code = \"never\"); it was chosen because {reason}"
    );
    Failure::new(Kind::Denied, "device-code-off", what, format!("{} --browser", login_command(wanted)))
}

/// `device_code = "login-only"` inside git.
pub fn device_code_login_only(wanted: &Wanted<'_>) -> Failure {
    let what =
        format!("a sign-in is needed for {}; device codes are for the login command only", wanted.host.url.host());
    Failure::new(Kind::SignInNeeded, "device-code-login-only", what, format!("{} --device-code", login_command(wanted)))
}

/// Somebody was told to wait: nobody asks Entra before that.
pub fn not_before(world: &World, wanted: &Wanted<'_>, until: Timestamp) -> Failure {
    let left = duration(world.clock.now().until(until));
    let host = wanted.host.url.host();
    let what = format!("no token for {host}: Entra could not answer a moment ago and is not asked again for {left}");
    Failure::new(Kind::Network, "not-before", what, format!("run the command again in {left}"))
}

/// A consent vanished between storing and using it.
pub fn consent_lost(wanted: &Wanted<'_>) -> Failure {
    let what = format!("the consent for {} did not last until it was needed", wanted.host.url.host());
    Failure::new(Kind::SignInNeeded, "consent-needed", what, login_command(wanted))
}

/// Nobody pasted anything in time.
pub fn paste_timed_out(wanted: &Wanted<'_>) -> Failure {
    let what = format!("the consent for {} was not finished within five minutes", wanted.host.url.host());
    Failure::new(Kind::Declined, "consent-timed-out", what, login_command(wanted))
}

/// No `[[host]]` is configured.
pub fn no_hosts() -> Failure {
    let what = "no Bitbucket host is configured";
    Failure::new(
        Kind::Config,
        "no-hosts",
        what,
        "git credential-bitbucket-sso setup --from FILE    (ask your administrator for it)",
    )
}

/// Several accounts and none chosen.
pub fn which_account() -> Failure {
    let what = "several accounts are configured and none was chosen";
    Failure::new(Kind::Usage, "which-account", what, format!("{STATUS}    (then logout --host URL, or logout --all)"))
}
