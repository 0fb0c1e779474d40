//! The person's browser: whether there is one, and how it is started. No shell, no program from the current
//! directory, no command from the configuration.

mod wsl;

use crate::basis::env::Env;
use crate::basis::program;
use crate::ui::UiError;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use url::{Host, Url};

/// Whether a browser can show a page to the person at this machine, and the clause that says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Usable {
    Yes(String),
    No(String),
}

/// Judges for `flow = "auto"`: a display (macOS, Windows and WSL always have one) or `BROWSER`, a program to start,
/// and not over SSH, where the browser would open on another desk. `choice` is `[ui] browser`.
pub fn usable(env: &Env, choice: &str) -> Usable {
    usable_at(env, choice, Path::new(PROC))
}

fn usable_at(env: &Env, choice: &str, proc: &Path) -> Usable {
    let no = |why: &str| Usable::No(why.to_owned());
    if choice == "none" {
        return no("[ui] browser is \"none\"");
    }
    if env.os("SSH_CONNECTION").is_some() || env.os("SSH_TTY").is_some() {
        return no("this is an SSH session");
    }
    let always = cfg!(any(target_os = "macos", windows));
    let named = ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER"].into_iter().find(|name| env.os(name).is_some());
    let reason = match named {
        Some(name) => format!("{name} is set"),
        None if always => "this is a desktop".to_owned(),
        None if wsl::is_here(env, proc) => "Windows is next door (WSL)".to_owned(),
        None => return no("there is no display (DISPLAY, WAYLAND_DISPLAY and BROWSER are not set)"),
    };
    match commands(env, choice, "https://localhost/", proc) {
        Ok(_) => Usable::Yes(reason),
        Err(why) => Usable::No(why),
    }
}

/// Opens a page: https, or http on this machine. Tries one program after the other until one starts and does not
/// fail at once; it lives on without us, in its own process group.
pub fn open(env: &Env, choice: &str, url: &str) -> Result<(), UiError> {
    open_within(env, choice, url, MOMENT)
}

fn open_within(env: &Env, choice: &str, url: &str, moment: Duration) -> Result<(), UiError> {
    let url = allowed(url).ok_or(UiError::Refused)?;
    let commands = commands(env, choice, url.as_str(), Path::new(PROC)).map_err(UiError::NoBrowser)?;
    let mut reason = String::new();
    for command in commands {
        match start(command, moment) {
            Ok(()) => return Ok(()),
            Err(why) => reason = why,
        }
    }
    Err(UiError::NoBrowser(reason))
}

fn allowed(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let here = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    };
    let bare = url.username().is_empty() && url.password().is_none();
    (bare && (url.scheme() == "https" || url.scheme() == "http" && here)).then_some(url)
}

/// The commands that may open the page, best first; at least one, or why there is none.
fn commands(env: &Env, choice: &str, url: &str, proc: &Path) -> Result<Vec<Command>, String> {
    let (wanted, missing) = match choice {
        "none" => return Err("[ui] browser is \"none\"".to_owned()),
        "" | "system" => match env.text("BROWSER") {
            Some(list) => (listed(&list, url), "none of the programs in BROWSER is installed".to_owned()),
            None if wsl::is_here(env, proc) => (
                wsl::next_door(url).into_iter().chain(system(url)).collect(),
                "neither wslview nor powershell.exe is in PATH".to_owned(),
            ),
            None => (system(url), "no program that opens web pages is installed".to_owned()),
        },
        name => (named(name, url)?, format!("the browser {name} is not installed")),
    };
    let found: Vec<_> = wanted.into_iter().filter_map(|wanted| wanted.found(env)).collect();
    if found.is_empty() { Err(missing) } else { Ok(found) }
}

/// A command before its program is looked up.
struct Wanted {
    program: OsString,
    arguments: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
}

impl Wanted {
    fn new(program: impl Into<OsString>, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        let arguments = arguments.into_iter().map(Into::into).collect();
        Self { program: program.into(), arguments, variables: Vec::new() }
    }

    #[expect(clippy::disallowed_methods, reason = "the program is an absolute path here")]
    fn found(self, env: &Env) -> Option<Command> {
        let mut command = Command::new(program::find(env, Path::new(&self.program))?);
        command.args(self.arguments);
        for prefix in PRIVATE {
            for name in env.names(prefix) {
                command.env_remove(name);
            }
        }
        command.envs(self.variables);
        Some(command)
    }
}

