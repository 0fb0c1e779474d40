//! What the leader of a lane tells those who wait: a small file beside the lock file.

use crate::basis::clock::Timestamp;
use crate::basis::failure::{Failure, Kind};
use crate::basis::files::{put_private, read_private};
use crate::basis::host_id::HostId;
use crate::flight::{Adopted, Notice};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The file's content. Only the holder of the lock writes it; whoever reads it ignores what is new to him.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Note {
    version: u32,
    /// Counts leaders.
    turn: u64,
    /// What the present leader is doing.
    pub notice: Option<Notice>,
    /// How the last leader that got so far ended.
    outcome: Option<Outcome>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Outcome {
    turn: u64,
    ended: Timestamp,
    /// The host that the leader wanted a token for.
    #[serde(default)]
    about: Option<String>,
    failure: Option<Told>,
}

/// A [`Failure`] in words that another version understands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    kind: String,
    id: String,
    what: String,
    help: String,
    detail: Option<String>,
}

impl Note {
    /// The note in the file; a missing, unsafe or unreadable one says nothing.
    pub fn read(path: &Path) -> Self {
        let bytes = read_private(path).ok().flatten().unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Waiters only lose words if this fails, so it may.
    pub fn write(&self, path: &Path) {
        let note = Self { version: VERSION, ..self.clone() };
        _ = serde_json::to_vec(&note).map(|bytes| put_private(path, &bytes));
    }

    /// The next leader's note: nothing is going on yet.
    pub fn next(self) -> Self {
        Self { turn: self.turn + 1, notice: None, ..self }
    }

    /// The present leader has ended so.
    pub fn end(&mut self, ended: Timestamp, about: &HostId, failure: Option<&Failure>) {
        self.notice = None;
        let about = Some(about.to_string());
        self.outcome = Some(Outcome { turn: self.turn, ended, about, failure: failure.map(Told::of) });
    }

    /// The failure of the last leader, if it ended after `earlier` was read. A leader after it that did not get to
    /// its end makes it old news.
    pub fn failure_since(&self, earlier: &Self) -> Option<Adopted> {
        let outcome = self.outcome.as_ref()?;
        let news = earlier.outcome.as_ref().map(|outcome| outcome.turn) != Some(outcome.turn);
        let last = outcome.turn == self.turn;
        let failure = outcome.failure.as_ref().filter(|_| news && last)?.failure();
        Some(Adopted { failure, about: outcome.about.clone() })
    }
}

impl Told {
    fn of(failure: &Failure) -> Self {
        let Failure { kind, id, what, help, detail } = failure.clone();
        Self { kind: kind.name().to_owned(), id: id.to_owned(), what, help, detail }
    }

    fn failure(&self) -> Failure {
        let Self { kind, id, what, help, detail } = self.clone();
        let known = id.len() <= LONGEST_ID && id.bytes().all(|byte| byte == b'-' || byte.is_ascii_alphanumeric());
        // A run adopts one failure per lane at most, so little is leaked for the sake of a plain `id` everywhere.
        let id = if known { String::leak(id) } else { "adopted" };
        Failure { kind: Kind::named(&kind), id, what, help, detail }
    }
}

const VERSION: u32 = 1;
const LONGEST_ID: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::basis::host_id::AccountId;

    #[test]
    fn a_failure_is_told_in_full() {
        let told = failure().with_detail("AADSTS50158");
        let mut note = Note::default().next();
        note.end(Timestamp(5), &host("a"), Some(&told));
        let adopted = write_and_read(&note).failure_since(&Note::default()).unwrap();
        assert_eq!(adopted.failure, told);
        assert!(adopted.is_about(&host("a")) && !adopted.is_about(&host("b")));
        assert_eq!(note.failure_since(&note.clone()), None, "known before");
    }

    #[test]
    fn a_leader_that_died_or_succeeded_hands_nothing_on() {
        let mut note = Note::default().next();
        note.end(Timestamp(5), &host("a"), Some(&failure()));
        assert_eq!(note.clone().next().failure_since(&Note::default()), None, "another one began and died");
        let mut well = note.next();
        well.end(Timestamp(6), &host("a"), None);
        assert_eq!(well.failure_since(&Note::default()), None);
    }

    #[test]
    fn another_version_is_read_as_far_as_it_goes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("n");
        let text = r#"{"version":7,"turn":3,"mood":"good","outcome":{"turn":3,"ended":9,"sky":1,
            "failure":{"kind":"rain","id":"no such id \n","what":"w","help":"h","detail":null}}}"#;
        put_private(&path, text.as_bytes()).unwrap();
        let adopted = Note::read(&path).failure_since(&Note::default()).unwrap();
        assert!(adopted.is_about(&host("a")), "it does not say which, so it is everybody's");
        let failure = adopted.failure;
        assert_eq!((failure.kind, failure.id, failure.what.as_str()), (Kind::Busy, "adopted", "w"));
        for torn in ["", "{", "[]", r#"{"turn":"x"}"#] {
            put_private(&path, torn.as_bytes()).unwrap();
            assert_eq!(Note::read(&path), Note::default());
        }
    }

    fn write_and_read(note: &Note) -> Note {
        let dir = tempfile::tempdir().unwrap();
        note.write(&dir.path().join("n"));
        Note::read(&dir.path().join("n"))
    }

    fn host(url: &str) -> HostId {
        HostId::new(&AccountId::new("https://login", "t", "c", "p"), url, [])
    }

    fn failure() -> Failure {
        Failure::new(Kind::Declined, "sign-in-cancelled", "cancelled", "login")
    }
}
