//! Checks a trail: every line names the one before it, the seals are the key's, the hit files are those that were
//! folded in, and every anchor that somebody else kept is there.

use crate::audit::chain::{START, folded_of, sealed};
use crate::audit::hmac::TrailKey;
use crate::audit::read::{Line, Trace, anchor_of};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// What somebody else has kept of the chain: heads from the system's log, UUIDs from Entra's sign-in log.
#[derive(Debug, Default)]
pub struct Anchors {
    heads: BTreeSet<String>,
}

/// Something that is wrong. Places are `FILE:LINE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The first line names one before it that is not here.
    NoBeginning { place: String },
    /// The line does not name the one before it: edited, removed, inserted, doubled or moved, here or just before.
    Broken { place: String },
    /// No JSON.
    Unreadable { place: String },
    /// The last line has no end.
    Torn { place: String },
    /// The numbers of the rotated files have a gap.
    MissingFile { number: u32 },
    /// The line has a seal that the key did not make.
    WrongSeal { place: String },
    /// From here to the end nothing is sealed with the present key, although lines before are, or there is a key.
    Unsealed { place: String, count: usize },
    /// Lines without any seal between lines that have one: inserted, or written while the key could not be read.
    Bare { place: String, count: usize },
    /// There are seals, and none is of the present key, or a store that forgets nothing has no key.
    KeyLost { count: usize },
    /// The hit file is gone, shorter than what was folded in, or differs from it.
    HitFile { day: String, gone: bool },
    /// An anchor names a line that is not here.
    AnchorMissing { anchor: String },
}

/// How far the seals go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seals {
    /// Whether no store has a key.
    pub keyless: bool,
    /// Lines with a seal of the present key.
    pub good: usize,
    /// When the first of them was written.
    pub since: Option<String>,
    /// Lines before the last of them that another key has sealed: the present key's first line vouches for how it
    /// found them.
    pub other_keys: usize,
    /// Lines before the first seal of all: nobody had a key yet.
    pub bare: usize,
    /// Lines whose seals nobody can check any more: the store forgets its keys by nature, and has none now.
    pub forgotten: usize,
}

/// The key of a trail, as the store has it.
#[derive(Clone, Copy)]
pub enum Kept<'a> {
    Here(&'a TrailKey),
    /// There is none, and the store is one that keeps what it is given.
    Gone,
    /// There is none, and the store loses all with the machine's or the container's end.
    Forgotten,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    pub files: usize,
    pub records: usize,
    pub first: Option<String>,
    pub last: Option<String>,
    pub head: Option<String>,
    pub flaws: Vec<Flaw>,
    pub seals: Seals,
    /// How many anchors were found in the chain, and the time of the newest line that one names.
    pub anchored: usize,
    pub anchored_until: Option<String>,
    /// Hand-outs that no leader has folded in yet.
    pub loose_hits: usize,
}

impl Anchors {
    /// Finds them in any text: 64 hex digits, or a UUID of version 8.
    pub fn find(text: &str) -> Self {
        let words = text.split(|c: char| !c.is_ascii_hexdigit() && c != '-').map(str::to_ascii_lowercase);
        Self { heads: words.filter(|word| is_head(word) || is_uuid8(word)).collect() }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }
}

/// Checks all of it.
pub fn verify(trace: &Trace, key: Kept<'_>, anchors: &Anchors) -> Verdict {
    let time = |line: Option<&Line>| line.and_then(|line| line.text("time")).map(str::to_owned);
    let mut verdict = Verdict {
        files: trace.files.len(),
        records: trace.lines.len(),
        first: time(trace.lines.first()),
        last: time(trace.lines.last()),
        head: trace.lines.last().map(|line| line.digest.clone()),
        ..Verdict::default()
    };
    check_numbers(trace, &mut verdict);
    check_chain(trace, &mut verdict);
    check_seals(trace, key, &mut verdict);
    check_hits(trace, &mut verdict);
    check_anchors(trace, anchors, &mut verdict);
    verdict
}

fn check_numbers(trace: &Trace, verdict: &mut Verdict) {
    let newest = trace.numbers.last().copied().unwrap_or(0);
    let missing = (1..newest).filter(|number| !trace.numbers.contains(number)).take(MOST);
    verdict.flaws.extend(missing.map(|number| Flaw::MissingFile { number }));
}

fn check_chain(trace: &Trace, verdict: &mut Verdict) {
    let mut before = START;
    for (index, line) in trace.lines.iter().enumerate() {
        let place = place(trace, line);
        verdict.flaws.extend(match line.text("prev") {
            _ if !line.whole => Some(Flaw::Torn { place }),
            _ if line.value.is_null() => Some(Flaw::Unreadable { place }),
            Some(prev) if prev == before => None,
            _ if index == 0 => Some(Flaw::NoBeginning { place }),
            _ => Some(Flaw::Broken { place }),
        });
        before = &line.digest;
    }
}

