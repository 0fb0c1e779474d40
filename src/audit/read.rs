//! A trail as it lies there, its rotated files included.

use crate::audit::{chain, hits, lines};
use crate::basis::clock::Clock;
use crate::basis::{digest, lock};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::{fs, str};

/// Everything that is kept of a trail. It is read whole: a rotated file has 8 MiB.
pub struct Trace {
    /// Rotated files first.
    pub(super) files: Vec<PathBuf>,
    /// The numbers of the rotated files.
    pub(super) numbers: Vec<u32>,
    pub(super) lines: Vec<Line>,
    /// Hit files by day: whole lines as the chain would keep them, with the place where each ends.
    pub(super) hits: BTreeMap<String, Vec<(Value, u64)>>,
}

/// One line.
pub(super) struct Line {
    /// Index into `files`, and the line's number from 1.
    pub file: usize,
    pub number: usize,
    pub bytes: Vec<u8>,
    /// Whether it has its end.
    pub whole: bool,
    /// `Null` if it is no JSON.
    pub value: Value,
    pub digest: String,
}

/// Reads the trail in `file`, and the hit files below `state`. A trail that is not there has no lines.
pub fn read(file: &Path, state: &Path, clock: &dyn Clock) -> io::Result<Trace> {
    let locked = lines::lock_of(file);
    // A copy has no lock, and nobody writes to it.
    let _quiet = locked.exists().then(|| lock::wait(&locked, lines::PATIENCE, clock).ok());
    let there = file.parent().is_some_and(Path::is_dir);
    let numbers = if there { chain::numbers(file)? } else { Vec::new() };
    let mut files: Vec<PathBuf> = numbers.iter().map(|number| chain::numbered(file, *number)).collect();
    files.extend(file.exists().then(|| file.to_owned()));
    let mut lines = Vec::new();
    for (index, path) in files.iter().enumerate() {
        let bytes = whole(path)?;
        lines.extend(bytes.split_inclusive(|byte| *byte == b'\n').enumerate().map(|(at, line)| parse(index, at, line)));
    }
    let mut all = BTreeMap::new();
    let dir = hits::dir(state);
    for day in hits::days(&dir)? {
        let lines = parse_hits(&whole(&dir.join(&day))?);
        all.insert(day, lines);
    }
    Ok(Trace { files, numbers, lines, hits: all })
}

/// All of a file that has a size of ours.
fn whole(path: &Path) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.len() > LARGEST {
        let name = path.file_name().unwrap_or_default().display();
        return Err(io::Error::other(format!("{name} has more than 256 MiB, so it is none of ours")));
    }
    fs::read(path)
}

/// The UUID under which Entra's sign-in log knows a line: version 8 over its digest (RFC 9562 section 5.8).
pub fn anchor_of(digest: &str) -> Option<String> {
    let mut raw = [0; 16];
    for (byte, pair) in raw.iter_mut().zip(digest.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
    }
    (digest.len() == 64).then(|| digest::uuid(raw, 8))
}

impl Line {
    pub fn text(&self, field: &str) -> Option<&str> {
        self.value.get(field)?.as_str()
    }
}

fn parse(file: usize, at: usize, line: &[u8]) -> Line {
    let (bytes, whole) = line.strip_suffix(b"\n").map_or((line, false), |line| (line, true));
    let value = serde_json::from_slice(bytes).unwrap_or(Value::Null);
    Line { file, number: at + 1, digest: digest::of(bytes), bytes: bytes.to_vec(), whole, value }
}

fn parse_hits(bytes: &[u8]) -> Vec<(Value, u64)> {
    let mut end = 0;
    let whole = bytes.split_inclusive(|byte| *byte == b'\n');
    let line = |line: &[u8]| {
        end += line.len() as u64;
        (hits::parse(line), end)
    };
    whole.map(line).collect()
}

/// A rotated file has 8 MiB, and what one decision added to it.
const LARGEST: u64 = 256 << 20;
