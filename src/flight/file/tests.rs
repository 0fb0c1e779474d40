use super::*;
use crate::basis::clock::{SystemClock, Timestamp};
use crate::basis::failure::Kind;
use crate::basis::files::testing::private_temp_dir;
use crate::basis::host_id::AccountId;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Instant;

#[test]
fn one_at_a_time_over_separate_handles() {
    let dir = private_temp_dir();
    let (inside, most) = (AtomicU32::new(0), AtomicU32::new(0));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let turn =
                    Files::new(dir.path(), Arc::new(SystemClock)).enter(&lane("a"), MINUTE, &mut |_| ()).unwrap();
                most.fetch_max(inside.fetch_add(1, SeqCst) + 1, SeqCst);
                std::thread::yield_now();
                inside.fetch_sub(1, SeqCst);
                drop(turn);
            });
        }
    });
    assert_eq!(most.load(SeqCst), 1);
}

#[test]
fn lanes_do_not_wait_for_each_other() {
    let dir = private_temp_dir();
    let files = files(dir.path());
    let held = files.try_enter(&lane("a")).unwrap().unwrap();
    assert!(files.try_enter(&lane("b")).unwrap().is_some());
    assert!(files.try_enter(&lane("a")).unwrap().is_none());
    drop(held);
    assert!(files.try_enter(&lane("a")).unwrap().is_some_and(|turn| !turn.waited()));
}

#[test]
fn a_wait_ends_and_says_what_the_leader_is_doing() {
    let dir = private_temp_dir();
    let held = files(dir.path()).try_enter(&lane("a")).unwrap().unwrap();
    let files = files(dir.path());
    assert!(matches!(files.enter(&lane("a"), MINUTE, &mut |_| ()), Err(FlightError::Busy(None))));
    held.announce(&notice("first"));
    let mut heard = Vec::new();
    let busy = files.enter(&lane("a"), MINUTE, &mut |notice| {
        heard.push(notice.unwrap().doing.clone());
        held.announce(&self::notice("second"));
    });
    assert!(matches!(busy, Err(FlightError::Busy(Some(last))) if last.doing == "second"));
    assert_eq!(heard, ["first", "second"], "each is told once");
}

#[test]
fn a_leader_that_says_nothing_is_told_about_once() {
    let dir = private_temp_dir();
    let _held = files(dir.path()).try_enter(&lane("a")).unwrap().unwrap();
    let mut heard = Vec::new();
    let busy = files(dir.path()).enter(&lane("a"), MINUTE, &mut |notice| heard.push(notice.cloned()));
    assert!(matches!(busy, Err(FlightError::Busy(None))));
    assert_eq!(heard, [None]);
}

#[test]
fn nothing_is_told_within_the_first_second() {
    let dir = private_temp_dir();
    let held = files(dir.path()).try_enter(&lane("a")).unwrap().unwrap();
    held.announce(&notice("quick"));
    let busy = files(dir.path()).enter(&lane("a"), Duration::from_millis(900), &mut |_| panic!("told too early"));
    assert!(matches!(busy, Err(FlightError::Busy(Some(_)))));
}

#[test]
fn all_waiters_adopt_a_failure_and_later_ones_do_not() {
    let dir = private_temp_dir();
    let leader = RefCell::new(Some(files(dir.path()).try_enter(&lane("a")).unwrap().unwrap()));
    let inner = files(dir.path());
    // The second waiter arrives while the first one waits; the leader fails when both are there.
    let mut second = None;
    let first = waiter(dir.path(), &mut || {
        if second.is_none() {
            second = Some(waiter(dir.path(), &mut || {
                if let Some(leader) = leader.borrow_mut().take() {
                    leader.conclude(&host(), Some(&failure()));
                }
            }));
        }
        // The second one got the lane first, adopts, and leaves.
        second.as_mut().and_then(Option::take).inspect(|turn| assert!(is_ours(&**turn)));
    });
    let first = first.expect("the lane is free");
    assert!(first.waited());
    assert!(is_ours(&*first));
    drop(first);
    let later = inner.enter(&lane("a"), MINUTE, &mut |_| ()).unwrap();
    assert_eq!(later.adopted(), None);
}

#[test]
fn a_leader_that_succeeded_or_died_leaves_no_failure() {
    let dir = private_temp_dir();
    for ending in [Ending::Success, Ending::Death, Ending::FailureThenDeath] {
        let mut leader = files(dir.path()).try_enter(&lane("a")).unwrap();
        let turn = waiter(dir.path(), &mut || {
            let Some(held) = leader.take() else { return };
            match ending {
                Ending::Success => held.conclude(&host(), None),
                Ending::Death => {}
                Ending::FailureThenDeath => {
                    held.conclude(&host(), Some(&failure()));
                    drop(held);
                    drop(files(dir.path()).try_enter(&lane("a")).unwrap());
                }
            }
        });
        assert_eq!(turn.unwrap().adopted(), None);
    }
}

