//! Turns within this process: one task at a time for each grant, so that one connection at most waits for its row.

use crate::broker::store::GrantKey;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::OwnedMutexGuard;

/// Who waits for which grant.
#[derive(Default)]
pub struct Turns {
    held: Mutex<HashMap<GrantKey, Weak<tokio::sync::Mutex<()>>>>,
}

impl Turns {
    /// Waits, first come, first served. The turn ends when the guard is dropped.
    pub async fn wait(&self, key: &GrantKey) -> OwnedMutexGuard<()> {
        let turn = self.of(key);
        turn.lock_owned().await
    }

    fn of(&self, key: &GrantKey) -> Arc<tokio::sync::Mutex<()>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = held.get(key).and_then(Weak::upgrade) {
            return turn;
        }
        held.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::default();
        held.insert(key.clone(), Arc::downgrade(&turn));
        turn
    }
}
