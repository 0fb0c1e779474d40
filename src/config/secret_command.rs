//! The client secret, fetched at the moment it is needed: written down, in a file, or printed by a program.

use crate::basis::clock::Clock;
use crate::basis::env::Env;
use crate::basis::program;
use crate::basis::secret::{ClientSecret, SecretBytes};
use crate::basis::text::{breaks_git, clean};
use crate::config::error::ConfigError;
use crate::config::settings::SecretSource;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// The secret; `None` where none is configured.
///
/// A file must not be readable or writable for group or others. A program runs without a shell and without input,
/// outside the current directory, with ten seconds and 64 KiB of output. Surrounding line ends are cut off.
pub fn client_secret(source: &SecretSource, env: &Env, clock: &dyn Clock) -> Result<Option<ClientSecret>, ConfigError> {
    let (place, found) = match source {
        SecretSource::None => return Ok(None),
        SecretSource::Inline(secret) => return Ok(Some(secret.clone())),
        SecretSource::File(path) => (path.display().to_string(), in_file(path)),
        SecretSource::Command(words) => (clean(words.first().map_or("", String::as_str)), printed(words, env, clock)),
    };
    let secret = found.and_then(|bytes| text(&bytes));
    secret.map(Some).map_err(|why| ConfigError::Secret { place, why })
}

fn in_file(path: &Path) -> Result<SecretBytes, String> {
    let file = File::open(path).map_err(|error| reason(&error))?;
    let what = file.metadata().map_err(|error| reason(&error))?;
    if !what.is_file() {
        return Err("it is no file".into());
    }
    if is_open(&what) {
        return Err("group or others can read it; it must have mode 0600".into());
    }
    capped(file)
}

/// The kind of an error: its text may quote what was read.
fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        kind => kind.to_string(),
    }
}

#[cfg(unix)]
fn is_open(what: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    what.permissions().mode() & 0o066 != 0
}

#[cfg(not(unix))]
fn is_open(_: &std::fs::Metadata) -> bool {
    false
}

fn printed(words: &[String], env: &Env, clock: &dyn Clock) -> Result<SecretBytes, String> {
    let (name, arguments) = words.split_first().ok_or("no program is named")?;
    let program =
        program::find(env, Path::new(name)).ok_or("there is no such program at an absolute path or on PATH")?;
    let mut child = start(&program, arguments).map_err(|error| reason(&error))?;
    let output = output(&mut child);
    let ends = clock.steady() + LONGEST;
    let status = wait(&mut child, clock, ends);
    // Also after success: whatever it left running holds the pipe no longer than we do.
    _ = child.kill();
    _ = child.wait();
    match status {
        None => Err(format!("it did not end within {} seconds", LONGEST.as_secs())),
        Some(status) if !status.success() => Err(format!("it failed ({status})")),
        Some(_) => output.recv_timeout(AFTERWARDS).map_err(|_| "its output does not end".to_owned())?,
    }
}

/// Reads beside the waiting: a full pipe would stop the program.
fn output(child: &mut Child) -> mpsc::Receiver<Result<SecretBytes, String>> {
    let (sender, receiver) = mpsc::channel();
    if let Some(pipe) = child.stdout.take() {
        std::thread::spawn(move || _ = sender.send(capped(pipe)));
    }
    receiver
}

fn wait(child: &mut Child, clock: &dyn Clock, ends: std::time::Instant) -> Option<ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if clock.steady() < ends => clock.sleep(STEP),
            Ok(None) | Err(_) => return None,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "an absolute path from policy or the user file; see tests/it/house.rs")]
fn start(program: &Path, arguments: &[String]) -> std::io::Result<Child> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
    // The current directory may be a repository that lies in wait with modules or settings of its own.
    if let Some(own) = program.parent() {
        command.current_dir(own);
    }
    command.spawn()
}

fn capped(from: impl Read) -> Result<SecretBytes, String> {
    let mut bytes = Vec::with_capacity(4 << 10);
    let read = from.take(LARGEST + 1).read_to_end(&mut bytes);
    let bytes = SecretBytes::new(bytes);
    read.map_err(|error| reason(&error))?;
    if bytes.expose().len() as u64 > LARGEST {
        return Err("it is larger than 64 KiB".into());
    }
    Ok(bytes)
}

fn text(bytes: &SecretBytes) -> Result<ClientSecret, String> {
    let text = std::str::from_utf8(bytes.expose()).map_err(|_| "it is not UTF-8")?;
    let text = text.trim_matches(['\r', '\n']);
    match text {
        "" => Err("it is empty".into()),
        text if breaks_git(text) => Err("it holds control characters".into()),
        text => Ok(ClientSecret::new(text.to_owned())),
    }
}

const LARGEST: u64 = 64 << 10;
const LONGEST: Duration = Duration::from_secs(10);
const AFTERWARDS: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(5);

#[cfg(test)]
#[cfg(unix)]
mod tests;
