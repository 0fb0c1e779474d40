//! A terminal with a person in front of it: a command under `script`, what its screen shows, and what is typed.

use crate::desk::Desk;
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A command that runs with a controlling terminal of its own.
pub struct Terminal {
    child: Child,
    /// Kept open: its end would be typed as end of file.
    keyboard: ChildStdin,
    screen: Arc<Mutex<String>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Terminal {
    /// Runs `line` by the shell on a new terminal, in the environment that `desk` makes for a program.
    pub fn run(mut script: Command, line: &str) -> Self {
        assert_eq!(script.get_program(), OsStr::new("script"), "the terminal is made by script(1)");
        script.args(["-qec", line, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = script.spawn().unwrap();
        let keyboard = child.stdin.take().unwrap();
        let mut output = child.stdout.take().unwrap();
        let screen: Arc<Mutex<String>> = Arc::default();
        let shown = Arc::clone(&screen);
        let reader = std::thread::spawn(move || {
            let mut block = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut block) {
                shown.lock().unwrap().push_str(&String::from_utf8_lossy(&block[..count]));
            }
        });
        Self { child, keyboard, screen, reader: Some(reader) }
    }

    /// What has been shown so far.
    pub fn screen(&self) -> String {
        self.screen.lock().unwrap().clone()
    }

    /// Waits until the screen answers the question.
    pub fn wait<T>(&mut self, what: &str, look: impl Fn(&str) -> Option<T>) -> T {
        let found = until(|| {
            let over = self.child.try_wait().unwrap().is_some();
            let found = look(&self.screen());
            assert!(found.is_some() || !over, "ended before it showed {what}:\n{}", self.screen());
            found
        });
        found.unwrap_or_else(|| panic!("never showed {what}:\n{}", self.screen()))
    }

    /// Waits for words on the screen.
    pub fn shows(&mut self, words: &str) {
        self.wait(words, |screen| screen.contains(words).then_some(()));
    }

    /// Types a line.
    pub fn enter(&mut self, line: &str) {
        writeln!(self.keyboard, "{line}").unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Presses keys, without Return.
    pub fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Waits for the end: exit code and everything that was shown.
    pub fn end(mut self) -> (Option<i32>, String) {
        let status = until(|| self.child.try_wait().unwrap());
        let status = status.unwrap_or_else(|| panic!("does not end:\n{}", self.screen()));
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        (status.code(), self.screen())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Polls until there is an answer; `None` when that takes longer than anything here ever may.
pub fn until<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let found = look();
        if found.is_some() || Instant::now() > end {
            return found;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Runs a command at a terminal of its own and types `answer` when `question` has come; code and screen.
pub fn at_terminal(desk: &Desk, command: &str, question: &str, answer: &str) -> (i32, String) {
    let mut script = desk.command("script");
    script.args(["-qfec", command, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = script.spawn().unwrap();
    let (mut keys, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (mut text, mut byte, mut typed) = (Vec::new(), [0], question.is_empty());
    while screen.read(&mut byte).unwrap() == 1 {
        text.extend(byte);
        if !typed && text.ends_with(question.as_bytes()) {
            typed = true;
            keys.write_all(answer.as_bytes()).unwrap();
        }
    }
    (child.wait().unwrap().code().unwrap(), String::from_utf8(text).unwrap())
}
