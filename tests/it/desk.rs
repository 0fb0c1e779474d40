//! A developer's desk: a home of its own, the shipped helper, real git, and somebody at the browser.

use crate::practice::browser::{self, Choice};
use crate::practice::{Practice, Source};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// The helper that the tests run: built by cargo for this very run.
pub const HELPER: &str = env!("CARGO_BIN_EXE_git-credential-bitbucket-sso");

/// A home directory with a configuration, and a scripted person who walks every page the helper opens.
pub struct Desk {
    dir: tempfile::TempDir,
    ca: PathBuf,
    /// Where `BROWSER` leaves the addresses that it is given.
    inbox: PathBuf,
    opened: Arc<Mutex<Vec<String>>>,
    last_page: Arc<Mutex<String>>,
    stop: Arc<AtomicBool>,
    walker: Option<JoinHandle<()>>,
}

impl Desk {
    /// A desk with one host of the practice, registered with git.
    pub fn with(practice: &Practice, source: Source) -> Self {
        let desk = Self::configured(practice, &practice.config_toml(source));
        let output = desk.helper().arg("setup").output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        desk
    }

    /// A desk with this configuration; sessions are sealed with a kernel key unless it says otherwise.
    pub fn configured(practice: &Practice, config: &str) -> Self {
        let desk = Self::bare(practice.ca());
        let storage = if config.contains("[storage]") { "" } else { "\n[storage]\nrefresh_tokens = \"kernel\"\n" };
        desk.write_config(&format!("{config}{storage}"));
        desk
    }

    /// A home with nothing in it but a browser that works.
    pub fn bare(ca: &Path) -> Self {
        let dir = tempfile::Builder::new().prefix("desk").tempdir().unwrap();
        let inbox = dir.path().join("inbox");
        fs::create_dir(&inbox).unwrap();
        fs::create_dir(dir.path().join("home")).unwrap();
        let desk = Self {
            ca: ca.to_owned(),
            inbox,
            opened: Arc::default(),
            last_page: Arc::default(),
            stop: Arc::default(),
            walker: None,
            dir,
        };
        desk.write_browser();
        desk
    }

