use super::*;
use crate::basis::digest;
use crate::basis::files::append_private;
use crate::basis::files::testing::private_temp_dir;
use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::time::Instant;

#[test]
fn each_line_names_the_one_before() {
    let place = Place::new();
    for event in ["sign-in", "mint", "refuse"] {
        place.trail.record(&named(event), None).unwrap();
    }
    let lines = place.lines();
    assert_eq!(events(&lines), ["sign-in", "mint", "refuse"]);
    assert_eq!(lines[0]["prev"], "0".repeat(64));
    assert_eq!(lines[1]["outcome"], "ok");
}

#[test]
fn every_edit_breaks_the_chain() {
    let place = Place::new();
    for event in ["one", "two", "three"] {
        place.trail.record(&named(event), None).unwrap();
    }
    let whole = fs::read_to_string(&place.trail.file).unwrap();
    assert!(place.broken_by(&whole.replace("one", "six")));
    assert!(place.broken_by(&whole.split_inclusive('\n').skip(1).collect::<String>()));
    assert!(place.broken_by(&whole.split_inclusive('\n').rev().collect::<String>()));
    assert!(!place.broken_by(&whole));
}

#[test]
fn a_hit_is_one_short_line_and_is_folded_once() {
    let place = Place::new();
    let token = digest::of(b"token");
    place.hit(1).unwrap();
    let line = fs::read_to_string(place.state().join("hits/2026-11-24")).unwrap();
    assert!(line.len() <= 200 && line.ends_with('\n') && line.contains(&token[..32]) && !line.contains(&token));
    for event in ["a", "b"] {
        place.trail.record(&named(event), None).unwrap();
    }
    place.hit(2).unwrap();
    place.trail.record(&named("c"), None).unwrap();
    assert_eq!(events(&place.lines()), ["hits", "a", "b", "hits", "c"]);
    assert_eq!(place.folded(), [1, 2]);
}

#[test]
fn an_append_that_was_cut_anywhere_loses_and_doubles_no_hit() {
    let first = Place::new();
    first.trail.record(&named("first"), None).unwrap();
    let before = fs::read(&first.trail.file).unwrap().len();
    for number in 0..250 {
        first.hit(number).unwrap();
    }
    first.trail.record(&named("second"), None).unwrap();
    let whole = fs::read(&first.trail.file).unwrap();
    for cut in (before..=whole.len()).step_by(211) {
        fs::write(&first.trail.file, &whole[..cut]).unwrap();
        first.trail.record(&named("third"), None).unwrap();
        assert_eq!(first.folded(), (0..250).collect::<Vec<_>>(), "cut at {cut}");
    }
}

#[test]
fn hits_of_many_processes_are_all_there_once() {
    let place = Place::new();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let place = &place;
            scope.spawn(move || {
                for number in 0..50 {
                    place.hit(thread * 50 + number).unwrap();
                    if number % 10 == 0 {
                        place.again().record(&named("mint"), None).unwrap();
                    }
                }
            });
        }
    });
    place.trail.record(&named("end"), None).unwrap();
    let mut folded = place.folded();
    folded.sort_unstable();
    assert_eq!(folded, (0..200).collect::<Vec<_>>());
    assert_eq!(place.lines().iter().filter(|line| line["event"] == "mint").count(), 20);
}

#[test]
fn a_day_goes_when_it_is_long_over_and_in_the_chain() {
    let place = Place::new();
    let file = place.state().join("hits/2026-11-24");
    place.hit(1).unwrap();
    for (days, there) in [(0, true), (1, true), (2, true), (3, true), (3, false), (3, false)] {
        place.clock.0.store(NOON + days * DAY, SeqCst);
        if days < 3 || !there {
            place.trail.record(&named("x"), None).unwrap();
        } else {
            // A writer that was asleep all the while.
            place.hit_on(NOON, 2).unwrap();
            place.trail.record(&named("x"), None).unwrap();
        }
        assert_eq!(file.exists(), there, "{days}");
    }
    assert_eq!(place.folded(), [1, 2]);
}

