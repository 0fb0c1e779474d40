//! Many processes at once: one asks, all answer, and nobody waits for what he does not need (DESIGN.md sections 8, 9,
//! 10 and 14).

use crate::desk::{Desk, HELPER};
use crate::practice::browser::Choice;
use crate::practice::cast::ALICE;
use crate::practice::{Practice, Source};
use bitbucket_sso::basis::clock::{SystemClock, Timestamp};
use bitbucket_sso::basis::env::Env;
use bitbucket_sso::basis::secret::SecretBytes;
use bitbucket_sso::config::settings::StorageChoice;
use bitbucket_sso::config::{self, Places, Sources};
use bitbucket_sso::vault::{self, Slot};
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[path = "chaos.rs"]
pub mod chaos;
#[path = "queue/crash.rs"]
mod crash;
#[path = "queue/crowd.rs"]
mod crowd;
#[path = "queue/erase.rs"]
mod erase;
#[path = "queue/person.rs"]
mod person;
#[path = "queue/renewal.rs"]
mod renewal;

/// A process that was started and writes into files, so that a test can look at what it says while it runs.
struct Running {
    child: Child,
    base: PathBuf,
}

/// How a process ended.
struct Ended {
    status: ExitStatus,
    out: String,
    err: String,
}

impl Running {
    /// The helper, asked for a credential of this host.
    fn get(desk: &Desk, url: &str) -> Self {
        let mut command = desk.helper();
        command.arg("get").stdin(input(desk, url));
        Self::start(desk, &mut command)
    }

    fn start(desk: &Desk, command: &mut Command) -> Self {
        let base = tempfile::Builder::new().prefix("run").tempdir_in(desk.path("")).unwrap().keep();
        let file = |name: &str| File::create(base.join(name)).unwrap();
        let child = command.stdout(file("out")).stderr(file("err")).spawn().unwrap();
        Self { child, base }
    }

    fn pid(&self) -> u32 {
        self.child.id()
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.pid()).unwrap()).unwrap();
        // One that has ended is past all signals.
        _ = rustix::process::kill_process(pid, signal);
    }

    /// What it has said on standard error so far.
    fn says(&self) -> String {
        self.read("err")
    }

    fn read(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.base.join(name)).unwrap()).into_owned()
    }

    fn end(mut self) -> Ended {
        let mut status = None;
        let done = within(PATIENCE, || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        if !done {
            _ = self.child.kill();
            panic!("it does not end; it said: {}", self.says());
        }
        Ended { status: status.unwrap(), out: self.read("out"), err: self.read("err") }
    }
}

impl Ended {
    /// The token; a failure fails the test.
    fn token(&self) -> String {
        assert!(self.status.success(), "{:?}\n{}", self.status, self.err);
        let password = self.out.lines().find_map(|line| line.strip_prefix("password="));
        password.unwrap_or_else(|| panic!("no password in {:?}", self.out)).to_owned()
    }

    /// The identifier of the failure.
    fn id(&self) -> String {
        let found = self.err.lines().rev().find_map(|line| line.strip_suffix(']')?.rsplit_once('['));
        found.unwrap_or_else(|| panic!("no identifier in {:?}", self.err)).1.to_owned()
    }
}

/// What git writes to a helper for this host, as a file to read from.
fn input(desk: &Desk, url: &str) -> File {
    let path = desk.path("request");
    if !path.exists() {
        fs::create_dir(&path).unwrap();
    }
    let file = path.join(url.replace(['/', ':'], "_"));
    if !file.exists() {
        fs::write(&file, request(url)).unwrap();
    }
    File::open(file).unwrap()
}

fn request(url: &str) -> String {
    let (protocol, rest) = url.split_once("://").unwrap();
    format!("protocol={protocol}\nhost={}\n\n", rest.split('/').next().unwrap())
}

/// One `get` that has to succeed: its token.
fn token(desk: &Desk, url: &str) -> String {
    Running::get(desk, url).end().token()
}

/// A desk with these hosts of one account, at which Alice has signed in for the first of them.
fn signed_in(practice: &Practice, sources: &[Source]) -> Desk {
    let desk = desk(practice, sources);
    let first = practice.url(sources[0]);
    let running = Running::get(&desk, first);
    let page = page(&desk);
    desk.walk(&page, &Choice::sign_in(ALICE));
    running.end().token();
    desk
}

