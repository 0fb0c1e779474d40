//! Files that everybody may read: programs and their papers, replaced whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Replaces a file by `bytes` that everybody may read, and run if it is a program: staged beside it, synchronised,
/// renamed over it. A program that is being run keeps its old content for whoever runs it.
pub fn publish(path: &Path, bytes: &[u8], program: bool) -> io::Result<()> {
    let folder = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(crate::basis::files::TEMPORARY).tempfile_in(folder)?;
    file.write_all(bytes)?;
    everybody(file.as_file(), program)?;
    file.as_file().sync_all()?;
    let file = file.into_temp_path();
    make_way(path)?;
    file.persist(path).map_err(|error| error.error)
}

/// Whatever the umask is.
#[cfg(unix)]
fn everybody(file: &fs::File, program: bool) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(if program { 0o755 } else { 0o644 }))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on unix")]
fn everybody(_: &fs::File, _: bool) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "as on Windows")]
fn make_way(_: &Path) -> io::Result<()> {
    Ok(())
}

/// A running program cannot be replaced there, but it can be renamed.
#[cfg(not(unix))]
fn make_way(path: &Path) -> io::Result<()> {
    let old = path.with_extension("old");
    _ = fs::remove_file(&old);
    match fs::rename(path, old) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn a_program_is_replaced_whole_and_may_be_run_by_everybody() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("program");
        publish(&path, b"one", false).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o644);
        publish(&path, b"two", true).unwrap();
        assert_eq!((fs::read(&path).unwrap(), fs::metadata(&path).unwrap().mode() & 0o777), (b"two".to_vec(), 0o755));
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(publish(&path, b"three", true).is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file stays");
    }
}
