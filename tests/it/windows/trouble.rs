//! What can go wrong on a Windows desk.

use super::desk::Desk;
use super::machine::{Machine, processes_of, said, windows};
use crate::practice::browser::Choice;
use crate::practice::cast::ALICE;
use crate::practice::{Options, Practice, Source};
use crate::pty::until;
use rustix::process::{Signal, kill_process};
use std::process::Stdio;

#[test]
fn the_lock_of_a_process_that_was_killed_is_free() {
    let Some(machine) = Machine::prepared() else { return };
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(machine, &practice, Source::Exchange);
    let mut login = desk.command(desk.exe(), &[]);
    let mut login = login.arg("login").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until(|| desk.waiting_pages().pop()).expect("a page was opened under the account's lock");
    let killed = processes_of(&desk.exe());
    assert!(!killed.is_empty());
    for process in killed {
        _ = kill_process(process, Signal::KILL);
    }
    _ = login.wait();
    let desk = desk.person(Choice::sign_in(ALICE));
    desk.must(desk.exe(), &["login"]);
    assert_eq!(desk.opened().len(), 1);
}

#[test]
fn a_profile_may_lie_deeper_than_260_characters() {
    let Some(machine) = Machine::prepared() else { return };
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(machine, &practice, Source::Exchange).person(Choice::sign_in(ALICE));
    let deep = ["größer", &"a".repeat(120), &"b".repeat(120)].iter().fold(desk.local(), |path, part| path.join(part));
    std::fs::create_dir_all(&deep).unwrap();
    let deep_text = windows(&deep);
    let output = desk.command(desk.exe(), &[("LOCALAPPDATA", &deep_text)]).arg("login").output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(deep.join("bitbucket-sso/locks").is_dir(), "the state is there and nowhere else");
    assert!(!desk.local().join("bitbucket-sso/locks").exists());
}

#[test]
fn a_session_outlives_the_processes_and_is_gone_after_logout() {
    let Some(machine) = Machine::prepared() else { return };
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(machine, &practice, Source::DataCenterOauth).person(Choice::sign_in(ALICE));
    desk.must(desk.exe(), &["login"]);
    let status = desk.must(desk.exe(), &["status"]);
    assert!(status.contains(ALICE) && status.contains("keyring"), "{status}");
    desk.must(desk.exe(), &["logout"]);
    let status = desk.command(desk.exe(), &[]).arg("status").output().unwrap();
    assert!(!said(&status).contains(ALICE), "{}", said(&status));
}
