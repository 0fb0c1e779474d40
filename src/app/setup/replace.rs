//! Replaces a file as git does: `<file>.lock` is taken, filled and renamed over it.

use super::SetupError;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// git's own lock on a configuration file, held; it is also the file's next content. Dropped, it is given back
/// and nothing has changed.
#[derive(Debug)]
pub struct Lock {
    target: PathBuf,
    path: PathBuf,
    file: File,
    readers: Readers,
    renamed: bool,
}

/// Who may read a file that is new. An existing file keeps its mode and owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// 0600 in 0700 directories.
    Owner,
    /// 0644 in 0755 directories, for the system's git configuration.
    Everybody,
}

impl Lock {
    /// Takes the lock of `target`, making its directory if need be. Never waits: git does not either.
    pub fn take(target: &Path, readers: Readers) -> Result<Self, SetupError> {
        let mut name = target.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        if let Some(dir) = target.parent() {
            make_dir(dir, readers).map_err(|source| refused("create the directory", dir, source))?;
        }
        let file = open(&path).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => SetupError::Locked { lock: path.clone() },
            _ => refused("lock", target, source),
        })?;
        Ok(Self { target: target.to_owned(), path, file, readers, renamed: false })
    }

    /// Where the next content waits.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the file holds now that nobody else may write it; `None` if it is not there.
    pub fn current(&self) -> Result<Option<Vec<u8>>, SetupError> {
        match std::fs::read(&self.target) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(refused("read", &self.target, source)),
        }
    }

    /// Writes the next content and makes it durable, with the mode and owner of the file it will replace.
    pub fn fill(&mut self, bytes: &[u8]) -> Result<(), SetupError> {
        let filled = self.file.write_all(bytes).and_then(|()| self.inherit()).and_then(|()| self.file.sync_all());
        filled.map_err(|source| refused("write", &self.target, source))
    }

    /// Puts the next content in place, in one step.
    pub fn commit(mut self) -> Result<(), SetupError> {
        std::fs::rename(&self.path, &self.target).map_err(|source| refused("replace", &self.target, source))?;
        self.renamed = true;
        sync_dir(&self.target);
        Ok(())
    }

    /// Removes the file that is locked.
    pub fn remove(self) -> Result<(), SetupError> {
        std::fs::remove_file(&self.target).map_err(|source| refused("remove", &self.target, source))?;
        sync_dir(&self.target);
        Ok(())
    }

    /// The umask must not have its way with the system's files: git dies over an include it may not read.
    #[cfg(unix)]
    fn inherit(&self) -> io::Result<()> {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
        let Ok(old) = std::fs::metadata(&self.target) else {
            return self.file.set_permissions(std::fs::Permissions::from_mode(self.readers.modes().0));
        };
        let new = self.file.metadata()?;
        if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
            fchown(&self.file, Some(old.uid()), Some(old.gid()))?;
        }
        self.file.set_permissions(old.permissions())
    }

    /// On Windows a file inherits its rights from its directory.
    #[cfg(not(unix))]
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    fn inherit(&self) -> io::Result<()> {
        _ = self.readers;
        Ok(())
    }
}

#[cfg(unix)]
impl Readers {
    /// Of a file, of a directory.
    fn modes(self) -> (u32, u32) {
        match self {
            Self::Owner => (0o600, 0o700),
            Self::Everybody => (0o644, 0o755),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if !self.renamed {
            // Nothing better can be done: git names a lock that is left behind.
            _ = std::fs::remove_file(&self.path);
        }
    }
}

/// A refusal by the file system means the file is to be left alone; anything else is a failure.
fn refused(doing: &'static str, path: &Path, source: io::Error) -> SetupError {
    use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem, ResourceBusy};
    // Busy: the file is a mount point of its own, as containers do with ~/.gitconfig.
    if matches!(source.kind(), PermissionDenied | ReadOnlyFilesystem | ResourceBusy) {
        return SetupError::Refused { path: path.to_owned() };
    }
    SetupError::Io { doing, path: path.to_owned(), source }
}

#[cfg(unix)]
fn make_dir(dir: &Path, readers: Readers) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    if dir.is_dir() {
        return Ok(());
    }
    let (_, mode) = readers.modes();
    std::fs::DirBuilder::new().recursive(true).mode(mode).create(dir)?;
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(mode))
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn make_dir(dir: &Path, _: Readers) -> io::Result<()> {
    std::fs::create_dir_all(dir)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Makes the rename durable where a directory can be opened; elsewhere the system does it in its own time.
fn sync_dir(target: &Path) {
    if let Some(dir) = target.parent().and_then(|dir| File::open(dir).ok()) {
        _ = dir.sync_all();
    }
}
