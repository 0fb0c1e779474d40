//! `audit show`, `verify` and `join` as people read them.

use crate::app::audit::join::{Joined, Push, SignIn, Standing, Token};
use crate::audit::{Flaw, Row, Seals, Verdict};
use crate::basis::failure::{Failure, Kind};
use crate::basis::text::clean;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

/// The trail as a table.
pub fn trail_table(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "nothing was recorded\n".to_owned();
    }
    let head = ["TIME", "EVENT", "ACCOUNT", "HOST", "TOKEN", "ASKED BY", "OUTCOME"].map(str::to_owned);
    let cells: Vec<[String; 7]> = std::iter::once(head).chain(rows.iter().map(cells)).collect();
    let width = |column: usize| cells.iter().map(|row| row.get(column).map_or(0, |c| c.chars().count())).max();
    let widths: Vec<usize> = (0..7).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &[String; 7]| {
        let padded = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", padded.collect::<Vec<_>>().join("  ").trim_end())
    };
    cells.iter().map(line).collect()
}

fn cells(row: &Row) -> [String; 7] {
    let text = |text: &Option<String>| text.as_deref().map_or_else(|| "-".to_owned(), clean);
    let token = row.token_sha256.as_deref().and_then(|token| token.get(..12)).unwrap_or("-");
    let program = row.program.as_deref().map_or_else(String::new, |program| format!("{} ", clean(program)));
    let host = match &row.path {
        Some(path) => format!("{}/{}", text(&row.host), clean(path)),
        None => text(&row.host),
    };
    [
        clean(&row.time),
        clean(&row.event),
        text(&row.user),
        host,
        token.to_owned(),
        format!("{program}{}", row.pid),
        clean(&row.outcome),
    ]
}

/// Nothing is wrong with the trail, as far as can be seen from here.
pub fn trail_holds(file: &Path, verdict: &Verdict) -> String {
    format!("{}: holds\n{}", file.display(), what_was_checked(verdict))
}

/// Something is.
pub fn trail_broken(file: &Path, verdict: &Verdict) -> Failure {
    let count = verdict.flaws.len();
    let findings = if count == 1 { "1 finding".to_owned() } else { format!("{count} findings") };
    let what = format!("the audit trail {} does not hold: {findings}", file.display());
    let help = "keep a copy of the file as it is, and give it to whoever answers for security";
    let listed: String = verdict.flaws.iter().flat_map(|one| [flaw(one), "\n".into()]).collect();
    let detail = listed + &what_was_checked(verdict);
    let detail = detail.trim_end().replace('\n', "\n           ");
    Failure::new(Kind::Denied, "audit-broken", what, help).with_detail(detail)
}

/// One thing that is wrong with a trail.
pub fn flaw(flaw: &Flaw) -> String {
    match flaw {
        Flaw::NoBeginning { place } => {
            format!("{place}: names a record before it that is not here: the beginning was cut off or set aside")
        }
        Flaw::Broken { place } => format!(
            "{place}: does not follow from the record before it: one of the two was edited, or a record was \
             removed, inserted, doubled or moved here"
        ),
        Flaw::Unreadable { place } => format!("{place}: is no record"),
        Flaw::Torn { place } => format!("{place}: has no end: it was cut, or its writer died and nothing followed"),
        Flaw::MissingFile { number } => format!("the rotated file with the number {number} is missing"),
        Flaw::WrongSeal { place } => {
            format!("{place}: its seal is not of this record: it was edited or written by somebody without the key")
        }
        Flaw::Unsealed { place, count } => format!(
            "{place}: from here on {} not sealed with the key of this trail: added by somebody without the key, or \
             while the keyring was locked",
            if *count == 1 { "the last record is".to_owned() } else { format!("the last {count} records are") }
        ),
        Flaw::Bare { place, count } => format!(
            "{place}: {} not sealed, although records before and after are: inserted by somebody without the key, or \
             written while the keyring was locked",
            if *count == 1 { "this record is".to_owned() } else { format!("{count} records from here on are") }
        ),
        Flaw::KeyLost { count } => format!(
            "{count} sealed records, and no key that fits: it was removed or replaced, or the trail is another \
             machine's; the chain alone shows no rewriting"
        ),
        Flaw::HitFile { day, gone: true } => format!("hits/{day}: was removed before all of it was over"),
        Flaw::HitFile { day, gone: false } => format!("hits/{day}: is not what the chain took over from it"),
        Flaw::AnchorMissing { anchor } => format!(
            "{}: an anchor that names no record here: the end was cut off, the file was replaced, or the anchor is \
             of another machine",
            clean(anchor)
        ),
    }
}

/// What the check rests on, and what it cannot see.
fn what_was_checked(verdict: &Verdict) -> String {
    let Verdict { files, records, first, last, head, loose_hits, seals, anchored, anchored_until, .. } = verdict;
    let time = |time: &Option<String>| time.as_deref().map_or_else(|| "?".to_owned(), clean);
    let mut text = format!("records: {records} in {files} files, {} to {}\n", time(first), time(last));
    let mut say = |line: String| {
        // Writing to a String cannot fail.
        _ = writeln!(text, "{line}");
    };
    if let Some(head) = head {
        say(format!("head:    {head}"));
    }
    say(format!("seals:   {}", seals_say(seals)));
    match anchored {
        0 => {
            say("anchors: none; a cut-off end, or a whole new file, cannot be seen without one (--anchors FILE)".into());
        }
        count => say(format!(
            "anchors: {count} found; nothing up to {} was cut off or replaced, what came later may have been",
            time(anchored_until)
        )),
    }
    if *loose_hits > 0 {
        say(format!("hits:    {loose_hits} not in the chain yet; until the next decision nothing protects them"));
    }
    text
}

