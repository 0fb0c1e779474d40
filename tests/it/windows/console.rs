//! A person at a console: Wine's own, on a terminal. What closing a console window does is not among it: Windows ends the
//! process whatever it does (docs/platforms.md).

use super::desk::Desk;
use super::machine::{Machine, processes_of};
use crate::face::{address, delivered};
use crate::practice::browser::Choice;
use crate::practice::cast::ALICE;
use crate::practice::weather::Trouble;
use crate::practice::{Options, Practice, Source};
use crate::pty::until;

#[test]
fn an_address_is_pasted_into_a_console() {
    let Some(machine) = Machine::of_its_own(|_| ()) else { return };
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(machine, &practice, Source::Exchange);
    let mut console = desk.console(&["login", "--no-browser"]);
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
    let mut console = desk.console(&["login", "--no-browser"]);
    address(&mut console);
    console.press(CTRL_C);
    let (_, screen) = console.end();
    over(&desk);
    assert!(!screen.contains("signed in"), "{screen}");
}

#[test]
fn ctrl_c_waits_until_a_rotated_grant_is_stored() {
    let Some(machine) = Machine::of_its_own(|_| ()) else { return };
    let practice = Practice::start(&Options::default());
    let source = Source::DataCenterOauth;
    let desk = Desk::with(machine, &practice, source).person(Choice::sign_in(ALICE));
    desk.must(desk.exe(), &["login"]);
    practice.journal.clear();
    practice.data_center.weather.next("token", 1, Trouble::Slow(3_000));
    let rotated = || practice.journal.grants("datacenter", "refresh_token", 200);
    let opened = desk.opened();
    let renewed = ["--set", "token.max_cached_age=0s", "token", "--host", practice.url(source)];

    let mut console = desk.console(&renewed);
    until(|| (rotated() == 1).then_some(())).expect("the server has rotated the grant");
    console.press(CTRL_C);
    let (_, screen) = console.end();
    over(&desk);
    assert_eq!(practice.journal.leaks(&screen), Vec::<String>::new(), "it ends as asked, without an answer");

    desk.must(desk.exe(), &renewed);
    assert_eq!(rotated(), 2, "by the stored new grant");
    assert_eq!(desk.opened(), opened, "and nobody is asked");
}

/// Ctrl-C goes to every program of a console; the one that started the helper may end before it.
fn over(desk: &Desk) {
    let gone = until(|| processes_of(&desk.exe()).is_empty().then_some(()));
    gone.expect("the helper ends");
}

const CTRL_C: &str = "\u{3}";
