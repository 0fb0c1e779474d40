//! Keys in files: an operator's own, or a secret that a platform mounts.

use crate::basis::base64;
use crate::basis::files::read_whole;
use crate::basis::seal::SealKey;
use crate::basis::secret::SecretBytes;
use crate::broker::sealing::SealError;
use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};

/// All keys, in the order of their files. The same key twice is a mistake of whoever meant to change it.
pub fn read_all(paths: &[PathBuf]) -> Result<Vec<SealKey>, SealError> {
    let keys: Vec<SealKey> = paths.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
    for (at, key) in keys.iter().enumerate() {
        if let Some(twin) = keys[..at].iter().position(|other| other.expose() == key.expose()) {
            return Err(no_key(&paths[at], &format!("it holds the same key as {}", paths[twin].display())));
        }
    }
    if keys.is_empty() { Err(SealError::Unavailable("no key file is named".into())) } else { Ok(keys) }
}

/// Mounted secrets are symbolic links, so that they are followed; the group may read where the platform gives the
/// secret to a group (`fsGroup`), everybody may not.
fn read(path: &Path) -> Result<SealKey, SealError> {
    let io = |error: std::io::Error| no_key(path, &error.to_string());
    let file = File::open(path).map_err(io)?;
    let meta = file.metadata().map_err(io)?;
    if open_to_all(&meta) {
        return Err(no_key(path, "everybody can read it; give it mode 0400, or 0440 for its group"));
    }
    let mut text = Vec::new();
    let read = read_whole(&file, &meta, LONGEST, &mut text);
    let text = SecretBytes::new(text);
    read.map_err(io)?;
    let key = base64::from_standard(text.expose().trim_ascii()).and_then(SealKey::new);
    key.ok_or_else(|| no_key(path, "it holds no 32 bytes in base64; `openssl rand -base64 32` makes them"))
}

#[cfg(unix)]
fn open_to_all(meta: &Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o007 != 0
}

/// Access lists say who may.
#[cfg(not(unix))]
fn open_to_all(_: &Metadata) -> bool {
    false
}

fn no_key(path: &Path, why: &str) -> SealError {
    SealError::Unavailable(format!("{}: {why}", path.display()))
}

/// 44 letters and a line end; room for somebody's blank lines.
const LONGEST: u64 = 1024;
