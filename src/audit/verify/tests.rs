use super::*;
use crate::audit::{Event, Journal, lines, read, trail};
use crate::basis::clock::{Clock, SystemClock, Timestamp};
use crate::basis::files::testing::private_temp_dir;
use crate::basis::secret::SecretBytes;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

#[test]
fn a_quiet_trail_holds_and_says_what_protects_it() {
    let place = Place::new();
    let verdict = place.verify();
    assert_eq!(verdict.flaws, []);
    assert_eq!((verdict.records, verdict.seals.good, verdict.loose_hits), (7, 7, 1));
    assert_eq!(verdict.anchored, 0);
}

/// Each attack on the same trail, by somebody who can write the files and has no key.
#[test]
fn every_attack_is_found() {
    type Attack = fn(&Place, &mut Vec<String>);
    let broken = |line: usize| Flaw::Broken { place: at(line) };
    let attacks: [(&str, Attack, Flaw); 15] = [
        ("edited", |_, lines| lines[2] = lines[2].replace("\"ok\"", "\"no\""), broken(4)),
        ("last line edited", |_, lines| lines[6] = edited(&lines[6]), Flaw::WrongSeal { place: at(7) }),
        ("removed", |_, lines| _ = lines.remove(3), broken(4)),
        ("reordered", |_, lines| lines.swap(2, 3), broken(3)),
        ("doubled", |_, lines| lines.insert(3, lines[2].clone()), broken(4)),
        ("beginning cut off", |_, lines| _ = lines.remove(0), Flaw::NoBeginning { place: at(1) }),
        ("torn", |_, lines| lines[6].truncate(40), Flaw::Torn { place: at(7) }),
        ("spliced in from another trail", |_, lines| lines[3] = sealed_by(9)[3].clone(), broken(4)),
        ("forged at the end", |_, lines| lines.push(forged(lines, "")), Flaw::Unsealed { place: at(8), count: 1 }),
        ("forged, with a seal", with_a_seal, Flaw::WrongSeal { place: at(8) }),
        ("forged, and the owner went on", overlooked, Flaw::Bare { place: at(8), count: 1 }),
        ("chained anew with the old seals", |_, lines| chained_anew(lines, true), Flaw::WrongSeal { place: at(3) }),
        (
            "chained anew without seals",
            |_, lines| chained_anew(lines, false),
            Flaw::Unsealed { place: at(1), count: 7 },
        ),
        ("replaced by another trail", |_, lines| *lines = sealed_by(9), Flaw::KeyLost { count: 7 }),
        ("a line that is none", |_, lines| lines[4] = "{}}".into(), Flaw::Unreadable { place: at(5) }),
    ];
    for (name, attack, flaw) in attacks {
        let place = Place::new();
        let mut lines = place.lines();
        attack(&place, &mut lines);
        place.rewrite(|old| *old = lines);
        assert!(place.verify().flaws.contains(&flaw), "{name}: {:?}", place.verify().flaws);
    }
}

fn at(line: usize) -> String {
    format!("audit.jsonl:{line}")
}

fn edited(line: &str) -> String {
    line.replace("\"logout\"", "\"logins\"")
}

/// A line that chains.
fn forged(lines: &[String], rest: &str) -> String {
    let prev = crate::basis::digest::of(lines.last().unwrap().as_bytes());
    format!("{{\"prev\":\"{prev}\",\"folded\":{{}},\"event\":\"mint\"{rest}}}")
}

fn with_a_seal(place: &Place, lines: &mut Vec<String>) {
    let rest = format!(",\"key\":\"{}\",\"mac\":\"{}\"", place.key.id(), "0".repeat(64));
    lines.push(forged(lines, &rest));
}

fn overlooked(place: &Place, lines: &mut Vec<String>) {
    lines.push(forged(lines, ""));
    place.rewrite(|old| old.clone_from(lines));
    place.record("mint", Some(&place.key));
    *lines = place.lines();
}

