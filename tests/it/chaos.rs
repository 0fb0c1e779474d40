//! Chaos: rounds of processes that are killed, interrupted and stopped at random points, while answers are lost, the
//! services fail, sessions are revoked and time goes on. What must hold afterwards is read from the servers' journals.
//!
//! `BITBUCKET_SSO_CHAOS_SEED` is a number or `random`; `BITBUCKET_SSO_CHAOS_SECONDS` how long it storms.

use super::*;
use crate::practice::Options;
use crate::practice::entra::{Fault, Target};
use crate::practice::weather::{Rule, Trouble};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;

#[path = "chaos/account.rs"]
mod account;
#[path = "chaos/dice.rs"]
pub mod dice;
#[path = "chaos/fate.rs"]
mod fate;

use account::{Counts, Round, check_trail};
use dice::{Dice, seed, variable};
use fate::{Struck, strike};

#[test]
fn a_storm_of_processes_loses_nothing_and_asks_nobody_twice() {
    let mut storm = Storm::begin(seed(), Duration::from_secs(variable("BITBUCKET_SSO_CHAOS_SECONDS").unwrap_or(16)));
    while Instant::now() < storm.ends {
        storm.round();
    }
    storm.calm_after();
}

/// Everything a storm needs, and what has happened so far.
struct Storm {
    practice: Practice,
    desk: Desk,
    urls: BTreeMap<&'static str, String>,
    dice: Dice,
    seed: u64,
    ends: Instant,
    /// How far all clocks are ahead.
    ahead: i64,
    /// When the day began.
    day: i64,
    events: Vec<String>,
    counts: Counts,
    /// The last token seen of each host, for `erase`.
    tokens: BTreeMap<&'static str, String>,
}

impl Storm {
    fn begin(seed: u64, length: Duration) -> Self {
        let practice = Practice::start(&Options::default());
        practice.entra.state().habits.loop_limit = None;
        practice.entra.state().habits.access_life = Some(LIFE);
        practice.cloud.state().knobs.life = LIFE;
        practice.data_center.state().knobs.life = LIFE;
        practice.broker.knobs().life = LIFE;
        let broker = practice.url(Source::Exchange).replace("localhost", "127.0.0.1");
        let urls = BTreeMap::from([
            ("exchange", broker.clone()),
            ("entra", practice.url(Source::Entra).to_owned()),
            ("cloud", practice.url(Source::CloudOauth).to_owned()),
            ("datacenter", practice.url(Source::DataCenterOauth).to_owned()),
        ]);
        let hosts = [Source::CloudOauth, Source::DataCenterOauth, Source::Entra].map(|it| practice.host_toml(it));
        let exchange = practice.host_toml(Source::Exchange).replace(practice.url(Source::Exchange), &broker);
        let desk = Desk::configured(&practice, &format!("{}{}\n{exchange}", practice.entra_toml(), hosts.join("\n")))
            .person(Choice::sign_in(ALICE));
        let (dice, ends) = (Dice(seed), Instant::now() + length);
        let (events, counts, tokens) = (Vec::new(), Counts::default(), BTreeMap::new());
        let mut storm = Self { practice, desk, urls, dice, seed, ends, ahead: 0, day: 0, events, counts, tokens };
        storm.login();
        storm
    }

    /// All clocks go on.
    fn pass(&mut self, seconds: i64) {
        self.ahead += seconds;
        self.practice.clock.advance(seconds);
    }