#[test]
fn a_torn_hit_is_kept_as_text() {
    let place = Place::new();
    place.hit(1).unwrap();
    append_private(&place.state().join("hits/2026-11-24")).unwrap().write_all(br#"{"t":5,"pi"#).unwrap();
    place.trail.record(&named("x"), None).unwrap();
    assert_eq!(place.lines()[0]["hits"].as_array().unwrap().len(), 1, "it may still be being written");
    place.clock.0.store(NOON + 3 * DAY, SeqCst);
    place.trail.record(&named("x"), None).unwrap();
    assert_eq!(place.lines()[2]["hits"][0], r#"{"t":5,"pi"#);
}

#[test]
fn rotation_keeps_the_chain_and_what_is_folded() {
    let mut place = Place::new();
    place.trail.most = 600;
    for number in 0..8 {
        place.hit(number).unwrap();
        place.trail.record(&named("mint"), None).unwrap();
    }
    assert!(place.numbered(2).exists());
    assert_eq!(place.folded(), (0..8).collect::<Vec<_>>());
    // Killed between setting the file aside and the first line of the new one.
    let last = (1..99).take_while(|number| place.numbered(*number).exists()).last().unwrap();
    fs::rename(&place.trail.file, place.numbered(last + 1)).unwrap();
    place.trail.record(&named("after"), None).unwrap();
    assert_eq!(place.folded(), (0..8).collect::<Vec<_>>());
}

#[test]
fn a_trail_that_cannot_be_written_is_an_error() {
    let place = Place::new();
    fs::create_dir(&place.trail.file).unwrap();
    let error = place.trail.record(&named("x"), None).unwrap_err();
    assert_eq!(error.path, place.trail.file);
    fs::write(place.state().join("hits"), "in the way").unwrap();
    assert!(place.hit(1).is_err());
    let gone = trail(Path::new("/nonexistent/audit"), place.state(), None, Arc::clone(&place.trail.clock));
    assert!(gone.record(&named("x"), None).is_err());
}

#[test]
#[cfg(unix)]
fn files_are_ours_alone_and_no_link_is_followed() {
    use std::os::unix::fs::{MetadataExt, symlink};
    let place = Place::new();
    place.hit(1).unwrap();
    place.trail.record(&named("x"), None).unwrap();
    for file in [place.trail.file.clone(), place.state().join("hits/2026-11-24")] {
        assert_eq!(fs::metadata(file).unwrap().mode() & 0o777, 0o600);
    }
    fs::rename(&place.trail.file, place.state().join("elsewhere")).unwrap();
    symlink(place.state().join("elsewhere"), &place.trail.file).unwrap();
    assert!(place.trail.record(&named("x"), None).is_err());
}

fn named(event: &'static str) -> Event {
    Event { event, outcome: "ok".into(), ..Event::default() }
}

fn events(lines: &[Value]) -> Vec<&str> {
    lines.iter().filter_map(|line| line["event"].as_str()).collect()
}

struct Place {
    trail: Trail,
    clock: Arc<Set>,
    _dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = private_temp_dir();
        let clock = Arc::new(Set(AtomicI64::new(NOON)));
        let trail = trail(&dir.path().join("audit.jsonl"), dir.path(), None, Arc::<Set>::clone(&clock));
        Self { trail, clock, _dir: dir }
    }

    fn state(&self) -> &Path {
        &self.trail.state
    }

    fn again(&self) -> Trail {
        trail(&self.state().join("audit.jsonl"), self.state(), None, Arc::new(crate::basis::clock::SystemClock))
    }

    /// A hit whose time tells it from the others.
    fn hit(&self, number: i64) -> Result<(), JournalError> {
        self.hit_on(NOON, number)
    }

    fn hit_on(&self, day: i64, number: i64) -> Result<(), JournalError> {
        self.trail.hit(Timestamp(day + number), &digest::of(b"token"))
    }

    fn numbered(&self, number: u32) -> PathBuf {
        self.state().join(format!("audit.jsonl.{number}"))
    }

    /// All lines in order; panics where the chain is broken.
    fn lines(&self) -> Vec<Value> {
        let rotated = (1..99).map(|number| self.numbered(number)).take_while(|file| file.exists());
        let text: String = rotated.chain([self.trail.file.clone()]).map(|f| fs::read_to_string(f).unwrap()).collect();
        let mut prev = "0".repeat(64);
        let line = |line: &str| {
            let value: Value = serde_json::from_str(line).unwrap();
            assert_eq!(value["prev"], prev);
            prev = digest::of(line.as_bytes());
            value
        };
        text.lines().map(line).collect()
    }

    fn broken_by(&self, text: &str) -> bool {
        fs::write(&self.trail.file, text).unwrap();
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.lines())).is_err()
    }

    fn folded(&self) -> Vec<i64> {
        let lines = self.lines();
        let hits = lines.iter().filter_map(|line| line["hits"].as_array()).flatten();
        hits.filter_map(|hit| hit["t"].as_i64()).map(|time| time - NOON).collect()
    }
}

/// 2026-11-24T12:00:00Z.
const NOON: i64 = 1_795_521_600;
const DAY: i64 = 24 * 3600;

struct Set(AtomicI64);

impl Clock for Set {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(SeqCst))
    }

    fn steady(&self) -> Instant {
        crate::basis::clock::SystemClock.steady()
    }

    fn sleep(&self, duration: Duration) {
        crate::basis::clock::SystemClock.sleep(duration);
    }

    fn zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::UTC
    }
}
