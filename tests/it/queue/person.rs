//! Who may open a tab, who waits for it, and who does not (DESIGN.md section 10 rules 3 to 5).

use super::*;
use crate::practice::Options;
use crate::practice::cast::ALICE;
use crate::practice::entra::{Fault, Target};
use rustix::process::Signal;
use std::io::Write;

#[test]
fn a_waiter_names_the_leader_and_what_it_shows() {
    let practice = Practice::start(&Options::default());
    let desk = desk(&practice, &[Source::Exchange]);
    let url = practice.url(Source::Exchange);
    let leader = Running::get(&desk, url);
    let page = page(&desk);
    let waiter = Running::get(&desk, url);
    let expected =
        format!("waiting for process {}: a sign-in for localhost is open in the browser (up to ", leader.pid());
    until("the waiter says for whom it waits", || waiter.says().contains(&expected));
    desk.walk(&page, &Choice::sign_in(ALICE));
    assert_eq!(leader.end().token(), waiter.end().token());
}

#[test]
fn a_waiter_at_a_terminal_names_the_code_that_the_leader_shows() {
    let practice = Practice::start(&Options::default());
    let desk = desk(&practice, &[Source::Exchange]);
    let line = get_line(&desk, practice.url(Source::Exchange));
    let leader = Running::start(&desk, in_terminal(&desk, &line).env_remove("BROWSER"));
    until("a code is shown", || !practice.entra.waiting_codes().is_empty());
    let code = practice.entra.waiting_codes().remove(0);
    let waiter = Running::get(&desk, practice.url(Source::Exchange));
    until("the waiter names the code", || waiter.says().contains(&format!("waits for code {code} at ")));
    practice.entra.approve(&code, ALICE).unwrap();
    waiter.end().token();
    assert!(leader.end().status.success());
    assert!(desk.waiting_pages().is_empty(), "the waiter opened none");
}

#[test]
fn an_ide_that_fetches_all_night_opens_one_tab_and_a_person_is_never_refused() {
    let practice = Practice::start(&Options::default());
    let desk = desk(&practice, &[Source::Exchange]);
    let url = practice.url(Source::Exchange);
    let leader = Running::get(&desk, url);
    drop(page(&desk));
    leader.signal(Signal::KILL);
    drop(leader.end());
    for _ in 0..50 {
        let ended = Running::get(&desk, url).end();
        assert_eq!(
            (ended.status.code(), ended.id().as_str(), ended.out.as_str()),
            (Some(4), "sign-in-needed", "quit=1\n")
        );
    }
    assert!(desk.waiting_pages().is_empty(), "no second tab");

    sign_in_at_terminal(&desk, url);
    token(&desk, url);
}

#[test]
fn a_cancelled_sign_in_binds_the_background_but_no_person() {
    let practice = Practice::start(&Options::default());
    let desk = desk(&practice, &[Source::Exchange]);
    let url = practice.url(Source::Exchange);
    let running = Running::start(&desk, &mut in_terminal(&desk, &get_line(&desk, url)));
    desk.walk(&page(&desk), &Choice::cancel());
    assert_eq!(running.end().status.code(), Some(5));
    let cooling = notes(&desk);
    assert_eq!((&cooling["cooldown_len"], &cooling["tab_spent"]), (&30.into(), &false.into()));

    let background = Running::get(&desk, url).end();
    assert_eq!((background.status.code(), background.id().as_str()), (Some(4), "sign-in-needed"));
    assert!(background.err.contains("the last sign-in failed a moment ago"), "{}", background.err);
    assert!(desk.waiting_pages().is_empty());

    sign_in_at_terminal(&desk, url);
    assert_eq!(notes(&desk)["cooldown_len"], 0, "a success ends it");
    token(&desk, url);
}

