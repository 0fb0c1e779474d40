//! A person at a console: Wine's own, on a terminal. What closing a console window does is not among it: Windows ends the
//! process whatever it does (docs/platforms.md).

use super::desk::Desk;
use super::machine::{Machine, processes_of};
use crate::face::{address, delivered};
use crate::practice::browser::Choice;
use crate::practice::cast::ALICE;
use crate::practice::weather::Trouble;
use crate::practice::{Options, Practice, Source};
use crate::pty::{Terminal, until};

#[test]
fn an_address_is_pasted_into_a_console() {
    let Some(machine) = Machine::of_its_own(|_| ()) else { return };
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(machine, &practice, Source::Exchange);
    let mut console = desk.console(&desk.exe(), &["login", "--no-browser"]);
    let page = address(&mut console);
    console.press("http://localhost:1/?code=x&state=y\r");
    console.shows("not the address of the last page");
    console.press(&format!("{}\r", delivered(&practice, &page)));
    let (code, screen) = console.end();
    assert!(code == Some(0) && screen.contains("signed in as alice@contoso.example"), "{screen}");
    assert!(desk.waiting_pages().is_empty(), "nothing was opened");
}

#[test]
fn ctrl_c_ends_a_sign_in_that_waits() {
    let Some(machine) = Machine::of_its_own(|_| ()) else { return };
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(machine, &practice, Source::Exchange);
    let mut console = desk.console(&desk.exe(), &["login", "--no-browser"]);
    address(&mut console);
    console.press(CTRL_C);
    let (_, screen) = console.end();
    over(&desk);
    assert!(!screen.contains("signed in"), "{screen}");
}

#[test]
fn ctrl_c_waits_until_a_rotated_grant_is_stored() {
    let interrupted = |desk: &Desk, host: &str| desk.console(&desk.exe(), &["token", "--host", host]);
    let Some(afterwards) = after_ctrl_c(interrupted) else { return };
    assert_eq!(afterwards, (2, 0), "the stored new grant serves, and nobody is asked");
}

/// The shell of Git for Windows hears of Ctrl-C, too. Wine lets it end the helper at once; what it does on Windows nobody
/// has seen.
#[test]
fn ctrl_c_at_git_costs_a_consent_at_most() {
    let interrupted =
        |desk: &Desk, host: &str| desk.console(&desk.git(), &["ls-remote", "-q", &format!("{host}/scm/ACME/app.git")]);
    let Some((_, asked)) = after_ctrl_c(interrupted) else { return };
    assert!(asked <= 1, "{asked} pages");
}

/// Ctrl-C while Data Center's answer with the rotated grant is on its way, then another token, which must come: how often a
/// grant was rotated, and how many pages were opened after the first sign-in.
fn after_ctrl_c(command: impl FnOnce(&Desk, &str) -> Terminal) -> Option<(usize, usize)> {
    let machine = Machine::of_its_own(|_| ())?;
    let practice = Practice::start(&Options::default());
    let source = Source::DataCenterOauth;
    let desk = Desk::with(machine, &practice, source).person(Choice::sign_in(ALICE));
    desk.must(desk.exe(), &["login"]);
    let config = desk.roaming().join("bitbucket-sso/config.toml");
    let kept = std::fs::read_to_string(&config).unwrap();
    std::fs::write(config, format!("{kept}\n[token]\nmax_cached_age = \"0s\"\n")).unwrap();
    practice.journal.clear();
    practice.data_center.weather.next("token", 1, Trouble::Slow(3_000));
    let rotated = || practice.journal.grants("datacenter", "refresh_token", 200);
    let opened = desk.opened().len();

    let mut console = command(&desk, practice.url(source));
    until(|| (rotated() == 1).then_some(())).unwrap_or_else(|| panic!("nothing is rotated: {}", console.screen()));
    console.press(CTRL_C);
    let (_, screen) = console.end();
    over(&desk);
    assert_eq!(practice.journal.leaks(&screen), Vec::<String>::new(), "it ends as asked, without an answer");
    desk.must(desk.exe(), &["token", "--host", practice.url(source)]);
    Some((rotated(), desk.opened().len() - opened))
}

/// Ctrl-C goes to every program of a console; the one that started the helper may end before it.
fn over(desk: &Desk) {
    let gone = until(|| processes_of(&desk.exe()).is_empty().then_some(()));
    gone.expect("the helper ends");
}

const CTRL_C: &str = "\u{3}";