/// The second line is changed, and every digest is made to fit again.
fn chained_anew(lines: &mut [String], seals: bool) {
    lines[1] = lines[1].replace("\"ok\"", "\"no\"");
    let mut prev = START.to_owned();
    for line in lines {
        let rest = line.split_once(",\"folded\"").unwrap().1;
        let rest = if seals { rest.to_owned() } else { format!("{}}}", rest.split_once(",\"key\"").unwrap().0) };
        *line = format!("{{\"prev\":\"{prev}\",\"folded\"{rest}");
        prev = crate::basis::digest::of(line.as_bytes());
    }
}

fn sealed_by(byte: u8) -> Vec<String> {
    Place::made(Some(&key(byte))).lines()
}

#[test]
fn a_rewritten_trail_without_seals_is_told_from_ours_by_an_anchor_only() {
    let place = Place::new();
    let heads: Vec<String> = place.lines().iter().map(|line| crate::basis::digest::of(line.as_bytes())).collect();
    let fresh = Place::unsealed();
    let verdict =
        verify(&read(&fresh.file(), fresh.dir.path(), &SystemClock).unwrap(), Kept::Forgotten, &Anchors::default());
    assert_eq!((verdict.flaws, verdict.seals.good), (vec![], 0), "nobody sees it");
    let uuid = anchor_of(&heads[4]).unwrap();
    let anchors = Anchors::find(&format!("2026,{uuid},ada\n<86> audit head={} event=mint", heads[2]));
    let verdict = verify(&read(&fresh.file(), fresh.dir.path(), &SystemClock).unwrap(), Kept::Forgotten, &anchors);
    assert_eq!(verdict.flaws.len(), 2, "{:?}", verdict.flaws);
    let ours = verify(&place.trace(), Kept::Here(&place.key), &anchors);
    assert_eq!((ours.flaws.len(), ours.anchored), (0, 2));
    // The end after the newest anchor can go unseen; the line it names cannot.
    place.rewrite(|lines| lines.truncate(5));
    let cut = verify(&place.trace(), Kept::Here(&place.key), &anchors);
    assert_eq!(cut.anchored, 2);
    place.rewrite(|lines| lines.truncate(4));
    let cut = verify(&place.trace(), Kept::Here(&place.key), &anchors);
    assert!(cut.flaws.contains(&Flaw::AnchorMissing { anchor: uuid }), "{:?}", cut.flaws);
}

#[test]
fn hit_files_are_compared_with_what_was_taken_over() {
    let place = Place::new();
    let file = place.hit_file();
    let whole = fs::read_to_string(&file).unwrap();
    let day = file.file_name().unwrap().to_string_lossy().into_owned();
    let flaw = |gone| Flaw::HitFile { day: day.clone(), gone };
    for changed in [whole.replacen("\"pid\":", "\"pid\":9", 1), whole[..20].to_owned(), whole.replacen('{', "{ ", 1)] {
        fs::write(&file, changed).unwrap();
        assert_eq!(place.verify().flaws, [flaw(false)]);
    }
    fs::remove_file(&file).unwrap();
    assert_eq!(place.verify().flaws, [flaw(true)]);
}

#[test]
fn a_rotated_file_that_is_gone_is_missed() {
    let place = Place::new();
    let lines = place.lines();
    let write = |name: &str, lines: &[String]| {
        fs::write(place.dir.path().join(name), lines.join("\n") + "\n").unwrap();
    };
    write("audit.jsonl.1", &lines[..2]);
    write("audit.jsonl.2", &lines[2..4]);
    write("audit.jsonl", &lines[4..]);
    assert_eq!((place.verify().flaws, place.verify().files), (vec![], 3));
    fs::remove_file(place.dir.path().join("audit.jsonl.1")).unwrap();
    let found = place.verify().flaws;
    assert_eq!(found, [Flaw::MissingFile { number: 1 }, Flaw::NoBeginning { place: "audit.jsonl.2:1".into() }]);
}

