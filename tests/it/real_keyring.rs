//! A real Secret Service, as an ordinary user: open, locked, hanging, missing.

use crate::desk::{feed, said, stderr, stdout};
use crate::practice::{Options, Practice, Source};
use crate::pty::until;
use crate::tester::{Daemon, Place, files, lying_about, request};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

#[test]
fn a_session_in_the_keyring_is_found_by_the_next_process_and_by_nobody_who_reads_files() {
    let desk = Desk::open(Source::DataCenterOauth);
    desk.place.sign_in_by_browser(&desk.practice);

    let status: Value = serde_json::from_slice(&desk.helper(&["status", "--json"]).stdout).unwrap();
    let account = &status["accounts"][0];
    assert_eq!((&account["signed_in"], &account["storage"]), (&true.into(), &"keyring".into()), "{status}");
    let sealed = desk.helper(&["status"]);
    assert!(stdout(&sealed).contains("kept in the keyring"), "{}", said(&sealed));

    let found = desk.place.command("secret-tool").args(["search", "--all", "service", "bitbucket-sso"]).output();
    let found = said(&found.unwrap());
    assert!(found.contains("attribute.service = bitbucket-sso"), "{found}");

    let leaks = lying_about(&desk.practice, &desk.place.home(), &[desk.config()]);
    assert!(leaks.is_empty(), "{leaks:?}");
    let keyrings = desk.place.home().join(".local/share/keyrings");
    assert!(files(&keyrings).len() > 1, "the daemon keeps it in {}", keyrings.display());
}

#[test]
fn doctor_writes_reads_and_removes_an_item_and_tells_a_locked_keyring() {
    let desk = Desk::open(Source::Exchange);
    let storage = |output: &Output| {
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        report["findings"].as_array().unwrap().iter().find(|finding| finding["check"] == "storage").cloned().unwrap()
    };
    let open = storage(&desk.helper(&["doctor", "--json", "--offline"]));
    assert_eq!((&open["severity"], &open["evidence"]["place"]), (&"ok".into(), &"keyring".into()), "{open:#}");
    let left = desk.place.command("secret-tool").args(["search", "--all", "service", "bitbucket-sso"]).output();
    assert!(!said(&left.unwrap()).contains("attribute."), "the item stays");
    desk.lock();
    let locked = storage(&desk.helper(&["doctor", "--json", "--offline"]));
    assert_eq!((&locked["severity"], &locked["id"]), (&"error".into(), &"keyring-locked".into()), "{locked:#}");
}

#[test]
fn a_hit_needs_no_keyring_and_a_miss_says_what_is_wrong_with_it() {
    let mut desk = Desk::open(Source::Exchange);
    let signed_in = desk.place.sign_in(&desk.practice);
    assert!(signed_in.status.success(), "{}", said(&signed_in));
    let first = desk.get();
    assert!(stdout(&first).contains("password="), "{}", said(&first));

    desk.lock();
    assert_eq!(desk.get().stdout, first.stdout, "a hit does not care whether it is locked");
    desk.forget_hot();
    desk.refused("keyring-locked", "unlock your keyring");

    desk.signal("-STOP");
    let begun = Instant::now();
    desk.refused("keyring-hangs", "did not answer within 3 seconds");
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(3) && took < Duration::from_secs(10), "{took:?}");
    desk.signal("-CONT");
    desk.refused("keyring-locked", "unlock your keyring");

    desk.place.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    desk.refused("keyring-missing", "start a Secret Service");
}

#[test]
fn a_hit_talks_to_nobody() {
    let mut desk = Desk::open(Source::Exchange);
    assert!(desk.place.sign_in(&desk.practice).status.success());
    let first = desk.get();
    desk.place.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    assert_eq!(desk.get().stdout, first.stdout);
    desk.place.set("DBUS_SESSION_BUS_ADDRESS", &desk.bus);
    desk.signal("-STOP");
    assert_eq!(desk.get().stdout, first.stdout);
    desk.signal("-CONT");
}