fn seals_say(seals: &Seals) -> String {
    let Seals { keyless, good, since, other_keys, bare, forgotten } = seals;
    let anew = "whoever can write the file can write all of it anew";
    match good {
        0 if *forgotten > 0 => {
            return format!(
                "{forgotten} that cannot be checked: their key is kept in memory only and went with the last boot, \
                 session or container, or cannot be read; until the next decision makes a new one, {anew}"
            );
        }
        0 if *keyless => return format!("none: no store of this machine keeps a key; {anew}"),
        0 => return format!("none that the key of this trail has made; {anew}"),
        _ => {}
    }
    let mut text = format!("{good} of the present key, since {}", since.as_deref().map_or_else(|| "?".into(), clean));
    if *other_keys > 0 {
        _ = write!(text, "; {other_keys} of keys that are gone, vouched for from then on only");
    }
    if *bare > 0 {
        _ = write!(text, "; {bare} records before the first have none; until then nobody had a key");
    }
    text
}

/// The anchors' file has none.
pub fn no_anchors(path: &Path) -> Failure {
    let what = format!("{} names no head of a trail", path.display());
    let help = "journalctl -t bitbucket-sso > anchors.txt    (or an export of Entra's sign-in log)";
    Failure::new(Kind::Usage, "audit-no-anchors", what, help)
}

/// The trail cannot be read.
pub fn trail_unreadable(path: &Path, error: &io::Error) -> Failure {
    let what = format!("the audit trail {} cannot be read: {error}", path.display());
    Failure::new(Kind::Busy, "audit-unreadable", what, format!("ls -l {}", path.display()))
}

/// A file of the command line cannot be read.
pub fn export_unreadable(path: &Path, error: &io::Error) -> Failure {
    let what = format!("{} cannot be read: {error}", path.display());
    Failure::new(Kind::Usage, "export-unreadable", what, format!("ls -l {}", path.display()))
}

/// It is no export.
pub fn bad_export(path: &Path) -> Failure {
    let what = format!("{} is neither CSV with a header nor JSON", path.display());
    Failure::new(Kind::Usage, "export-form", what, "export it again as CSV or JSON, and do not open it in between")
}

/// `--since` is no time.
pub fn bad_since(text: &str) -> Failure {
    let what = format!("`{}` is no time", clean(text));
    Failure::new(Kind::Usage, "bad-since", what, "write it as 2026-11-24, 2026-11-24T09:00:00Z, 24h or 7d")
}

/// Sign-ins, tokens and pushes.
pub fn joined(joined: &Joined) -> String {
    let Joined { trail, tokens, sign_ins_without_token, events_without_token } = joined;
    let mut text = standing(trail);
    text.extend(tokens.iter().map(token));
    section(&mut text, "sign-ins that led to no token of this trail", sign_ins_without_token.iter().map(sign_in));
    section(&mut text, "events that no token of this trail explains", events_without_token.iter().map(push));
    let bare = tokens.iter().filter(|token| token.sign_in.is_none()).count();
    let idle = tokens.iter().filter(|token| token.events.is_empty()).count();
    // Writing to a String cannot fail.
    _ = writeln!(text, "{} tokens, {bare} without a sign-in in Entra's export, {idle} without an event", tokens.len());
    text
}

fn standing(trail: &Standing) -> String {
    let Standing { file, holds, records, head, flaws } = trail;
    let head = head.as_deref().unwrap_or("none");
    if *holds {
        return format!("trail {file}: holds, {records} records, head {head}\n");
    }
    let flaws: String = flaws.iter().flat_map(|flaw| ["  ", flaw, "\n"]).collect();
    format!("trail {file}: DOES NOT HOLD, {records} records, head {head}\n{flaws}")
}

fn token(token: &Token) -> String {
    let Token { minted, expires, user, host, token_sha256, sign_in: vouched, events } = token;
    let short = token_sha256.get(..12).unwrap_or("-");
    let [minted, expires, user, host] = [minted, expires, user, host].map(|text| clean(text));
    let mut text = format!("token {short}  {user}  {host}  {minted} to {expires}\n");
    let vouched = vouched.as_ref().map_or_else(|| "none in Entra's export".to_owned(), sign_in);
    _ = writeln!(text, "  sign-in  {vouched}");
    for event in events {
        let how = if event.proven { "by the token's digest" } else { "inferred from account and time" };
        _ = writeln!(text, "  event    {}  ({how})", push(event));
    }
    text
}

fn section(text: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.map(|line| format!("  {line}\n")).collect();
    if !lines.is_empty() {
        _ = write!(text, "{title}:\n{}", lines.concat());
    }
}

fn sign_in(sign_in: &SignIn) -> String {
    let SignIn { time, user, correlation, uti } = sign_in;
    let id = if correlation.is_empty() { uti } else { correlation };
    format!("{}  {}  {}", clean(time), clean(user), clean(id))
}

fn push(push: &Push) -> String {
    let Push { time, actor, action, repository, .. } = push;
    format!("{}  {}  {}  {}", clean(time), clean(actor), clean(action), clean(repository))
}
