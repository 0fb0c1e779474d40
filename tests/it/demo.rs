//! The demonstration of the README: it works where nobody sits, and leaves nothing behind.

use crate::desk::HELPER;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

#[test]
fn a_scripted_day_in_the_browser_is_shown_from_setup_to_receipt() {
    let show = Show::start(&["--auto"], &[]);
    let (status, text) = show.end();
    assert!(status.success(), "{text}");
    in_order(
        &text,
        &[
            "\n$ git credential-bitbucket-sso setup\ncreated /",
            "\nhttps://localhost:",
            ": first of 1\n",
            "\n$ git clone https://localhost:",
            "/acme/website.git\nCloning into 'website'...\n",
            "bitbucket-sso: sign in to contoso.example for localhost; your browser opens\n",
            "bitbucket-sso: signed in as alice@contoso.example until ",
            "\n$ git -C website push\nTo https://localhost:",
            "main -> main\n",
            "\n$ git -C website fetch\n(silent, after ",
            "\n$ git credential-bitbucket-sso status\ncontoso.example: signed in as alice@contoso.example by browser",
            "\n$ git credential-bitbucket-sso logout\nsigned out alice@contoso.example: ",
            "(exchange): a token was removed here, the server takes it until ",
            "\nAll of it worked.",
        ],
    );
    assert!(!text.contains('\x1b'), "no colour where no terminal is: {text}");
}

#[test]
fn a_scripted_day_by_device_code_shows_the_code_before_a_clone_that_asks_nobody() {
    let (status, text) = Show::start(&["--auto", "--device-code"], &[]).end();
    assert!(status.success(), "{text}");
    in_order(
        &text,
        &[
            "\n$ git credential-bitbucket-sso login --device-code\n",
            "/device and type this code within 15 minutes:\n\n  ",
            "bitbucket-sso: signed in as alice@contoso.example until ",
            "/acme/website.git\nCloning into 'website'...\n\n#",
            "signed in as alice@contoso.example by device code until ",
            "\nAll of it worked.",
        ],
    );
}

#[test]
fn every_source_is_shown_by_both_flows() {
    for source in ["entra", "cloud-oauth", "datacenter-oauth"] {
        for flow in [&["--auto"][..], &["--auto", "--device-code"]] {
            let (status, text) = Show::start(&[flow, &["--source", source]].concat(), &[]).end();
            assert!(status.success(), "{flow:?} {source}: {text}");
            in_order(&text, &[&format!("source = \"{source}\""), "(silent, after ", &format!(" ({source}): ")]);
            assert!(!text.contains("client_secret ="), "{text}");
        }
    }
}

#[test]
#[cfg(feature = "broker")]
fn the_broker_itself_is_shown_with_a_pipeline_and_somebody_who_leaves() {
    let (status, text) = Show::start(&["--auto", "--broker"], &[]).end();
    assert!(status.success(), "{text}");
    in_order(
        &text,
        &[
            "\n$ bitbucket-sso-broker serve broker/broker.toml &\nlistening on 127.0.0.1:",
            "\n$ bitbucket-sso-broker config validate broker/broker.toml\n",
            "/acme/website.git\nCloning into 'website'...\n",
            "\n$ git -C website push\nTo https://localhost:",
            "    last token by the broker's rule developers of policy ",
            "/scm/ACME/app.git step/app\nCloning into 'step/app'...\n",
            "[not-allowed]\n  do this: ask the platform team for access to this repository\n",
            "\n(refused)\n",
            "\"outcome\":\"access_denied\"",
            "the record holds: ",
            "\nAll of it worked.",
        ],
    );
}

#[test]
#[cfg(not(feature = "broker"))]
fn without_the_broker_it_says_how_to_have_it() {
    refused(&["--broker"], &[], 2, "the broker is not built: cargo run --features broker --example demo -- --broker");
}

#[test]
fn ctrl_c_after_the_sign_in_leaves_nothing_behind() {
    let show = Show::start(&["--auto"], &[]);
    show.interrupt_at("signed in as alice@contoso.example");
    let (status, text) = show.end();
    assert_eq!(status.code(), Some(130), "{text}");
    assert!(text.ends_with("demo: interrupted; nothing was left behind\n"), "{text}");
}

#[test]
fn ctrl_c_while_a_person_is_waited_for_leaves_nothing_behind() {
    let show = Show::start(&[], &[("BROWSER", "/bin/true")]);
    show.interrupt_at("your browser opens\n");
    let (status, text) = show.end();
    assert_eq!(status.code(), Some(130), "{text}");
    in_order(&text, &["sign in as alice@contoso.example", "The browser will warn", "demo: interrupted"]);
}

#[test]
fn where_nobody_can_sign_in_it_says_what_to_do() {
    let none = "you cannot sign in here: there is no display (DISPLAY, WAYLAND_DISPLAY and BROWSER are not set), and \
                there is no terminal for a code\n  do this: cargo run --example demo -- --auto";
    refused(&[], &[], 1, none);
    let ssh = "you cannot sign in here: this is an SSH session";
    refused(&[], &[("BROWSER", "/bin/true"), ("SSH_CONNECTION", "1")], 1, ssh);
    refused(&["--source=cloud-oauth"], &[], 1, "the consent of cloud-oauth needs a browser on this machine: there");
    refused(&["--device-code"], &[("BROWSER", "/bin/true")], 1, "a device code needs a terminal, and there is none");
    refused(&["--auto"], &[("PATH", "/nonexistent")], 1, "git is not installed\n  do this: install git");
}

