//! One thread writes: whatever has come while the disk was busy goes together.

use crate::audit::{TrailKey, chained};
use crate::basis::clock::Clock;
use crate::broker::trail::{Numbers, Record};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::{mpsc, oneshot};

/// A record, and who waits for it.
pub struct Job {
    pub record: Record,
    pub done: oneshot::Sender<bool>,
}

pub struct Writer {
    pub file: PathBuf,
    pub key: Option<TrailKey>,
    pub clock: Arc<dyn Clock>,
    pub numbers: Arc<Numbers>,
}

impl Writer {
    /// Writes until nobody can send any more.
    pub fn run(self, mut queue: mpsc::Receiver<Job>) {
        let mut jobs = Vec::new();
        while queue.blocking_recv_many(&mut jobs, MOST) > 0 {
            let (records, waiting): (Vec<Record>, Vec<_>) = jobs.drain(..).map(|job| (job.record, job.done)).unzip();
            let written = self.write(&records);
            if let Err(error) = &written {
                crate::broker::trail::complain(&self.file, error);
            }
            // Whoever has gone does not matter: the line is there.
            for done in waiting {
                _ = done.send(written.is_ok());
            }
        }
    }

    /// All of them or none.
    pub fn write(&self, records: &[Record]) -> io::Result<()> {
        chained(&self.file, LARGEST, self.key.as_ref(), records, &*self.clock)?;
        self.numbers.lines.fetch_add(records.len() as u64, Ordering::Relaxed);
        self.numbers.batches.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// Records of one batch.
const MOST: usize = 256;
/// A file of more bytes is set aside.
const LARGEST: u64 = 64 << 20;
