//! The record: one line per decision, on the disk before a token leaves. Nothing switches it off.

mod otlp;
mod record;
mod writer;

pub use otlp::Exporter;
pub use record::Record;

use crate::audit::TrailKey;
use crate::basis::clock::Clock;
use crate::basis::secret::SecretBytes;
use crate::broker::outward::Outward;
use crate::broker::settings::Audit;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::{mpsc, oneshot};
use writer::Job;

/// The trail. Cheap to clone.
#[derive(Clone)]
pub struct Trail {
    jobs: mpsc::Sender<Job>,
    exporter: Option<Exporter>,
    numbers: Arc<Numbers>,
}

/// What is known of it.
#[derive(Default)]
pub struct Numbers {
    /// Lines and batches written: how many lines share a wait for the disk.
    pub lines: AtomicU64,
    pub batches: AtomicU64,
    failing: AtomicBool,
}

/// The record could not be written, so nothing was handed out.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record cannot be written")]
pub struct TrailError;

/// Why the trail cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{path}: {why}")]
    Key { path: PathBuf, why: String },
    #[error("the record {path} cannot be written: {source}")]
    File { path: PathBuf, source: std::io::Error },
}

impl Trail {
    /// Opens the file, writes a first line to it, and begins to export where the settings say so.
    pub fn open(audit: &Audit, outward: &Outward, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let key = audit.key_file.as_deref().map(key).transpose()?;
        let numbers = Arc::new(Numbers::default());
        let exporter = audit.otlp.as_ref().map(|url| Exporter::start(url.to_string(), outward.clone()));
        let writer = writer::Writer { file: audit.file.clone(), key, clock, numbers: numbers.clone() };
        let first =
            Record { event: "start", outcome: "ok".into(), time: writer.clock.now().rfc3339(), ..Record::default() };
        let wrong = |source| OpenError::File { path: audit.file.clone(), source };
        writer.write(std::slice::from_ref(&first)).map_err(wrong)?;
        let (jobs, queue) = mpsc::channel(QUEUE);
        std::thread::Builder::new().name("trail".into()).spawn(move || writer.run(queue)).map_err(wrong)?;
        Ok(Self { jobs, exporter, numbers })
    }

    /// Returns once the record is on the disk.
    pub async fn record(&self, record: Record) -> Result<(), TrailError> {
        let (done, written) = oneshot::channel();
        let exported = self.exporter.is_some().then(|| record.clone());
        let sent = self.jobs.send(Job { record, done }).await;
        let written = if sent.is_ok() { written.await.unwrap_or(false) } else { false };
        self.numbers.failing.store(!written, Ordering::Relaxed);
        if !written {
            return Err(TrailError);
        }
        if let (Some(exporter), Some(record)) = (&self.exporter, exported) {
            exporter.offer(record);
        }
        Ok(())
    }

    /// What is wrong with it, if something is.
    pub fn failure(&self) -> Option<String> {
        self.numbers.failing.load(Ordering::Relaxed).then(|| TrailError.to_string())
    }

    /// Lines, batches, exported, dropped on the way to the collector.
    pub fn numbers(&self) -> [(&'static str, u64); 4] {
        let (sent, dropped) = self.exporter.as_ref().map_or((0, 0), Exporter::numbers);
        [
            ("broker_audit_lines", self.numbers.lines.load(Ordering::Relaxed)),
            ("broker_audit_batches", self.numbers.batches.load(Ordering::Relaxed)),
            ("broker_audit_exported", sent),
            ("broker_audit_export_dropped", dropped),
        ]
    }
}

/// The key that seals lines: 32 bytes in base64.
pub fn key(path: &Path) -> Result<TrailKey, OpenError> {
    let wrong = |why: &str| OpenError::Key { path: path.to_owned(), why: why.to_owned() };
    let text = std::fs::read(path).map(SecretBytes::new).map_err(|error| wrong(&error.to_string()))?;
    let bytes = crate::basis::base64::from_standard(text.expose().trim_ascii());
    bytes.as_ref().and_then(TrailKey::new).ok_or_else(|| wrong("is no key: 32 bytes in base64"))
}

/// Says on standard error, which is the service's own log, why the record fails. Names no person.
fn complain(file: &Path, error: &std::io::Error) {
    // Without a log there is still `/readyz`.
    _ = writeln!(std::io::stderr(), "the record {} cannot be written: {error}", file.display());
}

/// Records that wait for the disk; callers beyond wait for a place.
const QUEUE: usize = 4096;

#[cfg(test)]
mod tests;
