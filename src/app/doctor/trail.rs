//! Whether the audit trail can be written: nothing is handed out unrecorded.

use super::finding::{Finding, Severity};
use crate::app::words;
use crate::app::world::World;
use crate::audit::JournalError;
use crate::basis::files;

pub(super) fn check(world: &World) -> Vec<Finding> {
    let configured = world.loaded.settings.audit.file.clone();
    let path = configured.unwrap_or_else(|| world.places.state.join("audit.jsonl"));
    let there = path.exists();
    let opened = files::append_private(&path).map(drop);
    if !there {
        // An empty file of ours is no trail.
        _ = opened.is_ok() && files::remove(&path).unwrap_or(false);
    }
    let ls = format!("ls -l {}", path.display());
    let finding = match opened {
        Ok(()) => Finding::new("audit", Severity::Ok, "the audit trail can be written", ls),
        Err(error) => {
            Finding::failed("audit", &words::journal(&JournalError { path: path.clone(), why: error.to_string() }))
        }
    };
    vec![finding.with("file", path.display())]
}
