//! `setup` and `unsetup`: our lines in git's configuration, and whether they still decide who is asked.

pub mod admin;
mod block;
pub mod bootstrap;
#[cfg(test)]
mod bootstrap_tests;
pub mod chain;
mod error;
pub mod git;
mod include;
pub mod migrate;
mod replace;
#[cfg(test)]
mod samples;
mod schema;
mod target;
#[cfg(test)]
mod tests;
pub mod user;
pub mod words;

pub use error::SetupError;
pub use git::GitError;
pub use include::{calls, pairs};
pub use schema::BadDocument;
pub use target::{Blocked, owned_by_us};

use crate::basis::env::Env;
use crate::config::settings::Host;
use git::Git;
use replace::{Lock, Readers};
use std::io;
use std::path::{Path, PathBuf};
use target::Target;

/// What registration needs to know of the machine.
pub struct Surroundings<'a> {
    pub env: &'a Env,
    /// Our absolute path, as git shall call it.
    pub exe: &'a Path,
    /// Our git include file: `~/.config/bitbucket-sso/gitconfig`; for [`system`] one that everybody can read.
    pub include_file: &'a Path,
    /// Whether a path belongs to our effective user: [`owned_by_us`].
    pub euid_owner_check: fn(&Path) -> io::Result<bool>,
}

/// What would change, file by file, in the order in which it is written.
#[derive(Clone, Debug)]
pub struct Plan {
    pub files: Vec<FileChange>,
}

/// One file before and after.
#[derive(Clone, Debug)]
pub struct FileChange {
    /// As git names it.
    pub path: PathBuf,
    /// With symbolic links followed: the file that is replaced.
    pub real: PathBuf,
    /// `None`: not there.
    pub before: Option<Vec<u8>>,
    /// `None`: removed.
    pub after: Option<Vec<u8>>,
    /// Why it is left alone; a person has to make the change.
    pub blocked: Option<Blocked>,
    /// Lines inside our block that others wrote, which stay.
    pub kept: Vec<String>,
    /// The lines to add or to delete by hand where it is blocked.
    pub lines: Vec<String>,
    readers: Readers,
}

/// What was done, file by file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub files: Vec<Done>,
}

/// One file's outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    pub path: PathBuf,
    pub outcome: Outcome,
    /// Lines inside our block that others wrote, which stayed.
    pub kept: Vec<String>,
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Unchanged,
    Created,
    Changed,
    Removed,
}

/// What registering `hosts` for this user would change. Nothing is written.
pub fn plan(surroundings: &Surroundings, hosts: &[Host]) -> Result<Plan, SetupError> {
    let home = target::home(surroundings)?;
    let (file, others) = target::user_files(surroundings.env, &home)?;
    let value = include_value(surroundings)?;
    let mut files = vec![include_change(surroundings, hosts, Readers::Owner)?];
    files.push(add(&file, &value, Readers::Owner)?);
    for other in &others {
        files.extend(take_out(other, &value, Readers::Owner)?);
    }
    Ok(Plan { files })
}

/// Refuses a home that is unset or somebody else's, before anything is written to it.
pub fn check_home(surroundings: &Surroundings) -> Result<(), SetupError> {
    target::home(surroundings).map(drop)
}

/// What registering `hosts` in the system's configuration would change: only a fallback, since a generic helper
/// in a user's file wipes it (`facts/installers.md` F1). Each git on `PATH` is asked for its own file (F7).
pub fn system(surroundings: &Surroundings, hosts: &[Host]) -> Result<Plan, SetupError> {
    let value = include_value(surroundings)?;
    let mut files = vec![include_change(surroundings, hosts, Readers::Everybody)?];
    for file in system_files(surroundings.env)? {
        files.push(add(&file, &value, Readers::Everybody)?);
    }
    Ok(Plan { files })
}

/// Makes the changes that are not blocked, then reports the first that is. Run again it changes nothing, not even
/// a file's inode.
pub fn apply(plan: &Plan) -> Result<Report, SetupError> {
    let mut files = Vec::new();
    for change in &plan.files {
        let outcome = if change.blocked.is_some() { Outcome::Unchanged } else { change.write()? };
        files.push(Done { path: change.path.clone(), outcome, kept: change.kept.clone() });
    }
    match plan.files.iter().find_map(FileChange::for_a_person) {
        Some(error) => Err(error),
        None => Ok(Report { files }),
    }
}

/// Takes back what [`plan`] put there, wherever git may have read it, under another environment too: our exact
/// lines and our include file.
pub fn undo(surroundings: &Surroundings) -> Result<Report, SetupError> {
    let home = target::home(surroundings)?;
    let mut files = vec![target::user_files(surroundings.env, &home)?.0];
    for file in target::home_files(surroundings.env, &home) {
        if !files.contains(&file) {
            files.push(file);
        }
    }
    apply(&removal(surroundings, &files, Readers::Owner)?)
}

/// Takes back what [`system`] put there.
pub fn undo_system(surroundings: &Surroundings) -> Result<Report, SetupError> {
    apply(&removal(surroundings, &system_files(surroundings.env)?, Readers::Everybody)?)
}