#[test]
fn who_leads_after_adopting_is_a_leader_of_its_own() {
    let dir = private_temp_dir();
    let mut leader = files(dir.path()).try_enter(&lane("a")).unwrap();
    let turn = waiter(dir.path(), &mut || drop(leader.take().inspect(|held| held.conclude(&host(), Some(&failure())))));
    let turn = turn.unwrap();
    assert!(turn.adopted().is_some());
    turn.announce(&notice("signs in all the same"));
    let busy = files(dir.path()).enter(&lane("a"), MINUTE, &mut |_| ());
    assert!(matches!(busy, Err(FlightError::Busy(Some(_)))));
    let note = Note::read(&files(dir.path()).lane(&lane("a")).with_extension("note"));
    assert_eq!(note.failure_since(&Note::default()), None);
}

#[test]
#[cfg(unix)]
fn a_place_that_cannot_be_locked_is_an_error() {
    let dir = private_temp_dir();
    let outside = dir.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::os::unix::fs::symlink(&outside, dir.path().join("locks")).unwrap();
    let refused = files(dir.path()).try_enter(&lane("a")).err().unwrap().to_string();
    assert!(refused.contains("symbolic link"), "{refused}");
    let refused = files(&dir.path().join("locks")).try_enter(&lane("a")).err().unwrap().to_string();
    assert!(refused.contains("symbolic link"), "{refused}");
    std::fs::remove_file(dir.path().join("locks")).unwrap();
    let path = files(dir.path()).lane(&lane("a"));
    private_dir(&dir.path().join("locks")).unwrap();
    std::os::unix::fs::symlink(outside.join("x"), &path).unwrap();
    assert!(matches!(files(dir.path()).enter(&lane("a"), MINUTE, &mut |_| ()), Err(FlightError::Broken { .. })));
    assert!(!outside.join("x").exists());
}

/// A process of its own holds the lane and is killed: this test binary, running the test below.
#[test]
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "the test binary itself, by absolute path")]
fn the_kernel_frees_the_lane_of_a_killed_process() {
    use std::io::{BufRead, BufReader};
    let dir = private_temp_dir();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "flight::file::tests::holds_a_lane_for_another_process"])
        .env("BITBUCKET_SSO_TEST_HOLD", dir.path())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.contains("held")), "the child holds the lane");
    assert!(files(dir.path()).try_enter(&lane("a")).unwrap().is_none());
    child.kill().unwrap();
    child.wait().unwrap();
    let turn = files(dir.path()).try_enter(&lane("a")).unwrap().expect("free again");
    assert_eq!(turn.adopted(), None);
}

/// The other half of the test above; alone it does nothing.
#[test]
#[expect(clippy::print_stdout, reason = "how a child process answers its test")]
fn holds_a_lane_for_another_process() {
    let Some(dir) = crate::basis::env::Env::Process.os("BITBUCKET_SSO_TEST_HOLD") else { return };
    let _turn = files(Path::new(&dir)).try_enter(&lane("a")).unwrap().unwrap();
    println!("\nheld");
    // Until the parent kills us, or dies itself.
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
}

enum Ending {
    Success,
    Death,
    FailureThenDeath,
}

/// A waiter whose every pause is `meanwhile`.
fn waiter(dir: &Path, meanwhile: &mut dyn FnMut()) -> Option<Box<dyn Turn>> {
    let files = files(dir);
    let path = files.lane(&lane("a"));
    let file = files.open(&path).unwrap();
    let before = Note::read(&path.with_extension("note"));
    assert!(!lock::take(&file).unwrap(), "somebody is there");
    meanwhile();
    lock::take(&file).unwrap().then(|| files.turn(&path, file, Some(&before)))
}

fn files(dir: &Path) -> Files {
    Files::new(dir, Arc::new(Jumping(Mutex::new(SystemClock.steady()))))
}

fn lane(tenant: &str) -> Lane {
    Lane::Account(AccountId::new("https://login", tenant, "c", "p"))
}

fn notice(doing: &str) -> Notice {
    Notice { pid: 1, doing: doing.into(), until: Timestamp(9) }
}

fn host() -> HostId {
    HostId::new(&AccountId::new("https://login", "a", "c", "p"), "https://host", [])
}

fn is_ours(turn: &dyn Turn) -> bool {
    turn.adopted().is_some_and(|adopted| adopted.failure == failure() && adopted.is_about(&host()))
}

fn failure() -> Failure {
    Failure::new(Kind::Declined, "sign-in-cancelled", "cancelled", "login")
}

const MINUTE: Duration = Duration::from_secs(60);

/// Sleeping only moves its steady clock.
struct Jumping(Mutex<Instant>);

impl Clock for Jumping {
    fn now(&self) -> Timestamp {
        Timestamp(1_000)
    }

    fn steady(&self) -> Instant {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, duration: Duration) {
        *self.0.lock().unwrap() += duration;
    }

    fn zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::UTC
    }
}
