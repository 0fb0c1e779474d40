use super::*;
use crate::app::audit::join::{Joined, Push, SignIn, Standing, Token};
use crate::audit::{Flaw, Row, Seals, Verdict};
use std::io::{Error, ErrorKind};

pub(super) fn tell(book: &mut Book) {
    let file = Path::new("/home/alice/.local/state/bitbucket-sso/audit.jsonl");
    book.say("trail_table", trail_table(&[mint(), hand_out(), refusal()]));
    book.say("trail_table empty", trail_table(&[]));
    book.say("trail_holds", trail_holds(file, &verdict()));
    let bare =
        Verdict { seals: Seals::default(), anchored: 2, anchored_until: Some(time(1)), loose_hits: 0, ..verdict() };
    book.say("trail_holds unsealed anchored", trail_holds(file, &bare));
    let keyless = Seals { keyless: true, ..Seals::default() };
    book.say("trail_holds keyless", trail_holds(file, &Verdict { seals: keyless, loose_hits: 0, ..verdict() }));
    let forgotten = Seals { keyless: true, forgotten: 7, ..Seals::default() };
    book.say("trail_holds forgotten", trail_holds(file, &Verdict { seals: forgotten, loose_hits: 0, ..verdict() }));
    book.fail("trail_broken", &trail_broken(file, &Verdict { flaws: flaws(), ..verdict() }));
    book.say("flaw", flaw(&Flaw::Unsealed { place: "audit.jsonl:9".into(), count: 1 }));
    let path = Path::new("export.csv");
    book.fail("no_anchors", &no_anchors(path));
    book.fail("trail_unreadable", &trail_unreadable(file, &Error::from(ErrorKind::PermissionDenied)));
    book.fail("export_unreadable", &export_unreadable(path, &Error::from(ErrorKind::NotFound)));
    book.fail("bad_export", &bad_export(path));
    book.fail("bad_since", &bad_since("yesterday"));
    book.say("flaw bare", flaw(&Flaw::Bare { place: "audit.jsonl:9".into(), count: 1 }));
    book.say("joined", joined(&sample()));
    let trail = Standing { holds: false, flaws: vec![flaw(&Flaw::MissingFile { number: 1 })], ..standing() };
    book.say("joined broken", joined(&Joined { trail, ..Joined::default() }));
}

fn flaws() -> Vec<Flaw> {
    let place = || "audit.jsonl:3".to_owned();
    let day = || "2026-11-24".to_owned();
    vec![
        Flaw::NoBeginning { place: "audit.jsonl:1".into() },
        Flaw::Broken { place: place() },
        Flaw::Unreadable { place: place() },
        Flaw::Torn { place: place() },
        Flaw::MissingFile { number: 2 },
        Flaw::WrongSeal { place: place() },
        Flaw::Unsealed { place: place(), count: 4 },
        Flaw::Bare { place: place(), count: 2 },
        Flaw::KeyLost { count: 9 },
        Flaw::HitFile { day: day(), gone: true },
        Flaw::HitFile { day: day(), gone: false },
        Flaw::AnchorMissing { anchor: "01234567-89ab-8def-8123-456789abcdef".into() },
    ]
}

fn verdict() -> Verdict {
    Verdict {
        files: 2,
        records: 1204,
        first: Some(time(0)),
        last: Some(time(2)),
        head: Some("ab".repeat(32)),
        seals: Seals { keyless: false, good: 1100, since: Some(time(1)), other_keys: 100, bare: 4, forgotten: 0 },
        loose_hits: 3,
        ..Verdict::default()
    }
}

fn time(day: i64) -> String {
    Timestamp(NOON.0 + day * 24 * 3600).rfc3339()
}

fn mint() -> Row {
    Row {
        time: NOON.rfc3339(),
        event: "mint".into(),
        user: Some(ALICE.into()),
        host: Some("https://bitbucket.org".into()),
        token_sha256: Some("0123456789abcdef".repeat(4)),
        pid: 4711,
        program: Some("git".into()),
        outcome: "ok".into(),
        ..Row::default()
    }
}

fn hand_out() -> Row {
    Row { event: "hand-out".into(), program: None, path: Some("acme/website".into()), ..mint() }
}

fn refusal() -> Row {
    Row { event: "refuse".into(), user: None, token_sha256: None, outcome: "not-permitted".into(), ..mint() }
}

fn standing() -> Standing {
    Standing {
        file: "/home/alice/.local/state/bitbucket-sso/audit.jsonl".into(),
        holds: true,
        records: 7,
        head: Some("ab".repeat(32)),
        flaws: Vec::new(),
    }
}

fn sample() -> Joined {
    let sign_in = |correlation: &str| SignIn {
        time: NOON.rfc3339(),
        user: ALICE.into(),
        correlation: correlation.into(),
        uti: String::new(),
    };
    let token = |sign_in, events| Token {
        minted: NOON.rfc3339(),
        expires: NOON.rfc3339(),
        user: ALICE.into(),
        host: "https://bitbucket.org".into(),
        token_sha256: "0123456789abcdef".repeat(4),
        sign_in,
        events,
    };
    let push = |proven| Push::sample(NOON.rfc3339(), ALICE, proven);
    Joined {
        trail: standing(),
        tokens: vec![token(Some(sign_in("c-1")), vec![push(true), push(false)]), token(None, Vec::new())],
        sign_ins_without_token: vec![sign_in("c-2")],
        events_without_token: vec![push(false)],
    }
}
