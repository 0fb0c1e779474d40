//! The day: when a session ends, and what a clock set back, a reboot, a lid that was closed and an employee who has
//! left make of it (DESIGN.md sections 1, 8 and 9).

use crate::desk::{Desk, feed, said, stderr, stdout};
use crate::practice::browser::Choice;
use crate::practice::cast::ALICE;
use crate::practice::entra::{Fault, Target};
use crate::practice::{Options, Practice, Source};
use std::fs;
use std::process::{Command, Output};

#[path = "day/offboarding.rs"]
mod offboarding;
#[path = "day/versions.rs"]
mod versions;

#[test]
fn the_day_ends_at_day_starts() {
    // In a zone of its own: 04:00 there is six and a half hours away, or half an hour.
    let mut day = Day::of(Source::Exchange, "");
    for (until_start, ends) in [(6 * 3600 + 1800, 6 * 3600 + 1800), (1800, 86_400)] {
        day.zone(until_start);
        day.sign_in(&["login", "--ahead"]);
        day.pass(ends - 120);
        day.mint();
        day.pass(180);
        day.over();
    }
}

#[test]
fn max_session_is_the_latest_end() {
    let mut day = Day::of(Source::Exchange, "max_session = \"2h\"\n");
    day.sign_in(&["login"]);
    day.pass(7_080);
    day.mint();
    day.pass(180);
    day.over();
}

#[test]
fn a_cached_credential_does_not_outlive_its_session() {
    for source in [Source::Exchange, Source::CloudOauth, Source::DataCenterOauth, Source::Entra] {
        let mut day = Day::of(source, "max_session = \"1h\"\n");
        day.practice.broker.knobs().life = 7_200;
        day.practice.cloud.state().knobs.life = 7_200;
        day.practice.data_center.state().knobs.life = 7_200;
        day.practice.entra.state().habits.access_life = Some(7_200);
        day.sign_in(&["login"]);
        day.mint();
        day.pass(3_500);
        day.mint();
        day.pass(200);
        day.over();
    }
}

#[test]
fn a_clock_set_back_ends_nothing_later() {
    let mut day = Day::of(Source::Exchange, "max_session = \"2h\"\n");
    day.sign_in(&["login"]);
    day.mint();
    day.pass(7_300);
    day.over();
    // The end was seen; a clock set back brings nothing back, neither session nor cached credential.
    day.pass(-5_000);
    day.over();
    day.pass(-20_000);
    day.over();

    // Set back in the middle of the day, the day ends as much earlier by that clock.
    let mut day = Day::of(Source::Exchange, "max_session = \"2h\"\n");
    day.sign_in(&["login"]);
    day.pass(6_000);
    day.mint();
    day.pass(-4_000);
    day.mint();
    day.pass(1_100);
    day.mint();
    day.pass(200);
    day.over();
}

#[test]
fn a_laptop_that_slept_over_the_end_of_its_day_asks_once() {
    let mut day = Day::of(Source::CloudOauth, "");
    day.sign_in(&["login"]);
    day.mint();
    day.pass(3 * 86_400);
    day.over();
    day.sign_in(&["login"]);
    day.mint();
    assert_eq!(day.practice.journal.grants("cloud", "authorization_code", 200), 1, "the grant has stayed");
    assert_eq!(day.practice.journal.grants("entra", "authorization_code", 200), 2);
}

#[test]
fn a_laptop_that_slept_within_its_day_asks_nobody() {
    for source in [Source::Exchange, Source::CloudOauth, Source::DataCenterOauth, Source::Entra] {
        let mut day = Day::of(source, "");
        day.sign_in(&["login"]);
        let first = day.mint();
        day.pass(5 * 3600);
        assert_ne!(day.mint(), first);
        assert_eq!(day.practice.journal.grants("entra", "authorization_code", 200), 1);
    }
}

#[test]
fn a_reboot_costs_one_sign_in() {
    let day = Day::of(Source::CloudOauth, "");
    day.sign_in(&["login"]);
    day.mint();
    day.desk.forget_keys();
    day.over();
    day.sign_in(&["login"]);
    day.mint();
    assert_eq!(day.desk.opened().len(), 2, "one tab, in which Bitbucket's consent is had again, too");
    assert_eq!(day.practice.journal.grants("entra", "authorization_code", 200), 2);
}

#[test]
fn a_new_day_may_begin_before_the_old_one_ends() {
    let mut day = Day::of(Source::Exchange, "max_session = \"2h\"\n");
    day.sign_in(&["login"]);
    day.pass(5_400);
    let again = day.sign_in(&["login"]);
    assert!(stderr(&again).contains("`login --ahead` starts a new day now"), "{}", said(&again));
    assert_eq!(day.desk.opened().len(), 1, "it asks nobody");
    day.pass(60);
    day.sign_in(&["login", "--ahead"]);
    assert_eq!(day.desk.opened().len(), 2);
    day.pass(7_000);
    day.mint();
    day.pass(300);
    day.over();
}

/// A desk and servers whose clocks a test moves together.
struct Day {
    practice: Practice,
    desk: Desk,
    ahead: i64,
    source: Source,
    zone: String,
}

impl Day {
    fn of(source: Source, entra: &str) -> Self {
        let practice = Practice::start(&Options::default());
        let config = practice.config_toml(source).replacen("[network]", &format!("{entra}\n[network]"), 1);
        let desk = Desk::configured(&practice, &config).person(Choice::sign_in(ALICE));
        Self { practice, desk, ahead: 0, source, zone: "UTC".into() }
    }

    fn pass(&mut self, seconds: i64) {
        self.ahead += seconds;
        self.practice.clock.advance(seconds);
    }

    /// From now on it is so many seconds before four o'clock.
    fn zone(&mut self, until_four: i64) {
        let now = self.practice.clock.now();
        // West of Greenwich POSIX counts up.
        let east = (4 * 3600 - until_four - now).rem_euclid(86_400);
        let (sign, shift) = if east > 43_200 { ("", 86_400 - east) } else { ("-", east) };
        self.zone = format!("HERE{sign}{:02}:{:02}:{:02}", shift / 3600, shift / 60 % 60, shift % 60);
    }

    fn run(&self, arguments: &[&str]) -> Command {
        let mut command = self.desk.helper_at(self.ahead);
        command.args(arguments).env("TZ", &self.zone);
        command
    }

    fn sign_in(&self, arguments: &[&str]) -> Output {
        let output = self.run(arguments).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        output
    }

    /// Git asks, and nobody may be bothered.
    fn get(&self) -> Output {
        let (protocol, rest) = self.practice.url(self.source).split_once("://").unwrap();
        let host = rest.split('/').next().unwrap();
        feed(self.run(&["get"]).env("CI", "true"), format!("protocol={protocol}\nhost={host}\n\n").as_bytes())
    }

    /// A token, or nothing and why.
    fn token(&self) -> Result<String, Output> {
        let output = self.get();
        let password = stdout(&output).lines().find_map(|line| Some(line.strip_prefix("password=")?.to_owned()));
        password.ok_or(output)
    }

    fn mint(&self) -> String {
        self.token().unwrap_or_else(|output| panic!("{:?} +{}s: {}", self.source, self.ahead, said(&output)))
    }

    /// The day is over: somebody has to sign in.
    fn over(&self) {
        let output = self.token().expect_err("the day is over");
        assert_eq!(output.status.code(), Some(4), "{:?} +{}s: {}", self.source, self.ahead, said(&output));
        assert_eq!(stdout(&output), "quit=1\n");
    }
}
