//! Takes an installation back: its registration, its own files, and if asked everything that was kept.

use super::record::Record;
use super::{InstallError, layout, register};
use crate::app::logout::{Extent, logout};
use crate::app::setup::{self, SetupError};
use crate::app::world::{self, World};
use crate::app::{chain, trail, words};
use crate::basis::clock::Clock;
use crate::basis::digest;
use crate::basis::env::Env;
use crate::basis::failure::Failure;
use crate::config::Places;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// `self uninstall` as typed.
#[derive(Clone, Copy, Debug)]
pub struct Leaving {
    pub system: bool,
    /// Sessions, grants, configuration, state and audit trail go too; of one user only.
    pub purge: bool,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    Removed(PathBuf),
    /// Somebody changed it since; it stays.
    Changed(PathBuf),
}

/// Takes back what `install` has put there, and nothing else. The registration goes first: git never calls a program
/// that is gone.
pub fn uninstall(env: &Env, clock: &Arc<dyn Clock>, leaving: Leaving) -> Result<String, Failure> {
    if !leaving.system {
        register::check_home(env)?;
    }
    let fail = |error: InstallError| words::install(&error);
    let layout = layout::of(env, leaving.system, None).map_err(fail)?;
    let found = Record::read(&layout.record).map_err(fail)?;
    let record = found.ok_or_else(|| fail(InstallError::NoRecord { path: layout.record.clone() }))?;
    let mut said = if leaving.purge { forget_everything(env, clock)? } else { String::new() };
    said.push_str(&unregister(env, &record, leaving.system)?);
    let left = files(&record, &layout.record).map_err(fail)?;
    said.push_str(&words::uninstalled(&left));
    if leaving.purge {
        let gone = own_folders(&Places::of(env)).map_err(fail)?;
        said.push_str(&words::uninstalled(&gone));
    }
    Ok(said)
}

/// Only a registration of what is being removed: another copy may have been registered since.
fn unregister(env: &Env, record: &Record, system: bool) -> Result<String, Failure> {
    let include = chain::include_file(&Places::of(env), system)?;
    let bytes = std::fs::read(&include).unwrap_or_default();
    let Some(program) = record.files.keys().find(|path| setup::calls(&bytes, path)) else { return Ok(String::new()) };
    let surroundings = chain::surroundings(env, program, &include);
    let report = if system { setup::undo_system(&surroundings) } else { setup::undo(&surroundings) };
    match report {
        Ok(report) => Ok(setup::words::report(&report)),
        Err(SetupError::NoSystemFile) => Ok(String::new()),
        Err(error) => Err(setup::words::failure(&error)),
    }
}

fn files(record: &Record, at: &Path) -> Result<Vec<Left>, InstallError> {
    let mut left = Vec::new();
    // This program last: while something else refuses, it can be run again.
    let own = world::own_path();
    let (last, first): (Vec<_>, Vec<_>) = record.files.iter().partition(|(path, _)| **path == own);
    for (path, sum) in first.into_iter().chain(last) {
        match std::fs::read(path) {
            Ok(bytes) if digest::of(&bytes) == *sum => left.extend(remove(path)?),
            Ok(_) => left.push(Left::Changed(path.clone())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(InstallError::Unreadable { path: path.clone(), source }),
        }
    }
    left.extend(remove(at)?);
    // Innermost first; one that holds something else stays.
    for folder in record.folders.iter().rev() {
        _ = std::fs::remove_dir(folder);
    }
    Ok(left)
}

/// The tokens first, while the configuration still tells where they are.
fn forget_everything(env: &Env, clock: &Arc<dyn Clock>) -> Result<String, Failure> {
    let world: World = world::real(env.clone(), Vec::new(), Arc::clone(clock))?;
    if world.loaded.settings.hosts.is_empty() {
        return Ok(String::new());
    }
    let receipt = logout(&world, &Extent::Everything)?;
    trail::forget_key(&world)?;
    Ok(receipt)
}

fn own_folders(places: &Places) -> Result<Vec<Left>, InstallError> {
    let mut left = Vec::new();
    if let Some(file) = &places.user_file {
        left.extend(remove(file)?);
        _ = file.parent().map(std::fs::remove_dir);
    }
    match std::fs::remove_dir_all(&places.state) {
        Ok(()) => left.push(Left::Removed(places.state.clone())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(InstallError::Unwritable { path: places.state.clone(), source }),
    }
    Ok(left)
}

/// A running program cannot be removed on Windows, but it can be renamed out of the way.
fn remove(path: &Path) -> Result<Option<Left>, InstallError> {
    let removed = std::fs::remove_file(path);
    let removed =
        if cfg!(windows) { removed.or_else(|_| std::fs::rename(path, path.with_extension("old"))) } else { removed };
    match removed {
        Ok(()) => Ok(Some(Left::Removed(path.to_owned()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(InstallError::Unwritable { path: path.to_owned(), source }),
    }
}