#[test]
fn logout_leaves_no_token_in_the_keyring() {
    let desk = Desk::open(Source::DataCenterOauth);
    desk.place.sign_in_by_browser(&desk.practice);
    let entries = || {
        let search = ["search", "--all", "service", "bitbucket-sso"];
        said(&desk.place.command("secret-tool").args(search).output().unwrap()).matches("attribute.service").count()
    };
    assert!(entries() >= 3, "session, grant, and the key that seals the audit trail");
    let out = desk.helper(&["logout", "--all"]);
    assert!(out.status.success(), "{}", said(&out));
    assert_eq!(entries(), 1, "the trail outlives the session, and so does its key");
}

#[test]
fn what_other_helpers_left_in_the_keyring_is_told_and_erased_and_not_behind_a_lock() {
    let desk = Desk::open(Source::Exchange);
    let url = desk.practice.url(desk.source).to_owned();
    let (_, port) = url.rsplit_once(':').unwrap();
    let manager = ["xdg:schema", "com.microsoft.GitCredentialManager", "account", "ada", "service"];
    let of_git = ["protocol", "https", "server", "localhost", "user", "ada", "port"];
    let fill = || {
        desk.store(&[&of_git[..], &[port]].concat());
        desk.store(&[&manager[..], &[&format!("git:{url}/refresh_token")]].concat());
    };
    fill();
    desk.store(&[&of_git[..], &["1"]].concat());
    desk.store(&[&manager[..], &["git:https://github.com"]].concat());

    let looked = desk.migrate(&[]);
    assert_eq!(looked, [(url.clone(), "ada".to_owned(), None, false), (url.clone(), "ada".to_owned(), None, false)]);
    let text = desk.helper(&["setup", "--migrate", "--erase", "--yes"]);
    assert!(text.status.success() && stdout(&text).contains("/org/freedesktop/secrets/"), "{}", said(&text));
    assert!(!said(&text).contains(CANARY), "{}", said(&text));
    assert_eq!(desk.migrate(&[]), []);
    let left = desk.place.command("secret-tool").args(["search", "--all", "xdg:schema", manager[1]]).output().unwrap();
    assert!(stdout(&left).contains(CANARY) && said(&left).contains("git:https://github.com"), "{}", said(&left));

    fill();
    desk.lock();
    let locked = desk.migrate(&["--erase", "--yes"]);
    assert_eq!(locked.len(), 2, "{locked:?}");
    assert!(locked.iter().all(|(_, _, left, done)| left.as_deref().unwrap().contains("locked") && !done), "{locked:?}");
    desk.signal("-STOP");
    assert_eq!(desk.migrate(&[]), [], "a service that hangs is one that is not there");
    desk.signal("-CONT");
}

/// The library's own tests of the door, against the same daemon.
#[test]
fn the_librarys_tests_pass_against_this_daemon() {
    let mut desk = Desk::open(Source::Exchange);
    desk.unit_test("open", "secret_service_keeps");
    desk.lock();
    desk.unit_test("locked", "secret_service_locked");
    desk.signal("-STOP");
    desk.unit_test("frozen", "secret_service_frozen");
    desk.signal("-CONT");
    desk.place.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    desk.unit_test("missing", "secret_service_missing");
}

/// An ordinary user's desk with a session bus and an unlocked keyring.
struct Desk {
    /// Ends before the places it lives in go away.
    _session: Daemon,
    practice: Practice,
    place: Place,
    source: Source,
    bus: String,
    daemon: u32,
}

impl Desk {
    fn open(source: Source) -> Self {
        let practice = Practice::start(&Options::default());
        let storage = "[storage]\nrefresh_tokens = \"keyring\"\n";
        let mut place = Place::new().configured(&practice, source, storage);
        let mut session = place.command("dbus-run-session");
        let session = session.args(["--", "sh", "-c", SESSION]).stdin(Stdio::piped()).stdout(Stdio::null());
        let session = Daemon(session.stderr(Stdio::null()).spawn().unwrap());
        let read = |name: &str| {
            let path = place.path("open").join(name);
            until(|| fs::read_to_string(&path).ok().filter(|text| text.ends_with('\n'))).expect(name).trim().to_owned()
        };
        let (bus, daemon) = (read("bus"), read("daemon").parse().unwrap());
        place.set("DBUS_SESSION_BUS_ADDRESS", &bus);
        let desk = Self { practice, place, source, bus, daemon, _session: session };
        // Asking the service itself before it has its name would have the bus start another one, which is locked.
        let owned = ["/", "org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"];
        let ready = || desk.call("org.freedesktop.DBus", &owned).contains("boolean true").then_some(());
        until(ready).expect("the keyring daemon is ready");
        desk
    }

