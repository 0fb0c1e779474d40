//! Which repositories have to be looked through for tokens that nobody has a record of, and when.

use super::Repository;
use crate::basis::clock::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The repositories that this process has made tokens for, and when each is due.
#[derive(Default)]
pub(super) struct Listings(Mutex<BTreeMap<Repository, Timestamp>>);

impl Listings {
    /// A token was made: the usual round will do.
    pub(super) fn known(&self, repository: &Repository, now: Timestamp) {
        self.due(repository, now.after(ROUND));
    }

    /// The repository has to be looked through at that time, or earlier.
    pub(super) fn due(&self, repository: &Repository, at: Timestamp) {
        let mut due = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = due.entry(repository.clone()).or_insert(at);
        *kept = at.min(*kept);
    }

    /// Takes out those that are due.
    pub(super) fn take(&self, now: Timestamp) -> Vec<Repository> {
        let mut due = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over: Vec<Repository> = due.iter().filter(|(_, at)| **at <= now).map(|(one, _)| one.clone()).collect();
        due.retain(|_, at| *at > now);
        over
    }
}

/// Between two looks at a repository where nothing went wrong.
const ROUND: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earlier_time_holds_and_each_is_taken_once() {
        let listings = Listings::default();
        let one = Repository { project: "PAY".into(), slug: "api".into() };
        listings.known(&one, Timestamp(0));
        listings.due(&one, Timestamp(900));
        listings.known(&one, Timestamp(100));
        assert!(listings.take(Timestamp(899)).is_empty());
        assert_eq!(listings.take(Timestamp(900)), [one]);
        assert!(listings.take(Timestamp(99_999)).is_empty());
    }
}
