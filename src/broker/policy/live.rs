//! The policy in force: read again when its files change, the last good one kept for a while, then closed.

use crate::basis::clock::{Clock, Timestamp};
use crate::basis::digest::of_fields;
use crate::broker::ground::ask::Refusal;
use crate::broker::policy::files::read_settled;
use crate::broker::policy::{Policy, Surroundings, compile, listed};
use crate::broker::settings::PolicyAt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// The policy in force. Dropping it ends the watching.
pub struct Live {
    watched: Arc<Watched>,
    watcher: tokio::task::AbortHandle,
}

/// How the policy is, for `/readyz` and `/metrics`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// SHA-256 of the policy in force.
    pub digest: String,
    /// When it came into force.
    pub since: Timestamp,
    /// How long ago the files were last seen to say just this.
    pub age: Duration,
    /// What is wrong with the files now, if something is.
    pub trouble: Option<String>,
    /// Whether requests are still decided by it.
    pub open: bool,
}

struct Watched {
    at: PolicyAt,
    around: Surroundings,
    state: RwLock<State>,
}

struct State {
    policy: Arc<Policy>,
    /// Digest of the files it was compiled from.
    files: String,
    since: Timestamp,
    /// When the files were last seen to be those.
    good: Timestamp,
    trouble: Option<String>,
    /// Digest of the files that are in trouble: the same text is not compiled twice.
    refused: Option<String>,
}

/// What a look at the files showed; `files` is their digest.
enum Seen {
    Same,
    New { files: String, policy: Arc<Policy> },
    Trouble { files: Option<String>, trouble: String },
}

impl Live {
    /// Reads and compiles, and looks again every two seconds. Within a tokio runtime. An error names every problem.
    pub fn start(at: PolicyAt, around: Surroundings, clock: Arc<dyn Clock>) -> Result<Self, String> {
        Self::looking(at, around, clock, EVERY)
    }

    fn looking(at: PolicyAt, around: Surroundings, clock: Arc<dyn Clock>, every: Duration) -> Result<Self, String> {
        let watched = Arc::new(Watched::open(at, around, clock.now())?);
        let watcher = tokio::spawn(watch(Arc::clone(&watched), clock, every)).abort_handle();
        Ok(Self { watched, watcher })
    }

    /// The policy to decide by; closed once its files have been broken, gone or unreadable for longer than `keep`.
    pub fn current(&self, now: Timestamp) -> Result<Arc<Policy>, Refusal> {
        self.watched.current(now)
    }

    /// How it is.
    pub fn health(&self, now: Timestamp) -> Health {
        self.watched.health(now)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.watcher.abort();
    }
}

impl Watched {
    fn open(at: PolicyAt, around: Surroundings, now: Timestamp) -> Result<Self, String> {
        let files = read_settled(&at.path)?;
        let policy = compile(&files, &around).map_err(|problems| listed(&problems))?;
        let (policy, files) = (Arc::new(policy), digest(&files));
        let state = State { policy, files, since: now, good: now, trouble: None, refused: None };
        Ok(Self { at, around, state: RwLock::new(state) })
    }

    fn current(&self, now: Timestamp) -> Result<Arc<Policy>, Refusal> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        if state.good.until(now) > self.at.keep {
            return Err(Refusal::Unavailable { reason: "the policy cannot be read".into(), after: RETRY });
        }
        Ok(Arc::clone(&state.policy))
    }

    fn health(&self, now: Timestamp) -> Health {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let age = state.good.until(now);
        Health {
            digest: state.policy.digest().to_owned(),
            since: state.since,
            age,
            trouble: state.trouble.clone(),
            open: age <= self.at.keep,
        }
    }

    /// Looks at the files once. Reading and compiling happen outside the lock; the swap is one store.
    fn look(&self, now: Timestamp) {
        let read = read_settled(&self.at.path).map(|files| (digest(&files), files));
        let (in_force, refused) = {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            (state.files.clone(), state.refused.clone())
        };
        let seen = match read {
            Err(trouble) => Seen::Trouble { files: None, trouble },
            Ok((files, _)) if files == in_force => Seen::Same,
            Ok((files, _)) if Some(&files) == refused.as_ref() => return,
            Ok((files, texts)) => match compile(&texts, &self.around) {
                Ok(policy) => Seen::New { files, policy: Arc::new(policy) },
                Err(problems) => Seen::Trouble { files: Some(files), trouble: listed(&problems) },
            },
        };
        self.state.write().unwrap_or_else(PoisonError::into_inner).take(seen, now);
    }
}

impl State {
    fn take(&mut self, seen: Seen, now: Timestamp) {
        match seen {
            Seen::Trouble { files, trouble } => (self.refused, self.trouble) = (files, Some(trouble)),
            Seen::New { files, policy } => {
                (self.policy, self.files, self.since) = (policy, files, now);
                (self.good, self.trouble, self.refused) = (now, None, None);
            }
            Seen::Same => (self.good, self.trouble, self.refused) = (now, None, None),
        }
    }
}

async fn watch(watched: Arc<Watched>, clock: Arc<dyn Clock>, every: Duration) {
    let mut tick = tokio::time::interval(every);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let (watched, now) = (Arc::clone(&watched), clock.now());
        // A file system that hangs blocks this task only: the policy grows old, and then the door closes.
        let _ended = tokio::task::spawn_blocking(move || watched.look(now)).await;
    }
}

fn digest(files: &[(String, String)]) -> String {
    of_fields(files.iter().flat_map(|(name, text)| [name.as_str(), text.as_str()]))
}

/// How often the files are looked at, and when to come back while there is no policy.
const EVERY: Duration = Duration::from_secs(2);
const RETRY: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;
