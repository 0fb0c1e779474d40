//! Time as a value that is handed in. Nothing else under `src/` may ask the system what time it is.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The moment `duration` later, in whole seconds; saturates at the end of time.
    pub fn after(self, duration: Duration) -> Self {
        let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(seconds))
    }

    /// The moment `duration` earlier, in whole seconds.
    pub fn before(self, duration: Duration) -> Self {
        let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(seconds))
    }

    /// How long until `later`; zero if that moment has passed.
    pub fn until(self, later: Self) -> Duration {
        Duration::from_secs(u64::try_from(later.0.saturating_sub(self.0)).unwrap_or(0))
    }

    /// RFC 3339 in UTC, for records and for machines.
    pub fn rfc3339(self) -> String {
        self.instant().to_string()
    }

    /// The moment that RFC 3339 text names, in whole seconds.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|moment| Self(moment.as_second()))
    }

    /// `2026-11-24 17:05` in the given zone, for people.
    pub fn local(self, zone: &TimeZone) -> String {
        self.instant().to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// The same moment for calendar arithmetic; out-of-range values become the nearest end.
    pub(crate) fn instant(self) -> jiff::Timestamp {
        let nearest = if self.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        jiff::Timestamp::from_second(self.0).unwrap_or(nearest)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

/// What a run knows of time: the wall clock, a steady clock for deadlines, waiting, the local zone.
pub trait Clock: Send + Sync {
    /// The wall clock.
    fn now(&self) -> Timestamp;
    /// A clock that no one can set back, for deadlines inside one run.
    fn steady(&self) -> Instant;
    /// Waits.
    fn sleep(&self, duration: Duration);
    /// The zone in which `day_starts` is meant.
    fn zone(&self) -> TimeZone;
}

impl<T: Clock + ?Sized> Clock for Arc<T> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }

    fn steady(&self) -> Instant {
        (**self).steady()
    }

    fn sleep(&self, duration: Duration) {
        (**self).sleep(duration);
    }

    fn zone(&self) -> TimeZone {
        (**self).zone()
    }
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[expect(clippy::disallowed_methods, reason = "the one place that asks the system for the time")]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Timestamp(i64::try_from(since.unwrap_or_default().as_secs()).unwrap_or(i64::MAX))
    }

    fn steady(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }

    fn zone(&self) -> TimeZone {
        TimeZone::system()
    }
}
