//! Whether the audit trail can be written, as nothing is handed out unrecorded, and whether it holds.

use super::finding::{Finding, Severity};
use crate::app::audit;
use crate::app::words::{self, Seen};
use crate::app::world::{World, trail_file};
use crate::audit::{Anchors, JournalError};
use crate::basis::failure::Failure;
use crate::basis::files;
use std::path::Path;

pub(super) fn check(world: &World) -> Vec<Finding> {
    let path = trail_file(&world.places, &world.loaded.settings.audit);
    let finding = match writable(&path) {
        Ok(()) => verified(world),
        Err(failure) => Finding::failed("audit", &failure),
    };
    vec![finding.with("file", path.display())]
}

fn writable(path: &Path) -> Result<(), Failure> {
    let there = path.exists();
    let opened = files::append_private(path).map(drop);
    if !there {
        // An empty file of ours is no trail.
        _ = opened.is_ok() && files::remove(path).unwrap_or(false);
    }
    opened.map_err(|error| words::journal(&JournalError { path: path.to_owned(), why: error.to_string() }))
}

/// A trail that cannot be checked just now, as behind a locked keyring, is a warning: what helps is said there.
fn verified(world: &World) -> Finding {
    let verdict = audit::trace(world).and_then(|trace| audit::judge(world, &trace, &Anchors::default()));
    let verdict = match verdict {
        Ok(verdict) => verdict,
        Err(failure) => return Finding { severity: Severity::Warning, ..Finding::failed("audit", &failure) },
    };
    let finding = match verdict.flaws.first() {
        None => Finding::seen("audit", Severity::Ok, &Seen::TrailHolds),
        Some(flaw) => {
            let finding = Finding::seen("audit", Severity::Error, &Seen::TrailBroken).with("first", words::flaw(flaw));
            Finding { id: Some("audit-broken"), ..finding.with("findings", verdict.flaws.len()) }
        }
    };
    let sealed = verdict.seals.good;
    finding.with("records", verdict.records).with("sealed", sealed).with("unchecked seals", verdict.seals.forgotten)
}
