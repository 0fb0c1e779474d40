//! The main job with every git of this machine, all four sources, by browser and by device code.

use crate::desk::{Desk, HELPER, said, stderr, stdout};
use crate::practice::browser::{self, Choice};
use crate::practice::cast::ALICE;
use crate::practice::{Options, Practice, Source, codec};
use crate::pty::{Terminal, until};
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn every_git_works_by_browser_through_a_broker() {
    by_browser(Source::Exchange);
}

#[test]
fn every_git_works_by_browser_with_a_proxy() {
    by_browser(Source::Entra);
}

#[test]
fn every_git_works_by_browser_with_cloud() {
    by_browser(Source::CloudOauth);
}

#[test]
fn every_git_works_by_browser_with_data_center() {
    by_browser(Source::DataCenterOauth);
}

#[test]
fn every_git_works_by_device_code_through_a_broker() {
    by_device_code(Source::Exchange);
}

#[test]
fn every_git_works_by_device_code_with_a_proxy() {
    by_device_code(Source::Entra);
}

#[test]
fn every_git_works_by_device_code_and_pasted_address_with_cloud() {
    by_device_code(Source::CloudOauth);
}

#[test]
fn every_git_works_by_device_code_and_pasted_address_with_data_center() {
    by_device_code(Source::DataCenterOauth);
}

#[test]
fn a_forwarded_port_is_as_good_as_a_pasted_address() {
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(&practice, Source::CloudOauth);
    let mut terminal = on_terminal(&desk, "git", &format!("{HELPER} login --device-code"));
    approve(&practice, &mut terminal);
    let page = address(&mut terminal);
    let end = browser::walk(&page, practice.ca(), &Choice::sign_in(ALICE)).unwrap();
    assert!(end.answer.text().contains("Back to the terminal"), "{}", end.answer.text());
    let (code, screen) = terminal.end();
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains("signed in as"), "{screen}");
}

#[test]
fn what_is_pasted_wrongly_may_be_pasted_again() {
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(&practice, Source::CloudOauth);
    let mut terminal = on_terminal(&desk, "git", &format!("{HELPER} login --device-code"));
    approve(&practice, &mut terminal);
    let page = address(&mut terminal);
    terminal.enter("https://example.org/elsewhere");
    terminal.shows("not the address of the last page");
    let right = delivered(&practice, &page);
    terminal.enter(&right.replace("state=", "state=x"));
    terminal.shows("belongs to another sign-in");
    terminal.enter(&right);
    let (code, screen) = terminal.end();
    assert_eq!(code, Some(0), "{screen}");
}

#[test]
fn large_files_travel_with_the_same_credential() {
    for git in gits() {
        let practice = Practice::start(&Options::default());
        let desk = Desk::with(&practice, Source::Exchange).person(Choice::sign_in(ALICE));
        let run = |dir: &Path, arguments: &[&str]| run(&desk, &git, dir, arguments);
        run(&desk.home(), &["lfs", "install", "--skip-repo"]);
        let url = practice.clone_url(Source::Exchange, "acme", "app");
        run(&desk.path(""), &["clone", "-q", &url, "app"]);
        let app = desk.path("app");
        run(&app, &["lfs", "track", "*.bin"]);
        let large = codec::random(2 << 20);
        std::fs::write(app.join("large.bin"), &large).unwrap();
        run(&app, &["add", "."]);
        run(&app, &["commit", "-qm", "Large"]);
        run(&app, &["push", "-q", "origin", "HEAD"]);
        run(&desk.path(""), &["clone", "-q", &url, "again"]);
        assert_eq!(std::fs::read(desk.path("again/large.bin")).unwrap(), large, "smudged by {}", git.display());
        let pointer = run(&app, &["cat-file", "-p", "HEAD:large.bin"]);
        assert!(pointer.starts_with("version https://git-lfs"), "{pointer}");
        assert_eq!(desk.opened().len(), 1, "one sign-in for git and git-lfs");
    }
}

