//! Two replicas on one real PostgreSQL: they are killed, their database stops, Bitbucket loses answers, while a crowd asks
//! for tokens whose life is short. Nothing may be lost, and nothing done twice but for a reason.
//!
//! `BITBUCKET_SSO_CHAOS_SEED` is a number or `random`; `BITBUCKET_SSO_CHAOS_SECONDS` how long it storms.

mod account;
mod crowd;
mod replica;

use super::workloads::connect_bot;
use super::{BrokerDesk, Host, text};
use crate::postgres::Cluster;
use crate::practice::browser::{self, Choice};
use crate::practice::cast::{ALICE, BOB, DEVELOPERS};
use crate::practice::weather::Trouble;
use crate::queue::chaos::dice::{Dice, seed, variable};
use crate::refusals::until;
use account::Blow;
use crowd::{Ask, Told};
use replica::Replica;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[test]
fn a_storm_over_two_replicas_loses_no_grant_and_refreshes_none_without_a_reason() {
    let seed = seed();
    let mut storm = Storm::begin(seed);
    let length = variable("BITBUCKET_SSO_CHAOS_SECONDS").unwrap_or(6);
    let mut told = storm.rage(Duration::from_secs(length));
    storm.serve_all(&mut told);
    storm.what_is_stored_is_the_newest(&mut told);
    storm.replicas.iter_mut().for_each(Replica::stop);
    let sum = storm.account(&told);
    let orphans = storm.no_token_outlives_its_end();
    let Storm { kills, outages, lost, .. } = storm;
    eprintln!(
        "replicas, seed {seed}: {} granted, {:?} later, {} silent; {kills} killed, {outages} outages, {lost} answers lost; \
         {sum:?}, {orphans} tokens of Data Center swept by their name",
        told.granted,
        told.later.values().sum::<usize>(),
        told.silent
    );
    assert!(kills > 0 && sum.grants == 5 && sum.refreshes > sum.grants, "it was a storm");
}

struct Storm {
    cluster: Cluster,
    desk: BrokerDesk,
    replicas: Vec<Replica>,
    asks: Vec<Ask>,
    dice: Dice,
    blows: Vec<Blow>,
    kills: usize,
    outages: usize,
    lost: usize,
}

impl Storm {
    /// Five grants, two replicas, and a Data Center that makes as many tokens as it is asked for.
    fn begin(seed: u64) -> Self {
        let cluster = Cluster::start();
        let mut desk = BrokerDesk::with(|desk| {
            let file = desk.site.settings();
            let kept = format!("url = \"sqlite:{}\"", desk.site.dir.join("broker.db").display());
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(text.contains(&kept));
            let text = text.replace(&kept, &format!("url = \"{}\"", cluster.url()));
            std::fs::write(&file, text + "\n[limits]\nper_subject = 1000000\n").unwrap();
            desk.practice.entra.state().user_mut(BOB).unwrap().groups.push(DEVELOPERS.into());
            desk.practice.cloud.state().knobs.life = LIFE;
            desk.practice.data_center.state().limit_http_tokens(1_000_000);
        });
        let asks = asks(&desk);
        desk.stop();
        let mut replicas = vec![Replica::of(&desk, "one"), Replica::of(&desk, "two")];
        replicas.iter_mut().for_each(Replica::start);
        for replica in &mut replicas {
            replica.wait(&desk);
        }
        Self { cluster, desk, replicas, asks, dice: Dice(seed), blows: Vec::new(), kills: 0, outages: 0, lost: 0 }
    }

    /// The crowd asks; first in calm weather.
    fn rage(&mut self, length: Duration) -> Told {
        let (asks, ca) = (self.asks.clone(), self.desk.practice.ca().to_owned());
        let bases: Vec<String> = self.replicas.iter().map(|replica| replica.base.clone()).collect();
        let over = AtomicBool::new(false);
        let seeds: Vec<u64> = (0..CROWD).map(|_| self.dice.below(1 << 30)).collect();
        let told = std::thread::scope(|scope| {
            let member = |seed: u64| {
                let (asks, bases, ca, over) = (&asks, &bases, &ca, &over);
                scope.spawn(move || crowd::member(asks, bases, ca, seed, over))
            };
            let crowd: Vec<_> = seeds.into_iter().map(member).collect();
            std::thread::sleep(length / 4);
            let began = Instant::now();
            while began.elapsed() < length * 3 / 4 {
                std::thread::sleep(Duration::from_millis(200 + self.dice.below(900)));
                self.strike(began.elapsed() < length / 4);
            }
            over.store(true, Ordering::Relaxed);
            let mut told = Told::default();
            for member in crowd {
                told.add(member.join().unwrap());
            }
            told
        });
        self.desk.practice.cloud.weather.clear();
        self.desk.practice.data_center.weather.clear();
        told
    }

