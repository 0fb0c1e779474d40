//! A host that does not answer is left alone for a while, instead of keeping every caller waiting.

use crate::basis::clock::Timestamp;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// One breaker per host.
#[derive(Default)]
pub struct Breakers(Mutex<HashMap<String, Breaker>>);

#[derive(Clone, Copy, Default)]
struct Breaker {
    /// Failures since the last answer, while it is closed.
    failures: u32,
    /// How often it has opened since.
    openings: u32,
    /// One has been let through, and nobody knows yet what became of it.
    probing: bool,
    /// Nobody is let through before; `None` while it is closed.
    until: Option<Timestamp>,
    /// Whose requests have failed, as far as one caller is told from several.
    whose: Whose,
}

/// One caller's failures may be about what they ask for: they alone close the host to nobody.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Whose {
    #[default]
    Nobodys,
    /// A digest of the caller.
    One(u64),
    Several,
}

/// What a breaker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// All pass.
    Closed,
    /// None passes.
    Open,
    /// One has been let through to see.
    HalfOpen,
}

impl Breakers {
    /// Whether the host may be asked; else how long to wait. Where a breaker has been open for its time, one caller is
    /// let through, and the others wait for what becomes of it.
    pub fn pass(&self, host: &str, now: Timestamp) -> Result<(), Duration> {
        let mut breakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(breaker) = breakers.get_mut(host) else { return Ok(()) };
        match breaker.until {
            Some(until) if now < until => Err(now.until(until)),
            Some(_) => {
                breaker.until = Some(now.after(PROBE));
                breaker.probing = true;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// What became of asking for `subject`: whether the host has answered at all, with whatever.
    pub fn report(&self, host: &str, subject: &str, answered: bool, now: Timestamp) {
        let mut breakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answered {
            breakers.remove(host);
            return;
        }
        let breaker = breakers.entry(host.to_owned()).or_default();
        // Whoever was under way when it opened knows nothing new: a crowd that fails at once counts as one failure.
        if breaker.until.is_some() && !breaker.probing {
            return;
        }
        breaker.failures = breaker.failures.saturating_add(1);
        breaker.whose = breaker.whose.and(subject);
        if breaker.failures >= PATIENCE && breaker.whose == Whose::Several {
            breaker.until = Some(now.after(FIRST * 2_u32.pow(breaker.openings.min(3))));
            breaker.openings = breaker.openings.saturating_add(1);
            breaker.probing = false;
        }
    }

    /// The hosts that have failed last, for metrics.
    pub fn states(&self, now: Timestamp) -> Vec<(String, State)> {
        let state = |breaker: &Breaker| match breaker.until {
            None => State::Closed,
            Some(until) if now < until => State::Open,
            Some(_) => State::HalfOpen,
        };
        let breakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        breakers.iter().map(|(host, breaker)| (host.clone(), state(breaker))).collect()
    }
}

impl Whose {
    fn and(self, subject: &str) -> Self {
        let mut hasher = std::hash::DefaultHasher::new();
        subject.hash(&mut hasher);
        let one = Self::One(hasher.finish());
        if self == Self::Nobodys || self == one { one } else { Self::Several }
    }
}

/// Failures in a row that open it.
const PATIENCE: u32 = 5;
/// How long it is open for the first time; each failure afterwards doubles it, three times.
const FIRST: Duration = Duration::from_secs(5);
/// How long the one that was let through may take before another is.
const PROBE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_open_it_one_answer_closes_it() {
        let breakers = Breakers::default();
        let fail = |at: i64| breakers.report("bb", ["ada", "bob"][usize::from(at % 2 == 0)], false, Timestamp(at));
        let pass = |at| breakers.pass("bb", Timestamp(at));
        (0..4).for_each(fail);
        assert_eq!(pass(4), Ok(()));
        fail(4);
        assert_eq!((pass(4), pass(8)), (Err(Duration::from_secs(5)), Err(Duration::from_secs(1))));
        assert_eq!(breakers.pass("other", Timestamp(4)), Ok(()));
        assert_eq!(breakers.states(Timestamp(4)), [("bb".to_owned(), State::Open)]);
        assert_eq!(pass(9), Ok(()), "one is let through");
        assert_eq!(pass(9), Err(Duration::from_secs(30)), "and the others wait for it");
        fail(10);
        assert_eq!(pass(10), Err(Duration::from_secs(10)), "twice as long");
        assert_eq!(pass(20), Ok(()));
        breakers.report("bb", "ada", true, Timestamp(20));
        assert_eq!((pass(20), breakers.states(Timestamp(20)).len()), (Ok(()), 0));
        (0..1000).for_each(|caller| fail(100 + caller % 2));
        assert_eq!(pass(100), Err(Duration::from_secs(5)), "a crowd that fails at once is one failure");
        for at in [200, 300, 400, 500, 600] {
            assert_eq!(pass(at), Ok(()));
            fail(at);
        }
        assert_eq!(pass(600), Err(Duration::from_secs(40)), "never longer");
    }

    #[test]
    fn one_caller_alone_closes_a_host_to_nobody() {
        let breakers = Breakers::default();
        (0..1000).for_each(|at| breakers.report("bb", "mallory", false, Timestamp(at)));
        assert_eq!(breakers.pass("bb", Timestamp(1000)), Ok(()));
        breakers.report("bb", "ada", false, Timestamp(1000));
        assert!(breakers.pass("bb", Timestamp(1000)).is_err(), "now somebody else has seen it, too");
    }
}
