//! Our state directory: ours alone, writable, with room left, on a file system that locks.

use super::OURS;
use super::finding::{Finding, Severity};
use crate::app::words;
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
    let error = |summary: String, command: String| Box::new(Finding::new("state", Severity::Error, summary, command));
    files::private_dir(state).map_err(|unsafe_dir| match unsafe_dir {
        UnsafeDir::Unsafe { .. } => {
            let finding = Finding::failed("state", &words::vault(&VaultError::from(unsafe_dir)));
            Box::new(Finding { command: format!("{OURS} doctor --fix"), ..finding })
        }
        UnsafeDir::Io { path, source } => {
            error(format!("the state directory cannot be made: {source}"), format!("ls -ld {}", path.display()))
        }
    })?;
    let df = format!("df {}", state.display());
    let probe = state.join("doctor.probe");
    let written = files::write_private(&probe, &[b'x'; 8192]).and_then(|()| files::remove(&probe));
    written.map_err(|source| error(format!("the state directory cannot be written: {source}"), df))?;
    let path = state.join("doctor.lock");
    let locked = lock::open(&path).and_then(|file| lock::take(&file));
    // Nobody but this probe ever locks it.
    _ = files::remove(&path);
    locked.map(drop).map_err(|source| {
        let mut finding = error(
            format!("the state directory's file system does not lock: {source}"),
            format!("export XDG_STATE_HOME=/a/local/disk    (instead of {})", state.display()),
        );
        finding.id = Some("lock-unusable");
        finding
    })
}

fn roomy(state: &Path) -> Finding {
    let df = format!("df {}", state.display());
    let Some(free) = permissions::free_space(state) else {
        return Finding::new("state", Severity::Ok, "the state directory is ours, writable and locks", df);
    };
    let finding = if free < ROOM {
        Finding::new("state", Severity::Warning, "the state directory has hardly any room left", df)
    } else {
        Finding::new("state", Severity::Ok, "the state directory is ours, writable and locks", df)
    };
    finding.with("free MiB", free >> 20)
}

/// Months of the audit trail.
const ROOM: u64 = 10 << 20;
