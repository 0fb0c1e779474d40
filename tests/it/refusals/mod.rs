//! What a person reads, and what is kept, when Entra, Bitbucket, a broker or the line says no.

mod accounts;
mod asking;
mod broker;
mod browser;
mod cloud;
mod device;
mod id_tokens;
mod line;
mod nobody;
mod refresh;
mod suspect;
mod tls;

use crate::desk::{Desk, HELPER, said, stderr, stdout};
use crate::practice::browser::{self as hands, Choice, Page};
use crate::practice::cast::ALICE;
use crate::practice::{Options, Practice, Source};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The practice servers, a desk, and the helper run by hand: a test sees every page and every exit code.
pub struct Scene {
    pub practice: Practice,
    pub desk: Desk,
    /// How far the helper's clock, and the servers', are ahead of the real one.
    ahead: i64,
    config: String,
}

impl Scene {
    /// One host of this source.
    pub fn of(source: Source) -> Self {
        Self::with(|practice| practice.config_toml(source))
    }

    /// Any configuration that the practice servers fit.
    pub fn with(config: impl FnOnce(&Practice) -> String) -> Self {
        let practice = Practice::start(&Options::default());
        // One attempt each; a service that says nothing is given up soon.
        let config = config(&practice).replace("timeout = \"10s\"", "timeout = \"2s\"");
        let desk = Desk::configured(&practice, &config);
        Self { practice, desk, ahead: 0, config }
    }

    /// The same with Alice signed in.
    pub fn signed_in(source: Source) -> Self {
        Self::of(source).login(ALICE)
    }

    /// Somebody signs in through the browser.
    pub fn login(self, upn: &str) -> Self {
        let (output, page) = self.walked(&mut self.run(&["login"]), &Choice::sign_in(upn));
        assert!(output.status.success() && page.answer.text().contains("Signed in"), "{}", said(&output));
        self
    }

    /// Both clocks go on.
    pub fn later(&mut self, seconds: i64) {
        self.ahead += seconds;
        self.practice.clock.advance(seconds);
    }

    /// Changes the configuration: `old` must be in it.
    pub fn reconfigure(&mut self, old: &str, new: &str) {
        assert!(self.config.contains(old), "{old} is not in {}", self.config);
        self.config = self.config.replace(old, new);
        let storage = if self.config.contains("[storage]") { "" } else { "\n[storage]\nrefresh_tokens = \"kernel\"\n" };
        self.desk.write_config(&format!("{}{storage}", self.config));
    }

    /// The helper by this scene's clock.
    pub fn run(&self, arguments: &[&str]) -> Command {
        let mut command = match self.ahead {
            0 => self.desk.helper(),
            ahead => {
                // The steady clock is left alone: time limits are to pass as ever.
                crate::desk::another_clock();
                let mut command = self.desk.command("faketime");
                command.args(["-f", &format!("+{ahead}s"), HELPER]).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
                command
            }
        };
        command.args(arguments);
        command
    }

    /// Git asks, and nobody may be bothered.
    pub fn get(&self, source: Source) -> Output {
        self.get_path(source, "")
    }

    /// The same for a repository.
    pub fn get_path(&self, source: Source, path: &str) -> Output {
        crate::desk::feed(self.run(&["get"]).env("CI", "true"), self.request(source, path).as_bytes())
    }

    /// Git asks, and somebody walks the page that opens.
    pub fn get_walked(&self, source: Source, choice: &Choice) -> (Output, Page) {
        let file = self.desk.path("request");
        std::fs::write(&file, self.request(source, "")).unwrap();
        self.walked(self.run(&["get"]).stdin(std::fs::File::open(file).unwrap()), choice)
    }

    /// Git says that this token failed.
    pub fn erase(&self, source: Source, token: &str) {
        let request = format!("{}\nusername=x-token-auth\npassword={token}\n\n", self.request(source, "").trim_end());
        let output = crate::desk::feed(&mut self.run(&["erase"]), request.as_bytes());
        assert!(output.status.success() && output.stdout.is_empty(), "{}", said(&output));
    }

    /// Runs a command and walks the page that it opens.
    pub fn walked(&self, command: &mut Command, choice: &Choice) -> (Output, Page) {
        let child = start(command);
        let url = self.page();
        let page = hands::walk(&url, self.practice.ca(), choice).unwrap();
        (child.wait_with_output().unwrap(), page)
    }

    /// The page that the helper has just opened.
    pub fn page(&self) -> String {
        until("a page to open", || {
            let file = std::fs::read_dir(self.desk.path("inbox")).unwrap().flatten().next()?.path();
            let url = std::fs::read_to_string(&file).unwrap();
            std::fs::remove_file(file).unwrap();
            Some(url.trim().to_owned())
        })
    }

    /// Whether no page was opened since the last one that was looked at.
    pub fn no_page(&self) -> bool {
        std::fs::read_dir(self.desk.path("inbox")).unwrap().next().is_none()
    }

    /// `status --json`, its first account.
    pub fn account(&self) -> serde_json::Value {
        let output = self.run(&["status", "--json"]).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        status["accounts"][0].clone()
    }

    /// How often a server answered this grant, whatever the answer.
    pub fn asked(&self, server: &str, grant: &str) -> usize {
        self.practice.journal.count(|entry| entry.server == server && entry.grant_type.as_deref() == Some(grant))
    }

    fn request(&self, source: Source, path: &str) -> String {
        let url = url::Url::parse(self.practice.url(source)).unwrap();
        let path = if path.is_empty() { String::new() } else { format!("path={path}\n") };
        format!("protocol=https\nhost=localhost:{}\n{path}\n", url.port().unwrap())
    }
}

/// Starts a command whose words are read at its end.
pub fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Polls until there is something.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The command failed with this code and identifier, and says all of this on standard error: one problem, told
/// once, with what helps.
#[track_caller]
#[expect(clippy::print_stderr, reason = "captured, for whoever reads all texts with --success-output final")]
pub fn refused(output: &Output, exit: i32, id: &str, words: &[&str]) {
    let told = stderr(output);
    eprintln!("{told}");
    assert_eq!(output.status.code(), Some(exit), "{}", said(output));
    assert!(told.contains(&format!(" [{id}]\n  do this: ")), "{id}: {}", said(output));
    assert_eq!(told.matches("  do this: ").count(), 1, "{}", said(output));
    for word in words {
        assert!(told.contains(word), "{word:?} is not in: {}", said(output));
    }
}

/// The same for git, which is told to stop.
#[track_caller]
pub fn git_refused(output: &Output, exit: i32, id: &str, words: &[&str]) {
    refused(output, exit, id, words);
    assert_eq!(stdout(output), "quit=1\n", "{}", said(output));
}

/// The token in an answer to git.
#[track_caller]
pub fn token(output: &Output) -> String {
    answer(output, "password").unwrap_or_else(|| panic!("no token: {}", said(output)))
}

/// A field of an answer to git.
pub fn answer(output: &Output, name: &str) -> Option<String> {
    let out = stdout(output);
    out.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
}

/// Grant types, as the journal names them.
pub const REFRESH: &str = "refresh_token";
pub const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
