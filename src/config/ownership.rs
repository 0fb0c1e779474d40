//! Whether nobody but the administrator can change a file: looks at every directory from the root on.

use crate::config::error::Distrust;
#[cfg(unix)]
use std::path::Path;
use std::path::PathBuf;

/// The part of a path that is not trusted, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Untrusted {
    pub at: PathBuf,
    pub why: Distrust,
}

/// Checks an absolute path and, through symbolic links, everything that it leads over.
///
/// Each part must belong to root and must not be writable for group or others; a parent with the sticky bit may
/// be, because nobody can replace what root owns there. In a user namespace root's files may appear as owned by
/// 65534: that counts as root where the mount is read-only for us (DESIGN.md section 5).
#[cfg(unix)]
pub(super) fn trusted(path: &Path) -> Result<(), Untrusted> {
    walk(path, MOST_LINKS)
}

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(super) use windows::trusted;

#[cfg(unix)]
fn walk(path: &Path, links_left: u8) -> Result<(), Untrusted> {
    use std::path::Component;
    let mut here = PathBuf::from("/");
    check(&here, path == here)?;
    let mut parts = path.components();
    while let Some(part) = parts.next() {
        match part {
            Component::Normal(name) => here.push(name),
            // Everything before is resolved, so that the parent is the real one.
            Component::ParentDir => _ = here.pop(),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => continue,
        }
        let rest = parts.as_path();
        let Some(target) = check(&here, rest.as_os_str().is_empty())? else { continue };
        let deeper = links_left.checked_sub(1).ok_or_else(|| unknown(&here))?;
        here.pop();
        return walk(&here.join(target).join(rest), deeper);
    }
    Ok(())
}

/// Checks one part; a symbolic link's target is given back.
#[cfg(unix)]
fn check(part: &Path, last: bool) -> Result<Option<PathBuf>, Untrusted> {
    use std::os::unix::fs::MetadataExt;
    let what = part.symlink_metadata().map_err(|_| unknown(part))?;
    let fixed = || is_read_only(part);
    if what.uid() != 0 && !(what.uid() == UNMAPPED && in_user_namespace() && fixed()) {
        return Err(Untrusted { at: part.to_owned(), why: Distrust::Owner });
    }
    if what.is_symlink() {
        return part.read_link().map(Some).map_err(|_| unknown(part));
    }
    let sticky = what.is_dir() && what.mode() & 0o1000 != 0 && !last;
    if what.mode() & 0o022 != 0 && !sticky && !fixed() {
        return Err(Untrusted { at: part.to_owned(), why: Distrust::Writable });
    }
    Ok(None)
}

#[cfg(unix)]
fn is_read_only(path: &Path) -> bool {
    use rustix::fs::{StatVfsMountFlags, statvfs};
    statvfs(path).is_ok_and(|mount| mount.f_flag.contains(StatVfsMountFlags::RDONLY))
}

/// Whether some user ids of the machine have no number here (`user_namespaces(7)`).
#[cfg(unix)]
fn in_user_namespace() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map");
    map.is_ok_and(|map| map.split_whitespace().ne(["0", "0", "4294967295"]))
}

#[cfg(unix)]
fn unknown(part: &Path) -> Untrusted {
    Untrusted { at: part.to_owned(), why: Distrust::Unknown }
}

/// The owner that the kernel shows for user ids without a number in this namespace.
#[cfg(unix)]
const UNMAPPED: u32 = 65_534;
#[cfg(unix)]
const MOST_LINKS: u8 = 16;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    /// A directory whose owner is whoever runs the tests.
    fn own() -> (tempfile::TempDir, bool) {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().metadata().unwrap().uid() == 0;
        (dir, root)
    }

    #[test]
    fn the_system_is_trusted_and_what_is_missing_is_not() {
        assert_eq!(trusted(Path::new("/etc")), Ok(()));
        let missing = PathBuf::from("/etc/no-such-thing-here");
        assert_eq!(trusted(&missing), Err(Untrusted { at: missing.clone(), why: Distrust::Unknown }));
    }

    #[test]
    fn only_roots_directories_count() {
        let (dir, root) = own();
        let want = if root { Ok(()) } else { Err(Distrust::Owner) };
        assert_eq!(trusted(dir.path()).map_err(|untrusted| untrusted.why), want);
    }

    #[test]
    fn what_others_can_write_is_named() {
        let (dir, root) = own();
        let (open, inside) = (dir.path().join("open"), dir.path().join("open/policy.d"));
        std::fs::create_dir_all(&inside).unwrap();
        for mode in [0o777, 0o770] {
            std::fs::set_permissions(&open, PermissionsExt::from_mode(mode)).unwrap();
            let found = trusted(&inside).unwrap_err();
            if root {
                assert_eq!(found, Untrusted { at: open.clone(), why: Distrust::Writable });
            }
        }
        std::fs::set_permissions(&open, PermissionsExt::from_mode(0o1777)).unwrap();
        assert_eq!(trusted(&inside).is_ok(), root, "a sticky parent cannot give root's files away");
        assert!(trusted(&open).is_err(), "but anybody can add files to it");
    }

    #[test]
    fn links_are_followed_through_every_directory() {
        let (dir, root) = own();
        let (open, real) = (dir.path().join("open"), dir.path().join("real"));
        std::fs::create_dir(&open).unwrap();
        std::fs::create_dir(&real).unwrap();
        std::fs::set_permissions(&open, PermissionsExt::from_mode(0o777)).unwrap();
        symlink("../real", open.join("middle")).unwrap();
        symlink("open/middle", dir.path().join("over")).unwrap();
        symlink("real", dir.path().join("good")).unwrap();
        symlink("round", dir.path().join("round")).unwrap();
        assert_eq!(trusted(&dir.path().join("good")).is_ok(), root);
        assert!(trusted(&dir.path().join("over")).is_err(), "the way leads over a directory of anybody");
        assert!(trusted(&dir.path().join("round")).is_err());
    }
}