    /// An expiry, weather, a crowd that is struck; then calm, and whoever asks next is served.
    fn round(&mut self) {
        // No day is shorter than six hours.
        if self.ahead > self.day + 5 * 3600 {
            self.sign_in(&["login", "--ahead"]);
            self.day = self.ahead;
        }
        let mut round = Round { revoked: self.counts.rounds % 5 == 3, ..Round::default() };
        // Sometimes tokens are fresh: then git may complain of one that is in use.
        let expires = round.revoked || !self.dice.one_in(4);
        self.pass(if expires { LIFE + 100 } else { 30 });
        self.practice.journal.clear();
        self.events.push(format!("round {} at +{}s", self.counts.rounds, self.ahead));
        self.brew(&mut round);
        let mut crowd = Vec::new();
        for _ in 0..4 + self.dice.below(6) {
            crowd.push(self.start(&mut round));
            std::thread::sleep(Duration::from_millis(self.dice.below(30)));
        }
        strike(&mut crowd);
        for struck in crowd {
            self.settle(struck, &mut round);
        }
        self.clear_up();
        self.pass(60);
        self.serve_all(&mut round);
        self.counts.check(&self.practice.journal.entries(), &round);
    }

    /// The weather of a round. Every answer takes its time, so that some die between a commit and their own write.
    fn brew(&mut self, round: &mut Round) {
        if round.revoked {
            self.events.push("  all sessions are revoked".into());
            self.practice.entra.on(Fault::Revoked, Target::User(ALICE.into()));
        }
        let practice = &self.practice;
        let servers =
            [&practice.entra.weather, &practice.cloud.weather, &practice.data_center.weather, &practice.broker.weather];
        for (weather, server) in servers.into_iter().zip(["entra", "cloud", "datacenter", "broker"]) {
            if self.dice.one_in(4) {
                let (trouble, after) = match self.dice.below(5) {
                    0 => (Trouble::Drop, true),
                    1 => (Trouble::Truncated, true),
                    2 => (Trouble::Html(503), false),
                    3 => (Trouble::Throttled(429, Some(5)), false),
                    _ => (Trouble::Html(502), true),
                };
                self.events.push(format!("  weather at {server}: {trouble:?}, after the commit: {after}"));
                if matches!(trouble, Trouble::Truncated) {
                    round.cut.push(server);
                }
                weather.add(Rule { path: "token".into(), trouble, times: Some(1), after });
            }
            weather.always("token", Trouble::Slow(5 + self.dice.below(40)));
        }
    }

    fn clear_up(&self) {
        let practice = &self.practice;
        for weather in
            [&practice.entra.weather, &practice.cloud.weather, &practice.data_center.weather, &practice.broker.weather]
        {
            weather.clear();
        }
    }

    /// One more process, and its fate.
    fn start(&mut self, round: &mut Round) -> Struck {
        let host = HOSTS[usize::try_from(self.dice.below(4)).unwrap()];
        let url = self.urls[host].clone();
        let mut command = self.desk.helper_at(self.ahead);
        let what = match self.dice.below(20) {
            0..=11 => "get",
            12..=14 => "erase",
            15..=16 => "login",
            17..=18 => "token",
            _ => "logout",
        };
        match what {
            "get" => _ = command.arg("get").stdin(input(&self.desk, &url)),
            "erase" => {
                round.erased += 1;
                let token = self.tokens.get(host).cloned().unwrap_or_else(|| "unknown".into());
                let file = self.desk.path("erased");
                let text = format!("{}\nusername=x-token-auth\npassword={token}\n\n", request(&url).trim_end());
                fs::write(&file, text).unwrap();
                command.arg("erase").stdin(File::open(&file).unwrap());
            }
            "login" => _ = command.arg("login"),
            "token" => _ = command.args(["token", "--host", &url]),
            _ => {
                round.left.push(host);
                command.args(["logout", "--host", &url]);
            }
        }
        let blows = self.dice.blows();
        let running = Running::start(&self.desk, &mut command);
        let fate: Vec<_> = blows.iter().map(|(after, signal)| format!("{signal:?} after {after} ms")).collect();
        self.events.push(format!("  {}: {what} {host} {}", running.pid(), fate.join(", ")));
        self.counts.processes += 1;
        let now = Instant::now();
        let at = |(after, signal)| (now + Duration::from_millis(after), signal);
        Struck { running, host, blows: blows.into_iter().map(at).collect() }
    }

