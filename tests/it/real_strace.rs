//! What the kernel sees: a hit does nothing slow, and no secret reaches an argument, an environment or a file.

use crate::desk::{Desk, feed, said, stderr, stdout};
use crate::practice::browser::Choice;
use crate::practice::cast::ALICE;
use crate::practice::{Options, Practice, Source};
use crate::tester::{lying_about, request};
use std::path::PathBuf;

#[test]
fn a_hit_opens_no_socket_starts_nothing_and_takes_no_lock() {
    for storage in ["kernel", "memory-file"] {
        let practice = Practice::start(&Options::default());
        let desk = signed_in(&practice, Source::Exchange, storage);
        let ask = request(practice.url(Source::Exchange));
        // The control: a miss does what the hit must not do.
        let miss = traced(&desk, "get", &ask);
        assert!(miss.calls("socket") > 0 && miss.locks() > 0, "{}", miss.text);
        let hit = traced(&desk, "get", &ask);
        assert_eq!(hit.printed, miss.printed, "{}", hit.text);
        assert!(hit.printed.contains("password="), "{}", hit.printed);
        assert_eq!(hit.slow(), [""; 0], "{storage}: {}", hit.text);
        // Memory files lie outside the desk.
        assert!(desk.helper().args(["logout", "--all"]).status().unwrap().success());
    }
}

#[test]
fn store_and_foreign_hosts_read_nothing_but_the_configuration() {
    let practice = Practice::start(&Options::default());
    let desk = signed_in(&practice, Source::Exchange, "kernel");
    let ours = request(practice.url(Source::Exchange));
    let first = traced(&desk, "get", &ours);
    let password = first.printed.lines().find(|line| line.starts_with("password=")).unwrap();
    let named = format!("{}{password}\nusername=x-token-auth\n\n", ours.replace("\n\n", "\n"));
    let foreign = request("https://github.example");

    let store = traced(&desk, "store", &named);
    assert_eq!((store.slow(), store.ours(&desk)), (vec![], vec![]), "{}", store.text);
    for verb in ["get", "erase"] {
        let answer = traced(&desk, verb, &foreign);
        assert_eq!((answer.printed.as_str(), answer.slow()), ("", vec![]), "{verb}: {}", answer.text);
        let config = desk.home().join(".config/bitbucket-sso/config.toml").display().to_string();
        assert_eq!(answer.ours(&desk), [config], "{verb}: {}", answer.text);
        assert_eq!(answer.calls("keyctl") + answer.calls("add_key") + answer.calls("write"), 0, "{}", answer.text);
    }
    let erase = traced(&desk, "erase", &named);
    // The mark must not undo a leader's write, so this one takes the host's lock; nothing else is slow.
    assert!(erase.slow().iter().all(|call| call.starts_with("flock")), "{}", erase.text);
    assert_eq!(erase.printed, "");
    assert!(stdout(&desk.get(&ours)).contains("password="), "the session stays");
}