fn check_seals(trace: &Trace, kept: Kept<'_>, verdict: &mut Verdict) {
    let key = if let Kept::Here(key) = kept { Some(key) } else { None };
    verdict.seals.keyless = key.is_none();
    let claims: Vec<Option<&str>> = trace.lines.iter().map(|line| line.text("key")).collect();
    let claimed = claims.iter().flatten().count();
    let first = claims.iter().position(Option::is_some).unwrap_or(claims.len());
    let last = key.and_then(|key| check_own(trace, key, verdict));
    let Some(last) = last else {
        match kept {
            Kept::Forgotten => verdict.seals.forgotten = claimed,
            _ if claimed > 0 => verdict.flaws.push(Flaw::KeyLost { count: claimed }),
            Kept::Here(_) => verdict.flaws.extend(trace.lines.first().map(|line| unsealed(trace, line, claims.len()))),
            Kept::Gone => {}
        }
        return check_bare(trace, &claims, first, claims.iter().rposition(Option::is_some).unwrap_or(0), verdict);
    };
    let own = key.map(TrailKey::id);
    verdict.seals.other_keys = claims.iter().take(last).flatten().filter(|claim| Some(**claim) != own).count();
    verdict.seals.bare = first;
    check_bare(trace, &claims, first, last, verdict);
    if let Some(line) = trace.lines.get(last + 1) {
        verdict.flaws.push(unsealed(trace, line, trace.lines.len() - last - 1));
    }
}

/// The seals of the present key; the last line that has a good one.
fn check_own(trace: &Trace, key: &TrailKey, verdict: &mut Verdict) -> Option<usize> {
    let mut last = None;
    for (index, line) in trace.lines.iter().enumerate().filter(|(_, line)| line.text("key") == Some(key.id())) {
        if sealed(&line.bytes).is_some_and(|(body, seal)| key.fits(body, seal)) {
            last = Some(index);
            verdict.seals.good += 1;
            verdict.seals.since = verdict.seals.since.take().or_else(|| line.text("time").map(str::to_owned));
        } else {
            verdict.flaws.push(Flaw::WrongSeal { place: place(trace, line) });
        }
    }
    last
}

/// Each run of lines without a seal between `first` and `last`.
fn check_bare(trace: &Trace, claims: &[Option<&str>], first: usize, last: usize, verdict: &mut Verdict) {
    let mut at = first;
    while at < last {
        let count = claims[at..last].iter().take_while(|claim| claim.is_none()).count();
        let run = trace.lines.get(at).filter(|_| count > 0);
        verdict.flaws.extend(run.map(|line| Flaw::Bare { place: place(trace, line), count }));
        at += count.max(1);
    }
}

fn unsealed(trace: &Trace, line: &Line, count: usize) -> Flaw {
    Flaw::Unsealed { place: place(trace, line), count }
}

/// The part of a hit file that was folded in is, line by line, the end of what the chain has of that day.
fn check_hits(trace: &Trace, verdict: &mut Verdict) {
    let folded = trace.lines.last().map(|line| folded_of(&line.bytes)).unwrap_or_default();
    let mut chained: HashMap<&str, Vec<&Value>> = HashMap::new();
    for line in &trace.lines {
        if let (Some(day), Some(hits)) = (line.text("day"), line.value.get("hits").and_then(Value::as_array)) {
            chained.entry(day).or_default().extend(hits);
        }
    }
    let headless = verdict.flaws.iter().any(|flaw| matches!(flaw, Flaw::NoBeginning { .. }));
    for (day, to) in &folded {
        let Some(lines) = trace.hits.get(day) else {
            verdict.flaws.push(Flaw::HitFile { day: day.clone(), gone: true });
            continue;
        };
        let known: Vec<&Value> = lines.iter().filter(|(_, end)| end <= to).map(|(value, _)| value).collect();
        let reaches = lines.iter().any(|(_, end)| end == to);
        let same = |all: &Vec<&Value>| all.ends_with(&known) || headless && known.ends_with(all);
        let same = chained.get(day.as_str()).map_or(headless, same);
        if !reaches || !same {
            verdict.flaws.push(Flaw::HitFile { day: day.clone(), gone: false });
        }
    }
    let known = |day: &String| folded.get(day).copied().unwrap_or(0);
    let loose = trace.hits.iter().flat_map(|(day, lines)| lines.iter().filter(move |(_, end)| *end > known(day)));
    verdict.loose_hits = loose.count();
}

fn check_anchors(trace: &Trace, anchors: &Anchors, verdict: &mut Verdict) {
    let mut places = HashMap::new();
    for (index, line) in trace.lines.iter().enumerate() {
        places.insert(line.digest.clone(), index);
        places.extend(anchor_of(&line.digest).map(|uuid| (uuid, index)));
    }
    let found: Vec<usize> = anchors.heads.iter().filter_map(|anchor| places.get(anchor).copied()).collect();
    verdict.anchored = found.len();
    let newest = found.iter().max().and_then(|index| trace.lines.get(*index));
    verdict.anchored_until = newest.and_then(|line| line.text("time")).map(str::to_owned);
    let missing = anchors.heads.iter().filter(|anchor| !places.contains_key(*anchor)).take(MOST);
    verdict.flaws.extend(missing.map(|anchor| Flaw::AnchorMissing { anchor: anchor.clone() }));
}

fn place(trace: &Trace, line: &Line) -> String {
    let file = trace.files.get(line.file).and_then(|file| file.file_name()).unwrap_or_default();
    format!("{}:{}", file.to_string_lossy(), line.number)
}

fn is_head(word: &str) -> bool {
    word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_uuid8(word: &str) -> bool {
    let dashes = |(at, byte): (usize, u8)| (byte == b'-') == matches!(at, 8 | 13 | 18 | 23);
    word.len() == 36 && word.bytes().enumerate().all(dashes) && word.as_bytes().get(14) == Some(&b'8')
}

/// More of one kind say nothing more.
const MOST: usize = 20;

#[cfg(test)]
mod tests;
