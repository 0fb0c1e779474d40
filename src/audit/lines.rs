//! The trail as JSON lines in a file.

use crate::audit::chain::{self, Chain};
use crate::audit::forward::{self, Head, Receiver};
use crate::audit::{Event, Journal, JournalError, TrailKey, hits};
use crate::basis::clock::{Clock, Timestamp};
use crate::basis::files::{private_dir, remove, write_private};
use crate::basis::lock;
use crate::basis::text::clean;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The trail in `file`; its hit files lie in the state directory. Its head goes to `forward`, too.
pub fn trail(file: &Path, state: &Path, forward: Option<Receiver>, clock: Arc<dyn Clock>) -> Trail {
    Trail { file: file.to_owned(), state: state.to_owned(), forward, clock, most: 8 << 20 }
}

/// A chained trail. Its lines, oldest first, are those of `FILE.1`, `FILE.2` … and `FILE`.
pub struct Trail {
    file: PathBuf,
    state: PathBuf,
    forward: Option<Receiver>,
    clock: Arc<dyn Clock>,
    /// A longer file is set aside under the next number.
    most: u64,
}

impl Journal for Trail {
    fn record(&self, event: &Event, key: Option<&TrailKey>) -> Result<(), JournalError> {
        let head = self.append(event, key).map_err(|error| failed(&self.file, &error))?;
        self.tell(event, &head);
        Ok(())
    }

    fn head(&self) -> Option<String> {
        chain::head(&self.file).ok().flatten()
    }

    fn forward_failure(&self) -> Option<(String, String)> {
        self.forward.as_ref()?;
        let text = std::fs::read_to_string(self.unheard()).ok()?;
        text.split_once(' ').map(|(when, why)| (clean(when), clean(why)))
    }

    fn hit(&self, now: Timestamp, token_digest: &str) -> Result<(), JournalError> {
        let dir = hits::dir(&self.state);
        hits::append(&dir, now, token_digest).map_err(|error| failed(&dir, &error))
    }
}

impl Trail {
    /// A log that does not listen holds nobody up: `status` says so.
    fn tell(&self, event: &Event, digest: &str) {
        let Some(to) = &self.forward else { return };
        let text = |text: &'_ Option<String>| text.clone().unwrap_or_default();
        let (user, host) = (text(&event.user), text(&event.host));
        let Event { time, event, outcome, .. } = event;
        let head = Head { digest, time, event, outcome, user: &user, host: &host, trail: &self.file };
        _ = match forward::send(to, &head) {
            Ok(()) => remove(&self.unheard()).map(drop),
            Err(error) => write_private(&self.unheard(), format!("{time} {error}").as_bytes()),
        };
    }

    fn unheard(&self) -> PathBuf {
        self.state.join("audit.unheard")
    }

    fn append(&self, event: &Event, key: Option<&TrailKey>) -> io::Result<String> {
        private_dir(&self.state).map_err(io::Error::other)?;
        let _locked = lock::wait(&lock_of(&self.file), PATIENCE, &*self.clock)?;
        let mut chain = Chain::open(&self.file, self.most, key)?;
        hits::fold(&hits::dir(&self.state), self.clock.now(), &mut chain)?;
        chain.add(event)?;
        chain.commit()
    }
}

/// Where a trail's lock is.
pub(super) fn lock_of(file: &Path) -> PathBuf {
    let mut lock = file.as_os_str().to_owned();
    lock.push(".lock");
    lock.into()
}

fn failed(path: &Path, error: &io::Error) -> JournalError {
    JournalError { path: path.to_owned(), why: error.to_string() }
}

/// An append takes milliseconds.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
