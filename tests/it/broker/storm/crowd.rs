//! Those who ask all the time, whatever happens to the replicas.

use crate::broker::EXCHANGE;
use crate::practice::client::Client;
use crate::queue::chaos::dice::Dice;
use bitbucket_sso::basis::digest;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is asked for again and again.
#[derive(Clone)]
pub struct Ask {
    pub name: &'static str,
    pub token: String,
    pub resource: String,
    pub scope: &'static str,
    /// A token of Data Center, for so many seconds at most; each number has a token of its own.
    pub lives: Option<u64>,
}

/// What the crowd has been told.
#[derive(Debug, Default)]
pub struct Told {
    /// The digests of the tokens that were handed out.
    pub tokens: HashSet<String>,
    pub granted: usize,
    /// The reasons of "try again later", each with how often.
    pub later: BTreeMap<String, usize>,
    /// Nobody answered, or not to the end.
    pub silent: usize,
    /// Anything else, which nobody should ever be told.
    pub wrong: Vec<String>,
}

impl Ask {
    /// Asks the broker at `base` once.
    pub fn of(&self, client: &Client, base: &str, dice: &mut Dice, told: &mut Told) -> bool {
        let life = self.lives.map(|lives| (2 + dice.below(lives)).to_string());
        let mut form = vec![
            ("grant_type", EXCHANGE),
            ("subject_token", self.token.as_str()),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("resource", &self.resource),
            ("scope", self.scope),
        ];
        form.extend(life.as_deref().map(|life| ("requested_expires_in", life)));
        let Ok(answer) = client.post(&format!("{base}/oauth2/token"), &form, &[]) else {
            told.silent += 1;
            return false;
        };
        let body = answer.json();
        match (answer.status, body["access_token"].as_str()) {
            (200, Some(token)) => {
                told.granted += 1;
                told.tokens.insert(digest::of(token.as_bytes()));
                return true;
            }
            (429 | 503, None) => *told.later.entry(answer.text()).or_default() += 1,
            _ => told.wrong.push(format!("{}: {} {}", self.name, answer.status, answer.text())),
        }
        false
    }
}

impl Told {
    pub fn add(&mut self, other: Self) {
        self.tokens.extend(other.tokens);
        self.granted += other.granted;
        self.silent += other.silent;
        self.wrong.extend(other.wrong);
        for (reason, times) in other.later {
            *self.later.entry(reason).or_default() += times;
        }
    }
}

/// One of the crowd: asks any replica for anything until it is over.
pub fn member(asks: &[Ask], bases: &[String], ca: &Path, seed: u64, over: &AtomicBool) -> Told {
    let (client, mut dice, mut told) = (Client::new(ca), Dice(seed), Told::default());
    while !over.load(Ordering::Relaxed) {
        let (ask, base) = (one(&mut dice, asks), one(&mut dice, bases));
        if !ask.of(&client, base, &mut dice, &mut told) {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
    told
}

fn one<'a, T>(dice: &mut Dice, all: &'a [T]) -> &'a T {
    &all[usize::try_from(dice.below(all.len() as u64)).unwrap()]
}