#[test]
fn submodules_of_the_host_come_along_with_one_sign_in() {
    for git in gits() {
        let practice = Practice::start(&Options::default());
        let url = practice.clone_url(Source::DataCenterOauth, "acme", "app");
        let names = ["one", "two", "three"];
        for name in names {
            practice.repos.create("acme", name);
        }
        let writer = Desk::with(&practice, Source::DataCenterOauth).person(Choice::sign_in(ALICE));
        run(&writer, &git, &writer.path(""), &["clone", "-q", &url, "app"]);
        for name in names {
            run(&writer, &git, &writer.path("app"), &["submodule", "--quiet", "add", &format!("../{name}.git"), name]);
        }
        run(&writer, &git, &writer.path("app"), &["commit", "-qm", "Modules"]);
        run(&writer, &git, &writer.path("app"), &["push", "-q", "origin", "HEAD"]);

        practice.journal.clear();
        let reader = Desk::with(&practice, Source::DataCenterOauth).person(Choice::sign_in(ALICE));
        let clone = ["clone", "-q", "--recurse-submodules", "--jobs", "4", &url, "all"];
        run(&reader, &git, &reader.path(""), &clone);
        for name in names {
            assert!(reader.path("all").join(name).join("README").exists(), "{name} by {}", git.display());
        }
        assert_eq!(reader.opened().len(), 1);
        assert_eq!(practice.journal.grants("datacenter", "authorization_code", 200), 1);
    }
}

#[test]
fn a_person_who_declines_is_not_asked_for_a_password() {
    for git in gits() {
        let practice = Practice::start(&Options::default());
        let desk = Desk::with(&practice, Source::Exchange);
        let url = practice.clone_url(Source::Exchange, "acme", "app");
        let mut terminal = on_terminal(&desk, &git, &format!("git clone -q {url} app"));
        let code = waiting_code(&practice);
        terminal.shows(&code);
        practice.entra.decline(&code);
        let (code, screen) = terminal.end();
        assert_eq!(code, Some(128), "{screen}");
        assert!(screen.contains("declined"), "{screen}");
        assert!(!screen.contains("Username for") && !screen.contains("Password for"), "{screen}");
    }
}

/// Clone, push over a megabyte, fetch and clone again as `alice@`, with one page opened.
fn by_browser(source: Source) {
    for git in gits() {
        let practice = Practice::start(&Options::default());
        let desk = Desk::with(&practice, source).person(Choice::sign_in(ALICE));
        let url = practice.clone_url(source, "acme", "app");
        run(&desk, &git, &desk.path(""), &["clone", "-q", &url, "app"]);
        assert!(desk.last_page().contains("Signed in"), "{}", desk.last_page());
        work_silently(&practice, &desk, &git, source);
        assert_eq!(desk.opened().len(), 1, "{}: nobody was asked again", git.display());
        let version = run(&desk, &git, &desk.path(""), &["--version"]);
        let agent = format!("git/{}", version.split_whitespace().nth(2).unwrap());
        let agents: Vec<_> = practice.journal.entries().into_iter().filter_map(|entry| entry.user_agent).collect();
        let gits: Vec<_> = agents.into_iter().filter(|agent| agent.starts_with("git/")).collect();
        assert!(!gits.is_empty() && gits.iter().all(|used| *used == agent), "{agent} worked, not {gits:?}");
    }
}

/// The same, with the sign-in inside `git clone` on a terminal: git's own streams are pipes there.
fn by_device_code(source: Source) {
    for git in gits() {
        let practice = Practice::start(&Options::default());
        let desk = Desk::with(&practice, source);
        let url = practice.clone_url(source, "acme", "app");
        let mut terminal =
            on_terminal(&desk, &git, &format!("git clone -q {url} app 2>{}", desk.path("err").display()));
        approve(&practice, &mut terminal);
        if matches!(source, Source::CloudOauth | Source::DataCenterOauth) {
            let page = address(&mut terminal);
            terminal.enter(&delivered(&practice, &page));
        }
        if source == Source::DataCenterOauth {
            terminal.shows("[y/N]");
            terminal.enter("y");
        }
        let (code, screen) = terminal.end();
        let errors = std::fs::read_to_string(desk.path("err")).unwrap();
        assert_eq!(code, Some(0), "{}: {screen}\n{errors}", git.display());
        assert!(desk.path("app/README").exists());
        work_silently(&practice, &desk, &git, source);
        assert_eq!(practice.entra.waiting_codes(), [""; 0], "nobody was asked again");
        assert!(desk.opened().is_empty());
    }
}

