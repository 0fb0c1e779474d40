//! A Windows desk: a profile with blanks and umlauts in its name, the Windows helper in a folder such as installers
//! choose, Git for Windows with its own system configuration, and somebody at the browser. All of it under Wine.

use super::machine::{Machine, said, windows};
use crate::practice::browser::{self, Choice};
use crate::practice::{Practice, Source};
use crate::pty::Terminal;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// One developer's profile.
pub struct Desk {
    pub machine: Machine,
    dir: tempfile::TempDir,
    ca: PathBuf,
    opened: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    walker: Option<JoinHandle<()>>,
}

impl Desk {
    /// A desk with a configuration and nothing registered yet.
    pub fn configured(machine: Machine, practice: &Practice, config: &str) -> Self {
        let dir = tempfile::Builder::new().prefix("windesk").tempdir().unwrap();
        let (opened, stop) = (Arc::default(), Arc::default());
        let desk = Self { machine, dir, ca: practice.ca().to_owned(), opened, stop, walker: None };
        for folder in [desk.home(), desk.roaming().join("bitbucket-sso"), desk.local(), desk.programs()] {
            fs::create_dir_all(folder).unwrap();
        }
        fs::create_dir(desk.path("inbox")).unwrap();
        fs::copy(desk.machine.file(EXE), desk.exe()).unwrap();
        let unix = practice.ca().display().to_string();
        let config = config.replace(&unix, &windows(practice.ca()));
        fs::write(desk.roaming().join("bitbucket-sso/config.toml"), config).unwrap();
        let ca = windows(practice.ca()).replace('\\', "/");
        let identity = "[user]\n\tname = Alice\n\temail = alice@contoso.example\n[init]\n\tdefaultBranch = main\n";
        let text = format!("{identity}[http]\n\tsslBackend = openssl\n\tsslCAInfo = {ca}\n");
        fs::write(desk.home().join(".gitconfig"), text).unwrap();
        // Built into the shell: a line that is whole ends.
        let script = "printf '%s\\n' \"$1\" > \"${0%/*}/inbox/$$\"\n";
        fs::write(desk.path("browser"), script).unwrap();
        desk
    }

    /// A desk with one host of the practice, registered by `setup`.
    pub fn with(machine: Machine, practice: &Practice, source: Source) -> Self {
        let desk = Self::configured(machine, practice, &practice.config_toml(source));
        desk.must(desk.exe(), &["setup"]);
        desk
    }

