//! A Windows machine: Wine with its registry and Credential Manager, either the one that all tests share or one that
//! a test has to itself.

use rustix::process::Pid;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// What `tests/heavy/windows.sh` has prepared: `winerun`, `prefix`, `git` (Git for Windows) and the helper.
pub struct Machine {
    root: PathBuf,
    prefix: PathBuf,
    /// Removed with the machine.
    own: Option<tempfile::TempDir>,
    running: Child,
}

impl Machine {
    /// The machine of all tests, where `BITBUCKET_SSO_WINE` says it is; `None` where nobody says so, which is told.
    pub fn prepared() -> Option<Self> {
        let root = root()?;
        let prefix = root.join("prefix");
        Some(Self::boot(root, prefix, None))
    }

    /// A machine with a copy of the prepared registry, which `change` may edit before anybody has read it. Its disk is
    /// the prepared one.
    pub fn of_its_own(change: impl FnOnce(&Path)) -> Option<Self> {
        let root = root()?;
        let (from, own) = (root.join("prefix"), tempfile::Builder::new().prefix("winmachine").tempdir().unwrap());
        let prefix = own.path().to_owned();
        for file in [".update-timestamp", "system.reg", "user.reg", "userdef.reg"] {
            fs::copy(from.join(file), prefix.join(file)).unwrap();
        }
        let devices = prefix.join("dosdevices");
        fs::create_dir(&devices).unwrap();
        std::os::unix::fs::symlink(from.join("drive_c").canonicalize().unwrap(), devices.join("c:")).unwrap();
        std::os::unix::fs::symlink("/", devices.join("z:")).unwrap();
        change(&prefix);
        Some(Self::boot(root, prefix, Some(own)))
    }

    fn boot(root: PathBuf, prefix: PathBuf, own: Option<tempfile::TempDir>) -> Self {
        // The first programs start Wine's services and its desktop, which keep their streams: nobody may wait for the end
        // of those.
        let wine = |program: &str, argument: &str| {
            let mut command = Command::new(root.join("winerun"));
            command.args([program, argument]).env("WINEPREFIX", &prefix);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command
        };
        wine("wineboot", "--init").status().unwrap();
        let tool = |name: &str| windows(&root.join("git/usr/bin").join(name));
        let running = wine(&tool("sleep.exe"), "480").spawn().unwrap();
        wine(&tool("true.exe"), "").status().unwrap();
        Self { root, prefix, own, running }
    }

    /// A file that was prepared.
    pub fn file(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// A Windows program of this machine, with no environment of a user.
    pub fn command(&self) -> Command {
        let mut command = Command::new(self.root.join("winerun"));
        command.stdin(Stdio::null()).env("WINEPREFIX", &self.prefix);
        command
    }

    /// `reg.exe`, which must succeed.
    pub fn reg(&self, arguments: &[&str]) {
        let output = self.command().arg("reg").args(arguments).output().unwrap();
        assert!(output.status.success(), "reg {arguments:?}: {}", said(&output));
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        _ = self.running.kill();
        _ = self.running.wait();
        if self.own.is_some() {
            // Else its services would write to a registry that is gone.
            _ = Command::new("wineserver").arg("-k").env("WINEPREFIX", &self.prefix).status();
        }
    }
}

fn root() -> Option<PathBuf> {
    let root = std::env::var_os("BITBUCKET_SSO_WINE").map(PathBuf::from);
    if root.is_none() {
        eprintln!("not run: BITBUCKET_SSO_WINE names no folder that `tests/heavy/windows.sh` has prepared");
    }
    root
}

/// A path of this machine as Wine shows it.
pub fn windows(path: &Path) -> String {
    if path.is_absolute() { format!("Z:{}", path.display()).replace('/', "\\") } else { path.display().to_string() }
}

/// Everything a command said, without what MSYS2 says about Wine.
pub fn said(output: &Output) -> String {
    format!(
        "{}\n--- stdout\n{}\n--- stderr\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        errors(output)
    )
}

/// Standard error without what MSYS2 says about Wine.
pub fn errors(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).replace("\r\n", "\n");
    let noise = ["Cygwin WARNING", "FAST_CWD", "an older Cygwin", "available Cygwin", "cygwin.com"];
    let kept = |line: &&str| !line.trim().is_empty() && !noise.iter().any(|noise| line.contains(noise));
    text.lines().filter(kept).collect::<Vec<_>>().join("\n")
}

/// The processes that run a Windows program.
pub fn processes_of(program: &Path) -> Vec<Pid> {
    let (program, numbers) = (windows(program), fs::read_dir("/proc").unwrap().flatten());
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let ours = |number: &i32| {
        let line = fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).next().is_some_and(|word| word == program.as_bytes())
    };
    numbers.filter(ours).filter_map(Pid::from_raw).collect()
}
