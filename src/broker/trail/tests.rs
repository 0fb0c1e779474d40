//! Lines that come together, lines that verify, and a disk that is full.

use super::*;
use crate::audit::{self, Anchors, Kept};
use crate::basis::base64;
use crate::basis::clock::SystemClock;
use std::fs;

fn settings(dir: &Path) -> Audit {
    let key = dir.join("key");
    fs::write(&key, base64::standard(&[7; 32]).expose()).unwrap();
    Audit { file: dir.join("audit.jsonl"), key_file: Some(key), otlp: None }
}

fn open(audit: &Audit) -> Result<Trail, OpenError> {
    Trail::open(audit, &Outward::new(None).unwrap(), Arc::new(SystemClock))
}

fn record(id: usize) -> Record {
    Record { event: "exchange", outcome: "ok".into(), id: id.to_string(), ..Record::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_chained_sealed_and_written_together() {
    let dir = tempfile::tempdir().unwrap();
    let audit = settings(dir.path());
    let trail = open(&audit).unwrap();
    let tasks: Vec<_> = (0..200)
        .map(|id| {
            let trail = trail.clone();
            tokio::spawn(async move { trail.record(record(id)).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(()));
    }
    let [lines, batches, ..] = trail.numbers();
    assert_eq!(lines.1, 201, "and the first, which says that it was opened");
    assert!(batches.1 < 150, "{batches:?}");
    let trace = audit::read(&audit.file, dir.path(), &SystemClock).unwrap();
    let key = key(audit.key_file.as_deref().unwrap()).unwrap();
    let verdict = audit::verify(&trace, Kept::Here(&key), &Anchors::default());
    assert!(verdict.flaws.is_empty(), "{:?}", verdict.flaws);
    assert_eq!((verdict.records, verdict.seals.good), (201, 201));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_is_an_error_and_heals() {
    let dir = tempfile::tempdir().unwrap();
    let audit = settings(dir.path());
    let trail = open(&audit).unwrap();
    let aside = dir.path().join("aside");
    fs::rename(&audit.file, &aside).unwrap();
    fs::create_dir(&audit.file).unwrap();
    assert_eq!(trail.record(record(1)).await, Err(TrailError));
    assert!(trail.failure().is_some());
    fs::remove_dir(&audit.file).unwrap();
    fs::rename(&aside, &audit.file).unwrap();
    assert_eq!(trail.record(record(2)).await, Ok(()));
    assert!(trail.failure().is_none());
    let text = fs::read_to_string(&audit.file).unwrap();
    assert!(text.contains("\"id\":\"2\"") && !text.contains("\"id\":\"1\""));
}

#[tokio::test]
async fn a_trail_without_a_place_or_with_a_bad_key_does_not_open() {
    let dir = tempfile::tempdir().unwrap();
    let good = settings(dir.path());
    let nowhere = Audit { file: dir.path().join("gone/audit.jsonl"), ..good.clone() };
    assert!(matches!(open(&nowhere), Err(OpenError::File { .. })));
    fs::write(good.key_file.as_deref().unwrap(), "c2hvcnQ=").unwrap();
    assert!(matches!(open(&good), Err(OpenError::Key { .. })));
}
