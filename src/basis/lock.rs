//! A kernel advisory lock on a file of ours: dropped with the handle, and by the kernel for a dead process.

use crate::basis::clock::Clock;
use crate::basis::files;
use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

/// Opens a lock file, made where it is missing and never removed: whoever removes one lets two in.
pub fn open(path: &Path) -> io::Result<File> {
    files::append_private(path)
}

/// Takes the lock if nobody has it; whether we have it now. A file system without locks is an error.
#[expect(clippy::disallowed_methods, reason = "the one place that locks, and it never waits")]
pub fn take(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Waits for a lock that is only ever held for moments, at most `longest`; the handle holds it.
pub fn wait(path: &Path, longest: Duration, clock: &dyn Clock) -> io::Result<File> {
    let file = open(path)?;
    let end = clock.steady() + longest;
    let mut pause = SHORTEST;
    while !take(&file)? {
        if clock.steady() >= end {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "another process holds its lock"));
        }
        clock.sleep(pause);
        pause = next(pause);
    }
    Ok(file)
}

/// The pause after this one, until [`LONGEST`].
pub fn next(pause: Duration) -> Duration {
    (pause * 2).min(LONGEST)
}

/// The first pause between two tries.
pub const SHORTEST: Duration = Duration::from_millis(20);
/// The longest pause between two tries.
pub const LONGEST: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::basis::clock::SystemClock;

    #[test]
    fn one_handle_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let first = wait(&path, Duration::ZERO, &SystemClock).unwrap();
        let refused = wait(&path, Duration::ZERO, &SystemClock).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::TimedOut);
        drop(first);
        wait(&path, Duration::ZERO, &SystemClock).unwrap();
    }

    #[test]
    fn pauses_grow_to_a_quarter_second() {
        let all: Vec<_> = std::iter::successors(Some(SHORTEST), |p| Some(next(*p))).take(6).collect();
        assert_eq!(all.last(), Some(&LONGEST));
        assert_eq!(all[1], Duration::from_millis(40));
    }
}
