//! Our state directory: ours alone, writable, with room left, on a file system that locks.

use super::OURS;
use super::finding::{Finding, Severity};
use crate::app::words::{self, Seen};
use crate::app::world::World;
use crate::basis::files::{self, UnsafeDir};
use crate::basis::lock;
use crate::basis::permissions;
use crate::vault::VaultError;
use std::path::Path;

pub(super) fn check(world: &World) -> Vec<Finding> {
    let state = &world.places.state;
    let finding = match examined(state) {
        Ok(()) => roomy(state),
        Err(finding) => *finding,
    };
    vec![finding.with("directory", state.display())]
}

fn examined(state: &Path) -> Result<(), Box<Finding>> {
    let error = |seen: &Seen<'_>| Box::new(Finding::seen("state", Severity::Error, seen));
    files::private_dir(state).map_err(|unsafe_dir| match unsafe_dir {
        UnsafeDir::Unsafe { .. } => {
            let finding = Finding::failed("state", &words::vault(&VaultError::from(unsafe_dir)));
            Box::new(Finding { command: format!("{OURS} doctor --fix"), ..finding })
        }
        UnsafeDir::Io { path, source } => error(&Seen::StateUnmakable(&path, &source.to_string())),
    })?;
    let probe = state.join("doctor.probe");
    let written = files::write_private(&probe, &[b'x'; 8192]).and_then(|()| files::remove(&probe));
    written.map_err(|source| error(&Seen::StateUnwritable(state, &source.to_string())))?;
    let path = state.join("doctor.lock");
    let locked = lock::open(&path).and_then(|file| lock::take(&file));
    // Nobody but this probe ever locks it.
    _ = files::remove(&path);
    locked.map(drop).map_err(|source| {
        let finding = error(&Seen::StateUnlockable(state, &source.to_string()));
        Box::new(Finding { id: Some("lock-unusable"), ..*finding })
    })
}

fn roomy(state: &Path) -> Finding {
    let fine = || Finding::seen("state", Severity::Ok, &Seen::StateFine(state));
    let Some(free) = permissions::free_space(state) else { return fine() };
    let scarce = || Finding::seen("state", Severity::Warning, &Seen::StateNearlyFull(state));
    let finding = if free < ROOM { scarce() } else { fine() };
    finding.with("free MiB", free >> 20)
}

/// Months of the audit trail.
const ROOM: u64 = 10 << 20;
