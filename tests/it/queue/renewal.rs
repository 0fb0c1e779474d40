//! Renewal without a wait (DESIGN.md section 14).

use super::*;
use crate::desk::{said, stderr, stdout};
use crate::practice::Options;
use crate::practice::entra::{Fault, Target};
use crate::practice::weather::Trouble;

/// Of a life of an hour: inside the last quarter, outside the margin.
const INTO_THE_WINDOW: i64 = 3_000;

#[test]
fn a_hit_in_the_last_quarter_answers_at_once_and_one_child_renews() {
    let practice = Practice::start(&Options::default());
    let (desk, url, first) = aging(&practice, Source::Exchange);
    practice.broker.weather.next("token", 1, Trouble::Slow(1_500));
    // By pipes, whose ends a child must not keep: git would wait for it.
    let asked = desk.get(&request(&url));
    let child = only_child(&url);
    assert!(stdout(&asked).contains(&first) && stderr(&asked).is_empty(), "{}", said(&asked));
    let stat = fs::read_to_string(format!("/proc/{child}/stat")).unwrap();
    let group: u32 = stat.rsplit(')').next().unwrap().split_whitespace().nth(2).unwrap().parse().unwrap();
    assert_eq!(group, child, "a process group of its own");
    let crowd: Vec<_> = (0..10).map(|_| Running::get(&desk, &url)).collect();
    for running in crowd {
        running.end().token();
    }

    until("the credential is new", || token(&desk, &url) != first);
    assert_eq!(practice.journal.count(|entry| entry.server == "broker"), 1);
    assert!(practice.journal.grants("entra", "refresh_token", 200) <= 1);
    until("no other child is at work", || children(&url).is_empty());
    assert_eq!(practice.journal.count(|entry| entry.server == "broker"), 1, "still");
}

#[test]
fn a_running_git_keeps_its_token() {
    for source in [Source::CloudOauth, Source::Exchange, Source::DataCenterOauth] {
        let practice = Practice::start(&Options::default());
        let (desk, url, first) = aging(&practice, source);
        assert!(desk.helper().arg("setup").status().unwrap().success());
        // The list of branches takes its time; then git fetches with the token that it was given first.
        for weather in [&practice.cloud.weather, &practice.data_center.weather] {
            weather.next("info/refs", 2, Trouble::Slow(800));
        }
        let cloned = desk.git().args(["clone", "-q", &practice.clone_url(source, "acme", "app")]).output().unwrap();
        assert!(cloned.status.success(), "{source:?}: {}", said(&cloned));
        if source == Source::DataCenterOauth {
            assert_eq!(token(&desk, &url), first, "a refresh would end the old token at once");
        } else {
            until("the credential is new", || token(&desk, &url) != first);
        }
    }
}

#[test]
fn cloud_and_proxy_are_renewed_too() {
    for source in [Source::CloudOauth, Source::Entra] {
        let practice = Practice::start(&Options::default());
        let (desk, url, first) = aging(&practice, source);
        assert_eq!(token(&desk, &url), first);
        until("the credential is new", || token(&desk, &url) != first);
    }
}

#[test]
fn outside_of_the_last_quarter_nothing_is_started() {
    let practice = Practice::start(&Options::default());
    let desk = signed_in(&practice, &[Source::Exchange]);
    let url = practice.url(Source::Exchange);
    age(&desk, url, &[Kept::Credential], 2_600);
    token(&desk, url);
    assert!(!desk.state().join("renewals").exists());
    assert_eq!(children(url), Vec::<u32>::new());
}

#[test]
fn a_renewal_that_fails_costs_one_request_a_minute_and_nobody_is_asked() {
    let practice = Practice::start(&Options::default());
    let (desk, url, first) = aging(&practice, Source::Exchange);
    practice.broker.weather.always("token", Trouble::Html(503));
    for _ in 0..5 {
        assert_eq!(token(&desk, &url), first);
        until("the child has ended", || children(&url).is_empty());
    }
    assert_eq!(practice.journal.count(|entry| entry.server == "broker"), 1);

    let practice = Practice::start(&Options::default());
    let (desk, url, first) = aging(&practice, Source::Entra);
    practice.entra.on(Fault::MfaRequired, Target::Everyone);
    assert_eq!(token(&desk, &url), first);
    until("the child has asked Entra", || practice.journal.grants("entra", "refresh_token", 400) == 1);
    until("the child has ended", || children(&url).is_empty());
    assert!(desk.waiting_pages().is_empty());
    let notes = notes(&desk);
    assert!(notes["cooldown_until"].is_null() && notes["tab_spent"] == false, "{notes}");
    assert_eq!(token(&desk, &url), first, "what is valid is still served");
}

#[test]
fn entra_is_left_alone_as_long_as_it_said() {
    let practice = Practice::start(&Options::default());
    let (desk, url, first) = aging(&practice, Source::Entra);
    practice.entra.weather.next("token", 1, Trouble::Throttled(429, Some(300)));
    assert_eq!(token(&desk, &url), first);
    until("the child has been told to wait", || notes(&desk)["not_before"].is_i64());
    until("the child has ended", || children(&url).is_empty());
    fs::remove_dir_all(desk.state().join("renewals")).unwrap();
    assert_eq!(token(&desk, &url), first);
    assert!(!desk.state().join("renewals").exists(), "no child begins before that");
}

#[test]
fn ctrl_c_at_the_caller_does_not_reach_the_child() {
    let practice = Practice::start(&Options::default());
    let (desk, url, first) = aging(&practice, Source::Exchange);
    practice.broker.weather.next("token", 1, Trouble::Slow(1_000));
    let line = format!("{} ; kill -INT 0", get_line(&desk, &url).trim_start_matches("exec "));
    let caller = Running::start(&desk, &mut in_terminal(&desk, &line)).end();
    assert_eq!(caller.status.code(), Some(130), "{}{}", caller.out, caller.err);
    until("the credential is new", || token(&desk, &url) != first);
}

/// A desk whose credential has come to its last quarter: its host and token.
fn aging(practice: &Practice, source: Source) -> (Desk, String, String) {
    practice.cloud.state().knobs.life = 3_600;
    practice.data_center.state().knobs.life = 3_600;
    practice.entra.state().habits.access_life = Some(3_600);
    let desk = signed_in(practice, &[source]);
    let url = practice.url(source).to_owned();
    let first = token(&desk, &url);
    age(&desk, &url, &[Kept::Credential, Kept::Proof], INTO_THE_WINDOW);
    practice.journal.clear();
    (desk, url, first)
}

fn only_child(url: &str) -> u32 {
    let mut found = Vec::new();
    // Its arguments are seen a moment after it was started.
    until("a child is at work", || {
        found = children(url);
        !found.is_empty()
    });
    assert_eq!(found.len(), 1, "{found:?}");
    found[0]
}

/// The renewing processes for a host, which is on a port of this test's own.
fn children(url: &str) -> Vec<u32> {
    let numbers = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let renews = |pid: &u32| {
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<&str> = line.split('\0').collect();
        words.get(1) == Some(&"renew") && words.iter().any(|word| word.trim_end_matches('/') == url)
    };
    numbers.filter(renews).collect()
}
