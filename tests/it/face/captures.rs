//! A real terminal, captured with tmux, for docs/sign-in.md: `tests/heavy/pages.sh` runs this.

use super::folder;
use crate::desk::{Desk, HELPER};
use crate::practice::{Options, Practice, Source};
use std::path::PathBuf;
use std::time::{Duration, Instant};

#[test]
#[ignore = "for tests/heavy/pages.sh: it needs tmux and a minute"]
fn a_terminal_is_captured() {
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(&practice, Source::Exchange);
    let screen = Tmux::start(&practice, desk);
    let clone = format!("git clone {}", practice.clone_url(Source::Exchange, "acme", "app"));
    screen.types("one", &clone);
    screen.shows("one", "your browser opens");
    screen.capture("sign-in", "one");
    screen.types("two", &clone.replace("git clone", "git ls-remote"));
    screen.shows("two", "waiting for process");
    screen.capture("waiter", "two");
    screen.shows("one", "still waiting");
    screen.capture("reminder", "one");
    screen.keys("two", "C-c");
    screen.keys("one", "C-c");
    screen.rests("one");
    screen.types("one", "echo $?");
    screen.shows("one", "130");
    screen.capture("ctrl-c", "one");
    // As in a session over SSH.
    screen.types("redirect-port", "export SSH_CONNECTION='192.0.2.1 50000 192.0.2.2 22'; clear");
    for (name, options, shown) in [
        ("device-code", "--device-code", "type this code"),
        ("no-browser", "--no-browser", "paste here"),
        ("redirect-port", "--redirect-port 8400", "open this address"),
    ] {
        screen.types(name, &format!("git credential-bitbucket-sso login {options}"));
        screen.shows(name, shown);
        screen.capture(name, name);
        screen.keys(name, "C-c");
    }
}

/// A tmux server of its own, one window for each name.
struct Tmux {
    desk: Desk,
    captures: PathBuf,
    /// What differs from run to run, and what stands for it.
    plain: Vec<(String, &'static str)>,
}

impl Tmux {
    fn start(practice: &Practice, desk: Desk) -> Self {
        let authority = |url: &str| url.trim_start_matches("https://").split('/').next().unwrap().to_owned();
        let plain = vec![
            (authority(practice.url(Source::Exchange)), "bitbucket.example"),
            (authority(&practice.entra.base), "login.example"),
            (practice.entra.base.clone(), "https://login.example"),
        ];
        let captures = folder("BITBUCKET_SSO_TEST_CAPTURES");
        let bin = desk.path("bin");
        std::fs::create_dir(&bin).unwrap();
        std::os::unix::fs::symlink(HELPER, bin.join("git-credential-bitbucket-sso")).unwrap();
        let tmux = Self { desk, captures, plain };
        tmux.run(&["new-session", "-d", "-x", "110", "-y", "30", "-n", "one", SHELL]);
        for name in ["two", "device-code", "no-browser", "redirect-port"] {
            tmux.run(&["new-window", "-d", "-n", name, SHELL]);
        }
        tmux
    }

    fn run(&self, arguments: &[&str]) -> String {
        let mut command = self.desk.command("tmux");
        let path = format!("{}:{}", self.desk.path("bin").display(), std::env::var("PATH").unwrap());
        command.env("TMUX_TMPDIR", self.desk.path("")).env("TERM", "xterm").env("PS1", "$ ").env("PATH", path);
        command.env("USER", "alice");
        let output = command.args(["-L", "capture", "-f", "/dev/null"]).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", crate::desk::said(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn types(&self, window: &str, line: &str) {
        self.run(&["send-keys", "-t", window, "-l", line]);
        self.keys(window, "Enter");
    }

    fn keys(&self, window: &str, keys: &str) {
        self.run(&["send-keys", "-t", window, keys]);
    }

    fn screen(&self, window: &str) -> String {
        self.run(&["capture-pane", "-p", "-J", "-t", window])
    }

    fn shows(&self, window: &str, words: &str) {
        let end = Instant::now() + Duration::from_secs(40);
        while !self.screen(window).contains(words) {
            assert!(Instant::now() < end, "{window} never showed {words}:\n{}", self.screen(window));
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits for the prompt.
    fn rests(&self, window: &str) {
        let end = Instant::now() + Duration::from_secs(20);
        while !self.screen(window).trim_end().ends_with(['#', '$']) {
            assert!(Instant::now() < end, "{}", self.screen(window));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Keeps what a window shows, without what differs from run to run.
    fn capture(&self, name: &str, window: &str) {
        let mut text = self.screen(window);
        for (varies, plain) in &self.plain {
            text = text.replace(varies, plain);
        }
        let text = text.replace("for localhost", "for bitbucket.example");
        let lines = text.lines().map(|line| steady(line.trim_end()));
        let text = lines.collect::<Vec<_>>().join("\n").trim().to_owned() + "\n";
        std::fs::write(self.captures.join(format!("{name}.txt")), text).unwrap();
    }
}

/// Process ids, codes, long queries and free ports.
fn steady(line: &str) -> String {
    let line = line.strip_prefix("# ").map_or_else(|| line.to_owned(), |typed| format!("$ {typed}"));
    let trimmed = line.trim();
    if trimmed == "#" {
        return "$".to_owned();
    }
    if trimmed.len() == 9 && trimmed.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) {
        return line.replace(trimmed, "FLFWYD9NG");
    }
    let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let mut out: Vec<String> = Vec::new();
    for word in words {
        let bare = word.trim_end_matches([':', ',', ';']);
        let after_process = out.last().is_some_and(|last| last == "process");
        out.push(match word.split_once("authorize?") {
            Some((before, _)) => format!("{before}authorize?client_id=…"),
            None if after_process => word.replace(bare, "4711"),
            None if bare.starts_with("http://localhost:") && !bare.ends_with(":8400") => {
                word.replace(bare, "http://localhost:49152")
            }
            None => word,
        });
    }
    out.join(" ")
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.run(&["kill-server"]);
    }
}

const SHELL: &str = "exec sh -i";
