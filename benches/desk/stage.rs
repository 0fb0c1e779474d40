//! The home, its configurations, and the sign-in.

use crate::practice::browser::{self, Choice};
use crate::practice::{Options, Practice, Source, cast};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Practice servers and a home; both go when dropped, and so do the keys in the kernel.
pub struct Stage {
    practice: Practice,
    helper: PathBuf,
    dir: PathBuf,
}

impl Stage {
    /// Signs in the account of the practice's host, and `accounts` more of other profiles.
    pub fn build(helper: &Path, dir: &Path, accounts: usize) -> Self {
        let stage = Self {
            practice: Practice::start(&Options::default()),
            helper: helper.canonicalize().unwrap(),
            dir: dir.into(),
        };
        fs::create_dir(dir).unwrap();
        for name in ["home", "inbox"] {
            fs::create_dir(stage.path(name)).unwrap();
        }
        stage.write_browser();
        for hosts in GROWTH {
            stage.write_config(&format!("hosts-{hosts}"), &stage.with_hosts(hosts));
        }
        stage.write_config(MANY, &stage.with_accounts(accounts));
        stage.sign_in(MANY);
        stage.write_request("hit", stage.practice.url(Source::Exchange));
        stage.write_request("foreign", "https://github.example");
        // The credentials of the other accounts wait in the cache too.
        for account in 1..accounts {
            stage.write_request("other", &other(account));
            stage.get(MANY, "other");
        }
        stage.get(ONE, "hit");
        stage
    }

    /// Where everything is, for a shell; any account will do for the floor.
    pub fn told(&self) -> String {
        let hot = self.path("home/.local/state/bitbucket-sso/hot");
        let account = entries(&hot).next().unwrap();
        let slot = entries(&account).find(|slot| slot.to_string_lossy().contains("/credential-")).unwrap();
        let key = format!("bitbucket-sso:hot:{}:{}", self.tag(), account.file_name().unwrap().to_string_lossy());
        format!("DESK='{}'\nKEY='{key}'\nSLOT='{}'", self.dir.display(), slot.display())
    }

    fn get(&self, config: &str, request: &str) {
        let stdin = fs::File::open(self.path(request)).unwrap();
        let output = self
            .helper(config)
            .arg("get")
            .stdin(stdin)
            .stderr(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(String::from_utf8_lossy(&output.stdout).contains("password="), "{said}");
    }

    fn sign_in(&self, config: &str) {
        let mut login = self.helper(config).args(["login", "--browser"]).stderr(Stdio::piped()).spawn().unwrap();
        while login.try_wait().unwrap().is_none() {
            for entry in fs::read_dir(self.path("inbox")).unwrap().flatten() {
                let page = fs::read_to_string(entry.path()).unwrap();
                fs::remove_file(entry.path()).unwrap();
                browser::walk(page.trim(), self.practice.ca(), &Choice::sign_in(cast::ALICE)).unwrap();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let output = login.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn helper(&self, config: &str) -> Command {
        let mut command = Command::new(&self.helper);
        command.env_clear().current_dir(&self.dir).stdin(Stdio::null()).stdout(Stdio::null());
        command.env("PATH", "/usr/bin:/bin").env("HOME", self.path("home")).env("BROWSER", self.path("browser"));
        command.env("XDG_CONFIG_HOME", self.path(config)).env("GIT_CONFIG_NOSYSTEM", "1");
        command
    }

    /// The practice's host, and others before it.
    fn with_hosts(&self, hosts: usize) -> String {
        let mut text = self.head();
        for host in 1..hosts {
            text.push_str(&self.host(&format!("https://host-{host}.example"), ""));
        }
        text + &self.practice.host_toml(Source::Exchange)
    }

    /// One profile and one host for each further account.
    fn with_accounts(&self, accounts: usize) -> String {
        let mut text = self.head();
        let base = &self.practice.entra.base;
        for account in 1..accounts {
            let (tenant, client) = (cast::TENANT, cast::CLIENT);
            let profile = format!("tenant = \"{tenant}\"\nclient_id = \"{client}\"\nauthority = \"{base}\"\n");
            writeln!(text, "[entra.p{account}]\n{profile}").unwrap();
            text.push_str(&self.host(&other(account), &format!("entra = \"p{account}\"\n")));
        }
        text + &self.practice.host_toml(Source::Exchange)
    }

    fn head(&self) -> String {
        format!("{}\n[storage]\nrefresh_tokens = \"kernel\"\n\n", self.practice.entra_toml())
    }

    fn host(&self, url: &str, more: &str) -> String {
        let host = self.practice.host_toml(Source::Exchange).replace(self.practice.url(Source::Exchange), url);
        format!("{host}{more}\n")
    }

    fn write_config(&self, name: &str, text: &str) {
        let folder = self.path(name).join("bitbucket-sso");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config.toml"), text).unwrap();
    }

    fn write_request(&self, name: &str, url: &str) {
        let (protocol, host) = url.split_once("://").unwrap();
        let lines = ["capability[]=authtype", "capability[]=state"].join("\n");
        let text = format!("{lines}\nprotocol={protocol}\nhost={host}\nwwwauth[]=Basic realm=\"Bitbucket\"\n\n");
        fs::write(self.path(name), text).unwrap();
    }

    fn write_browser(&self) {
        let script = self.path("browser");
        let text = "#!/bin/sh\nprintf '%s\\n' \"$1\" > \"$0.$$\" && mv \"$0.$$\" \"${0%/*}/inbox/$$\"\n";
        fs::write(&script, text).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// What the names of this home's kernel keys begin with.
    fn tag(&self) -> String {
        let state = self.path("home/.local/state/bitbucket-sso");
        bitbucket_sso::basis::digest::of(state.as_os_str().as_encoded_bytes())[..8].to_owned()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        _ = self.helper(MANY).args(["logout", "--all"]).stderr(Stdio::null()).status();
        _ = fs::remove_dir_all(&self.dir);
    }
}

fn entries(dir: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(dir).unwrap().flatten().map(|entry| entry.path())
}

fn other(account: usize) -> String {
    format!("https://account-{account}.example")
}

/// Numbers of hosts whose configurations are prepared.
const GROWTH: [usize; 4] = [1, 10, 100, 10_000];
const ONE: &str = "hosts-1";
const MANY: &str = "accounts";
