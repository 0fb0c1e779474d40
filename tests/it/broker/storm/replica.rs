//! One of several brokers on the same store, as a process that can be killed.

use crate::broker::BrokerDesk;
use crate::refusals::until;
use rustix::process::{Pid, Signal, kill_process};
use std::collections::HashSet;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command};

const BROKER: &str = env!("CARGO_BIN_EXE_bitbucket-sso-broker");

/// A replica with settings, port and record of its own.
pub struct Replica {
    pub base: String,
    settings: PathBuf,
    audit: PathBuf,
    log: PathBuf,
    child: Option<Child>,
}

impl Replica {
    /// Like the broker of the desk, but for the port and the record.
    pub fn of(desk: &BrokerDesk, name: &str) -> Self {
        let site = &desk.site;
        let port = crate::practice::free_port();
        let (audit, settings) =
            (site.dir.join(format!("audit-{name}.jsonl")), site.dir.join(format!("broker-{name}.toml")));
        let text = fs::read_to_string(site.settings()).unwrap();
        let text = text.replace(&format!("127.0.0.1:{}", site.port), &format!("127.0.0.1:{port}"));
        let text = text.replace(&site.dir.join("audit.jsonl").display().to_string(), &audit.display().to_string());
        fs::write(&settings, text).unwrap();
        let log = site.dir.join(format!("{name}.log"));
        Self { base: format!("https://localhost:{port}"), settings, audit, log, child: None }
    }

    pub fn start(&mut self) {
        let log = || File::options().create(true).append(true).open(&self.log).unwrap();
        let mut command = Command::new(BROKER);
        command.arg("serve").arg(&self.settings).env_clear().stdout(log()).stderr(log());
        self.child = Some(command.spawn().unwrap());
    }

    /// Starts it again if it has ended by itself, as a service manager does: without its store it does not start.
    pub fn keep_up(&mut self) {
        let ended = self.child.as_mut().is_none_or(|child| child.try_wait().unwrap().is_some());
        if ended {
            self.start();
        }
    }

    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Ends it as a service manager does.
    pub fn stop(&mut self) {
        let mut child = self.child.take().unwrap();
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        assert!(child.wait().unwrap().success(), "{}", self.said());
    }

    /// Waits for its `/readyz`.
    pub fn wait(&mut self, desk: &BrokerDesk) {
        let (client, url) = (desk.practice.client(), format!("{}/readyz", self.base));
        until("a replica that is ready", || {
            self.keep_up();
            client.get(&url, &[]).ok().filter(|answer| answer.status == 200)
        });
    }

    /// The digests of all tokens that its record says were handed out; the record must hold.
    pub fn recorded(&self) -> HashSet<String> {
        let verified = Command::new(BROKER).args(["audit", "verify"]).arg(&self.settings).output().unwrap();
        assert!(verified.status.success(), "{}{}", crate::desk::said(&verified), self.said());
        let text = fs::read_to_string(&self.audit).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let granted = lines.filter(|line| line["outcome"] == "ok");
        granted.filter_map(|line| Some(line["token_sha256"].as_str()?.to_owned())).collect()
    }

    /// What it has written to its service manager.
    pub fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.kill();
    }
}
