//! The trail as JSON lines in a file.

use crate::audit::chain::Chain;
use crate::audit::{Event, Journal, JournalError, hits};
use crate::basis::clock::{Clock, Timestamp};
use crate::basis::files::private_dir;
use crate::basis::lock;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The trail in `file`, by default `audit.jsonl` in the state directory.
pub fn trail(file: Option<&Path>, state: &Path, clock: Arc<dyn Clock>) -> Trail {
    let file = file.map_or_else(|| state.join("audit.jsonl"), Path::to_owned);
    Trail { file, state: state.to_owned(), clock, most: 8 << 20 }
}

/// A chained trail. Its lines, oldest first, are those of `FILE.1`, `FILE.2` … and `FILE`.
pub struct Trail {
    file: PathBuf,
    state: PathBuf,
    clock: Arc<dyn Clock>,
    /// A longer file is set aside under the next number.
    most: u64,
}

impl Journal for Trail {
    fn record(&self, event: &Event) -> Result<(), JournalError> {
        self.append(event).map_err(|error| failed(&self.file, &error))
    }

    fn hit(&self, now: Timestamp, token_digest: &str) -> Result<(), JournalError> {
        let dir = hits::dir(&self.state);
        hits::append(&dir, now, token_digest).map_err(|error| failed(&dir, &error))
    }
}

impl Trail {
    fn append(&self, event: &Event) -> io::Result<()> {
        private_dir(&self.state).map_err(io::Error::other)?;
        let mut lock = self.file.as_os_str().to_owned();
        lock.push(".lock");
        let _locked = lock::wait(Path::new(&lock), PATIENCE, &*self.clock)?;
        let mut chain = Chain::open(&self.file, self.most)?;
        hits::fold(&hits::dir(&self.state), self.clock.now(), &mut chain)?;
        chain.add(event)?;
        chain.commit()
    }
}

fn failed(path: &Path, error: &io::Error) -> JournalError {
    JournalError { path: path.to_owned(), why: error.to_string() }
}

/// An append takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
