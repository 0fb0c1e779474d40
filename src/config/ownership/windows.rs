//! Windows tells owners by unsafe calls only, so an administrator says in the registry which folder is trusted, and
//! here we try whether we could change it.

use super::Untrusted;
use crate::config::error::Distrust;
use crate::config::managed;
use std::fs::OpenOptions;
use std::os::windows::fs::OpenOptionsExt;
use std::path::Path;

/// Checks a path below the folder that `HKLM\SOFTWARE\Policies\BitbucketSso` names.
///
/// We must not be able to change it, nor to replace a folder above it. An administrator always is, which says nothing
/// against the folder, so that one is not asked. What other users could change stays the administrator's word: the
/// access that they have cannot be tried from here.
pub(in crate::config) fn trusted(path: &Path) -> Result<(), Untrusted> {
    let Some(root) = managed::directory().filter(|root| path.starts_with(root)) else {
        return Err(Untrusted { at: path.to_owned(), why: Distrust::NotNamed });
    };
    if managed::is_administrator() {
        return Ok(());
    }
    unchangeable(path, &root)
}

/// From the path up: within the root nothing may be added or changed, above it nothing may be replaced.
fn unchangeable(path: &Path, root: &Path) -> Result<(), Untrusted> {
    for part in path.ancestors().filter(|part| part.parent().is_some()) {
        let rights = if part.starts_with(root) { CHANGE } else { REPLACE };
        if rights.iter().any(|right| granted(part, *right)) {
            return Err(Untrusted { at: part.to_owned(), why: Distrust::Writable });
        }
    }
    path.metadata().map(drop).map_err(|_| Untrusted { at: path.to_owned(), why: Distrust::Unknown })
}

/// Whether the system would let us: it is asked to open the path for that, and nothing is done.
fn granted(path: &Path, right: u32) -> bool {
    OpenOptions::new().access_mode(right).custom_flags(BACKUP_SEMANTICS).open(path).is_ok()
}

/// Access rights of `winnt.h`; those of files and of directories share their numbers.
const DELETE: u32 = 0x0001_0000;
const WRITE_DAC: u32 = 0x0004_0000;
const WRITE_OWNER: u32 = 0x0008_0000;
/// `FILE_WRITE_DATA`, `FILE_ADD_FILE`
const ADD_FILE: u32 = 0x0002;
/// `FILE_APPEND_DATA`, `FILE_ADD_SUBDIRECTORY`
const ADD_FOLDER: u32 = 0x0004;
const DELETE_CHILD: u32 = 0x0040;
const CHANGE: &[u32] = &[ADD_FILE, ADD_FOLDER, DELETE_CHILD, DELETE, WRITE_DAC, WRITE_OWNER];
/// Whoever may only add to a folder above cannot replace what is there.
const REPLACE: &[u32] = &[DELETE_CHILD, DELETE, WRITE_DAC, WRITE_OWNER];
/// `FILE_FLAG_BACKUP_SEMANTICS`: a directory can be opened with no other.
const BACKUP_SEMANTICS: u32 = 0x0200_0000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_no_administrator_names_is_not_trusted() {
        let dir = tempfile::tempdir().unwrap();
        let want = Untrusted { at: dir.path().to_owned(), why: Distrust::NotNamed };
        assert_eq!(trusted(dir.path()), Err(want));
    }

    #[test]
    fn what_we_could_change_is_not_trusted() {
        let dir = tempfile::tempdir().unwrap();
        let found = unchangeable(dir.path(), dir.path()).unwrap_err();
        assert_eq!(found, Untrusted { at: dir.path().to_owned(), why: Distrust::Writable });
        let file = dir.path().join("10.toml");
        std::fs::write(&file, "").unwrap();
        assert_eq!(unchangeable(&file, dir.path()).unwrap_err().at, file);
        assert!(granted(&file, ADD_FILE) && granted(dir.path(), WRITE_DAC));
        assert!(!granted(&dir.path().join("none"), DELETE));
    }
}