    /// How a process of the crowd ended.
    fn settle(&mut self, struck: Struck, round: &mut Round) {
        let pid = struck.running.pid();
        let ended = struck.running.end();
        if let Some(signal) = ended.status.signal() {
            round.deaths += 1;
            self.counts.died += 1;
            self.events.push(format!("  {pid} died of {signal}"));
            for name in ["faketime_shm", "sem.faketime_sem"] {
                _ = fs::remove_file(format!("/dev/shm/{name}_{pid}"));
            }
        } else {
            self.events.push(format!("  {pid} ended with {:?}: {}", ended.status.code(), ended.err.trim_end()));
            assert_ne!(ended.status.code(), Some(1), "an unexpected failure: {}", ended.err);
        }
        let password = ended.out.lines().find_map(|line| line.strip_prefix("password="));
        self.tokens.extend(password.map(|token| (struck.host, token.to_owned())));
    }

    /// In calm weather every host answers without a person, unless its grant or the session was really ended.
    fn serve_all(&mut self, round: &mut Round) {
        for host in HOSTS {
            let before = self.practice.journal.entries();
            let first = self.ask(host);
            let out = if first.status.success() {
                first.out
            } else {
                self.events.push(format!("  {host} needs a person: {}", first.err.trim_end()));
                round.excuse(host, &before, &first.err);
                self.login();
                let second = self.ask(host);
                assert!(second.status.success(), "{host} after a sign-in: {}", second.err);
                second.out
            };
            let password = out.lines().find_map(|line| line.strip_prefix("password=")).unwrap().to_owned();
            self.tokens.insert(host, password);
        }
    }

    /// Git asks, and nobody may be bothered.
    fn ask(&mut self, host: &'static str) -> Ended {
        self.counts.processes += 1;
        let mut command = self.desk.helper_at(self.ahead);
        command.arg("get").env("CI", "true").stdin(input(&self.desk, &self.urls[host]));
        Running::start(&self.desk, &mut command).end()
    }

    fn login(&mut self) {
        self.sign_in(&["login"]);
    }

    fn sign_in(&mut self, arguments: &[&str]) {
        self.counts.processes += 1;
        let ended = Running::start(&self.desk, self.desk.helper_at(self.ahead).args(arguments)).end();
        assert!(ended.status.success(), "{}", ended.err);
    }

    /// After the storm everybody is served once more by what is stored, and the trail is whole.
    fn calm_after(&mut self) {
        self.pass(LIFE + 100);
        self.practice.journal.clear();
        for host in HOSTS {
            let ended = self.ask(host);
            assert!(ended.status.success(), "{host}: {}", ended.err);
        }
        let visits = |server| self.practice.journal.grants(server, "authorization_code", 200);
        assert_eq!([visits("entra"), visits("cloud"), visits("datacenter")], [0; 3], "nobody was asked");
        let records = fs::read_dir(self.desk.state().join("vault")).unwrap().flatten();
        let names: Vec<_> = records.map(|entry| entry.file_name().into_string().unwrap()).collect();
        let kept = |prefix| names.iter().filter(|name| name.starts_with(prefix)).count();
        assert_eq!((kept("session-"), kept("grant-")), (1, 2), "one session, two grants: {names:?}");
        self.counts.lines = check_trail(&self.desk.state());
        eprintln!("chaos, seed {}: {:?}", self.seed, self.counts);
        assert!(self.counts.rounds > 0 && self.counts.died > 0, "it was a storm");
    }
}

impl Drop for Storm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("BITBUCKET_SSO_CHAOS_SEED={}\n{}", self.seed, self.events.join("\n"));
        }
    }
}

const HOSTS: [&str; 4] = ["cloud", "datacenter", "entra", "exchange"];
/// Of all tokens, in seconds: too short for renewals, and an expiry ends what Entra said, too.
const LIFE: i64 = 600;
