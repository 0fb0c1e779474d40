//! What can go wrong on a Windows desk.

use super::desk::{Desk, Wine, said, windows};
use crate::practice::browser::Choice;
use crate::practice::cast::ALICE;
use crate::practice::{Options, Practice, Source};
use crate::pty::until;
use rustix::process::{Pid, Signal, kill_process};
use std::process::Stdio;

#[test]
fn the_lock_of_a_process_that_was_killed_is_free() {
    let Some(wine) = Wine::prepared() else { return };
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(wine, &practice, Source::Exchange);
    let mut login = desk.command(desk.exe(), &[]);
    let mut login = login.arg("login").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until(|| desk.waiting_pages().pop()).expect("a page was opened under the account's lock");
    let killed = processes_of(&windows(&desk.exe()));
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
    let Some(wine) = Wine::prepared() else { return };
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(wine, &practice, Source::Exchange).person(Choice::sign_in(ALICE));
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
    let Some(wine) = Wine::prepared() else { return };
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(wine, &practice, Source::DataCenterOauth).person(Choice::sign_in(ALICE));
    desk.must(desk.exe(), &["login"]);
    let status = desk.must(desk.exe(), &["status"]);
    assert!(status.contains(ALICE) && status.contains("keyring"), "{status}");
    desk.must(desk.exe(), &["logout"]);
    let status = desk.command(desk.exe(), &[]).arg("status").output().unwrap();
    assert!(!said(&status).contains(ALICE), "{}", said(&status));
}

/// The processes of this machine whose first word is that Windows path.
fn processes_of(program: &str) -> Vec<Pid> {
    let numbers = std::fs::read_dir("/proc").unwrap().flatten();
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let ours = |number: &i32| {
        let line = std::fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).next().is_some_and(|word| word == program.as_bytes())
    };
    numbers.filter(ours).filter_map(Pid::from_raw).collect()
}
