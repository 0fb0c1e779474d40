//! How often somebody may ask: a bucket per name that fills by the minute.

use crate::basis::clock::Timestamp;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Buckets of one size.
pub struct Quotas {
    per_minute: u32,
    /// More names than that are not kept apart: who has asked least recently is forgotten, that is, has a full bucket.
    most: usize,
    buckets: Mutex<HashMap<String, Bucket>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    /// Sixtieths of a request, so that a second's share is a whole number.
    left: u64,
    at: Timestamp,
}

impl Quotas {
    /// `per_minute` at once, and as many each minute.
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute, most: MOST, buckets: Mutex::new(HashMap::new()) }
    }

    /// Takes one from the bucket of `name`; if it is empty, says how long to wait.
    pub fn take(&self, name: &str, now: Timestamp) -> Result<(), Duration> {
        let full = u64::from(self.per_minute) * SIXTIETHS;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= self.most && !buckets.contains_key(name) {
            forget(&mut buckets, now, self.most);
        }
        let bucket = buckets.entry(name.to_owned()).or_insert(Bucket { left: full, at: now });
        let gained = bucket.at.until(now).as_secs().saturating_mul(self.per_minute.into());
        bucket.left = bucket.left.saturating_add(gained).min(full);
        // A clock that was set back gives nothing and takes nothing.
        bucket.at = now;
        if let Some(left) = bucket.left.checked_sub(SIXTIETHS) {
            bucket.left = left;
            return Ok(());
        }
        let missing = SIXTIETHS - bucket.left;
        Err(Duration::from_secs(missing.div_ceil(self.per_minute.max(1).into())))
    }
}

/// Buckets that are full again by now are as good as none; if that is not enough, the oldest half goes.
fn forget(buckets: &mut HashMap<String, Bucket>, now: Timestamp, most: usize) {
    buckets.retain(|_, bucket| bucket.at.until(now) < Duration::from_secs(60));
    if buckets.len() >= most {
        let mut times: Vec<Timestamp> = buckets.values().map(|bucket| bucket.at).collect();
        let middle = times.len() / 2;
        let (_, border, _) = times.select_nth_unstable(middle);
        let border = *border;
        buckets.retain(|_, bucket| bucket.at > border);
    }
}

const SIXTIETHS: u64 = 60;
/// Some ten megabytes.
const MOST: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_by_the_second() {
        let quotas = Quotas::new(2);
        let take = |name: &str, at| quotas.take(name, Timestamp(at));
        assert_eq!([take("ada", 100), take("ada", 100)], [Ok(()), Ok(())]);
        assert_eq!(take("ada", 100), Err(Duration::from_secs(30)));
        assert_eq!(take("bob", 100), Ok(()), "buckets are apart");
        assert_eq!(take("ada", 129), Err(Duration::from_secs(1)));
        assert_eq!(take("ada", 130), Ok(()));
        assert_eq!(take("ada", 90), Err(Duration::from_secs(30)), "a clock set back gives nothing");
        assert_eq!(
            [take("ada", 9000), take("ada", 9000), take("ada", 9000)].iter().filter(|got| got.is_ok()).count(),
            2
        );
    }

    #[test]
    fn names_without_end_take_no_memory_without_end() {
        let quotas = Quotas { most: 10, ..Quotas::new(1) };
        for name in 0..1000 {
            assert_eq!(quotas.take(&name.to_string(), Timestamp(name / 100)), Ok(()));
            assert!(quotas.buckets.lock().unwrap().len() <= 10);
        }
        assert!(quotas.take("999", Timestamp(9)).is_err(), "the newest are kept");
    }
}