/// A desk with these hosts of one account.
fn desk(practice: &Practice, sources: &[Source]) -> Desk {
    let hosts: Vec<String> = sources.iter().map(|source| practice.host_toml(*source)).collect();
    Desk::configured(practice, &format!("{}\n{}", practice.entra_toml(), hosts.join("\n")))
}

/// The one page that has been opened, as soon as it has.
fn page(desk: &Desk) -> String {
    let mut pages = Vec::new();
    until("a page is opened", || {
        pages.extend(desk.waiting_pages());
        !pages.is_empty()
    });
    assert_eq!(pages.len(), 1, "{pages:?}");
    pages.remove(0)
}

/// The command line in a terminal of its own, in its foreground.
fn in_terminal(desk: &Desk, line: &str) -> Command {
    let mut command = desk.command("script");
    command.args(["-qefc", line, "/dev/null"]).env("SHELL", "/bin/sh");
    command
}

/// What makes the helper answer for this host in a terminal.
fn get_line(desk: &Desk, url: &str) -> String {
    drop(input(desk, url));
    let request = desk.path("request").join(url.replace(['/', ':'], "_"));
    format!("exec {HELPER} get < {}", request.display())
}

/// Lets time pass for what is cached of a host: its credential, or what Entra said, or both.
fn age(desk: &Desk, url: &str, what: &[Kept], seconds: i64) {
    let home = desk.home();
    let env = Env::fixed([("HOME", home.to_str().unwrap())]);
    let places = Places::of(&env);
    let sources = Sources { places: places.clone(), env: env.clone(), flags: Vec::new() };
    let settings = config::load(&sources).unwrap().settings;
    let host = settings.hosts.iter().find(|host| host.url.to_string().trim_end_matches('/') == url).unwrap();
    let account = config::account_id(settings.profile(host).unwrap());
    let cache = vault::hot(StorageChoice::Kernel, false, &places.state, &env, Arc::new(SystemClock));
    for kept in what {
        let slot = match kept {
            Kept::Credential => Slot::Credential(config::host_id(&account, host)),
            Kept::Proof => Slot::Access(account.clone(), host.source.entra_scope().unwrap_or_default().to_owned()),
        };
        let bytes = cache.read(&account, &slot).unwrap_or_else(|| panic!("nothing is cached as {kept:?}"));
        let mut record: serde_json::Value = serde_json::from_slice(bytes.expose()).unwrap();
        for name in ["issued", "expires", "confirmed"] {
            if let Some(moment) = record[name].as_i64() {
                record[name] = (moment - seconds).into();
            }
        }
        let until = Timestamp(record["session_ends"].as_i64().unwrap());
        cache.write(&account, &slot, &SecretBytes::new(record.to_string().into_bytes()), until).unwrap();
    }
}

/// What the hot cache keeps of a host.
#[derive(Clone, Copy, Debug)]
enum Kept {
    Credential,
    Proof,
}

/// Everything that is cached for a host has ended; session and grant have not.
fn expire(desk: &Desk, url: &str) {
    age(desk, url, &[Kept::Credential, Kept::Proof], 8 * 3600);
}

/// What the helper remembers of the account, as JSON.
fn notes(desk: &Desk) -> serde_json::Value {
    let Ok(mut folder) = fs::read_dir(desk.state().join("accounts")) else { return serde_json::Value::Null };
    let file = folder.find_map(|entry| Some(entry.ok()?.path()).filter(|path| path.extension().is_some()));
    file.map_or(serde_json::Value::Null, |file| serde_json::from_slice(&fs::read(file).unwrap()).unwrap())
}

/// Waits for a condition, and fails the test if it does not come true.
fn until(what: &str, condition: impl FnMut() -> bool) {
    assert!(within(PATIENCE, condition), "not within {PATIENCE:?}: {what}");
}

fn within(patience: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + patience;
    while !condition() {
        if Instant::now() > end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

/// Long enough for two busy cores.
const PATIENCE: Duration = Duration::from_secs(60);