#[test]
fn a_lost_key_is_told_by_what_its_store_is_and_a_new_one_vouches_from_then_on() {
    let place = Place::new();
    let other = key(9);
    let with = |kept| verify(&place.trace(), kept, &Anchors::default());
    assert_eq!(with(Kept::Here(&other)).flaws, [Flaw::KeyLost { count: 7 }], "replaced");
    assert_eq!(with(Kept::Gone).flaws, [Flaw::KeyLost { count: 7 }], "a keyring loses nothing");
    let forgotten = with(Kept::Forgotten);
    assert_eq!((forgotten.flaws, forgotten.seals.forgotten), (vec![], 7), "as after each boot");
    place.record("mint", Some(&other));
    let after = verify(&place.trace(), Kept::Here(&other), &Anchors::default());
    assert_eq!((after.flaws.len(), after.seals.good, after.seals.other_keys), (0, 2, 7), "hits, and the mint");
}

#[test]
fn lines_before_the_first_key_are_no_flaw_and_later_ones_are() {
    let place = Place::made(None);
    assert_eq!(verify(&place.trace(), Kept::Gone, &Anchors::default()).flaws, []);
    let all = Flaw::Unsealed { place: at(1), count: 7 };
    assert_eq!(place.verify().flaws, [all], "there is a key, and nothing that it has sealed");
    place.record("mint", Some(&place.key));
    assert_eq!((place.verify().flaws, place.verify().seals.bare), (vec![], 7));
    place.record("mint", None);
    place.record("mint", None);
    assert_eq!(place.verify().flaws, [Flaw::Unsealed { place: at(10), count: 2 }]);
    place.record("mint", Some(&place.key));
    assert_eq!(place.verify().flaws, [Flaw::Bare { place: at(10), count: 2 }], "and stays one");
}

struct Place {
    dir: tempfile::TempDir,
    key: TrailKey,
}

impl Place {
    /// Six decisions, and two hits of which one is folded in.
    fn new() -> Self {
        Self::made(Some(&key(7)))
    }

    fn unsealed() -> Self {
        Self::made(None)
    }

    fn made(seal: Option<&TrailKey>) -> Self {
        let place = Self { dir: private_temp_dir(), key: key(7) };
        place.hit(1);
        for event in ["sign-in", "grant", "mint", "mint", "refuse", "logout"] {
            place.record(event, seal);
        }
        place.hit(2);
        place
    }

    fn trail(&self) -> lines::Trail {
        trail(&self.file(), self.dir.path(), None, Arc::new(SystemClock))
    }

    fn record(&self, event: &'static str, key: Option<&TrailKey>) {
        let time = SystemClock.now().rfc3339();
        self.trail().record(&Event { time, event, outcome: "ok".into(), ..Event::default() }, key).unwrap();
    }

    fn hit(&self, second: i64) {
        let now = SystemClock.now();
        self.trail().hit(Timestamp(now.0 - now.0 % 86_400 + second), &"ab".repeat(32)).unwrap();
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("audit.jsonl")
    }

    fn hit_file(&self) -> PathBuf {
        fs::read_dir(self.dir.path().join("hits")).unwrap().next().unwrap().unwrap().path()
    }

    fn lines(&self) -> Vec<String> {
        fs::read_to_string(self.file()).unwrap().lines().map(str::to_owned).collect()
    }

    /// A torn last line keeps no end.
    fn rewrite(&self, change: impl FnOnce(&mut Vec<String>)) {
        let mut lines = self.lines();
        change(&mut lines);
        let torn = lines.last().is_some_and(|line| !line.ends_with('}'));
        fs::write(self.file(), lines.join("\n") + if torn { "" } else { "\n" }).unwrap();
    }

    fn trace(&self) -> Trace {
        read(&self.file(), self.dir.path(), &SystemClock).unwrap()
    }

    fn verify(&self) -> Verdict {
        verify(&self.trace(), Kept::Here(&self.key), &Anchors::default())
    }
}

fn key(byte: u8) -> TrailKey {
    TrailKey::new(&SecretBytes::new(vec![byte; 32])).unwrap()
}
