//! Which file git itself writes for `--global`, and whether it may be replaced.

use super::{SetupError, Surroundings};
use crate::basis::env::Env;
use std::io;
use std::path::{Path, PathBuf};

/// A file as it is now, with its symbolic links followed.
#[derive(Clone, Debug)]
pub struct Target {
    /// As git names it.
    pub path: PathBuf,
    /// The file itself, which need not exist.
    pub real: PathBuf,
    /// Its content; `None` if there is no such file, or if it is no regular file.
    pub bytes: Option<Vec<u8>>,
    /// Why it must be left alone, if it must.
    pub blocked: Option<Blocked>,
}

/// Why a file is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// We may not write it or its directory, or its mode says that nobody should (a dotfiles manager's store).
    ReadOnly,
    /// A device, a pipe or a directory, such as `/dev/null`.
    NotAFile,
    /// It belongs to somebody else, and a replacement would not.
    OtherOwner,
}

/// The home directory, which must be ours: under `sudo` and in packages HOME is often somebody else's.
pub fn home(surroundings: &Surroundings) -> Result<PathBuf, SetupError> {
    let home = home_of(surroundings.env).filter(|home| home.is_absolute()).ok_or(SetupError::HomeUnset)?;
    let io = |source| SetupError::Io { doing: "read the owner of", path: home.clone(), source };
    if (surroundings.euid_owner_check)(&home).map_err(io)? { Ok(home) } else { Err(SetupError::HomeNotOurs { home }) }
}

/// The files git reads as `--global`: the one it writes first, then the others that may still hold our block
/// from a time when git wrote there.
pub fn user_files(env: &Env, home: &Path) -> Result<(PathBuf, Vec<PathBuf>), SetupError> {
    let [plain, xdg] = home_files(env, home);
    if let Some(named) = env.os("GIT_CONFIG_GLOBAL").map(PathBuf::from) {
        let absolute = named.is_absolute().then_some(named.clone());
        return absolute.map(|path| (path, Vec::new())).ok_or(SetupError::BadPath { path: named });
    }
    Ok(if !readable(&plain) && readable(&xdg) { (xdg, vec![plain]) } else { (plain, vec![xdg]) })
}

/// The two files in a home that git reads as `--global` where `GIT_CONFIG_GLOBAL` names no other.
pub fn home_files(env: &Env, home: &Path) -> [PathBuf; 2] {
    let xdg = env.os("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
    [home.join(".gitconfig"), xdg.join("git/config")]
}

/// Looks at a file: where it really is, what it holds, whether it may be replaced.
pub fn look(path: &Path) -> Result<Target, SetupError> {
    let io = |doing: &'static str| move |source| SetupError::Io { doing, path: path.to_owned(), source };
    let real = follow(path).map_err(io("follow"))?;
    let regular = match std::fs::metadata(&real) {
        Ok(meta) => Some(meta.is_file()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(io("read")(error)),
    };
    let bytes = if regular == Some(true) { Some(std::fs::read(&real).map_err(io("read"))?) } else { None };
    let blocked = if regular == Some(false) { Some(Blocked::NotAFile) } else { blocked(&real).map_err(io("read"))? };
    Ok(Target { path: path.to_owned(), real, bytes, blocked })
}

/// Whether `path` belongs to our effective user; on Windows a profile is always its user's.
pub fn owned_by_us(path: &Path) -> io::Result<bool> {
    #[cfg(unix)]
    return Ok(owner(&std::fs::metadata(path)?) == rustix::process::geteuid().as_raw());
    #[cfg(not(unix))]
    std::fs::metadata(path).map(|_| true)
}

/// git for Windows makes HOME out of these where it is unset.
fn home_of(env: &Env) -> Option<PathBuf> {
    let windows = || {
        let drive = env.os("HOMEDRIVE").zip(env.os("HOMEPATH")).map(|(drive, path)| {
            let mut home = drive;
            home.push(path);
            PathBuf::from(home)
        });
        drive.filter(|home| home.is_dir()).or_else(|| env.os("USERPROFILE").map(PathBuf::from))
    };
    env.os("HOME").map(PathBuf::from).or_else(|| if cfg!(windows) { windows() } else { None })
}

/// Follows symbolic links of the last component; unlike `canonicalize` the end need not exist.
fn follow(path: &Path) -> io::Result<PathBuf> {
    let mut real = path.to_owned();
    for _ in 0..MOST_LINKS {
        if !std::fs::symlink_metadata(&real).is_ok_and(|meta| meta.is_symlink()) {
            return Ok(real);
        }
        let next = std::fs::read_link(&real)?;
        real = real.parent().map_or_else(|| next.clone(), |dir| dir.join(&next));
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "too many symbolic links"))
}

fn blocked(real: &Path) -> io::Result<Option<Blocked>> {
    // A replacement is a new entry in the directory: the nearest one that exists decides.
    let Some(dir) = real.ancestors().skip(1).find(|dir| dir.exists()) else { return Ok(Some(Blocked::ReadOnly)) };
    if !writable(dir) || (cfg!(unix) && std::fs::metadata(dir)?.permissions().readonly()) {
        return Ok(Some(Blocked::ReadOnly));
    }
    let Ok(meta) = std::fs::metadata(real) else { return Ok(None) };
    if meta.permissions().readonly() || !writable(real) {
        return Ok(Some(Blocked::ReadOnly));
    }
    Ok((!replaceable(&meta)).then_some(Blocked::OtherOwner))
}

#[cfg(unix)]
fn owner(meta: &std::fs::Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::uid(meta)
}

/// Only root can give a replacement to another owner.
#[cfg(unix)]
fn replaceable(meta: &std::fs::Metadata) -> bool {
    let us = rustix::process::geteuid();
    us.is_root() || owner(meta) == us.as_raw()
}

#[cfg(not(unix))]
fn replaceable(_: &std::fs::Metadata) -> bool {
    true
}

#[cfg(unix)]
fn readable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::READ_OK).is_ok()
}