    /// From now on somebody walks every page that is opened.
    pub fn person(mut self, choice: Choice) -> Self {
        let (inbox, ca) = (self.path("inbox"), self.ca.clone());
        let (opened, stop) = (Arc::clone(&self.opened), Arc::clone(&self.stop));
        self.walker = Some(std::thread::spawn(move || {
            while !stop.load(Ordering::SeqCst) {
                for url in take(&inbox) {
                    opened.lock().unwrap().push(url.clone());
                    // The command that waits for it does not end then.
                    if let Err(error) = browser::walk(&url, &ca, &choice) {
                        eprintln!("nobody could walk {url}: {error}");
                    }
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }));
        self
    }

    /// The pages that were opened and walked.
    pub fn opened(&self) -> Vec<String> {
        self.opened.lock().unwrap().clone()
    }

    /// The pages that were opened and that nobody has walked.
    pub fn waiting_pages(&self) -> Vec<String> {
        take(&self.path("inbox"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn home(&self) -> PathBuf {
        self.path("Jürgen Übel")
    }

    pub fn roaming(&self) -> PathBuf {
        self.home().join("AppData/Roaming")
    }

    pub fn local(&self) -> PathBuf {
        self.home().join("AppData/Local")
    }

    fn programs(&self) -> PathBuf {
        self.path("Program Files (x86)/Bitbucket SSO")
    }

    /// The helper, where an installer would put it.
    pub fn exe(&self) -> PathBuf {
        self.programs().join(EXE)
    }

    /// The git of Git for Windows.
    pub fn git(&self) -> PathBuf {
        self.machine.file("git/mingw64/bin/git.exe")
    }

    /// A Windows program in this profile. Wine takes the variables of a profile from its own registry, so that `env`
    /// of Git for Windows has to set them; `more` wins.
    pub fn command(&self, program: impl AsRef<Path>, more: &[(&str, &str)]) -> Command {
        let mut command = self.machine.command();
        let root = self.machine.file("git").canonicalize().unwrap();
        command.current_dir(self.dir.path()).env("MSYS_NO_PATHCONV", "1");
        without_settings_of_git(&mut command);
        command.arg(windows(&root.join("usr/bin/env.exe")));
        let pairs = [
            ("PATH", "/mingw64/bin:/usr/bin:/c/windows/system32".to_owned()),
            ("SSL_CERT_FILE", windows(&self.ca)),
            ("BROWSER", self.browser()),
            ("GIT_TERMINAL_PROMPT", "0".to_owned()),
            ("GCM_INTERACTIVE", "never".to_owned()),
        ];
        let pair = |(name, value): (&str, &str)| OsString::from(format!("{name}={value}"));
        command.args(self.profile().iter().map(|(name, value)| pair((name, &windows(value)))));
        command.args(pairs.iter().map(|(name, value)| pair((name, value))));
        command.args(more.iter().map(|given| pair(*given)));
        command.arg(windows(program.as_ref()));
        command
    }

    /// A program at a console, wide enough for every line. The machine must be its own, because its registry then holds
    /// this profile: a program between the console and the helper would have its own idea of Ctrl-C.
    pub fn console(&self, program: &Path, arguments: &[&str]) -> Terminal {
        let volatile = r"HKCU\Volatile Environment";
        for (name, value) in self.profile() {
            self.machine.reg(&["add", volatile, "/v", name, "/d", &windows(&value), "/f"]);
        }
        let mut command = self.machine.command();
        command.arg(windows(program)).args(arguments);
        let words = [command.get_program()].into_iter().chain(command.get_args());
        let quoted = |word: &OsStr| format!("'{}'", word.to_string_lossy().replace('\'', r"'\''"));
        let line = words.map(quoted).collect::<Vec<_>>().join(" ");
        let mut script = Command::new("script");
        script.current_dir(self.dir.path()).envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        without_settings_of_git(&mut script);
        script.env("TERM", "xterm").env("SSL_CERT_FILE", windows(&self.ca)).env("BROWSER", self.browser());
        script.env("WINEPATH", windows(self.git().parent().unwrap()));
        Terminal::run(script, &format!("stty cols 2000 rows 60 -icrnl; exec {line}"))
    }

    fn profile(&self) -> [(&'static str, PathBuf); 4] {
        let home = self.home();
        [("HOME", home.clone()), ("USERPROFILE", home), ("APPDATA", self.roaming()), ("LOCALAPPDATA", self.local())]
    }

    /// What opens pages: a script that puts them into the inbox.
    fn browser(&self) -> String {
        let words = [self.machine.file("git/usr/bin/sh.exe").canonicalize().unwrap(), self.path("browser")];
        words.map(|part| windows(&part).replace('\\', "/")).join(" ")
    }

    /// Runs a program that must succeed; what it printed.
    pub fn must(&self, program: impl AsRef<Path>, arguments: &[&str]) -> String {
        let output = self.command(program, &[]).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n")
    }

    /// Runs git in a folder of this desk; it must succeed and say nothing of ours that is not expected.
    pub fn git_in(&self, folder: &str, arguments: &[&str]) -> String {
        let output = self.command(self.git(), &[]).current_dir(self.path(folder)).args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", said(&output));
        String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n")
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(walker) = self.walker.take() {
            _ = walker.join();
        }
    }
}

/// Those of whoever runs the tests stay out.
fn without_settings_of_git(command: &mut Command) {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
        command.env_remove(name);
    }
}

/// Reads a child's standard error until it holds these words.
pub fn until_it_says(child: &mut Child, words: &str) -> String {
    let mut stream = child.stderr.take().unwrap();
    let (mut text, mut block) = (String::new(), [0; 1024]);
    while !text.contains(words) {
        let count = stream.read(&mut block).unwrap();
        assert!(count > 0, "it ended before it said {words}: {text}");
        text.push_str(&String::from_utf8_lossy(&block[..count]));
    }
    // The rest must find a reader, or the child would stop at a full pipe.
    std::thread::spawn(move || std::io::copy(&mut stream, &mut std::io::sink()));
    text
}

fn take(inbox: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(inbox) else { return Vec::new() };
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).ok().filter(|text| text.ends_with('\n'))?;
        fs::remove_file(path).ok()?;
        Some(text.trim().to_owned())
    };
    entries.flatten().filter_map(|entry| read(entry.path())).collect()
}

const EXE: &str = "git-credential-bitbucket-sso.exe";
