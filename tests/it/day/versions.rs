//! Waiters and leaders of different versions of the helper: what is new is passed over, what is known is adopted.

use super::*;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

#[test]
fn the_word_of_a_later_version_counts() {
    let (day, lock, note) = led();
    let mut waiter = wait(&day);
    write(
        &note,
        r#"{"version":9,"turn":7,"sky":{"blue":[1]},"notice":{"pid":4711,"doing":"NEWS","until":99999999999,"mood":1}}"#,
    );
    // What it says while it waits.
    let mut said = [0; 256];
    let length = waiter.stderr.as_mut().unwrap().read(&mut said).unwrap();
    let line = String::from_utf8_lossy(&said[..length]).into_owned();
    assert!(line.contains("4711") && line.contains("NEWS"), "{line}");
    write(
        &note,
        r#"{"version":9,"turn":7,"outcome":{"turn":7,"ended":5,"why":"new","failure":
            {"kind":"refused","id":"later-word","what":"it is so","help":"nothing helps","detail":null,"more":2}}}"#,
    );
    drop(lock);
    let ended = waiter.wait_with_output().unwrap();
    assert!(stderr(&ended).contains("it is so") && stderr(&ended).contains("[later-word]"), "{}", super::said(&ended));
    assert!(!stdout(&ended).contains("password="));
    day.mint();
}

#[test]
fn what_cannot_be_read_is_passed_over() {
    for text in [r#"{"version":99,"turn":"seven","outcome":["other"]}"#, "\u{1}binary", "{\"version\":1,\"turn\":"] {
        let (day, lock, note) = led();
        let waiter = wait(&day);
        write(&note, text);
        drop(lock);
        let ended = waiter.wait_with_output().unwrap();
        assert!(stdout(&ended).contains("password="), "{text}: {}", super::said(&ended));
    }
}

/// Somebody signed in whose credential has ended, and the account's lane in the hands of another version.
fn led() -> (Day, File, PathBuf) {
    let mut day = Day::of(Source::Exchange, "");
    day.sign_in(&["login"]);
    day.mint();
    day.pass(2 * 3600);
    let locks = fs::read_dir(day.desk.state().join("locks")).unwrap().flatten().map(|entry| entry.path());
    let is_lane = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with("v1-account-") && path.extension().is_some_and(|kind| kind == "lock")
    };
    let path = locks.into_iter().find(is_lane).unwrap();
    let lock = File::options().read(true).append(true).open(&path).unwrap();
    lock.lock().unwrap();
    (day, lock, path.with_extension("note"))
}

/// A waiter, as soon as it waits.
fn wait(day: &Day) -> Child {
    let (_, rest) = day.practice.url(day.source).split_once("://").unwrap();
    let mut command = day.run(&["get"]);
    command.env("CI", "true").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("protocol=https\nhost={rest}\n\n").as_bytes()).unwrap();
    let open = |child: &Child| {
        let files = fs::read_dir(format!("/proc/{}/fd", child.id())).into_iter().flatten().flatten();
        let mut targets = files.filter_map(|file| fs::read_link(file.path()).ok());
        targets.any(|target| target.to_string_lossy().contains("v1-account-"))
    };
    let end = Instant::now() + Duration::from_secs(20);
    while !open(&child) {
        assert!(Instant::now() < end, "it comes to the lane");
        std::thread::sleep(Duration::from_millis(2));
    }
    // It reads the note at once after it has opened the lock file.
    std::thread::sleep(Duration::from_millis(200));
    child
}

/// As the helper writes it: whole, and for its own user alone.
fn write(note: &Path, text: &str) {
    bitbucket_sso::basis::files::put_private(note, text.as_bytes()).unwrap();
}
