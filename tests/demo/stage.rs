//! The temporary home, and an environment in which nothing of the person's own is reached.

use crate::casting::Cast;
use crate::leftovers;
use crate::options;
use crate::practice::{Options, Practice, Source, cast};
use std::ffi::OsString;
use std::fs;
use std::io::Error;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Practice servers and a home. All of it goes when dropped, in this order.
pub struct Stage {
    #[cfg(feature = "broker")]
    broker: Option<crate::broker::Broker>,
    pub practice: Practice,
    root: TempDir,
    /// The login session's directory in memory, where the system has one to offer.
    runtime: Option<TempDir>,
    /// Where the built helper is.
    bin: PathBuf,
    device_code: bool,
}

impl Stage {
    /// Starts the servers and writes the home: git's settings, the helper's configuration, a browser to call.
    pub fn build(bin: PathBuf, options: options::Options, cast: Cast) -> Result<Self, Error> {
        let name = format!("{PREFIX}{}-", std::process::id());
        let root = tempfile::Builder::new().prefix(&name).tempdir()?;
        let runtime = tempfile::Builder::new().prefix(&name).tempdir_in("/dev/shm").ok();
        let practice = Practice::start(&Options::default());
        practice.repos.create(WORKSPACE, REPOSITORY);
        practice.entra.state().habits.interval = 1;
        // As in most directories; else the person would be asked whether the two accounts belong together.
        for account in &mut practice.data_center.state().book.accounts {
            account.username.clone_from(&account.email);
        }
        let stage = Self {
            #[cfg(feature = "broker")]
            broker: options.broker.then(|| crate::broker::Broker::prepare(&practice, &root.path().join("home/broker"))),
            practice,
            root,
            runtime,
            bin,
            device_code: cast.device_code,
        };
        for directory in ["home/.config/bitbucket-sso", "inbox", "tmp"] {
            fs::create_dir_all(stage.path(directory))?;
        }
        fs::write(stage.path("home/.gitconfig"), stage.git_config())?;
        fs::write(stage.path("home/.config/bitbucket-sso/config.toml"), stage.configuration(options.source))?;
        stage.write_browser()?;
        #[cfg(feature = "broker")]
        if let Some(broker) = &stage.broker {
            broker.write_step(&stage.practice, &crate::broker::step_home(&stage.home()), &stage.git_config())?;
        }
        Ok(stage)
    }

    /// A shell in the home, with this stage's environment and nothing else.
    pub fn dress(&self, command: &mut Command) {
        command.env_clear().current_dir(self.home());
        for name in PASSED {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command
            .env("PATH", self.search_path())
            .env("HOME", self.home())
            .env("TMPDIR", self.path("tmp"))
            .env("GIT_CONFIG_NOSYSTEM", "1");
        if !self.device_code {
            command.env("BROWSER", self.path("browser"));
        }
        if let Some(runtime) = &self.runtime {
            command.env("XDG_RUNTIME_DIR", runtime.path());
        }
    }

    /// Where git clones from.
    pub fn clone_url(&self, source: Source) -> String {
        self.practice.clone_url(source, WORKSPACE, REPOSITORY)
    }

    /// The page where device codes are typed.
    pub fn device_page(&self) -> String {
        format!("{}/device", self.practice.entra.base)
    }

    /// Addresses that the helper wanted to have opened since the last call.
    pub fn wanted_pages(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path("inbox")) else { return Vec::new() };
        let read = |path: PathBuf| {
            let text = fs::read_to_string(&path).unwrap_or_default();
            _ = fs::remove_file(path);
            text.trim().to_owned()
        };
        entries.flatten().map(|entry| read(entry.path())).collect()
    }

    fn home(&self) -> PathBuf {
        self.path("home")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn search_path(&self) -> OsString {
        let rest = std::env::var_os("PATH").unwrap_or_default();
        let all = [self.bin.clone()].into_iter().chain(std::env::split_paths(&rest));
        std::env::join_paths(all).unwrap_or(rest)
    }

    /// The tenant by its domain, as people write it, and a store that is not the person's keyring.
    fn configuration(&self, source: Source) -> String {
        let store = if leftovers::kernel_keys_allowed() { "kernel" } else { "memory-file" };
        let text = self.hosts(source).replace(cast::TENANT, cast::DOMAIN);
        format!("{text}\n[storage]\nrefresh_tokens = \"{store}\"\n")
    }

    #[cfg(feature = "broker")]
    fn hosts(&self, source: Source) -> String {
        match &self.broker {
            Some(broker) => format!("{}\n{}", self.practice.entra_toml(), broker.hosts(&self.practice)),
            None => self.practice.config_toml(source),
        }
    }

    #[cfg(not(feature = "broker"))]
    fn hosts(&self, source: Source) -> String {
        self.practice.config_toml(source)
    }

    /// Starts the broker of this stage.
    #[cfg(feature = "broker")]
    pub fn start_broker(&mut self) -> Result<(), String> {
        let mut command = Command::new(self.bin.join("bitbucket-sso-broker"));
        self.dress(&mut command);
        self.broker.as_mut().map_or(Ok(()), |broker| broker.start(command))
    }

    fn git_config(&self) -> String {
        let ca = self.practice.ca().display();
        format!(
            "[user]\n\tname = Alice Example\n\temail = {}\n[http]\n\tsslCAInfo = \"{ca}\"\n[init]\n\tdefaultBranch = \
             main\n[color]\n\tui = false\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n",
            cast::ALICE
        )
    }

    /// Leaves the address it is given in the inbox; renamed, so that nobody reads half of it.
    fn write_browser(&self) -> Result<(), Error> {
        let script = self.path("browser");
        let text = "#!/bin/sh\nprintf '%s\\n' \"$1\" > \"$0.$$\" && mv \"$0.$$\" \"${0%/*}/inbox/$$\"\n";
        fs::write(&script, text)?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        leftovers::destroy_kernel_keys(&state(&self.home()));
    }
}

/// The helper's state directory in that home.
fn state(home: &Path) -> PathBuf {
    home.join(".local/state/bitbucket-sso")
}

/// Whose repository is cloned.
const WORKSPACE: &str = "acme";
/// The repository, and the directory it is cloned to.
pub const REPOSITORY: &str = "website";
const PREFIX: &str = "bitbucket-sso-demo-";
/// What children may know of the world outside: how to speak, and what time it is.
const PASSED: [&str; 5] = ["LANG", "LC_ALL", "TERM", "NO_COLOR", "TZ"];