    /// Something happens. Bitbucket itself fails only while there is time for the replicas to trust it again.
    fn strike(&mut self, early: bool) {
        let from_ms = self.now_ms();
        let practice = &self.desk.practice;
        match self.dice.below(10) {
            0 => self.replicas.iter_mut().for_each(|replica| {
                replica.kill();
                self.kills += 1;
            }),
            1 | 2 => {
                self.cluster.stop();
                std::thread::sleep(Duration::from_millis(100 + self.dice.below(400)));
                self.cluster.resume();
                self.outages += 1;
            }
            3 | 4 => {
                practice.cloud.weather.after_next("access_token", 1, Trouble::Drop);
                practice.data_center.weather.after_next("access-tokens", 1, Trouble::Drop);
                self.lost += 2;
            }
            5 if early => {
                let servers = [&practice.cloud.server, &practice.data_center.server];
                for server in servers {
                    server.close();
                }
                std::thread::sleep(Duration::from_millis(150));
                for server in servers {
                    server.reopen();
                }
            }
            other => {
                self.replicas[usize::from(other % 2 == 0)].kill();
                self.kills += 1;
            }
        }
        if self.dice.one_in(2) {
            std::thread::sleep(Duration::from_millis(self.dice.below(300)));
        }
        self.replicas.iter_mut().for_each(Replica::keep_up);
        // A lost answer waits for the next question, and a database that was gone is missed for some seconds.
        self.blows.push(Blow { from_ms, to_ms: self.now_ms() + 4000 });
    }

    /// In calm weather every replica serves everybody: no grant is lost.
    fn serve_all(&mut self, told: &mut Told) {
        let client = self.desk.practice.client();
        for replica in &mut self.replicas {
            replica.wait(&self.desk);
            for ask in &self.asks {
                until(ask.name, || ask.of(&client, &replica.base, &mut self.dice, told).then_some(()));
            }
        }
        assert!(told.wrong.is_empty(), "{:#?}", told.wrong);
    }

    /// From now on Bitbucket takes no refresh token but the last.
    fn what_is_stored_is_the_newest(&mut self, told: &mut Told) {
        self.desk.practice.cloud.state().knobs.grace = -1;
        std::thread::sleep(Duration::from_secs(LIFE.unsigned_abs()));
        self.serve_all(told);
    }

    /// Every token that somebody has is in a record, every record holds, and there was a reason for every refresh.
    fn account(&self, told: &Told) -> account::Sum {
        let recorded: std::collections::HashSet<String> = self.replicas.iter().flat_map(Replica::recorded).collect();
        let unknown = told.tokens.difference(&recorded).count();
        assert_eq!(unknown, 0, "tokens were handed out without a record");
        let refreshes = self.desk.practice.cloud.refreshes();
        account::settle(&refreshes, &recorded, &self.blows, (LIFE, LIFE / 4))
    }

    /// Hours later whoever starts sweeps what the store knows; and a token that nobody could write down, because its
    /// maker was killed, goes by its name. Returns how many of those there were.
    fn no_token_outlives_its_end(&mut self) -> usize {
        let known = self.cluster.column("SELECT token_id FROM minted");
        let tokens = self.desk.practice.data_center.http_tokens();
        let orphans = tokens.iter().filter(|(id, _)| !known.contains(id)).count();
        assert!(tokens.iter().all(|(_, name)| name.starts_with("sso-")), "{tokens:?}");
        self.desk.later(7200);
        self.desk.start();
        let left = || self.desk.practice.data_center.http_tokens().len();
        until("the sweeper", || (left() == orphans).then_some(()));
        if orphans > 0 {
            self.desk.practice.data_center.state().limit_http_tokens(orphans);
            let resource = self.desk.repository(Host::DataCenter, "app");
            let answer = self.desk.exchange(&self.desk.robot_token(), "access_token", &[("resource", &resource)]);
            assert_eq!((answer.status, left()), (200, 1), "{}", answer.text());
        }
        orphans
    }

    fn now_ms(&self) -> i64 {
        self.desk.practice.clock.now_ms()
    }
}

/// What the crowd asks for; every grant of it is connected.
fn asks(desk: &BrokerDesk) -> Vec<Ask> {
    connect_bot(desk);
    let (cloud, center) = (desk.repository(Host::Cloud, "app"), desk.repository(Host::DataCenter, "app"));
    let (alice, bob, robot) = (desk.token_of(ALICE), desk.token_of(BOB), desk.robot_token());
    let ask = |name, token: &str, resource: &str, scope, lives| Ask {
        name,
        token: token.to_owned(),
        resource: resource.to_owned(),
        scope,
        lives,
    };
    let of_people = [
        (ALICE, ask("alice reads", &alice, &cloud, "repository", None)),
        (ALICE, ask("alice writes", &alice, &cloud, "repository:write", None)),
        (BOB, ask("bob reads", &bob, &cloud, "repository", None)),
        (BOB, ask("bob writes", &bob, &cloud, "repository:write", None)),
    ];
    for (upn, ask) in &of_people {
        let more = [("resource", ask.resource.as_str()), ("scope", ask.scope)];
        let answer = desk.exchange(&ask.token, "access_token", &more);
        let url = text(&answer.json(), "connect_uri");
        let page = browser::walk(&url, desk.practice.ca(), &Choice::sign_in(upn)).unwrap();
        assert_eq!(page.answer.status, 200, "{}", page.answer.text());
    }
    let mut all: Vec<Ask> = of_people.into_iter().map(|(_, ask)| ask).collect();
    all.push(ask("the robot reads", &robot, &cloud, "repository", None));
    all.push(ask("alice's token of Data Center", &alice, &center, "REPO_WRITE", Some(40)));
    all.push(ask("the robot's token of Data Center", &robot, &center, "REPO_READ", Some(40)));
    all
}

/// Seconds that an access token of Cloud lives.
const LIFE: i64 = 4;
/// How many ask at once.
const CROWD: usize = 6;
