//! A real PostgreSQL of a test's own, on a socket in a directory of its own; gone with the test.

use crate::pty::until;
use crate::tester::TESTER;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running cluster.
pub struct Cluster {
    dir: tempfile::TempDir,
    server: Option<Child>,
}

impl Cluster {
    /// Makes and starts one; `tests/run` installs the program.
    pub fn start() -> Self {
        let dir = tempfile::Builder::new().prefix("pg").tempdir().unwrap();
        let given = Command::new("chown").arg(user()).arg(dir.path()).status().unwrap();
        assert!(given.success(), "`tests/run` makes the user {TESTER}");
        let data = dir.path().join("data");
        let options = ["--no-sync", "--auth=trust", "--username=broker", "--encoding=UTF8", "--locale=C", "-D"];
        let made = program("initdb").args(options).arg(&data).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut cluster = Self { dir, server: None };
        cluster.resume();
        cluster
    }

    /// The URL of its one database.
    pub fn url(&self) -> String {
        let socket = self.dir.path().display().to_string().replace('/', "%2F");
        format!("postgres://broker@{socket}/postgres")
    }

    /// Stops it at once, as when its machine is gone.
    pub fn stop(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        let pid = rustix::process::Pid::from_child(&server);
        // Immediate shutdown: the child processes go too.
        rustix::process::kill_process(pid, rustix::process::Signal::QUIT).unwrap();
        server.wait().unwrap();
    }

    /// Starts it again, with what it held.
    pub fn resume(&mut self) {
        let data = self.data();
        let mut command = program("postgres");
        command.arg("-D").arg(&data).arg("-k").arg(self.dir.path());
        command.args(["-c", "listen_addresses=", "-c", "fsync=off"]);
        self.server = Some(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let ready = || fs::read_to_string(data.join("postmaster.pid")).ok()?.contains("ready").then_some(());
        until(ready).expect("PostgreSQL starts");
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A program of PostgreSQL, as somebody who is not root.
fn program(name: &str) -> Command {
    let path = newest().join(name);
    let mut command = if rustix::process::geteuid().is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", TESTER, "--regid", TESTER, "--init-groups", "--"]).arg(path);
        command
    } else {
        Command::new(path)
    };
    command.current_dir("/").stdin(Stdio::null());
    command
}

fn user() -> String {
    let uid = rustix::process::geteuid();
    if uid.is_root() { TESTER.to_owned() } else { uid.as_raw().to_string() }
}

/// Debian keeps every version in a directory of its own, and none of them in the path.
fn newest() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let number = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.map(|entry| entry.path()).max_by_key(|path| number(path));
    newest.expect("the Debian package postgresql is installed").join("bin")
}
