//! An issuer's keys: fetched from its configured URL, kept for a day at most, asked for again in time.

use crate::basis::clock::Timestamp;
use crate::basis::url::WebUrl;
use crate::broker::ground::ask::Refusal;
use crate::broker::outward::{Call, Outward};
use crate::idtoken::KeySet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The keys of one issuer.
pub struct Keys {
    url: String,
    outward: Outward,
    known: Mutex<Known>,
    /// Held by whoever fetches.
    flight: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    set: Option<(Arc<KeySet>, Timestamp)>,
    tried: Option<Timestamp>,
    tries: u64,
    trouble: Option<String>,
}

impl Keys {
    pub fn new(url: &WebUrl, outward: Outward) -> Self {
        Self { url: url.to_string(), outward, known: Mutex::default(), flight: tokio::sync::Mutex::default() }
    }

    /// Keys that the issuer showed within a day. Old ones are asked for again meanwhile; nobody waits for that.
    pub async fn at_hand(self: &Arc<Self>, now: Timestamp) -> Result<Arc<KeySet>, Refusal> {
        let (set, ask) = {
            let known = self.known();
            (known.usable(now), known.age(now).is_none_or(|age| age >= FRESH) && known.may_try(now, PAUSE))
        };
        if let Some(set) = set {
            if ask {
                drop(self.refresh(now, PAUSE));
            }
            return Ok(set);
        }
        _ = self.refresh(now, FIRST_PAUSE).await;
        self.known().usable(now).ok_or_else(unavailable)
    }

    /// The keys once more, for a token whose key is unknown: asked for at most once a minute, whoever sends what. Where
    /// somebody is asking already, that answer is waited for.
    pub async fn newer(self: &Arc<Self>, now: Timestamp) -> Result<Arc<KeySet>, Refusal> {
        if self.known().may_try(now, PAUSE) {
            _ = self.refresh(now, PAUSE).await;
        } else {
            drop(self.flight.lock().await);
        }
        self.known().usable(now).ok_or_else(unavailable)
    }

    /// What is wrong with the keys, if they cannot be used. Asks where nobody did for some minutes.
    pub async fn check(self: &Arc<Self>, now: Timestamp) -> Option<String> {
        let (usable, silent) = {
            let known = self.known();
            (known.usable(now).is_some(), known.may_try(now, SILENCE))
        };
        if !usable || silent {
            _ = self.refresh(now, if usable { PAUSE } else { FIRST_PAUSE }).await;
        }
        let known = self.known();
        let why = || known.trouble.clone().unwrap_or_else(|| "it has shown no keys yet".to_owned());
        known.usable(now).is_none().then(why)
    }

    /// The age of keys that can be used, and what went wrong the last time.
    pub fn condition(&self, now: Timestamp) -> (Option<Duration>, Option<String>) {
        let known = self.known();
        (known.usable(now).and(known.age(now)), known.trouble.clone())
    }

    /// Fetches in a task of its own, so that a caller who goes away does not take the answer along. One at a time: who
    /// waited for another's try takes what that brought.
    fn refresh(self: &Arc<Self>, now: Timestamp, pause: Duration) -> tokio::task::JoinHandle<()> {
        let (keys, seen) = (Arc::clone(self), self.known().tries);
        tokio::spawn(async move {
            let _flight = keys.flight.lock().await;
            if keys.known().tries == seen && keys.begin(now, pause) {
                let outcome = keys.fetch().await;
                keys.known().learn(outcome, now);
            }
        })
    }

    fn begin(&self, now: Timestamp, pause: Duration) -> bool {
        let mut known = self.known();
        let may = known.may_try(now, pause);
        if may {
            known.tried = Some(now);
            known.tries += 1;
        }
        may
    }

    async fn fetch(&self) -> Result<KeySet, String> {
        let reply = self.outward.send(Call::get(&self.url)).await.map_err(|error| error.to_string())?;
        if reply.status != 200 {
            return Err(format!("{} answers with status {}", self.url, reply.status));
        }
        KeySet::parse(reply.body.expose()).ok_or_else(|| format!("{} shows no key that can be used", self.url))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn learn(&mut self, outcome: Result<KeySet, String>, now: Timestamp) {
        match outcome {
            Ok(set) => (self.set, self.trouble) = (Some((Arc::new(set), now)), None),
            Err(why) => self.trouble = Some(why),
        }
    }

    fn usable(&self, now: Timestamp) -> Option<Arc<KeySet>> {
        let young = self.age(now)? < KEPT;
        self.set.as_ref().filter(|_| young).map(|(set, _)| Arc::clone(set))
    }

    /// A clock that was set back makes keys as old as it was set.
    fn age(&self, now: Timestamp) -> Option<Duration> {
        self.set.as_ref().map(|(_, fetched)| Duration::from_secs(fetched.0.abs_diff(now.0)))
    }

    fn may_try(&self, now: Timestamp, pause: Duration) -> bool {
        self.tried.is_none_or(|tried| tried.0.abs_diff(now.0) >= pause.as_secs())
    }
}

fn unavailable() -> Refusal {
    let reason = "the keys of the token's issuer cannot be had".to_owned();
    Refusal::Unavailable { reason, after: FIRST_PAUSE }
}

/// Older keys are asked for again (`facts/entra.md` 1.4: every 12 hours).
const FRESH: Duration = Duration::from_secs(12 * 3600);
/// Keys that the issuer has not shown for so long sign for nobody.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// Between two tries while there are keys.
const PAUSE: Duration = Duration::from_secs(60);
/// Between two tries while there are none.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// An issuer that was not asked for so long is asked for the sake of `/readyz`.
const SILENCE: Duration = Duration::from_secs(300);
