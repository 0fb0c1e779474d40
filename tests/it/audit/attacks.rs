//! What somebody may do to a trail that is not theirs to change, and what `verify` says to it.

use super::*;

#[test]
fn ten_attacks_are_each_told_apart() {
    type Attack = fn(&Desk);
    let attacks: [(Attack, &str); 11] = [
        (
            |desk| rewrite(desk, |lines| lines[1] = lines[1].replace("\"ok\"", "\"no\"")),
            "audit.jsonl:3: does not follow",
        ),
        (|desk| rewrite(desk, |lines| _ = lines.remove(2)), "audit.jsonl:3: does not follow"),
        (|desk| rewrite(desk, |lines| lines.swap(1, 2)), "audit.jsonl:2: does not follow"),
        (|desk| rewrite(desk, |lines| lines[4].truncate(60)), "audit.jsonl:5: has no end"),
        (|desk| rewrite(desk, |lines| _ = lines.remove(0)), "the beginning was cut off or set aside"),
        (|desk| rewrite(desk, |lines| lines.insert(2, lines[1].clone())), "audit.jsonl:3: does not follow"),
        (forge, "from here on the last record is not sealed with the key of this trail"),
        (change_hits, "is not what the chain took over from it"),
        (lose_rotated, "the rotated file with the number 1 is missing"),
        (overlooked, "audit.jsonl:7: this record is not sealed, although records before and after are"),
        (chain_anew, "audit.jsonl:1: from here on the last 6 records are not sealed with the key of this trail"),
    ];
    let (_practice, desk) = recorded();
    let kept = saved(&desk);
    for (attack, message) in attacks {
        attack(&desk);
        broken(&run(&desk, &["audit", "verify"]), message);
        restore(&desk, &kept);
        let holds = run(&desk, &["audit", "verify"]);
        assert!(holds.status.success(), "restored: {}", said(&holds));
    }
}

/// A last line that was cut keeps no end.
pub(super) fn rewrite(desk: &Desk, change: impl FnOnce(&mut Vec<String>)) {
    let mut lines = lines(desk);
    change(&mut lines);
    lines.truncate(lines.iter().position(|line| !line.ends_with('}')).map_or(lines.len(), |torn| torn + 1));
    let end = if lines.last().is_some_and(|line| line.ends_with('}')) { "\n" } else { "" };
    fs::write(trail(desk), lines.join("\n") + end).unwrap();
}

fn forge(desk: &Desk) {
    let prev = bitbucket_sso::basis::digest::of(lines(desk).last().unwrap().as_bytes());
    let folded: Value = serde_json::from_str(lines(desk).last().unwrap()).unwrap();
    let forged = serde_json::json!({ "prev": prev, "folded": folded["folded"], "event": "mint", "outcome": "ok" });
    rewrite(desk, |lines| lines.push(forged.to_string()));
}

/// A forged record that the owner's next one covers.
fn overlooked(desk: &Desk) {
    forge(desk);
    let host = rows(desk)[0]["host"].as_str().unwrap().to_owned();
    // Somebody is signed in; the logout of the host's grant is a record.
    let output = run(desk, &["logout", "--host", &host]);
    assert!(output.status.success(), "{}", said(&output));
}

/// The outcome of a record is changed, every digest made to fit again, and no seal left to contradict.
fn chain_anew(desk: &Desk) {
    rewrite(desk, |lines| {
        let mut prev = "0".repeat(64);
        for line in lines {
            let rest = line.split_once(",\"folded\"").unwrap().1.split_once(",\"key\"").unwrap().0;
            *line = format!("{{\"prev\":\"{prev}\",\"folded\"{}}}", rest.replace("\"mint\"", "\"sign-in\""));
            prev = bitbucket_sso::basis::digest::of(line.as_bytes());
        }
    });
}

fn change_hits(desk: &Desk) {
    let day = fs::read_dir(desk.state().join("hits")).unwrap().next().unwrap().unwrap().path();
    let text = fs::read_to_string(&day).unwrap();
    fs::write(day, text.replacen("\"pid\":", "\"pid\":1", 1)).unwrap();
}

fn lose_rotated(desk: &Desk) {
    let kept = lines(desk);
    let part = |lines: &[String]| lines.join("\n") + "\n";
    fs::write(desk.state().join("audit.jsonl.2"), part(&kept[2..4])).unwrap();
    fs::write(trail(desk), part(&kept[4..])).unwrap();
}

pub(super) fn lose_key(desk: &Desk) {
    fs::remove_file(key_file(desk)).unwrap();
}

fn key_file(desk: &Desk) -> PathBuf {
    let all = fs::read_dir(desk.state().join("vault")).unwrap().map(|entry| entry.unwrap().path());
    let mut keys = all.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("trail-"));
    keys.next().unwrap()
}

/// The trail, its hits and its key.
fn saved(desk: &Desk) -> Vec<(PathBuf, Vec<u8>)> {
    let day = fs::read_dir(desk.state().join("hits")).unwrap().next().unwrap().unwrap().path();
    [trail(desk), day, key_file(desk)].map(|path| (path.clone(), fs::read(path).unwrap())).into()
}

fn restore(desk: &Desk, kept: &[(PathBuf, Vec<u8>)]) {
    fs::remove_file(desk.state().join("audit.jsonl.2")).ok();
    for (path, bytes) in kept {
        fs::write(path, bytes).unwrap();
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }
}
