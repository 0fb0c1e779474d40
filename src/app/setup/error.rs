//! Why git could not be told about us.

use super::{Blocked, GitError};
use std::io;
use std::path::PathBuf;

/// Why git could not be told about us, named for what the person does next.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// There is no home directory to write to.
    #[error("HOME is not set")]
    HomeUnset,
    /// HOME is somebody else's: `sudo`, a package script.
    #[error("HOME {home} belongs to another user")]
    HomeNotOurs { home: PathBuf },
    /// A person adds (or, with `remove`, deletes) the lines; everything else was done.
    #[error("{path} must not be changed by us")]
    ReadOnly { path: PathBuf, why: Blocked, lines: Vec<String>, remove: bool },
    /// The file system refused while we were writing; nothing changed.
    #[error("{path} may not be changed")]
    Refused { path: PathBuf },
    /// Another program holds git's lock, or died with it.
    #[error("{lock} exists")]
    Locked { lock: PathBuf },
    /// Somebody wrote the file after we had read it; nothing changed.
    #[error("{path} was changed by another program meanwhile")]
    ChangedMeanwhile { path: PathBuf },
    /// The include file's name is taken by a file that we did not write.
    #[error("{path} was not written by us")]
    Foreign { path: PathBuf },
    /// A path that git's configuration cannot hold.
    #[error("{path} cannot be written into git's configuration")]
    BadPath { path: PathBuf },
    /// `--system`: no git tells where its system configuration is.
    #[error("no git names a system configuration file")]
    NoSystemFile,
    /// git is missing or failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// Anything else the file system says.
    #[error("cannot {doing} {path}: {source}")]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
}
