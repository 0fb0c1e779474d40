//! What several processes do to one account at once, made certain instead of likely: a lock that the test holds, an
//! answer that is held back, a clock that has moved on.

use crate::desk::{Desk, said, stderr, stdout};
use crate::practice::browser::Choice;
use crate::practice::cast::ALICE;
use crate::practice::weather::{Rule, Trouble};
use crate::practice::{Options, Practice, Source};
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

#[test]
fn erase_leaves_the_token_to_a_leader_at_work() {
    let (practice, desk) = signed_in(Source::Exchange);
    let request = request(&practice, Source::Exchange);
    let token = password(&desk.get(&request));
    let rejected = format!("{request}password={token}\n");
    let lane = lock(&desk, "v1-host-");
    let erased = desk.verb("erase", rejected.as_bytes());
    assert!(erased.status.success(), "{}", said(&erased));
    drop(lane);
    assert_eq!(stderr(&desk.get(&request)), "", "the leader's token stays as it is");
    // The same without a leader: that it matters.
    desk.verb("erase", rejected.as_bytes());
    assert_ne!(stderr(&desk.get(&request)), "");
    assert_eq!(practice.journal.grants("broker", EXCHANGE, 200), 1);
}

#[test]
fn a_logout_outlasts_a_refresh_under_way() {
    let (practice, desk) = signed_in(Source::DataCenterOauth);
    assert_eq!(records(&desk, "grant-").len(), 1);
    forget_cached(&desk);
    let trouble = Trouble::Slow(1500);
    practice.data_center.weather.add(Rule { path: "token".into(), trouble, times: Some(1), after: true });
    let fetch = start(&desk, &request(&practice, Source::DataCenterOauth));
    until("the refresh is under way", || practice.data_center.weather.is_clear());
    let logout = desk.helper().args(["logout", "--all"]).output().unwrap();
    assert!(logout.status.success(), "{}", said(&logout));
    let fetched = fetch.wait_with_output().unwrap();
    assert!(fetched.status.success(), "{}", said(&fetched));
    let left = ["session", "grant"].map(|kind| records(&desk, kind));
    assert_eq!(left, [const { Vec::<PathBuf>::new() }; 2], "nothing comes back after a logout");
}

#[test]
fn data_center_is_asked_only_if_its_answer_can_be_kept() {
    let (practice, desk) = signed_in(Source::DataCenterOauth);
    let request = request(&practice, Source::DataCenterOauth);
    forget_cached(&desk);
    // What is there can be read, nothing can be added.
    let vault = desk.state().join("vault");
    warm_up_entra(&practice, &desk);
    fs::set_permissions(&vault, fs::Permissions::from_mode(0o755)).unwrap();
    let refused = desk.get(&request);
    assert_eq!(refused.status.code(), Some(7), "{}", said(&refused));
    assert_eq!(practice.journal.grants("datacenter", "refresh_token", 200), 0, "the old pair must not end");
    fs::set_permissions(&vault, fs::Permissions::from_mode(0o700)).unwrap();
    let answered = desk.get(&request);
    assert!(stdout(&answered).contains("password="), "{}", said(&answered));
    assert_eq!(desk.opened().len(), 1, "no second consent was needed");
}

#[test]
fn every_hand_out_is_in_the_trail() {
    let (practice, desk) = signed_in(Source::Exchange);
    let request = request(&practice, Source::Exchange);
    forget_cached(&desk);
    let before = hand_outs(&desk);
    practice.broker.weather.next("token", 1, Trouble::Slow(1000));
    let all: Vec<Child> = (0..5).map(|_| start(&desk, &request)).collect();
    for one in all {
        let output = one.wait_with_output().unwrap();
        assert!(stdout(&output).contains("password="), "{}", said(&output));
    }
    assert_eq!(hand_outs(&desk) - before, 5);
    assert_eq!(practice.journal.grants("broker", EXCHANGE, 200), 2);
}