impl From<Command> for Wanted {
    fn from(command: Command) -> Self {
        let set = |(name, value): (&std::ffi::OsStr, Option<&std::ffi::OsStr>)| Some((name.into(), value?.into()));
        let variables = command.get_envs().filter_map(set).collect();
        Self { variables, ..Self::new(command.get_program(), command.get_args()) }
    }
}

/// What the desktop itself would start.
fn system(url: &str) -> Vec<Wanted> {
    open::commands(url).into_iter().map(Wanted::from).collect()
}

/// The entries of `BROWSER`: a program with arguments each; `%s` stands for the page, else it comes last.
fn listed(list: &str, url: &str) -> Vec<Wanted> {
    let separator = if cfg!(windows) { ';' } else { ':' };
    let entry = |entry: &str| {
        let whole = Path::new(entry).is_absolute() && Path::new(entry).is_file();
        let mut words = if whole { vec![entry] } else { entry.split_whitespace().collect() };
        let program = if words.is_empty() { return None } else { words.remove(0) };
        let mut arguments: Vec<_> = words.iter().map(|word| word.replace("%s", url)).collect();
        if !words.iter().any(|word| word.contains("%s")) {
            arguments.push(url.to_owned());
        }
        Some(Wanted::new(program, arguments))
    };
    list.split(separator).filter_map(entry).collect()
}

/// A browser by its own name.
fn named(name: &str, url: &str) -> Result<Vec<Wanted>, String> {
    let known = KNOWN.iter().find(|known| known.name == name);
    let known =
        known.ok_or_else(|| format!("[ui] browser: {:?} is no browser known here", crate::basis::text::clean(name)))?;
    Ok(if cfg!(target_os = "macos") {
        vec![Wanted::from(open::with_command(url, known.mac))]
    } else if cfg!(windows) {
        vec![Wanted::from(open::with_command(url, known.windows))]
    } else {
        known.programs.iter().map(|program| Wanted::new(*program, [url])).collect()
    })
}

/// Starts a program on its own. One that ends with a failure at once has opened nothing; one that still runs
/// after a moment is the browser.
fn start(mut command: Command, moment: Duration) -> Result<(), String> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    detach(&mut command);
    let name = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut child = command.spawn().map_err(|error| format!("{name}: {error}"))?;
    let (sender, receiver) = mpsc::channel();
    // Also keeps a program that ends from staying a zombie for as long as we wait for the sign-in.
    thread::spawn(move || sender.send(child.wait()));
    match receiver.recv_timeout(moment) {
        // Explorer reports failure whatever happens.
        Ok(Ok(status)) if !status.success() && !cfg!(windows) => Err(format!("{name} failed ({status})")),
        _ => Ok(()),
    }
}

/// Out of our process group: Ctrl-C on `git fetch` must not close the browser.
#[cfg(unix)]
fn detach(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0).current_dir("/");
}

#[cfg(windows)]
fn detach(command: &mut Command) {
    use std::os::windows::process::CommandExt;
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x0000_0200;
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    command.creation_flags(CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW);
}

struct Known {
    name: &'static str,
    programs: &'static [&'static str],
    mac: &'static str,
    windows: &'static str,
}

const fn known(
    name: &'static str,
    programs: &'static [&'static str],
    mac: &'static str,
    windows: &'static str,
) -> Known {
    Known { name, programs, mac, windows }
}

/// `[ui] browser` by name, the programs on Linux, the application on macOS, the program on Windows.
const KNOWN: [Known; 8] = [
    known("firefox", &["firefox", "firefox-esr"], "Firefox", "firefox.exe"),
    known("google-chrome", &["google-chrome", "google-chrome-stable"], "Google Chrome", "chrome.exe"),
    known("chromium", &["chromium", "chromium-browser"], "Chromium", "chromium.exe"),
    known("microsoft-edge", &["microsoft-edge", "microsoft-edge-stable"], "Microsoft Edge", "msedge.exe"),
    known("brave", &["brave-browser", "brave"], "Brave Browser", "brave.exe"),
    known("vivaldi", &["vivaldi", "vivaldi-stable"], "Vivaldi", "vivaldi.exe"),
    known("opera", &["opera"], "Opera", "opera.exe"),
    known("safari", &[], "Safari", ""),
];

/// Where the kernel of Linux tells what it is.
const PROC: &str = "/proc";

/// Variables that a browser must not inherit: our settings, and git's, which may hold `http.extraHeader`.
const PRIVATE: [&str; 2] = ["BITBUCKET_SSO_", "GIT_CONFIG"];

/// A launcher that finds no browser says so sooner than this; nobody notices so short a wait.
const MOMENT: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests;
