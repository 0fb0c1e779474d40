//! Hand-outs from the cache: one short append each, to the file of the day, without a lock; folded into the chain
//! by the next one who records a decision.
//!
//! A hit file is only ever appended to, and the chain itself says up to which byte it has taken it over. So no hit is
//! lost to a writer that comes late, and none counts twice after a crash.

use crate::audit::chain::{Chain, Folded};
use crate::basis::clock::Timestamp;
use crate::basis::files::{append_private, private_dir, remove};
use crate::basis::process;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One hand-out: seconds since 1970, the process that asked, the first half of the token's SHA-256.
#[derive(Serialize, Deserialize)]
struct Hit<'a> {
    t: i64,
    pid: u32,
    tok: &'a str,
}

/// Some hand-outs of one day, as a line of the chain keeps them.
#[derive(Serialize)]
struct Portion<'a> {
    time: String,
    event: &'static str,
    day: &'a str,
    hits: Vec<Value>,
}

/// Appends one line of less than 200 bytes by one write.
pub fn append(dir: &Path, now: Timestamp, token_digest: &str) -> io::Result<()> {
    let tok = token_digest.get(..32).unwrap_or(token_digest);
    let mut line = serde_json::to_vec(&Hit { t: now.0, pid: process::parent(), tok })?;
    line.push(b'\n');
    let path = dir.join(day(now));
    let mut file = match append_private(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            private_dir(dir).map_err(io::Error::other)?;
            append_private(&path)?
        }
        file => file?,
    };
    match file.write(&line)? {
        whole if whole == line.len() => Ok(()),
        _ => Err(io::ErrorKind::WriteZero.into()),
    }
}

/// Adds all hits that the chain does not have yet, and removes the files of days that are long over.
pub fn fold(dir: &Path, now: Timestamp, chain: &mut Chain<'_>) -> io::Result<()> {
    let days = days(dir)?;
    chain.folded.retain(|day, _| days.contains(day));
    for name in days {
        let path = dir.join(&name);
        if long_over(&name, now) && chain.folded.get(&name) == Some(&fs::metadata(&path)?.len()) {
            remove(&path)?;
            chain.folded.remove(&name);
            continue;
        }
        fold_day(&path, &name, now, chain)?;
    }
    Ok(())
}

fn fold_day(path: &Path, name: &str, now: Timestamp, chain: &mut Chain<'_>) -> io::Result<()> {
    let mut file = append_private(path)?;
    let known = chain.folded.get(name).copied().unwrap_or(0);
    // A file shorter than we know it is another one: that of a day that came twice, by a clock set back.
    let mut from = if known > file.metadata()?.len() { 0 } else { known };
    loop {
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        (&file).take(CHUNK).read_to_end(&mut bytes)?;
        let complete = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        // A hit that is torn for good is kept as it is, so that the file can go.
        let torn = complete == 0 && (bytes.len() as u64 == CHUNK || long_over(name, now));
        let taken = if torn { &bytes[..] } else { &bytes[..complete] };
        if taken.is_empty() {
            return Ok(());
        }
        from = add(taken, name, from, now, chain)?;
    }
}

/// Adds lines in portions, each with the place in the file up to which it goes.
fn add(bytes: &[u8], day: &str, mut from: u64, now: Timestamp, chain: &mut Chain<'_>) -> io::Result<u64> {
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    for portion in lines.chunks(PER_LINE) {
        from += portion.iter().map(|line| line.len() as u64).sum::<u64>();
        set(&mut chain.folded, day, from);
        let hits = portion.iter().map(|line| parse(line)).collect();
        chain.add(&Portion { time: now.rfc3339(), event: "hits", day, hits })?;
    }
    Ok(from)
}

fn set(folded: &mut Folded, day: &str, to: u64) {
    folded.insert(day.to_owned(), to);
}

/// A hit, or the text of a line that is none.
pub(super) fn parse(line: &[u8]) -> Value {
    match serde_json::from_slice::<Hit>(line) {
        Ok(Hit { t, pid, tok }) => serde_json::json!({ "t": t, "pid": pid, "tok": tok }),
        Err(_) => Value::String(crate::basis::text::clean(&String::from_utf8_lossy(line))),
    }
}

/// The days that have a file, the oldest first.
pub(super) fn days(dir: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut days = Vec::new();
    for entry in entries {
        days.extend(entry?.file_name().into_string().ok().filter(|name| is_day(name)));
    }
    days.sort();
    Ok(days)
}

fn is_day(name: &str) -> bool {
    let shape = |(place, byte): (usize, u8)| if matches!(place, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() };
    name.len() == 10 && name.bytes().enumerate().all(shape)
}

/// Whether no process can still be about to append: a day after its end, and one more for a sleeping machine.
fn long_over(name: &str, now: Timestamp) -> bool {
    *name < *day(now.before(Duration::from_secs(2 * 24 * 3600)))
}

/// The UTC date, as the file is named.
fn day(now: Timestamp) -> String {
    now.rfc3339().chars().take(10).collect()
}

/// Where hits go.
pub fn dir(state: &Path) -> PathBuf {
    state.join("hits")
}

/// Hits per line of the chain.
const PER_LINE: usize = 100;
const CHUNK: u64 = 1 << 20;
