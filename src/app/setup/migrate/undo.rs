//! What `--apply` rewrote, so that `--undo` can take it back. Addresses only: an erased secret is not kept anywhere.

use super::files::replace;
use super::{Edit, lines};
use crate::app::setup::SetupError;
use crate::basis::files;
use crate::basis::secret::SecretBytes;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// One address that was rewritten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rewritten {
    pub file: PathBuf,
    pub line: usize,
    pub before: String,
    pub after: String,
}

/// What was taken back, and what had been changed by others since.
#[derive(Debug, Default)]
pub struct Undone {
    pub done: Vec<Rewritten>,
    pub left: Vec<Rewritten>,
}

/// Remembers what was rewritten, after what is remembered already.
pub fn keep(record: &Path, rewritten: &[Rewritten]) -> Result<(), SetupError> {
    let mut all = read(record)?;
    all.extend_from_slice(rewritten);
    write(record, &all)
}

/// Takes back what is remembered, the last first. What is left stays remembered. A dry run only tells.
pub fn undo(record: &Path, dry_run: bool) -> Result<Undone, SetupError> {
    let mut undone = Undone::default();
    if dry_run {
        return Ok(Undone { done: read(record)?, left: Vec::new() });
    }
    for one in read(record)?.into_iter().rev() {
        if back(&one)? { undone.done.push(one) } else { undone.left.push(one) }
    }
    undone.left.reverse();
    write(record, &undone.left)?;
    Ok(undone)
}

/// Whether the address is still there, in its line or else in exactly one other.
fn back(one: &Rewritten) -> Result<bool, SetupError> {
    let Ok(bytes) = std::fs::read(&one.file).map(SecretBytes::new) else { return Ok(false) };
    let holds: Vec<_> = lines(bytes.expose())
        .filter_map(|(number, range, line)| Some((number, range.start + word(line, &one.after)?)))
        .collect();
    let chosen = match holds.as_slice() {
        [only] => Some(only),
        many => many.iter().find(|(number, _)| *number == one.line),
    };
    let Some((_, at)) = chosen else { return Ok(false) };
    let edit = Edit { at: *at..at + one.after.len(), with: one.before.clone() };
    let mut after = bytes.expose().get(..edit.at.start).unwrap_or_default().to_vec();
    after.extend_from_slice(edit.with.as_bytes());
    after.extend_from_slice(bytes.expose().get(edit.at.end..).unwrap_or_default());
    replace(&one.file, &bytes, &SecretBytes::new(after))?;
    Ok(true)
}

/// Where the text stands as a whole value or between quotes.
fn word(line: &str, text: &str) -> Option<usize> {
    let ends = |c: Option<char>| c.is_none_or(|c| c.is_whitespace() || c == '"' || c == '=');
    let alone = |at: usize| {
        ends(line.get(..at).and_then(|head| head.chars().next_back()))
            && ends(line.get(at + text.len()..).and_then(|tail| tail.chars().next()))
    };
    line.match_indices(text).map(|(at, _)| at).find(|at| alone(*at))
}

fn read(record: &Path) -> Result<Vec<Rewritten>, SetupError> {
    let bad =
        |why: String| SetupError::Io { doing: "read", path: record.to_owned(), source: std::io::Error::other(why) };
    let bytes = files::read_private(record).map_err(|error| bad(error.to_string()))?;
    bytes.map_or(Ok(Vec::new()), |bytes| serde_json::from_slice(&bytes).map_err(|error| bad(error.to_string())))
}

fn write(record: &Path, all: &[Rewritten]) -> Result<(), SetupError> {
    let io = |source| SetupError::Io { doing: "write", path: record.to_owned(), source };
    if all.is_empty() {
        return files::remove(record).map(drop).map_err(io);
    }
    let dir = record.parent().unwrap_or(record);
    files::private_dir(dir).map_err(|error| io(std::io::Error::other(error.to_string())))?;
    let text = serde_json::to_vec(all).map_err(|error| io(error.into()))?;
    files::write_private(record, &text).map_err(io)
}