#[test]
fn of_two_logins_one_signs_in() {
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(&practice, Source::Exchange).person(Choice::sign_in(ALICE));
    practice.entra.weather.next("token", 1, Trouble::Slow(1000));
    let mut logins: Vec<Child> = (0..2)
        .map(|_| desk.helper().arg("login").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
        .collect();
    for login in logins.drain(..) {
        let output = login.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    }
    assert_eq!(desk.opened().len(), 1, "{:?}", desk.opened());
}

#[test]
fn a_logout_of_one_host_forgets_the_tokens_of_all_its_repositories() {
    let practice = Practice::start(&Options::default());
    let config = format!("{}per_repository = true\n", practice.config_toml(Source::Exchange));
    let desk = Desk::configured(&practice, &config).person(Choice::sign_in(ALICE));
    let request = format!("{}path=acme/app.git\n", request(&practice, Source::Exchange));
    let first = password(&desk.get(&request));
    assert_eq!(password(&desk.get(&request)), first, "it was cached");
    let logout = desk.helper().args(["logout", "--host", practice.url(Source::Exchange)]).output().unwrap();
    assert!(logout.status.success(), "{}", said(&logout));
    assert_ne!(password(&desk.get(&request)), first);
    assert_eq!(desk.opened().len(), 1, "the session stays");
}

/// A desk where somebody has just got a token.
fn signed_in(source: Source) -> (Practice, Desk) {
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(&practice, source).person(Choice::sign_in(ALICE));
    let first = desk.get(&request(&practice, source));
    assert!(stdout(&first).contains("password="), "{}", said(&first));
    (practice, desk)
}

fn request(practice: &Practice, source: Source) -> String {
    let authority =
        practice.url(source).trim_start_matches("https://").split('/').next().unwrap_or_default().to_owned();
    format!("protocol=https\nhost={authority}\n")
}

fn password(output: &Output) -> String {
    let text = stdout(output);
    let line = text.lines().find_map(|line| line.strip_prefix("password="));
    line.unwrap_or_else(|| panic!("{}", said(output))).to_owned()
}

fn start(desk: &Desk, request: &str) -> Child {
    let mut command = desk.helper();
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(request.as_bytes()).unwrap();
    child
}

/// The next `get` has neither a token nor Entra's last answer.
fn forget_cached(desk: &Desk) {
    fs::remove_dir_all(desk.state().join("hot")).unwrap();
}

/// Entra has answered a moment ago, so that only Bitbucket is asked.
fn warm_up_entra(practice: &Practice, desk: &Desk) {
    practice.data_center.weather.next("token", 1, Trouble::Html(502));
    let refused = desk.get(&request(practice, Source::DataCenterOauth));
    assert_eq!(refused.status.code(), Some(6), "{}", said(&refused));
}

/// Takes the only lock of this kind, as a leader would.
fn lock(desk: &Desk, prefix: &str) -> File {
    let is_it = |path: &PathBuf| {
        let kind = path.extension().is_some_and(|kind| kind == "lock");
        kind && path.file_name().unwrap_or_default().to_string_lossy().starts_with(prefix)
    };
    let mut locks = fs::read_dir(desk.state().join("locks")).unwrap().map(|entry| entry.unwrap().path());
    let file = File::options().read(true).append(true).open(locks.find(is_it).unwrap()).unwrap();
    file.lock().unwrap();
    file
}

fn records(desk: &Desk, prefix: &str) -> Vec<PathBuf> {
    let all = fs::read_dir(desk.state().join("vault")).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| path.file_name().unwrap_or_default().to_string_lossy().starts_with(prefix)).collect()
}

/// Minted tokens and hits; the files of hits stay as they are when they are folded in.
fn hand_outs(desk: &Desk) -> usize {
    let trail = fs::read_to_string(desk.state().join("audit.jsonl")).unwrap();
    let minted = trail.lines().filter(|line| line.contains("\"event\":\"mint\"")).count();
    let days = fs::read_dir(desk.state().join("hits")).into_iter().flatten().flatten();
    minted + days.map(|day| fs::read_to_string(day.path()).unwrap().lines().count()).sum::<usize>()
}

fn until(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