/// Who git asks for this host's credentials, in which order, judged in the current directory.
pub fn replay(surroundings: &Surroundings, host: &Host) -> Result<chain::Chain, SetupError> {
    let entries = Git::find(surroundings.env)?.helpers()?;
    Ok(chain::replay(&entries, &host.url, &include::helper(surroundings.exe)?))
}

impl FileChange {
    /// Whether anything is to be done.
    pub fn changes(&self) -> bool {
        self.before != self.after
    }

    fn write(&self) -> Result<Outcome, SetupError> {
        if !self.changes() {
            return Ok(Outcome::Unchanged);
        }
        let mut lock = Lock::take(&self.real, self.readers).map_err(|error| self.refused(error))?;
        if lock.current()? != self.before {
            return Err(SetupError::ChangedMeanwhile { path: self.path.clone() });
        }
        let Some(after) = &self.after else {
            return lock.remove().map(|()| Outcome::Removed).map_err(|error| self.refused(error));
        };
        lock.fill(after).and_then(|()| lock.commit()).map_err(|error| self.refused(error))?;
        Ok(if self.before.is_some() { Outcome::Changed } else { Outcome::Created })
    }

    /// A file that turns out to be read-only is the same case as one that was seen to be.
    fn refused(&self, error: SetupError) -> SetupError {
        match error {
            SetupError::Refused { .. } => self.left_to_a_person(Blocked::ReadOnly),
            other => other,
        }
    }

    fn for_a_person(&self) -> Option<SetupError> {
        self.blocked.filter(|_| self.changes()).map(|why| self.left_to_a_person(why))
    }

    fn left_to_a_person(&self, why: Blocked) -> SetupError {
        let remove = self.after.as_ref().map_or(0, Vec::len) < self.before.as_ref().map_or(0, Vec::len);
        SetupError::ReadOnly { path: self.path.clone(), why, lines: self.lines.clone(), remove }
    }

    fn new(target: Target, after: Option<Vec<u8>>, readers: Readers) -> Self {
        let Target { path, real, bytes, blocked } = target;
        Self { path, real, before: bytes, after, blocked, kept: Vec::new(), lines: Vec::new(), readers }
    }
}

fn include_value(surroundings: &Surroundings) -> Result<String, SetupError> {
    Ok(include::config_value(&include::text(surroundings.include_file)?))
}

fn include_change(surroundings: &Surroundings, hosts: &[Host], readers: Readers) -> Result<FileChange, SetupError> {
    let target = target::look(surroundings.include_file)?;
    if target.bytes.as_ref().is_some_and(|bytes| !bytes.is_empty() && !include::is_ours(bytes)) {
        return Err(SetupError::Foreign { path: target.path });
    }
    let text = include::render(hosts, surroundings.exe)?;
    let lines = text.lines().map(str::to_owned).collect();
    Ok(FileChange { lines, ..FileChange::new(target, Some(text.into_bytes()), readers) })
}

/// Our block at the file's end. A blocked file in which a person has already put our include is done.
fn add(file: &Path, value: &str, readers: Readers) -> Result<FileChange, SetupError> {
    let target = target::look(file)?;
    let bytes = target.bytes.as_deref();
    let by_hand = target.blocked.is_some() && bytes.is_some_and(|bytes| block::mentions(bytes, value));
    let after = if by_hand { target.bytes.clone() } else { Some(block::with(bytes, value)) };
    let kept = bytes.map(|bytes| block::without(bytes, value).kept).unwrap_or_default();
    Ok(FileChange { kept, lines: block::lines(value).to_vec(), ..FileChange::new(target, after, readers) })
}

/// Our lines out of the file; nothing to do where there are none.
fn take_out(file: &Path, value: &str, readers: Readers) -> Result<Option<FileChange>, SetupError> {
    let target = target::look(file)?;
    let Some(without) = target.bytes.as_deref().map(|bytes| block::without(bytes, value)) else { return Ok(None) };
    if !without.found {
        return Ok(None);
    }
    let lines = block::lines(value).to_vec();
    Ok(Some(FileChange { kept: without.kept, lines, ..FileChange::new(target, without.rest, readers) }))
}

fn removal(surroundings: &Surroundings, files: &[PathBuf], readers: Readers) -> Result<Plan, SetupError> {
    let value = include_value(surroundings)?;
    let mut changes = Vec::new();
    for file in files {
        changes.extend(take_out(file, &value, readers)?);
    }
    let include = target::look(surroundings.include_file)?;
    if include.bytes.as_deref().is_some_and(include::is_ours) {
        changes.push(FileChange::new(include, None, readers));
    }
    Ok(Plan { files: changes })
}

fn system_files(env: &Env) -> Result<Vec<PathBuf>, SetupError> {
    let mut files: Vec<PathBuf> = Git::all(env).iter().filter_map(Git::system_file).collect();
    let mut seen = std::collections::BTreeSet::new();
    files.retain(|file| seen.insert(file.clone()));
    if files.is_empty() { Err(SetupError::NoSystemFile) } else { Ok(files) }
}
