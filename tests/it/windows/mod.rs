//! The Windows helper under Wine, called by Git for Windows. They run where `BITBUCKET_SSO_WINE` names what
//! `tests/heavy/windows.sh` has prepared.

mod console;
mod desk;
mod machine;
mod policy;
mod profile;
mod trouble;

use crate::practice::browser::Choice;
use crate::practice::cast::ALICE;
use crate::practice::{Options, Practice, Source, codec};
use crate::pty::until;
use desk::Desk;
use machine::{Machine, errors, said};
use std::io::Write;
use std::process::Stdio;

#[test]
fn git_for_windows_works_through_a_broker() {
    by_browser(Source::Exchange);
}

#[test]
fn git_for_windows_works_with_a_proxy() {
    by_browser(Source::Entra);
}

#[test]
fn git_for_windows_works_with_cloud() {
    by_browser(Source::CloudOauth);
}

#[test]
fn git_for_windows_works_with_data_center() {
    by_browser(Source::DataCenterOauth);
}

#[test]
fn a_device_code_needs_no_windows_browser() {
    let Some(machine) = Machine::prepared() else { return };
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(machine, &practice, Source::Exchange);
    let mut login = desk.command(desk.exe(), &[]);
    let mut login = login.args(["login", "--device-code"]).stderr(Stdio::piped()).spawn().unwrap();
    let shown = desk::until_it_says(&mut login, "device");
    let code = until(|| practice.entra.waiting_codes().pop()).unwrap_or_else(|| panic!("no code: {shown}"));
    practice.entra.approve(&code, ALICE).unwrap();
    assert!(login.wait().unwrap().success());
    desk.git_in("", &["clone", "-q", &practice.clone_url(Source::Exchange, "acme", "app"), "app"]);
    assert!(desk.path("app/README").exists() && desk.waiting_pages().is_empty());
}

#[test]
fn the_helper_is_found_by_its_name() {
    let Some(machine) = Machine::prepared() else { return };
    let practice = Practice::start(&Options::default());
    let desk = Desk::configured(machine, &practice, &practice.config_toml(Source::Exchange));
    let desk = desk.person(Choice::sign_in(ALICE));
    let folder = desk.exe().parent().unwrap().display().to_string();
    let path = format!("/z{folder}:/mingw64/bin:/usr/bin:/c/windows/system32");
    let mut git = desk.command(desk.git(), &[("PATH", &path)]);
    // An empty helper clears the one of the system's configuration.
    git.args(["-c", "credential.helper=", "-c", "credential.helper=bitbucket-sso", "clone", "-q"]);
    let output = git.args([&practice.clone_url(Source::Exchange, "acme", "app"), "app"]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(desk.opened().len(), 1);
}

#[test]
fn what_git_sends_may_end_its_lines_as_windows_does() {
    let Some(machine) = Machine::prepared() else { return };
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(machine, &practice, Source::Exchange).person(Choice::sign_in(ALICE));
    let host = practice.url(Source::Exchange).trim_start_matches("https://").to_owned();
    let mut helper = desk.command(desk.exe(), &[]);
    helper.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut helper = helper.spawn().unwrap();
    let request = format!("protocol=https\r\nhost={host}\r\n\r\n");
    helper.stdin.take().unwrap().write_all(request.as_bytes()).unwrap();
    let output = helper.wait_with_output().unwrap();
    let answer = String::from_utf8_lossy(&output.stdout);
    assert!(answer.contains("password=") && !answer.contains('\r'), "{}", said(&output));
}

#[test]
fn the_bundled_manager_stays_and_is_not_asked() {
    let Some(machine) = Machine::prepared() else { return };
    let practice = Practice::start(&Options::default());
    let desk = Desk::configured(machine, &practice, &practice.config_toml(Source::Exchange));
    let chain = |place: &str| {
        let url = practice.url(Source::Exchange);
        let all = desk.git_in("", &["config", "--show-scope", "--get-urlmatch", "credential.helper", url]);
        assert!(all.contains(place), "{all}");
    };
    chain("helper-selector");
    let before = desk.command(desk.exe(), &[]).arg("status").output().unwrap();
    assert!(said(&before).contains("setup"), "nothing is registered yet: {}", said(&before));
    let registered = desk.must(desk.exe(), &["setup"]);
    assert!(registered.contains("first of 1"), "{registered}");
    chain("git-credential-bitbucket-sso.exe");
    let system = desk.git_in("", &["config", "--system", "credential.helper"]);
    assert_eq!(system.trim(), "helper-selector", "other hosts keep the manager");

    // The manager's own `configure` adds itself to the user's file, behind us.
    desk.git_in("", &["config", "--global", "--add", "credential.helper", "manager"]);
    let spoiled = desk.command(desk.exe(), &[]).arg("status").output().unwrap();
    assert!(said(&spoiled).contains("manager"), "{}", said(&spoiled));
    let repaired = desk.must(desk.exe(), &["setup"]);
    assert!(repaired.contains("first of 1"), "{repaired}");
}

/// Clone, push over a megabyte, fetch and clone again, with one page opened.
fn by_browser(source: Source) {
    let Some(machine) = Machine::prepared() else { return };
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(machine, &practice, source).person(Choice::sign_in(ALICE));
    let url = practice.clone_url(source, "acme", "app");
    let clone = desk.command(desk.git(), &[]).args(["clone", "-q", &url, "app"]).output().unwrap();
    assert!(clone.status.success(), "{}", said(&clone));
    assert!(errors(&clone).lines().all(|line| line.starts_with("bitbucket-sso: sign")), "{}", errors(&clone));
    std::fs::write(desk.path("app/noise"), codec::random(1 << 20)).unwrap();
    for arguments in
        [&["add", "."][..], &["commit", "-qm", "More"], &["push", "-q", "origin", "HEAD"], &["fetch", "-q"]]
    {
        desk.git_in("app", arguments);
    }
    let head = desk.git_in("app", &["rev-parse", "HEAD"]);
    assert_eq!(head.trim(), practice.repos.head("acme", "app", "main"));
    let named = url.replacen("https://", "https://alice@", 1);
    desk.git_in("", &["clone", "-q", &named, "named"]);
    assert!(desk.path("named/noise").exists());
    assert_eq!(desk.opened().len(), 1, "nobody was asked again");
    let agents = practice.journal.entries().into_iter().filter_map(|entry| entry.user_agent);
    let gits: Vec<_> = agents.filter(|agent| agent.starts_with("git/")).collect();
    assert!(gits.iter().any(|agent| agent.contains(".windows.")), "Git for Windows worked, not {gits:?}");
}