#[cfg(unix)]
fn writable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok()
}

#[cfg(not(unix))]
fn readable(path: &Path) -> bool {
    path.exists()
}

/// Windows tells only by trying; a refusal comes when the lock is taken.
#[cfg(not(unix))]
fn writable(_: &Path) -> bool {
    true
}

const MOST_LINKS: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(env: &[(&str, &str)], home: &Path) -> String {
        let (file, _) = user_files(&Env::fixed(env.iter().copied()), home).unwrap();
        file.strip_prefix(home).unwrap_or(&file).display().to_string().replace('\\', "/")
    }

    #[test]
    fn the_file_is_the_one_git_writes() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path();
        assert_eq!(chosen(&[], home), ".gitconfig");
        std::fs::create_dir_all(home.join(".config/git")).unwrap();
        std::fs::write(home.join(".config/git/config"), "").unwrap();
        assert_eq!(chosen(&[], home), ".config/git/config");
        assert_eq!(chosen(&[("XDG_CONFIG_HOME", "/nowhere")], home), ".gitconfig");
        std::fs::write(home.join(".gitconfig"), "").unwrap();
        assert_eq!(chosen(&[], home), ".gitconfig");
        let elsewhere = if cfg!(windows) { "C:/else/where" } else { "/else/where" };
        assert_eq!(chosen(&[("GIT_CONFIG_GLOBAL", elsewhere)], home), elsewhere);
        let relative = user_files(&Env::fixed([("GIT_CONFIG_GLOBAL", "here")]), home);
        assert!(matches!(relative, Err(SetupError::BadPath { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_even_to_a_file_that_is_not_there_yet() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("dotfiles/gitconfig", dir.path().join("link")).unwrap();
        let target = look(&dir.path().join("link")).unwrap();
        assert_eq!(target.real, dir.path().join("dotfiles/gitconfig"));
        assert!(target.bytes.is_none() && target.blocked.is_none());
        std::os::unix::fs::symlink("loop", dir.path().join("loop")).unwrap();
        assert!(matches!(look(&dir.path().join("loop")), Err(SetupError::Io { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_nobody_should_write_is_left_alone_even_by_root() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("gitconfig");
        std::fs::write(&file, "").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o444)).unwrap();
        assert_eq!(look(&file).unwrap().blocked, Some(Blocked::ReadOnly));
        assert_eq!(look(Path::new("/dev/null")).unwrap().blocked, Some(Blocked::NotAFile));
    }
}
