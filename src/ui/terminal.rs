//! The real person: standard error, the controlling terminal, the browser. Standard input and output belong to
//! git and are never touched.

use crate::basis::env::Env;
use crate::ui::{Ui, UiError, browser};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Speaks on standard error and on the controlling terminal.
pub struct Terminal {
    env: Env,
    /// `[ui] browser`.
    browser: String,
    lines: Mutex<Option<Lines>>,
}

impl Terminal {
    /// `browser` is the setting `[ui] browser`.
    pub fn new(env: Env, browser: &str) -> Self {
        Self { env, browser: browser.to_owned(), lines: Mutex::new(None) }
    }
}

impl Ui for Terminal {
    fn tell(&self, text: &str) {
        tell(text);
    }

    fn show(&self, text: &str) {
        match open_output() {
            Ok(mut terminal) => say(&mut terminal, text),
            Err(_) => self.tell(text),
        }
    }

    fn remind(&self, text: &str) {
        if let Ok(mut terminal) = open_output() {
            say(&mut terminal, text);
        }
    }

    fn open_page(&self, url: &str) -> Result<(), UiError> {
        browser::open(&self.env, &self.browser, url)
    }

    fn can_ask(&self) -> bool {
        open_input().is_ok()
    }

    fn ask(&self, question: &str, longest: Duration) -> Option<String> {
        let input = open_input().ok()?;
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = lines.get_or_insert_with(|| Lines::of(input));
        if !question.is_empty() {
            lines.forget();
            let mut terminal = open_output().ok()?;
            write!(terminal, "{question} ").and_then(|()| terminal.flush()).ok()?;
        }
        lines.next(longest)
    }
}

/// Says it on standard error.
pub fn tell(text: &str) {
    say(&mut io::stderr(), text);
}

/// Best effort: there is nobody to tell that nobody can be told.
fn say(stream: &mut impl Write, text: &str) {
    _ = writeln!(stream, "{}", text.trim_end_matches('\n')).and_then(|()| stream.flush());
}

/// Lines read by a thread, because a read from a terminal has no time limit of its own (and `poll` does not work
/// on `/dev/tty` of macOS). The thread outlives a time-out, so that a line typed late is not lost.
struct Lines(Receiver<String>);

impl Lines {
    fn of(input: impl Read + Send + 'static) -> Self {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut input = BufReader::new(input);
            loop {
                let mut line = String::new();
                match input.by_ref().take(LONGEST_LINE).read_line(&mut line) {
                    Ok(1..) if sender.send(line.trim_end_matches(['\r', '\n']).to_owned()).is_ok() => {}
                    _ => break,
                }
            }
        });
        Self(receiver)
    }

    fn next(&self, longest: Duration) -> Option<String> {
        self.0.recv_timeout(longest).ok()
    }

    /// Drops answers to earlier questions.
    fn forget(&self) {
        while self.0.try_recv().is_ok() {}
    }
}

/// The terminal, if we are in its foreground process group: reading from the background would stop us.
#[cfg(unix)]
fn open_input() -> io::Result<File> {
    let terminal = File::open("/dev/tty")?;
    let foreground = rustix::termios::tcgetpgrp(&terminal)? == rustix::process::getpgrp();
    if foreground { Ok(terminal) } else { Err(io::ErrorKind::WouldBlock.into()) }
}

#[cfg(unix)]
fn open_output() -> io::Result<File> {
    File::options().write(true).open("/dev/tty")
}

/// The console; Windows has no background that could not read.
#[cfg(windows)]
fn open_input() -> io::Result<File> {
    File::options().read(true).write(true).open("CONIN$")
}

#[cfg(windows)]
fn open_output() -> io::Result<File> {
    File::options().read(true).write(true).open("CONOUT$")
}

/// A pasted redirect URL is a few thousand bytes.
const LONGEST_LINE: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const AGES: Duration = Duration::from_secs(60);

    #[test]
    fn a_line_that_comes_late_is_still_the_answer() {
        let (reader, mut writer) = io::pipe().unwrap();
        let lines = Lines::of(reader);
        assert_eq!(lines.next(Duration::ZERO), None);
        writer.write_all(b"yes\r\nno").unwrap();
        assert_eq!(lines.next(AGES).as_deref(), Some("yes"));
        drop(writer);
        assert_eq!(lines.next(AGES).as_deref(), Some("no"));
        assert_eq!(lines.next(AGES), None, "the end is not waited for");
    }

    #[test]
    fn an_answer_to_another_question_is_dropped() {
        let (sender, receiver) = mpsc::channel();
        let lines = Lines(receiver);
        sender.send("yes".to_owned()).unwrap();
        lines.forget();
        drop(sender);
        assert_eq!(lines.next(AGES), None);
    }

    #[test]
    fn what_is_said_ends_in_one_line_end() {
        let mut stream = Vec::new();
        say(&mut stream, "one\ntwo\n\n");
        assert_eq!(stream, b"one\ntwo\n");
    }
}
