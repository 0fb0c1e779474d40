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

#[test]
fn every_attack_is_found() {
    type Attack = fn(&mut Vec<String>);
    let broken = |line: usize| Flaw::Broken { place: format!("audit.jsonl:{line}") };
    let attacks: [(&str, Attack, Flaw); 6] = [
        ("edited", |lines| lines[2] = lines[2].replace("\"ok\"", "\"no\""), broken(4)),
        ("removed", |lines| _ = lines.remove(3), broken(4)),
        ("swapped", |lines| lines.swap(2, 3), broken(3)),
        ("doubled", |lines| lines.insert(3, lines[2].clone()), broken(4)),
        ("head cut", |lines| _ = lines.remove(0), Flaw::NoBeginning { place: "audit.jsonl:1".into() }),
        ("torn", |lines| lines[6].truncate(40), Flaw::Torn { place: "audit.jsonl:7".into() }),
    ];
    for (name, attack, flaw) in attacks {
        let place = Place::new();
        place.rewrite(attack);
        assert!(place.verify().flaws.contains(&flaw), "{name}: {:?}", place.verify().flaws);
    }
}

#[test]
fn a_line_that_chains_is_not_enough_without_the_key() {
    let place = Place::new();
    let prev = place.lines().last().map(|line| crate::basis::digest::of(line.as_bytes())).unwrap();
    let forged = |rest: &str| format!("{{\"prev\":\"{prev}\",\"folded\":{{}},\"event\":\"mint\"{rest}}}");
    place.rewrite(|lines| lines.push(forged("")));
    let unsealed = Flaw::Unsealed { place: "audit.jsonl:8".into(), count: 1 };
    assert!(place.verify().flaws.contains(&unsealed), "{:?}", place.verify().flaws);
    let rest = format!(",\"key\":\"{}\",\"mac\":\"{}\"", place.key.id(), "0".repeat(64));
    place.rewrite(|lines| lines[7] = forged(&rest));
    assert!(place.verify().flaws.contains(&Flaw::WrongSeal { place: "audit.jsonl:8".into() }));
}

#[test]
fn a_rewritten_trail_without_seals_is_told_from_ours_by_an_anchor_only() {
    let place = Place::new();
    let heads: Vec<String> = place.lines().iter().map(|line| crate::basis::digest::of(line.as_bytes())).collect();
    let fresh = Place::unsealed();
    let verdict = verify(&read(&fresh.file(), fresh.dir.path(), &SystemClock).unwrap(), None, &Anchors::default());
    assert_eq!((verdict.flaws, verdict.seals.good), (vec![], 0), "nobody sees it");
    let uuid = anchor_of(&heads[4]).unwrap();
    let anchors = Anchors::find(&format!("2026,{uuid},ada\n<86> audit head={} event=mint", heads[2]));
    let verdict = verify(&read(&fresh.file(), fresh.dir.path(), &SystemClock).unwrap(), None, &anchors);
    assert_eq!(verdict.flaws.len(), 2, "{:?}", verdict.flaws);
    let ours = verify(&place.trace(), Some(&place.key), &anchors);
    assert_eq!((ours.flaws.len(), ours.anchored), (0, 2));
    // The end after the newest anchor can go unseen; the line it names cannot.
    place.rewrite(|lines| lines.truncate(5));
    let cut = verify(&place.trace(), Some(&place.key), &anchors);
    assert_eq!(cut.anchored, 2);
    place.rewrite(|lines| lines.truncate(4));
    let cut = verify(&place.trace(), Some(&place.key), &anchors);
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
fn a_lost_key_is_said_and_a_new_one_vouches_from_then_on() {
    let place = Place::new();
    let other = key(9);
    let lost = verify(&place.trace(), Some(&other), &Anchors::default());
    assert_eq!(lost.flaws, [Flaw::KeyLost { count: 7 }]);
    assert_eq!(verify(&place.trace(), None, &Anchors::default()).flaws, [Flaw::KeyLost { count: 7 }]);
    place.record("mint", Some(&other));
    let after = verify(&place.trace(), Some(&other), &Anchors::default());
    assert_eq!((after.flaws.len(), after.seals.good, after.seals.other_keys), (0, 2, 7), "hits, and the mint");
}

struct Place {
    dir: tempfile::TempDir,
    key: TrailKey,
}

impl Place {
    /// Six decisions, and two hits of which one is folded in.
    fn new() -> Self {
        Self::made(true)
    }

    fn unsealed() -> Self {
        Self::made(false)
    }

    fn made(sealed: bool) -> Self {
        let place = Self { dir: private_temp_dir(), key: key(7) };
        place.hit(1);
        for event in ["sign-in", "grant", "mint", "mint", "refuse", "logout"] {
            place.record(event, Some(&place.key).filter(|_| sealed));
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
        verify(&self.trace(), Some(&self.key), &Anchors::default())
    }
}

fn key(byte: u8) -> TrailKey {
    TrailKey::new(&SecretBytes::new(vec![byte; 32])).unwrap()
}
