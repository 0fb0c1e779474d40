//! When the next renewal of a credential may start, so that a hit during a failing one starts no other.

use crate::basis::clock::Timestamp;
use crate::basis::files::{private_dir, put_private, read_private};
use crate::basis::host_id::HostId;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Whether a renewal of this credential began so recently that no other may start.
pub fn rests(state: &Path, id: &HostId, now: Timestamp) -> bool {
    let bytes = read_private(&path(state, id)).ok().flatten().unwrap_or_default();
    let began = serde_json::from_slice(&bytes).ok();
    // A clock that was set back must not make the rest longer.
    began.is_some_and(|began: Timestamp| now.0.abs_diff(began.0) < REST.as_secs())
}

/// A renewal begins now. Called by the holder of the host's lane.
pub fn begin(state: &Path, id: &HostId, now: Timestamp) -> io::Result<()> {
    private_dir(&state.join("renewals")).map_err(io::Error::other)?;
    put_private(&path(state, id), &serde_json::to_vec(&now)?)
}

/// How long a renewal may take, and so how long after the beginning of one the next may start.
pub const REST: Duration = Duration::from_secs(60);

fn path(state: &Path, id: &HostId) -> PathBuf {
    state.join("renewals").join(format!("v1-{id}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::basis::files::testing::private_temp_dir;
    use crate::basis::host_id::AccountId;

    #[test]
    fn one_beginning_a_minute_whatever_the_clock_does() {
        let dir = private_temp_dir();
        let id = HostId::new(&AccountId::new("https://login", "t", "c", "p"), "https://host", []);
        assert!(!rests(dir.path(), &id, Timestamp(1_000)));
        begin(dir.path(), &id, Timestamp(1_000)).unwrap();
        for (now, expected) in [(1_000, true), (1_059, true), (1_060, false), (941, true), (940, false)] {
            assert_eq!(rests(dir.path(), &id, Timestamp(now)), expected, "{now}");
        }
        assert!(!rests(dir.path(), &id.with_path("acme/app"), Timestamp(1_000)));
        put_private(&path(dir.path(), &id), b"torn").unwrap();
        assert!(!rests(dir.path(), &id, Timestamp(1_000)));
    }
}
