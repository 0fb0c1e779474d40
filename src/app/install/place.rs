//! Files written where they differ, each whole or not at all.

use super::InstallError;
use crate::basis::publish::publish;
use std::io;
use std::path::{Path, PathBuf};

/// A file as it shall be.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub path: PathBuf,
    pub bytes: Vec<u8>,
    pub program: bool,
}

/// A file, and what was done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    pub path: PathBuf,
    pub fate: Fate,
}

/// What happens to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    New,
    Replaced,
    /// It already is what it shall be, and is not touched.
    Same,
}

/// What is to be done.
pub fn compare(files: &[Wanted]) -> Result<Vec<Placed>, InstallError> {
    let fate = |file: &Wanted| match std::fs::read(&file.path) {
        Ok(bytes) if bytes == file.bytes && may_run(file) => Ok(Fate::Same),
        Ok(_) => Ok(Fate::Replaced),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Fate::New),
        Err(source) => Err(InstallError::Unreadable { path: file.path.clone(), source }),
    };
    files.iter().map(|file| Ok(Placed { path: file.path.clone(), fate: fate(file)? })).collect()
}

/// Writes what is not there yet.
pub fn place(files: &[Wanted], placed: &[Placed]) -> Result<(), InstallError> {
    for (file, placed) in files.iter().zip(placed) {
        if placed.fate != Fate::Same {
            write(&file.path, &file.bytes, file.program)?;
        }
    }
    Ok(())
}

/// Writes one file and the directories above it.
pub fn write(path: &Path, bytes: &[u8], program: bool) -> Result<(), InstallError> {
    let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    let written = folder.and_then(|()| publish(path, bytes, program));
    written.map_err(|source| InstallError::Unwritable { path: path.to_owned(), source })
}

/// The directories that will have to be made, outermost first.
pub fn missing_folders(files: &[Wanted], record: &Path) -> Vec<PathBuf> {
    let above = files.iter().map(|file| file.path.as_path()).chain([record]).flat_map(|path| path.ancestors().skip(1));
    let mut missing: Vec<PathBuf> = above.filter(|folder| !folder.exists()).map(Path::to_owned).collect();
    missing.sort();
    missing.dedup();
    missing
}

#[cfg(unix)]
fn may_run(file: &Wanted) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::symlink_metadata(&file.path).map_or(0, |meta| meta.permissions().mode());
    !file.program || mode & 0o111 != 0
}

#[cfg(not(unix))]
fn may_run(_: &Wanted) -> bool {
    true
}
