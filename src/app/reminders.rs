//! Says where the prompt is to somebody who has lost it: after 20 and after 60 seconds.

use crate::basis::clock::Clock;
use std::cell::Cell;
use std::time::{Duration, Instant};

/// The reminders of one wait.
pub struct Reminders<'a> {
    clock: &'a dyn Clock,
    began: Instant,
    longest: Duration,
    /// Gets how long is left.
    tell: &'a dyn Fn(Duration),
    told: Cell<usize>,
}

impl<'a> Reminders<'a> {
    /// A wait that begins now and lasts at most `longest`.
    pub fn new(clock: &'a dyn Clock, longest: Duration, tell: &'a dyn Fn(Duration)) -> Self {
        Self { clock, began: clock.steady(), longest, tell, told: Cell::new(0) }
    }

    /// When the next one is due.
    pub fn next(&self) -> Option<Instant> {
        AFTER.get(self.told.get()).map(|after| self.began + *after)
    }

    /// Tells it if it is due; of several that were slept through, the last one.
    pub fn look(&self) {
        let gone = self.clock.steady().saturating_duration_since(self.began);
        let due = AFTER.iter().filter(|after| gone >= **after).count();
        if due > self.told.replace(due) {
            (self.tell)(self.longest.saturating_sub(gone));
        }
    }

    /// Sleeps, and tells what becomes due meanwhile.
    pub fn sleep(&self, pause: Duration) {
        let end = self.clock.steady() + pause;
        loop {
            let now = self.clock.steady();
            let next = self.next().map_or(end, |next| next.min(end));
            self.clock.sleep(next.saturating_duration_since(now));
            self.look();
            if self.clock.steady() >= end || next >= end {
                return;
            }
        }
    }
}

const AFTER: [Duration; 2] = [Duration::from_secs(20), Duration::from_secs(60)];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::basis::clock::Timestamp;
    use std::cell::RefCell;
    use std::sync::Mutex;

    /// Time that passes only while somebody sleeps.
    struct Slept(Instant, Mutex<Duration>);

    impl Slept {
        #[expect(clippy::disallowed_methods, reason = "where the sleep begins does not matter")]
        fn new() -> Self {
            Self(Instant::now(), Mutex::default())
        }

        fn seconds(&self) -> u64 {
            self.1.lock().unwrap().as_secs()
        }
    }

    impl Clock for Slept {
        fn now(&self) -> Timestamp {
            Timestamp(0)
        }
        fn steady(&self) -> Instant {
            self.0 + *self.1.lock().unwrap()
        }
        fn sleep(&self, duration: Duration) {
            *self.1.lock().unwrap() += duration;
        }
        fn zone(&self) -> jiff::tz::TimeZone {
            jiff::tz::TimeZone::UTC
        }
    }

    /// Sleeps this many times for so long; when was told how much is left.
    fn told(times: usize, pause: u64) -> (Vec<(u64, u64)>, u64) {
        let (clock, heard) = (Slept::new(), RefCell::new(Vec::new()));
        let tell = |left: Duration| heard.borrow_mut().push((clock.seconds(), left.as_secs()));
        let reminders = Reminders::new(&clock, Duration::from_secs(300), &tell);
        for _ in 0..times {
            reminders.sleep(Duration::from_secs(pause));
        }
        (heard.take(), clock.seconds())
    }

    #[test]
    fn they_come_at_twenty_and_sixty_seconds_and_never_again() {
        assert_eq!(told(60, 5), (vec![(20, 280), (60, 240)], 300));
        assert_eq!(told(1, 19), (vec![], 19));
        assert_eq!(told(5, 7), (vec![(20, 280)], 35), "not only between two sleeps");
        assert_eq!(told(1, 300), (vec![(20, 280), (60, 240)], 300));
    }

    #[test]
    fn a_machine_that_slept_is_told_once() {
        let (clock, heard) = (Slept::new(), Cell::new(0));
        let tell = |_| heard.set(heard.get() + 1);
        let reminders = Reminders::new(&clock, Duration::from_secs(300), &tell);
        clock.sleep(Duration::from_secs(100));
        reminders.look();
        reminders.look();
        assert_eq!((heard.get(), reminders.next()), (1, None));
    }
}
