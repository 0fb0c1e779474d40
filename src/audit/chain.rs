//! The chain: each line names the digest of the line before it, across rotated files too.

use crate::audit::hmac::TrailKey;
use crate::basis::digest;
use crate::basis::files;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// How far the hit files are folded in: day, and bytes of its file. It is in every line, so that a line and what it
/// has taken over are written together or not at all.
pub type Folded = BTreeMap<String, u64>;

/// A line as written.
#[derive(Serialize)]
struct Line<'a, T> {
    prev: &'a str,
    folded: &'a Folded,
    #[serde(flatten)]
    record: &'a T,
    /// Which key seals the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
}

/// The end of the trail; the caller holds its lock.
pub struct Chain<'a> {
    file: File,
    length: u64,
    prev: String,
    /// As of the last line.
    pub folded: Folded,
    pending: Vec<u8>,
    key: Option<&'a TrailKey>,
}

impl<'a> Chain<'a> {
    /// Opens the trail at its end. A last line without its end was never complete: nothing was handed out on it, and
    /// it goes. A file that has grown to `most` bytes is set aside first.
    pub fn open(path: &Path, most: u64, key: Option<&'a TrailKey>) -> io::Result<Self> {
        let mut file = regular(path)?;
        let mut last = last_line(&mut file, true)?;
        if file.metadata()?.len() >= most {
            fs::rename(path, numbered(path, newest(path)? + 1))?;
            file = regular(path)?;
        } else if last.is_none() && newest(path)? > 0 {
            last = last_line(&mut File::open(numbered(path, newest(path)?))?, false)?;
        }
        let length = file.metadata()?.len();
        let prev = last.as_deref().map_or_else(|| START.to_owned(), digest::of);
        let folded = last.as_deref().map(folded_of).unwrap_or_default();
        Ok(Self { file, length, prev, folded, pending: Vec::new(), key })
    }

    /// Adds a line with the present `folded`; it counts from [`Chain::commit`] on.
    pub fn add<T: Serialize>(&mut self, record: &T) -> io::Result<()> {
        let key = self.key.map(TrailKey::id);
        let mut line = serde_json::to_vec(&Line { prev: &self.prev, folded: &self.folded, record, key })?;
        if let Some(key) = self.key {
            line.pop();
            let seal = key.seal(&line);
            line.extend([MAC, &seal, "\"}"].concat().into_bytes());
        }
        self.prev = digest::of(&line);
        self.pending.extend(line);
        self.pending.push(b'\n');
        Ok(())
    }

    /// Writes what was added and has it on the disk, or leaves the trail as it was.
    pub fn commit(mut self) -> io::Result<String> {
        let written = self.file.write_all(&self.pending).and_then(|()| self.file.sync_data());
        if written.is_err() {
            // Should this fail too, the next one to open the trail cuts the torn line off.
            _ = self.file.set_len(self.length);
        }
        written.map(|()| self.prev)
    }
}

/// The digest of the last line; `None` if there is no line yet.
pub fn head(path: &Path) -> io::Result<Option<String>> {
    let end = |path: &Path| if path.is_file() { last_line(&mut File::open(path)?, false) } else { Ok(None) };
    let last = match end(path)? {
        None if path.parent().is_some_and(Path::is_dir) => end(&numbered(path, newest(path)?))?,
        last => last,
    };
    Ok(last.as_deref().map(digest::of))
}

/// Splits a sealed line into what was sealed and the seal.
pub fn sealed(line: &[u8]) -> Option<(&[u8], &str)> {
    let at = line.len().checked_sub(MAC.len() + 64 + 2)?;
    let (body, rest) = line.split_at(at);
    let seal = rest.strip_prefix(MAC.as_bytes())?.strip_suffix(b"\"}")?;
    Some((body, std::str::from_utf8(seal).ok()?))
}

/// Opens the trail; a device would swallow it, a pipe would hold everybody up.
fn regular(path: &Path) -> io::Result<File> {
    if fs::symlink_metadata(path).is_ok_and(|what| !what.is_file()) {
        return Err(io::Error::other("it is no regular file"));
    }
    files::append_private(path)
}

/// The last complete line without its end; `cut` removes what comes after it.
fn last_line(file: &mut File, cut: bool) -> io::Result<Option<Vec<u8>>> {
    let length = file.metadata()?.len();
    let mut span = CHUNK;
    loop {
        let start = length.saturating_sub(span);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.take(span).read_to_end(&mut bytes)?;
        let end = bytes.iter().rposition(|byte| *byte == b'\n');
        let before = end.and_then(|end| bytes[..end].iter().rposition(|byte| *byte == b'\n'));
        let known = before.is_some() || start == 0;
        if known {
            let kept = end.map_or(0, |end| end + 1);
            if cut && kept < bytes.len() {
                file.set_len(start + kept as u64)?;
            }
            let first = before.map_or(0, |before| before + 1);
            return Ok(end.map(|end| bytes[first..end].to_vec()));
        }
        // What is no line of ours must not be read to its beginning, which may be far away.
        if span >= LONGEST_LINE {
            return Err(io::Error::other("its last line is longer than 4 MiB, so it is none of ours"));
        }
        span *= 4;
    }
}

pub fn folded_of(line: &[u8]) -> Folded {
    #[derive(serde::Deserialize)]
    struct OnlyFolded {
        folded: Folded,
    }
    serde_json::from_slice::<OnlyFolded>(line).map(|line| line.folded).unwrap_or_default()
}

/// The highest number a rotated file has; 0 if there is none.
fn newest(path: &Path) -> io::Result<u32> {
    Ok(numbers(path)?.last().copied().unwrap_or(0))
}

/// The numbers that rotated files have, in order.
pub fn numbers(path: &Path) -> io::Result<Vec<u32>> {
    let prefix = format!("{}.", path.file_name().unwrap_or_default().to_string_lossy());
    let mut numbers = Vec::new();
    for entry in fs::read_dir(path.parent().unwrap_or(Path::new(".")))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        numbers.extend(name.strip_prefix(&prefix).and_then(|number| number.parse::<u32>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// The name of a rotated file.
pub fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

/// What the first line of all names as its predecessor.
pub const START: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Between a line's own text and its seal.
const MAC: &str = ",\"mac\":\"";
const CHUNK: u64 = 16 << 10;
/// A line with a hundred hits has some 10 KiB.
const LONGEST_LINE: u64 = 4 << 20;