#[test]
fn a_leader_without_a_person_does_not_refuse_a_waiter_who_is_one() {
    let practice = Practice::start(&Options::default());
    let desk = desk(&practice, &[Source::Exchange]);
    let url = practice.url(Source::Exchange);
    drop(signed_in_again(&desk, url));
    expire(&desk, url);
    practice.entra.on(Fault::MfaRequired, Target::Everyone);
    practice.entra.weather.next("token", 1, crate::practice::weather::Trouble::Slow(2_500));
    practice.journal.clear();

    let leader = Running::start(&desk, desk.helper().arg("get").env("CI", "true").stdin(input(&desk, url)));
    until("the leader asks Entra", || practice.journal.grants("entra", "refresh_token", 400) == 1);
    let waiter = Running::start(&desk, &mut in_terminal(&desk, &get_line(&desk, url)));
    let refused = leader.end();
    assert_eq!((refused.status.code(), refused.id().as_str()), (Some(4), "sign-in-needed"));
    desk.walk(&page(&desk), &Choice::sign_in(ALICE));
    assert!(waiter.end().status.success());
}

#[test]
fn ctrl_c_ends_git_starts_no_cool_down_and_frees_the_lane() {
    let practice = Practice::start(&Options::default());
    let desk = desk(&practice, &[Source::Exchange]);
    assert!(desk.helper().arg("setup").status().unwrap().success());
    let url = practice.url(Source::Exchange);
    let line = format!("git ls-remote {}", practice.clone_url(Source::Exchange, "acme", "app"));
    let mut command = in_terminal(&desk, &line);
    let mut git = Running::start(&desk, command.stdin(Stdio::piped()));
    drop(page(&desk));
    git.child.stdin.as_mut().unwrap().write_all(b"\x03").unwrap();
    let ended = git.end();
    assert_eq!(ended.status.code(), Some(130), "{}{}", ended.out, ended.err);
    let notes = notes(&desk);
    assert!(notes["cooldown_until"].is_null(), "{notes}");

    sign_in_at_terminal(&desk, url);
    token(&desk, url);
}

#[test]
fn nobody_waits_for_a_person_whom_another_host_needs() {
    let practice = Practice::start(&Options::default());
    let desk = signed_in(&practice, &[Source::Exchange, Source::Entra]);
    let (here, there) = (practice.url(Source::Exchange), practice.url(Source::Entra));
    let first = token(&desk, here);
    practice.entra.on(Fault::MfaRequired, Target::Everyone);
    let other = Running::get(&desk, there);
    let page = page(&desk);

    assert_eq!(token(&desk, here), first, "a valid credential");
    age(&desk, here, &[Kept::Credential], 8 * 3600);
    assert_ne!(token(&desk, here), first, "an expired one, and Entra's word of a moment ago");
    assert!(!other.says().contains("signed in as"), "the other host still waits for its person");
    desk.walk(&page, &Choice::sign_in(ALICE));
    other.end().token();
}

#[test]
fn a_consent_refused_for_one_host_is_not_another_hosts_failure() {
    let practice = Practice::start(&Options::default());
    let desk = signed_in(&practice, &[Source::Entra, Source::DataCenterOauth]);
    let (proxy, data_center) = (practice.url(Source::Entra), practice.url(Source::DataCenterOauth));
    let asks = Running::get(&desk, data_center);
    let page = page(&desk);
    expire(&desk, proxy);
    let waiter = Running::get(&desk, proxy);
    until("the other host waits in the account's lane", || waiter.says().contains("waiting for process"));
    let same = Running::get(&desk, data_center);
    until("so does the same host", || same.says().contains("waiting for process"));
    desk.walk(&page, &Choice::deny(ALICE));
    let refused = asks.end();
    assert_eq!((refused.status.code(), refused.id().as_str()), (Some(5), "consent-declined"), "{}", refused.err);
    // It adopts that, or finds the tab spent if the other waiter came in between.
    assert!(matches!(same.end().status.code(), Some(4 | 5)));
    waiter.end().token();
    assert!(desk.waiting_pages().is_empty());
}

/// A person at a terminal asks for a credential and signs in.
fn sign_in_at_terminal(desk: &Desk, url: &str) {
    let running = Running::start(desk, &mut in_terminal(desk, &get_line(desk, url)));
    desk.walk(&page(desk), &Choice::sign_in(ALICE));
    let ended = running.end();
    assert!(ended.status.success(), "{}{}", ended.out, ended.err);
}

fn signed_in_again(desk: &Desk, url: &str) -> String {
    sign_in_at_terminal(desk, url);
    token(desk, url)
}
