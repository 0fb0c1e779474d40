//! What a killed process leaves behind: temporary files that never became what they were written for.

use crate::basis::files::{TEMPORARY, remove};
use std::fs::{self, DirEntry};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Removes temporary files of ours below `dir`, two directories deep: those that are an hour older than `written`, a
/// file of this moment. So it is the file system's own clock that counts, whatever ours says. Looks at
/// `MOST` entries of a directory; what cannot be removed stays for the next time.
pub fn sweep(dir: &Path, written: &Path) {
    let now = fs::symlink_metadata(written).and_then(|meta| meta.modified());
    if let Some(before) = now.ok().and_then(|now| now.checked_sub(OLD)) {
        sweep_dir(dir, before, DEPTH);
    }
}

fn sweep_dir(dir: &Path, before: SystemTime, depth: u32) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten().take(MOST) {
        // Of the entry itself: a symbolic link is neither.
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && depth > 0 {
            sweep_dir(&entry.path(), before, depth - 1);
        } else if kind.is_file() && is_leftover(&entry, before) {
            _ = remove(&entry.path());
        }
    }
}

fn is_leftover(entry: &DirEntry, before: SystemTime) -> bool {
    let ours = entry.file_name().as_encoded_bytes().starts_with(TEMPORARY.as_bytes());
    ours && entry.metadata().and_then(|meta| meta.modified()).is_ok_and(|modified| modified < before)
}

/// A temporary file lives for milliseconds.
const OLD: Duration = Duration::from_secs(3600);
const DEPTH: u32 = 2;
const MOST: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::basis::files::put_private;
    use std::fs::File;
    use std::path::PathBuf;

    #[test]
    fn only_old_temporary_files_go() {
        let dir = tempfile::tempdir().unwrap();
        let below = |name: &str| dir.path().join(name);
        fs::create_dir_all(below("hot/account/deeper")).unwrap();
        let old = [".new-a", "hot/account/.new-b"].map(below);
        let stay = ["record", "hot/account/deeper/.new-c"].map(below);
        for path in old.iter().chain(&stay) {
            aged(path);
        }
        File::create(below(".new-fresh")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(below("record"), below(".new-link")).unwrap();
        put_private(&below("note"), b"now").unwrap();
        sweep(dir.path(), &below("note"));
        assert!(old.iter().all(|path| !path.exists()), "{old:?}");
        assert!(stay.iter().chain(&[below(".new-fresh")]).all(|path| path.exists()));
        assert!(cfg!(not(unix)) || below(".new-link").exists());
    }

    fn aged(path: &PathBuf) {
        let file = File::create(path).unwrap();
        let modified = file.metadata().unwrap().modified().unwrap();
        file.set_modified(modified - OLD - Duration::from_secs(1)).unwrap();
    }
}
