//! Files and directories that are ours alone: written whole or not at all, never through a symbolic link.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Why a directory, or a file in it, is not used.
#[derive(Debug, thiserror::Error)]
pub enum UnsafeDir {
    /// Somebody else could have put it there, or can look into it.
    #[error("{path} is not safe to use: {why}")]
    Unsafe { path: PathBuf, why: &'static str },
    /// The system refuses.
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
}

/// Replaces a file by `bytes`, readable by us alone, and has it on the disk when it returns: a temporary file
/// beside it, synchronised, renamed over it, and the directory synchronised.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, bytes, true)?;
    sync_dir(parent(path))
}

/// Like [`write_private`] for what may be lost in a power cut: whole or not at all, without waiting for the disk.
pub fn put_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, bytes, false)
}

/// Reads a file of ours; `None` if there is none. A symbolic link, a file of another owner or one that others
/// can read is refused, and so is one of more than 1 MiB.
pub fn read_private(path: &Path) -> Result<Option<Vec<u8>>, UnsafeDir> {
    let file = match no_follow(OpenOptions::new().read(true)).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(UnsafeDir::Io { path: path.to_owned(), source }),
    };
    let io = |source| UnsafeDir::Io { path: path.to_owned(), source };
    let meta = file.metadata().map_err(io)?;
    if let Some(why) = not_a_file(&meta).or_else(|| foreign(&meta)) {
        return Err(UnsafeDir::Unsafe { path: path.to_owned(), why });
    }
    let mut bytes = Vec::new();
    read_whole(&file, &meta, LONGEST + 1, &mut bytes).map_err(io)?;
    if bytes.len() as u64 > LONGEST {
        return Err(UnsafeDir::Unsafe { path: path.to_owned(), why: "it is too long" });
    }
    Ok(Some(bytes))
}

/// Reads an open file into an empty buffer, up to `most` bytes. The buffer has room for all of it from the start,
/// because growing would leave copies of a secret behind.
pub fn read_whole(mut file: &File, meta: &fs::Metadata, most: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
    let room = usize::try_from(meta.len().min(most)).unwrap_or(0) + 64;
    bytes.resize(room, 0);
    let first = file.read(bytes);
    let filled = *first.as_ref().unwrap_or(&0);
    bytes.truncate(filled);
    match first {
        // A regular file that gives less than there was room for has ended: asking again would be a system call.
        Ok(1..) if meta.is_file() && filled < room => {}
        Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
        _ => _ = file.take(most).read_to_end(bytes)?,
    }
    bytes.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    Ok(())
}

/// Creates a directory that only we can enter, parents included, or checks the one that is there: no symbolic
/// link, our own, closed to group and others.
pub fn private_dir(path: &Path) -> Result<(), UnsafeDir> {
    let io = |source| UnsafeDir::Io { path: path.to_owned(), source };
    create_dir(path).map_err(io)?;
    let meta = fs::symlink_metadata(path).map_err(io)?;
    match not_a_directory(&meta).or_else(|| foreign(&meta)) {
        Some(why) => Err(UnsafeDir::Unsafe { path: path.to_owned(), why }),
        None => Ok(()),
    }
}

/// Opens a file of ours for appending, and makes it if it is missing; never through a symbolic link.
pub fn append_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    mode_600(options.append(true).read(true).create(true));
    no_follow(&mut options).open(path)
}

/// Removes a file; whether there was one.
pub fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// How the names of temporary files begin.
pub const TEMPORARY: &str = ".new-";

fn replace(path: &Path, bytes: &[u8], durable: bool) -> io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(parent(path))?;
    file.write_all(bytes)?;
    if durable {
        file.as_file().sync_all()?;
    }
    put_in_place(file, path)
}

#[cfg(not(windows))]
fn put_in_place(file: tempfile::NamedTempFile, path: &Path) -> io::Result<()> {
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// The standard library's renaming replaces a file that somebody has open; where the file system cannot, the reader is
/// done in a moment (a hit, an indexer, a virus scanner).
#[cfg(windows)]
#[expect(clippy::disallowed_methods, reason = "a moment of Windows' own, an eighth of a second at most")]
fn put_in_place(file: tempfile::NamedTempFile, path: &Path) -> io::Result<()> {
    let new = file.into_temp_path().keep().map_err(|error| error.error)?;
    let mut renamed = fs::rename(&new, path);
    for pause in [1, 2, 4, 8, 16, 32, 64] {
        if !renamed.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(pause));
        renamed = fs::rename(&new, path);
    }
    if renamed.is_err() {
        // What stays is cleared away with other leftovers.
        _ = fs::remove_file(&new);
    }
    renamed
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn create_dir(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.recursive(true).create(path) {
        // A dangling link or a file is in the way: the check that follows names it.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

fn not_a_directory(meta: &fs::Metadata) -> Option<&'static str> {
    match meta.file_type() {
        kind if kind.is_symlink() => Some("it is a symbolic link"),
        kind if !kind.is_dir() => Some("it is no directory"),
        _ => None,
    }
}

fn not_a_file(meta: &fs::Metadata) -> Option<&'static str> {
    match meta.file_type() {
        kind if kind.is_symlink() => Some("it is a symbolic link"),
        kind if !kind.is_file() => Some("it is no file"),
        _ => None,
    }
}

#[cfg(unix)]
fn foreign(meta: &fs::Metadata) -> Option<&'static str> {
    use std::os::unix::fs::MetadataExt;
    if meta.uid() != rustix::process::geteuid().as_raw() {
        return Some("it belongs to another user");
    }
    (meta.mode() & 0o077 != 0).then_some("other users can open it")
}

/// The user's own profile directory is closed to others by its access list.
#[cfg(not(unix))]
fn foreign(_: &fs::Metadata) -> Option<&'static str> {
    None
}

#[cfg(unix)]
fn no_follow(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
}

#[cfg(not(unix))]
fn no_follow(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(unix)]
fn mode_600(options: &mut OpenOptions) {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}

#[cfg(not(unix))]
fn mode_600(_: &mut OpenOptions) {}

#[cfg(unix)]
fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// A directory cannot be opened, and renames are in the journal of the file system.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on unix")]
fn sync_dir(_: &Path) -> io::Result<()> {
    Ok(())
}

/// No record of ours comes near it.
const LONGEST: u64 = 1 << 20;

/// For the tests of other rooms.
#[cfg(test)]
pub mod testing {
    /// A directory of ours alone that goes away with the test.
    ///
    /// # Panics
    ///
    /// If the system gives no temporary directory.
    pub fn private_temp_dir() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        dir
    }
}

#[cfg(test)]
mod tests;
