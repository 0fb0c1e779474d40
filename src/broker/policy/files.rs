//! Policy files on disk.

use crate::basis::text::clean;
use crate::broker::policy::{LARGEST_FILE, Policy, Surroundings, compile, listed};
use std::io::Read;
use std::path::Path;

/// Name and text of each file: `path` itself, or the `*.toml` of a directory in byte order of their names, those that
/// begin with a dot left out. Links are followed, as a mounted `ConfigMap` is made of them. What cannot be read is an error:
/// a file that is skipped could be the one that denies.
pub(super) fn read(path: &Path) -> Result<Vec<(String, String)>, String> {
    if !fs_err::metadata(path).map_err(|error| error.to_string())?.is_dir() {
        return Ok(vec![text_of(path)?]);
    }
    let mut names = Vec::new();
    for entry in fs_err::read_dir(path).map_err(|error| error.to_string())? {
        names.push(entry.map_err(|error| error.to_string())?.file_name());
    }
    names.retain(|name| {
        let bytes = name.as_encoded_bytes();
        bytes.ends_with(b".toml") && !bytes.starts_with(b".")
    });
    names.sort();
    if names.len() > MOST_FILES {
        return Err(format!("{} has {} files; at most 1,000 are read", path.display(), names.len()));
    }
    names.iter().map(|name| text_of(&path.join(name))).collect()
}

/// The same, once two readings in a row agree: a directory that is being swapped is never half one and half the other.
pub(super) fn read_settled(path: &Path) -> Result<Vec<(String, String)>, String> {
    let mut before = read(path)?;
    for _ in 0..READINGS {
        let after = read(path)?;
        if after == before {
            return Ok(after);
        }
        before = after;
    }
    Err(format!("{} keeps changing while it is read", path.display()))
}

/// Reads and compiles, for the commands.
pub(super) fn compiled(path: &Path, around: &Surroundings) -> Result<Policy, String> {
    compile(&read_settled(path)?, around).map_err(|problems| listed(&problems))
}

/// The surroundings that a `broker.toml`, or a part of it, tells.
pub(super) fn surroundings(broker: &Path) -> Result<Surroundings, String> {
    let (name, text) = text_of(broker)?;
    Surroundings::parse(&text).map_err(|error| format!("{name}: {error}"))
}

/// Name and text of one file.
pub(super) fn text_of(path: &Path) -> Result<(String, String), String> {
    let name = clean(&path.display().to_string());
    if !fs_err::metadata(path).map_err(|error| error.to_string())?.is_file() {
        return Err(format!("{name} is no regular file"));
    }
    let file = fs_err::File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    // One byte more than is allowed, so that whoever compiles it can say that it is too much.
    file.take(LARGEST_FILE as u64 + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    let text = String::from_utf8(bytes).map_err(|_| format!("{name} is not UTF-8"))?;
    Ok((name, text))
}

const MOST_FILES: usize = 1_000;
const READINGS: usize = 5;
