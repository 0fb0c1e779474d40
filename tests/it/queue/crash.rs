//! What is lost when a process dies at any moment: nothing that can be kept (DESIGN.md section 10 rule 6).

use super::*;
use crate::practice::Options;
use crate::practice::weather::Trouble;
use rustix::process::Signal;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;

/// How often the leader is killed, and the last millisecond at which it is.
const POINTS: u64 = 30;
const LAST: u64 = 160;

#[test]
fn a_leader_killed_anywhere_loses_no_entra_session() {
    killed_anywhere(Source::Exchange);
}

#[test]
fn a_leader_killed_anywhere_loses_no_cloud_grant_within_its_grace() {
    killed_anywhere(Source::CloudOauth);
}

fn killed_anywhere(source: Source) {
    let practice = Practice::start(&Options::default());
    practice.entra.state().habits.loop_limit = None;
    let desk = signed_in(&practice, &[source]);
    let url = practice.url(source);
    // The answers take their time, so that some die between the server's commit and their own write.
    practice.entra.weather.always("token", Trouble::Slow(15));
    practice.cloud.weather.always("access_token", Trouble::Slow(15));
    practice.broker.weather.always("token", Trouble::Slow(15));
    let (mut killed, mut seed) = (0, 0x5eed_u64);
    for _ in 0..POINTS {
        expire(&desk, url);
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let running = Running::get(&desk, url);
        std::thread::sleep(Duration::from_millis((seed >> 33) % LAST));
        running.signal(Signal::KILL);
        killed += usize::from(running.end().status.signal() == Some(9));
        let next = Running::get(&desk, url).end();
        assert!(next.status.success(), "after {killed} kills: {}", next.err);
        assert!(desk.waiting_pages().is_empty(), "nobody is asked");
    }
    assert!(killed >= 5, "{killed} of {POINTS} died in time");
}

#[test]
fn ctrl_c_waits_until_a_rotated_grant_is_stored() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        interrupted(Source::DataCenterOauth, signal);
    }
    interrupted(Source::CloudOauth, Signal::INT);
}

fn interrupted(source: Source, signal: Signal) {
    let practice = Practice::start(&Options::default());
    let desk = signed_in(&practice, &[source]);
    let url = practice.url(source);
    expire(&desk, url);
    practice.journal.clear();
    let (server, weather) = match source {
        Source::CloudOauth => ("cloud", &practice.cloud.weather),
        _ => ("datacenter", &practice.data_center.weather),
    };
    weather.next("token", 1, Trouble::Slow(400));

    let running = Running::get(&desk, url);
    until("the server has rotated the grant", || practice.journal.grants(server, "refresh_token", 200) == 1);
    running.signal(signal);
    let ended = running.end();
    assert_eq!(ended.status.signal(), Some(signal.as_raw()), "{source:?}: it ends as asked: {}", ended.err);
    assert_eq!(ended.out, "", "and without an answer");

    token(&desk, url);
    assert_eq!(practice.journal.grants(server, "refresh_token", 200), 2, "by the stored new grant");
    assert_eq!(practice.journal.grants(server, "authorization_code", 200), 0);
    assert!(desk.waiting_pages().is_empty());
}

#[test]
fn a_grant_that_could_not_be_stored_is_not_spent() {
    let practice = Practice::start(&Options::default());
    let desk = signed_in(&practice, &[Source::DataCenterOauth]);
    let url = practice.url(Source::DataCenterOauth);
    age(&desk, url, &[Kept::Credential], 8 * 3600);
    practice.journal.clear();
    let vault = desk.state().join("vault");
    let opened_to = |mode| fs::set_permissions(&vault, fs::Permissions::from_mode(mode)).unwrap();
    // Nothing is written to a directory that others can look into.
    opened_to(0o755);
    let refused = Running::get(&desk, url).end();
    opened_to(0o700);
    assert_eq!(refused.status.code(), Some(7), "{}", refused.err);
    assert_eq!(practice.journal.grants("datacenter", "refresh_token", 200), 0, "the old pair still lives");
    token(&desk, url);
}

#[test]
fn the_next_leader_clears_away_what_a_killed_process_left() {
    let practice = Practice::start(&Options::default());
    let desk = signed_in(&practice, &[Source::CloudOauth]);
    let url = practice.url(Source::CloudOauth);
    let account = fs::read_dir(desk.state().join("hot")).unwrap().next().unwrap().unwrap().path();
    let old = [desk.state().join("vault/.new-a"), account.join(".new-b"), desk.state().join("locks/.new-c")];
    let (young, foreign) = (desk.state().join("vault/.new-d"), desk.home().join(".new-e"));
    for path in old.iter().chain([&foreign]) {
        let file = File::create(path).unwrap();
        file.set_modified(file.metadata().unwrap().modified().unwrap() - Duration::from_secs(3_700)).unwrap();
    }
    File::create(&young).unwrap();
    token(&desk, url);
    assert!(old.iter().all(|path| path.exists()), "a hit has no time for it");
    expire(&desk, url);
    token(&desk, url);
    assert!(!old.iter().any(|path| path.exists()), "{old:?}");
    assert!(young.exists() && foreign.exists(), "somebody may be writing it, and it is not ours");
}