    fn helper(&self, arguments: &[&str]) -> Output {
        self.place.helper(arguments).output().unwrap()
    }

    fn get(&self) -> Output {
        feed(&mut self.place.helper(&["get"]), request(self.practice.url(self.source)).as_bytes())
    }

    /// Git asks, and is told to stop; the person reads why.
    fn refused(&self, id: &str, words: &str) {
        let output = self.get();
        assert_eq!((output.status.code(), stdout(&output).trim()), (Some(7), "quit=1"), "{id}: {}", said(&output));
        let text = stderr(&output);
        assert!(text.contains(&format!("[{id}]")) && text.contains(words), "{id}: {text}");
    }

    /// Another program keeps something.
    fn store(&self, attributes: &[&str]) {
        let mut store = self.place.command("secret-tool");
        let output = feed(store.args(["store", "--label=theirs"]).args(attributes), CANARY.as_bytes());
        assert!(output.status.success(), "{}", said(&output));
    }

    /// What `setup --migrate` tells: host, user, why it is left, whether it was changed.
    fn migrate(&self, more: &[&str]) -> Vec<(String, String, Option<String>, bool)> {
        let output = self.helper(&[&["setup", "--migrate", "--json"], more].concat());
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)));
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let row = |row: &Value| {
            assert_eq!(row["kind"], "keyring-item", "{row}");
            (text(&row["host"]).unwrap(), text(&row["user"]).unwrap(), text(&row["left"]), row["changed"] == true)
        };
        report["found"].as_array().unwrap().iter().map(row).collect()
    }

    fn config(&self) -> PathBuf {
        self.place.home().join(".config/bitbucket-sso/config.toml")
    }

    /// Every cached credential is gone.
    fn forget_hot(&self) {
        let hot = files(self.place.runtime()).into_iter().chain(files(&self.place.home().join(".local/state")));
        let hot: Vec<_> = hot.filter(|file| file.to_string_lossy().contains("hot")).collect();
        assert!(!hot.is_empty(), "something was cached");
        for file in hot {
            fs::remove_file(file).unwrap();
        }
    }

    fn lock(&self) {
        let collection = "array:objpath:/org/freedesktop/secrets/collection/login";
        let said = self.call(
            "org.freedesktop.secrets",
            &["/org/freedesktop/secrets", "org.freedesktop.Secret.Service.Lock", collection],
        );
        assert!(said.contains("collection/login"), "{said}");
    }

    fn call(&self, whom: &str, arguments: &[&str]) -> String {
        let to = ["--session", "--print-reply", &format!("--dest={whom}")];
        said(&self.place.command("dbus-send").args(to).args(arguments).output().unwrap())
    }

    fn signal(&self, signal: &str) {
        let sent = self.place.command("kill").args([signal, &self.daemon.to_string()]).status();
        assert!(sent.unwrap().success());
    }

    fn unit_test(&self, state: &str, name: &str) {
        let copy = self.place.path("unit-tests");
        fs::copy(library_tests(), &copy).unwrap();
        let mut tests = self.place.command(&copy);
        let output = tests.arg(name).arg("--nocapture").env("BITBUCKET_SSO_TEST_SECRET_SERVICE", state).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}", said(&output));
        assert!(
            !stdout(&output).contains("running 0 tests") && !stderr(&output).contains("not run:"),
            "{}",
            said(&output)
        );
    }
}

/// The newest build of the library's unit tests, beside this one.
fn library_tests() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let beside = fs::read_dir(this.parent().unwrap()).unwrap().flatten();
    let ours = beside.filter(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        name.starts_with("bitbucket_sso-") && !name.contains('.')
    });
    let newest = ours.max_by_key(|entry| entry.metadata().and_then(|meta| meta.modified()).unwrap());
    newest.expect("`cargo nextest run` builds the library's tests too").path()
}

const CANARY: &str = "canary-9c41d2";
/// Leaves the bus's address and the daemon's process id, then lives as long as its standard input.
const SESSION: &str = "
printf secret | gnome-keyring-daemon --foreground --unlock --components=secrets &
daemon=$!
echo $daemon > daemon
echo \"$DBUS_SESSION_BUS_ADDRESS\" > bus
cat
kill -KILL $daemon
wait
";