#[test]
fn no_secret_of_a_whole_day_is_ever_an_argument_a_variable_or_a_file() {
    for source in [Source::CloudOauth, Source::DataCenterOauth, Source::Exchange, Source::Entra] {
        let practice = Practice::start(&Options::default());
        let desk = Desk::with(&practice, source).person(Choice::sign_in(ALICE));
        let url = practice.clone_url(source, "acme", "app");
        let trace = desk.path("trace");
        let mut clone = desk.command("strace");
        clone.args(["-f", "-e", "trace=execve", "-v", "-s", "200000", "-o"]).arg(&trace);
        let cloned = clone.args(["git", "clone", "-q", &url, "app"]).output().unwrap();
        assert!(cloned.status.success(), "{}", said(&cloned));
        let status = desk.helper().arg("status").output().unwrap();
        let json = desk.helper().args(["status", "--json"]).output().unwrap();
        let shown = desk.helper().args(["config", "show"]).output().unwrap();

        assert!(practice.journal.secrets().len() > 5, "the practice knows what to look for");
        let executed = std::fs::read_to_string(&trace).unwrap();
        assert!(executed.matches("execve(").count() > 5 && executed.contains("/authorize?"), "{executed}");
        assert_eq!(practice.journal.leaks(&executed), [""; 0], "{source:?}: {executed}");
        let told = [&cloned, &status, &json, &shown].map(said).join("\n");
        assert_eq!(practice.journal.leaks(&told), [""; 0], "{source:?}: {told}");

        // The user wrote the client's secret into the configuration; the trace and the tokens' own sealed files are ours.
        let config = desk.home().join(".config/bitbucket-sso/config.toml");
        assert_eq!(lying_about(&practice, &desk.path(""), &[config]), [""; 0], "{source:?}");
        let memory = PathBuf::from("/dev/shm");
        assert_eq!(lying_about(&practice, &memory, &[]), [""; 0], "{source:?}");
        let audit = std::fs::read_to_string(desk.state().join("audit.jsonl")).unwrap();
        assert!(audit.lines().count() > 0 && practice.journal.leaks(&audit).is_empty(), "{audit}");
        if matches!(source, Source::CloudOauth | Source::DataCenterOauth) {
            assert!(!lying_about(&practice, &desk.path(""), &[]).is_empty(), "what lies in clear is found");
        }
    }
}

/// A desk with a live session whose credential has not been asked for.
fn signed_in(practice: &Practice, source: Source, storage: &str) -> Desk {
    let config = format!("{}\n[storage]\nrefresh_tokens = \"{storage}\"\n", practice.config_toml(source));
    let desk = Desk::configured(practice, &config).person(Choice::sign_in(ALICE));
    let login = desk.helper().arg("login").output().unwrap();
    assert!(login.status.success(), "{}", said(&login));
    desk
}

/// What strace saw.
struct Trace {
    text: String,
    printed: String,
}

fn traced(desk: &Desk, verb: &str, input: &str) -> Trace {
    let file = desk.path("trace");
    let mut strace = desk.command("strace");
    strace.arg("-f").arg("-o").arg(&file).args([crate::desk::HELPER, verb]);
    let output = feed(&mut strace, input.as_bytes());
    assert_eq!(stderr(&output), "", "{}", said(&output));
    Trace { text: std::fs::read_to_string(file).unwrap(), printed: stdout(&output) }
}

impl Trace {
    /// How often a system call was made.
    fn calls(&self, name: &str) -> usize {
        self.lines().filter(|line| line.starts_with(&format!("{name}("))).count()
    }

    fn locks(&self) -> usize {
        self.calls("flock") + self.lines().filter(|line| line.starts_with("fcntl(") && line.contains("LK")).count()
    }

    /// Everything that a hit must not do.
    fn slow(&self) -> Vec<&str> {
        let never = ["socket", "connect", "clone", "clone3", "fork", "vfork", "flock", "fsync", "fdatasync"];
        let bad = |line: &&str| {
            let call = line.split('(').next().unwrap_or_default();
            never.contains(&call) || call == "fcntl" && line.contains("LK") || call == "execve"
        };
        // The first is the helper itself.
        self.lines().filter(bad).skip(1).collect()
    }

    /// The files of this desk that were opened.
    fn ours(&self, desk: &Desk) -> Vec<String> {
        let opened = self.lines().filter(|line| line.starts_with("open") && !line.contains("= -1"));
        let paths = opened.filter_map(|line| line.split('"').nth(1)).map(str::to_owned);
        let mut paths: Vec<_> = paths.filter(|path| path.starts_with(desk.path("").to_str().unwrap())).collect();
        paths.dedup();
        paths
    }

    /// Lines without the process in front.
    fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.lines().map(|line| line.split_once(' ').map_or(line, |(_, call)| call.trim_start()))
    }
}