#[test]
fn a_mistake_is_answered_by_the_usage() {
    refused(&["--fast"], &[], 2, "there is no option `--fast`\n\nusage: cargo run --example demo [-- OPTIONS]\n");
    refused(&["--source", "ldap"], &[], 2, "there is no source `ldap`\n\nusage: ");
    refused(&["--auto", "--source"], &[], 2, "`--source` needs a name\n\nusage: ");
    let (status, text) = Show::start(&["--help"], &[]).end();
    assert!(status.success() && text.contains("exchange, entra, cloud-oauth, datacenter-oauth"), "{text}");
}

/// One performance, in a temporary directory of its own, without a terminal.
struct Show {
    child: Child,
    heard: Arc<Mutex<String>>,
    ear: Option<JoinHandle<()>>,
    tmp: tempfile::TempDir,
}

impl Show {
    /// `CI=true`, which forbids the helper to ask anybody, is set as in most places without a person.
    fn start(words: &[&str], variables: &[(&str, &str)]) -> Self {
        let tmp = tempfile::Builder::new().prefix("show").tempdir().unwrap();
        let (reader, writer) = std::io::pipe().unwrap();
        let mut command = Command::new("/usr/bin/setsid");
        command.arg(demo()).args(words).stdin(Stdio::null());
        command.stdout(writer.try_clone().unwrap()).stderr(writer);
        for name in ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "SSH_CONNECTION", "SSH_TTY"] {
            command.env_remove(name);
        }
        command.env("CI", "true").env("TMPDIR", tmp.path()).envs(variables.iter().copied());
        let child = command.spawn().unwrap();
        let heard = Arc::new(Mutex::default());
        let shared = Arc::clone(&heard);
        Self { child, heard, ear: Some(std::thread::spawn(move || listen(reader, &shared))), tmp }
    }

    /// Presses Ctrl-C as soon as this was said.
    fn interrupt_at(&self, words: &str) {
        let said = || self.heard.lock().unwrap().contains(words);
        assert!(soon(said), "never said: {words}\n{}", self.heard.lock().unwrap());
        self.signal(Signal::INT);
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Waits for the end; whatever it was, nothing is left.
    fn end(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        assert!(soon(|| processes_in(self.tmp.path()).is_empty()), "{:?}", processes_in(self.tmp.path()));
        self.ear.take().unwrap().join().unwrap();
        let text = self.heard.lock().unwrap().clone();
        let left: Vec<PathBuf> = fs::read_dir(self.tmp.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "{left:?}\n{text}");
        let mark = format!("bitbucket-sso-demo-{}-", self.child.id());
        let shared = fs::read_dir("/dev/shm").into_iter().flatten().flatten();
        let shared: Vec<_> = shared.filter(|entry| entry.file_name().to_string_lossy().starts_with(&mark)).collect();
        assert!(shared.is_empty(), "{shared:?}");
        assert_eq!(kernel_keys(&text), Vec::<String>::new(), "{text}");
        (status, text)
    }
}

/// A test that failed half-way ends the performance too.
impl Drop for Show {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal(Signal::TERM);
            _ = self.child.wait();
        }
    }
}

fn refused(words: &[&str], variables: &[(&str, &str)], code: i32, message: &str) {
    let (status, text) = Show::start(words, variables).end();
    assert_eq!(status.code(), Some(code), "{words:?}: {text}");
    assert!(text.starts_with(&format!("demo: {message}")), "{words:?}: {text}");
}

/// The built example lies beside the helper.
fn demo() -> PathBuf {
    let demo = Path::new(HELPER).with_file_name("examples").join("demo");
    assert!(demo.is_file(), "{} is missing; build it with: cargo build --examples", demo.display());
    demo
}

fn listen(mut reader: impl Read, heard: &Mutex<String>) {
    let mut some = [0; 4096];
    while let Ok(count @ 1..) = reader.read(&mut some) {
        heard.lock().unwrap().push_str(&String::from_utf8_lossy(&some[..count]));
    }
}

/// The kernel's keys of the home that the transcript names, but for those that it is about to clear away (`i` in
/// the second column of `proc_keys(5)`).
fn kernel_keys(transcript: &str) -> Vec<String> {
    let home = transcript.split_once("\ncreated ").and_then(|(_, rest)| rest.split_once("/.config/"));
    let Some((home, _)) = home else { return Vec::new() };
    let state = format!("{home}/.local/state/bitbucket-sso");
    let tag = format!(":{}:", &bitbucket_sso::basis::digest::of(state.as_bytes())[..8]);
    let all = fs::read_to_string("/proc/keys").unwrap_or_default();
    let alive = |line: &&str| !line.split_whitespace().nth(1).is_some_and(|flags| flags.contains('i'));
    all.lines().filter(|line| line.contains(&tag)).filter(alive).map(str::to_owned).collect()
}

/// Processes whose environment names this directory.
fn processes_in(directory: &Path) -> Vec<String> {
    let name = directory.to_str().unwrap();
    let all = fs::read_dir("/proc").unwrap().flatten();
    let inside = all.filter(|entry| {
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        String::from_utf8_lossy(&environment).contains(name)
    });
    inside.map(|entry| fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default()).collect()
}

fn in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { panic!("{part:?} is not where it belongs in:\n{text}") };
        rest = after;
    }
}

fn soon(condition: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(30);
    while Instant::now() < deadline {
        if condition() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}