    /// From now on somebody walks every page that is opened, choosing like this.
    pub fn person(mut self, choice: Choice) -> Self {
        let (inbox, ca) = (self.inbox.clone(), self.ca.clone());
        let (opened, last, stop) = (self.opened.clone(), self.last_page.clone(), self.stop.clone());
        self.walker = Some(std::thread::spawn(move || {
            while !stop.load(Ordering::SeqCst) {
                for url in take(&inbox) {
                    opened.lock().unwrap().push(url.clone());
                    let walked = browser::walk(&url, &ca, &choice);
                    let page = walked.map_or_else(|error| error.to_string(), |page| page.answer.text());
                    *last.lock().unwrap() = page;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }));
        self
    }

    /// The pages that the helper opened.
    pub fn opened(&self) -> Vec<String> {
        self.opened.lock().unwrap().clone()
    }

    /// The same, for somebody who goes on watching.
    pub fn pages(&self) -> Arc<Mutex<Vec<String>>> {
        Arc::clone(&self.opened)
    }

    /// The pages that the helper opened and that nobody has walked.
    pub fn waiting_pages(&self) -> Vec<String> {
        take(&self.inbox)
    }

    /// Somebody walks this page.
    pub fn walk(&self, url: &str, choice: &Choice) -> browser::Page {
        browser::walk(url, &self.ca, choice).unwrap()
    }

    /// The page on which the person ended.
    pub fn last_page(&self) -> String {
        self.last_page.lock().unwrap().clone()
    }

    /// The home directory.
    pub fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// Where a test may put things.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The helper's state directory.
    pub fn state(&self) -> PathBuf {
        self.home().join(".local/state/bitbucket-sso")
    }

    /// Replaces the user's configuration.
    pub fn write_config(&self, text: &str) {
        let folder = self.home().join(".config/bitbucket-sso");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config.toml"), text).unwrap();
    }

    /// The helper, in this home.
    pub fn helper(&self) -> Command {
        self.command(HELPER)
    }

    /// The helper by a clock that goes so many seconds wrong. The steady clock is left alone: time limits are to pass
    /// as ever. No wrapper stands between: signals reach the helper itself.
    pub fn helper_at(&self, seconds: i64) -> Command {
        let mut command = self.helper();
        if seconds != 0 {
            another_clock();
            command.env("LD_PRELOAD", faketime()).env("FAKETIME", format!("{seconds:+}s"));
            command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
        command
    }

    /// The first git of this machine, in this home.
    pub fn git(&self) -> Command {
        self.command("git")
    }

    /// Any program with this desk's environment and nothing of ours.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.dir.path()).stdin(Stdio::null());
        for name in ["PATH", "TMPDIR"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command
            .env("HOME", self.home())
            .env("LANG", "C.UTF-8")
            .env("BROWSER", self.path("browser"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_SSL_CAINFO", &self.ca)
            .env("GIT_AUTHOR_NAME", "Alice")
            .env("GIT_AUTHOR_EMAIL", "alice@contoso.example")
            .env("GIT_COMMITTER_NAME", "Alice")
            .env("GIT_COMMITTER_EMAIL", "alice@contoso.example");
        command
    }

    /// Asks the helper like git does.
    pub fn get(&self, request: &str) -> Output {
        self.verb("get", request.as_bytes())
    }

    /// One of git's verbs with any input.
    pub fn verb(&self, verb: &str, request: &[u8]) -> Output {
        feed(self.helper().arg(verb), request)
    }

    /// Takes this desk's sealing keys out of the kernel, which gives an ordinary user room for 200.
    pub fn forget_keys(&self) {
        use linux_keyutils::{KeyRing, KeyRingIdentifier};
        let Ok(ring) = KeyRing::from_special_id(KeyRingIdentifier::Process, true) else { return };
        if ring.link_keyring_id(KeyRingIdentifier::User).is_err() {
            return;
        }
        let tag = &bitbucket_sso::basis::digest::of(self.state().as_os_str().as_encoded_bytes())[..8];
        let accounts = fs::read_dir(self.state().join("hot")).into_iter().flatten().flatten();
        let accounts = accounts.map(|entry| format!("hot:{tag}:{}", entry.file_name().to_string_lossy()));
        for name in accounts.chain([format!("vault:{tag}")]) {
            if let Ok(key) = ring.search(&format!("bitbucket-sso:{name}")) {
                _ = key.invalidate();
            }
        }
    }

    fn write_browser(&self) {
        let script = self.path("browser");
        let text = "#!/bin/sh\nprintf '%s\\n' \"$1\" > \"$0.$$\" && mv \"$0.$$\" \"${0%/*}/inbox/$$\"\n";
        fs::write(&script, text).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(walker) = self.walker.take() {
            _ = walker.join();
        }
        self.forget_keys();
    }
}

/// Whoever lets the helper believe in another time says so: that takes a C library. `tests/heavy/platforms.sh` looks for
/// these words.
pub fn another_clock() {
    let dynamic = cfg!(not(target_env = "musl"));
    assert!(dynamic, "not for a static program, which takes no other clock");
}

/// The library of the Debian package `faketime`.
fn faketime() -> PathBuf {
    let dirs = fs::read_dir("/usr/lib").unwrap().flatten().map(|entry| entry.path());
    let mut found = dirs.map(|dir| dir.join("faketime/libfaketime.so.1")).filter(|library| library.exists());
    found.next().expect("the package `faketime` is installed")
}

/// Runs a command with this standard input.
pub fn feed(command: &mut Command, input: &[u8]) -> Output {
    use std::io::Write;
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A helper that refuses early closes its end; that is its answer.
    _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// Everything a command said, for messages of failed tests.
pub fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\n--- stdout\n{}\n--- stderr\n{}", output.status, text(&output.stdout), text(&output.stderr))
}

/// What a command said on standard error.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a command printed.
pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn take(inbox: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(inbox) else { return Vec::new() };
    let paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap_or_default();
        _ = fs::remove_file(path);
        text.trim().to_owned()
    };
    paths.iter().map(read).collect()
}
