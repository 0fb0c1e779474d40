//! A real PostgreSQL of a test's own, on a socket in a directory of its own; gone with the test.

use crate::pty::until;
use crate::tester::TESTER;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running cluster.
pub struct Cluster {
    dir: tempfile::TempDir,
    server: Option<Child>,
    /// Where it answers over TLS, if it does.
    port: Option<u16>,
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
        let mut cluster = Self { dir, server: None, port: None };
        cluster.resume();
        cluster
    }

    /// The URL of its one database.
    pub fn url(&self) -> String {
        let socket = self.dir.path().display().to_string().replace('/', "%2F");
        format!("postgres://broker@{socket}/postgres")
    }

    /// Lets it answer over TLS on this machine, as `localhost` and by a certificate of its own, which is also the
    /// authority; the URL without that authority, and the authority's file.
    pub fn with_tls(mut self) -> (Self, String, PathBuf) {
        self.stop();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (certificate, key) = (self.dir.path().join("tls.crt"), self.dir.path().join("tls.key"));
        fs::write(&certificate, made.cert.pem()).unwrap();
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        let given = Command::new("chown").arg(user()).args([&certificate, &key]).status().unwrap();
        assert!(given.success());
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        self.port = Some(port);
        self.resume();
        (self, format!("postgres://broker@localhost:{port}/postgres"), certificate)
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
        command.args(["-c", "fsync=off"]);
        match self.port {
            None => command.args(["-c", "listen_addresses="]),
            Some(port) => {
                let file = |name: &str| self.dir.path().join(name).display().to_string();
                let set = [format!("ssl_cert_file={}", file("tls.crt")), format!("ssl_key_file={}", file("tls.key"))];
                command.args(["-c", "listen_addresses=localhost", "-c", "ssl=on", "-c", &set[0], "-c", &set[1]]);
                command.args(["-p", &port.to_string()])
            }
        };
        self.server = Some(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let ready = || fs::read_to_string(data.join("postmaster.pid")).ok()?.contains("ready").then_some(());
        until(ready).expect("PostgreSQL starts");
    }

    /// The first column of what a query finds.
    pub fn column(&self, query: &str) -> Vec<String> {
        let mut psql = Command::new(newest().join("psql"));
        psql.args(["-qAt", "-U", "broker", "-d", "postgres", "-c", query, "-h"]).arg(self.dir.path());
        let found = psql.output().unwrap();
        assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
        String::from_utf8(found.stdout).unwrap().lines().map(str::to_owned).collect()
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