/// What the rest of the day looks like, in `app`.
fn work_silently(practice: &Practice, desk: &Desk, git: &Path, source: Source) {
    let app = desk.path("app");
    std::fs::write(app.join("noise"), codec::random(3 << 20)).unwrap();
    for arguments in
        [&["add", "."][..], &["commit", "-qm", "More"], &["push", "-q", "origin", "HEAD"], &["fetch", "-q"]]
    {
        run(desk, git, &app, arguments);
    }
    let head = run(desk, git, &app, &["rev-parse", "HEAD"]);
    assert_eq!(head.trim(), practice.repos.head("acme", "app", "main"));
    let named = practice.clone_url(source, "acme", "app").replacen("https://", "https://alice@", 1);
    run(desk, git, &desk.path(""), &["clone", "-q", &named, "named"]);
    assert!(desk.path("named/noise").exists());
}

/// Runs this git, which must succeed and be silent on standard error; what it printed.
fn run(desk: &Desk, git: &Path, dir: &Path, arguments: &[&str]) -> String {
    let mut command = with_git(desk.command(git), git);
    let output = command.current_dir(dir).args(arguments).output().unwrap();
    assert!(output.status.success(), "{} {arguments:?}: {}", git.display(), said(&output));
    let complaint = stderr(&output);
    let expected =
        complaint.lines().all(|line| line.starts_with("bitbucket-sso: sign") || line.contains("Updated git hooks"));
    assert!(expected, "{} {arguments:?}: {complaint}", git.display());
    stdout(&output)
}

/// This git comes first for everything that looks for one.
fn with_git(mut command: Command, git: &Path) -> Command {
    if let Some(dir) = git.parent().filter(|dir| dir.is_absolute()) {
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", dir.display()));
    }
    command
}

/// A terminal over SSH: no browser here.
fn on_terminal(desk: &Desk, git: impl AsRef<Path>, line: &str) -> Terminal {
    let mut script = with_git(desk.command("script"), git.as_ref());
    script.env("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22").env("TERM", "dumb");
    Terminal::run(script, line)
}

fn waiting_code(practice: &Practice) -> String {
    until(|| practice.entra.waiting_codes().pop()).expect("a device code was asked for")
}

/// The code is on the screen; Alice types it elsewhere.
fn approve(practice: &Practice, terminal: &mut Terminal) {
    let code = waiting_code(practice);
    terminal.shows(&code);
    practice.entra.approve(&code, ALICE).unwrap();
}

/// The address on the screen at which Bitbucket asks for consent.
fn address(terminal: &mut Terminal) -> String {
    terminal.wait("the consent's address", |screen| {
        let mut whole = screen.split_inclusive('\n').filter(|line| line.ends_with('\n')).map(str::trim);
        whole.rfind(|line| line.starts_with("https://") && line.contains("/authorize?")).map(str::to_owned)
    })
}

/// Alice consents in a browser on another machine, which cannot show the last page; its address.
fn delivered(practice: &Practice, page: &str) -> String {
    let client = practice.client();
    let text = client.get(page, &[]).unwrap().text();
    let between = |before: &str| Some(text.split_once(before)?.1.split('"').next()?.to_owned());
    let action = codec::unescape(&between("action=\"").expect(&text));
    let base = url::Url::parse(page).unwrap().join(&action).unwrap();
    let form =
        [("page", &*between("name=\"page\" value=\"").expect(&text)), ("username", "alice"), ("choice", "grant")];
    let answer = client.post(base.as_str(), &form, &[]).unwrap();
    answer.header("location").expect("Bitbucket sends the browser back").to_owned()
}

/// Every distinct git on the PATH.
fn gits() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found: Vec<PathBuf> = Vec::new();
    for git in std::env::split_paths(&path).filter_map(|dir| dir.join("git").canonicalize().ok()) {
        if git.file_name().is_some_and(|name| name == "git") && !found.contains(&git) {
            found.push(git);
        }
    }
    assert!(!found.is_empty(), "there is no git on the PATH");
    found
}
