//! `grants = "sealed"`: the grant waits ten minutes for its person's helper, which is given it sealed; the broker keeps
//! nothing.

use crate::basis::clock::Timestamp;
use crate::basis::digest;
use crate::basis::secret::SecretBytes;
use crate::broker::cloud::sealed;
use crate::broker::ground::issued::IssueError;
use crate::broker::sealing::Sealer;
use crate::broker::store::carried::Carried;
use crate::broker::store::renew::closed;
use crate::broker::store::{Grant, GrantKey, Journey, Store, StoreError};
use std::time::Duration;

/// The grant that waits for this holder, host and right, sealed for the helper: the `refresh_token` member of the
/// exchange's answer. It is given once. `None` where none waits.
pub async fn pick_up(
    store: &Store,
    sealer: &Sealer,
    key: &GrantKey,
    now: Timestamp,
) -> Result<Option<SecretBytes>, IssueError> {
    let waiting = store.take_journey(&name(key), now).await.map_err(closed)?;
    let carried = waiting.and_then(|journey| serde_json::from_slice::<Carried>(journey.memory.expose()).ok());
    carried.map(|carried| sealed::seal(sealer, key, &Grant::from(carried))).transpose()
}

/// Lets a grant wait, in place of one that waited before.
pub(super) async fn put(store: &Store, key: &GrantKey, grant: &Grant, now: Timestamp) -> Result<(), StoreError> {
    store.take_journey(&name(key), now).await?;
    let memory = SecretBytes::json(&Carried::from(grant));
    store.put_journey(&Journey { state: name(key), memory, expires: now.after(WAITS) }).await
}

/// Nothing that a browser's `state` may be called: it has another length.
fn name(key: &GrantKey) -> String {
    let right = key.right.to_string();
    format!("sealed grant {}", digest::of_fields([key.holder.key().as_str(), key.host.as_str(), right.as_str()]))
}

const WAITS: Duration = Duration::from_secs(600);
