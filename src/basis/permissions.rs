//! What `doctor` looks at and repairs below our directories: who may read there, and how much room is left.

#[cfg(unix)]
use std::fs;
use std::io;
use std::path::Path;

/// Closes a directory of ours and everything in it to others: 0700 and 0600. Symbolic links and what belongs to
/// somebody else are left alone. Returns how many were open.
#[cfg(unix)]
pub fn close_to_others(path: &Path) -> io::Result<usize> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let meta = fs::symlink_metadata(path)?;
    let ours = meta.uid() == rustix::process::geteuid().as_raw();
    if !ours || !(meta.is_dir() || meta.is_file()) {
        return Ok(0);
    }
    let open = usize::from(meta.mode() & 0o077 != 0);
    if open > 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(if meta.is_dir() { 0o700 } else { 0o600 }))?;
    }
    let inside = if meta.is_dir() { fs::read_dir(path)?.collect::<io::Result<Vec<_>>>()? } else { Vec::new() };
    inside.iter().try_fold(open, |sum, entry| Ok(sum + close_to_others(&entry.path())?))
}

/// The user's own profile directory is closed to others by its access list.
#[cfg(not(unix))]
pub fn close_to_others(_: &Path) -> io::Result<usize> {
    Ok(0)
}

/// How many bytes we may still write below a directory, where the system says.
#[cfg(unix)]
pub fn free_space(path: &Path) -> Option<u64> {
    let of = rustix::fs::statvfs(path).ok()?;
    Some(of.f_bavail.saturating_mul(of.f_frsize))
}

#[cfg(not(unix))]
pub fn free_space(_: &Path) -> Option<u64> {
    None
}
