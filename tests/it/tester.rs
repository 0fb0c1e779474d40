//! An ordinary user of this machine: programs that refuse root, and keyrings of one's own, are tested as that user.

use crate::desk::{HELPER, said};
use crate::practice::browser::{self, Choice};
use crate::practice::{Practice, Source, cast};
use crate::pty::until;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// Who the tests are when the suite runs as root; `tests/run` makes this user.
pub const TESTER: &str = "bitbucket-sso-test";

/// A place that an ordinary user can use: home, runtime directory in memory, and a copy of the helper.
pub struct Place {
    dir: tempfile::TempDir,
    runtime: tempfile::TempDir,
    /// What `setpriv` calls the user; `None` for whoever runs the suite.
    user: Option<String>,
    variables: Vec<(String, String)>,
}

impl Place {
    /// A place whose user is an ordinary one: the suite's own, or the one made for it.
    pub fn new() -> Self {
        let user = rustix::process::geteuid().is_root().then(|| TESTER.to_owned());
        Self::of(user)
    }

    /// A place of a user who has no name and nothing else running here; `None` where only root could do that.
    pub fn of_nobody_else(uid: u32) -> Option<Self> {
        rustix::process::geteuid().is_root().then(|| Self::of(Some(uid.to_string())))
    }

    fn of(user: Option<String>) -> Self {
        let dir = tempfile::Builder::new().prefix("desk").tempdir().unwrap();
        let runtime = tempfile::Builder::new().prefix("desk").tempdir_in("/dev/shm").unwrap();
        let place = Self { dir, runtime, user, variables: Vec::new() };
        fs::set_permissions(place.path(""), fs::Permissions::from_mode(0o755)).unwrap();
        fs::copy(HELPER, place.helper_path()).unwrap();
        for dir in [place.home(), place.path("open")] {
            fs::create_dir(dir).unwrap();
        }
        place.give(place.runtime.path());
        place
    }

    /// With the configuration of this practice for one source.
    pub fn configured(self, practice: &Practice, source: Source, more: &str) -> Self {
        self.with_config(practice, &format!("{}\n{more}", practice.config_toml(source)))
    }

    /// With this configuration, whose authority is copied to where the user can read it.
    pub fn with_config(self, practice: &Practice, config: &str) -> Self {
        fs::copy(practice.ca(), self.ca()).unwrap();
        let (known, readable) = (practice.ca().display().to_string(), self.ca().display().to_string());
        let folder = self.home().join(".config/bitbucket-sso");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config.toml"), config.replace(&known, &readable)).unwrap();
        self.give(&self.home());
        self.give(&self.path("open"));
        self
    }

    /// With one more variable in the environment of everything that runs here.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// A path in this place.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The home directory.
    pub fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// The runtime directory, in memory.
    pub fn runtime(&self) -> &Path {
        self.runtime.path()
    }

    /// The authority's certificate.
    pub fn ca(&self) -> PathBuf {
        self.path("ca.pem")
    }

    /// The user's copy of the helper.
    pub fn helper_path(&self) -> PathBuf {
        self.path("git-credential-bitbucket-sso")
    }

    /// The helper, as the user.
    pub fn helper(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(self.helper_path());
        command.args(arguments);
        command
    }

    /// Any program, as the user.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        self.inside(&[], program)
    }

    /// The same behind a program that root starts, such as `unshare`.
    pub fn inside(&self, before: &[&str], program: impl AsRef<OsStr>) -> Command {
        let mut words: Vec<&OsStr> = before.iter().map(OsStr::new).collect();
        if let Some(user) = &self.user {
            let groups = if user == TESTER { "--init-groups" } else { "--clear-groups" };
            let as_user = ["setpriv", "--reuid", user, "--regid", user, groups, "--"];
            words.extend(as_user.map(OsStr::new));
        }
        words.push(program.as_ref());
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env_clear().current_dir(self.path("open")).stdin(Stdio::null());
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("HOME", self.home()).env("LANG", "C.UTF-8").env("GIT_CONFIG_NOSYSTEM", "1");
        command.env("XDG_RUNTIME_DIR", self.runtime.path()).env("GIT_SSL_CAINFO", self.ca());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Signs Alice in with a device code, by the command that `make` prepares.
    pub fn sign_in_with(practice: &Practice, mut login: Command) -> Output {
        let login = login.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        if let Some(code) = until(|| practice.entra.waiting_codes().pop()) {
            practice.entra.approve(&code, cast::ALICE).unwrap();
        }
        login.wait_with_output().unwrap()
    }

    /// Signs Alice in with a device code.
    pub fn sign_in(&self, practice: &Practice) -> Output {
        Self::sign_in_with(practice, self.helper(&["login", "--device-code"]))
    }

    /// Signs Alice in with a browser, which is scripted; has the consents of hosts in the same tab.
    pub fn sign_in_by_browser(&self, practice: &Practice) {
        let opened = self.path("open/opened");
        let script = self.path("browser");
        fs::write(&script, BROWSER).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        let mut login = self.helper(&["login", "--browser"]);
        let login = login.env("BROWSER", &script).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let page = until(|| fs::read_to_string(&opened).ok()).expect("a page was opened");
        browser::walk(page.trim(), practice.ca(), &Choice::sign_in(cast::ALICE)).unwrap();
        let login = login.wait_with_output().unwrap();
        assert!(login.status.success(), "{}", said(&login));
    }

    /// Makes the user the owner.
    fn give(&self, path: &Path) {
        if let Some(user) = &self.user {
            let given = Command::new("chown").args(["-R", &format!("{user}:{user}")]).arg(path).status().unwrap();
            assert!(given.success(), "`tests/run` makes the user {TESTER}; by hand: useradd --create-home {TESTER}");
        }
    }
}

/// Leaves the address for the test to walk.
const BROWSER: &str = "#!/bin/sh\ncd \"${0%/*}/open\" && printf '%s\\n' \"$1\" > new && mv new opened\n";

/// What git asks for this host.
pub fn request(url: &str) -> String {
    let (protocol, rest) = url.split_once("://").unwrap();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = if path.is_empty() { String::new() } else { format!("path={path}\n") };
    format!("protocol={protocol}\nhost={host}\n{path}\n")
}

/// The secrets of the practice that lie in clear in any file under `dir`, as "file: secret".
pub fn lying_about(practice: &Practice, dir: &Path, except: &[PathBuf]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files(dir).into_iter().filter(|file| !except.contains(file)) {
        let bytes = fs::read(&file).unwrap_or_default();
        let leaks = practice.journal.leaks(&String::from_utf8_lossy(&bytes));
        found.extend(leaks.iter().map(|leak| format!("{}: {leak}", file.display())));
    }
    found
}

/// All files under a directory.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(files(&entry.path()));
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    found
}

/// A process that ends with the test.
pub struct Daemon(pub Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        // The end of its input ends it and what it started.
        drop(self.0.stdin.take());
        _ = self.0.wait();
    }
}
