//! Lanes as lock files in the state directory; the kernel frees them when their process dies.

use crate::basis::clock::Clock;
use crate::basis::failure::Failure;
use crate::basis::files::private_dir;
use crate::basis::host_id::HostId;
use crate::basis::leftovers;
use crate::basis::lock;
use crate::flight::note::Note;
use crate::flight::{Adopted, Flight, FlightError, Lane, Notice, Turn};
use std::cell::{Cell, RefCell};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// `STATE/locks/v1-LANE.lock` and, beside it, `.note`.
pub struct Files {
    state: PathBuf,
    clock: Arc<dyn Clock>,
}

impl Files {
    /// Over the state directory; nothing is made before the first lane is entered.
    pub fn new(state: &Path, clock: Arc<dyn Clock>) -> Self {
        Self { state: state.to_owned(), clock }
    }

    fn lane(&self, lane: &Lane) -> PathBuf {
        let name = match lane {
            Lane::Account(account) => format!("v1-account-{account}.lock"),
            Lane::Host(host) => format!("v1-host-{host}.lock"),
        };
        self.state.join("locks").join(name)
    }

    fn open(&self, path: &Path) -> Result<File, FlightError> {
        for dir in [&self.state, &self.state.join("locks")] {
            private_dir(dir).map_err(|error| broken(path, &error))?;
        }
        lock::open(path).map_err(|error| broken(path, &error))
    }

    fn turn(&self, path: &Path, file: File, waited: Option<&Note>) -> Box<dyn Turn> {
        let note_path = path.with_extension("note");
        let note = Note::read(&note_path);
        let adopted = waited.and_then(|before| note.failure_since(before));
        let turn = Lead {
            file,
            path: note_path,
            state: self.state.clone(),
            clock: Arc::clone(&self.clock),
            waited: waited.is_some(),
            leads: Cell::new(false),
            note: RefCell::new(note),
            adopted,
        };
        // Who adopts a failure leads nobody: those behind shall find the same failure.
        if turn.adopted.is_none() {
            turn.lead();
        }
        Box::new(turn)
    }
}

impl Flight for Files {
    fn enter(
        &self,
        lane: &Lane,
        longest: Duration,
        told: &mut dyn FnMut(Option<&Notice>),
    ) -> Result<Box<dyn Turn>, FlightError> {
        let path = self.lane(lane);
        let file = self.open(&path)?;
        let before = Note::read(&path.with_extension("note"));
        let take = || lock::take(&file).map_err(|error| broken(&path, &error));
        if take()? {
            return Ok(self.turn(&path, file, None));
        }
        let mut wait = Wait::new(&*self.clock, longest, path.with_extension("note"));
        loop {
            wait.pause(told)?;
            if take()? {
                return Ok(self.turn(&path, file, Some(&before)));
            }
        }
    }

    fn try_enter(&self, lane: &Lane) -> Result<Option<Box<dyn Turn>>, FlightError> {
        let path = self.lane(lane);
        let file = self.open(&path)?;
        let taken = lock::take(&file).map_err(|error| broken(&path, &error))?;
        Ok(taken.then(|| self.turn(&path, file, None)))
    }
}

/// Waiting for a lane: growing pauses, an end, and what the leader says.
struct Wait<'a> {
    clock: &'a dyn Clock,
    note: PathBuf,
    began: std::time::Instant,
    longest: Duration,
    pause: Duration,
    /// Whether anything was told, and the last notice.
    spoke: bool,
    told: Option<Notice>,
}

impl<'a> Wait<'a> {
    fn new(clock: &'a dyn Clock, longest: Duration, note: PathBuf) -> Self {
        Self { clock, note, began: clock.steady(), longest, pause: lock::SHORTEST, spoke: false, told: None }
    }

    /// Sleeps once, or says that the time is over.
    fn pause(&mut self, told: &mut dyn FnMut(Option<&Notice>)) -> Result<(), FlightError> {
        let waited = self.clock.steady().saturating_duration_since(self.began);
        let left = self.longest.saturating_sub(waited);
        if left.is_zero() {
            return Err(FlightError::Busy(Note::read(&self.note).notice));
        }
        if waited >= QUIET {
            self.tell(told);
        }
        self.clock.sleep(self.pause.min(left));
        self.pause = lock::next(self.pause);
        Ok(())
    }

    fn tell(&mut self, told: &mut dyn FnMut(Option<&Notice>)) {
        let notice = Note::read(&self.note).notice;
        if !self.spoke || notice.is_some() && self.told != notice {
            told(notice.as_ref());
            (self.spoke, self.told) = (true, notice);
        }
    }
}

/// Holds the lock as long as it lives.
struct Lead {
    /// Closing it frees the lane. Children do not inherit it: std opens files close-on-exec.
    #[expect(dead_code, reason = "held, not used")]
    file: File,
    path: PathBuf,
    state: PathBuf,
    clock: Arc<dyn Clock>,
    waited: bool,
    leads: Cell<bool>,
    note: RefCell<Note>,
    adopted: Option<Adopted>,
}

impl Lead {
    /// From now on an older failure is not the last word of this lane. Leaders also clear away what killed processes
    /// have left.
    fn lead(&self) {
        if !self.leads.replace(true) {
            let next = self.note.take().next();
            next.write(&self.path);
            self.note.replace(next);
            leftovers::sweep(&self.state, &self.path);
        }
    }
}

impl Turn for Lead {
    fn waited(&self) -> bool {
        self.waited
    }

    fn adopted(&self) -> Option<Adopted> {
        self.adopted.clone()
    }

    fn announce(&self, notice: &Notice) {
        self.lead();
        let mut note = self.note.borrow_mut();
        note.notice = Some(notice.clone());
        note.write(&self.path);
    }

    fn conclude(&self, about: &HostId, failure: Option<&Failure>) {
        self.lead();
        let mut note = self.note.borrow_mut();
        note.end(self.clock.now(), about, failure);
        note.write(&self.path);
    }
}

fn broken(path: &Path, why: &dyn std::fmt::Display) -> FlightError {
    FlightError::Broken { path: path.to_owned(), why: why.to_string() }
}

/// Who waits less than this is told nothing.
const QUIET: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
