//! The lock of one grant: nobody else refreshes it meanwhile, in this process or in another.

use crate::broker::store::db::{Kind, SHORT, Statement, within};
use crate::broker::store::grants::{keyed, select, upsert, upsert_over};
use crate::broker::store::sealed::{Sealed, column};
use crate::broker::store::{Grant, GrantKey, Store, StoreError};
use sqlx::any::AnyRow;
use sqlx::{Any, Transaction};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit};

/// A grant that nobody else can refresh meanwhile: a row lock on PostgreSQL, a lock of this process on SQLite.
/// Dropping it without [`GrantLock::replace`] changes nothing.
pub struct GrantLock {
    pub current: Option<Grant>,
    key: GrantKey,
    store: Store,
    /// What the row held.
    seen: Option<String>,
    /// The transaction that holds the row; SQLite has one writer, so that none stays open while Bitbucket is asked.
    row: Option<Row>,
    turn: OwnedMutexGuard<()>,
}

/// A locked row, and the leave to hold a connection for it.
struct Row {
    transaction: Transaction<'static, Any>,
    _leave: OwnedSemaphorePermit,
}

impl Store {
    /// Locks the grant for a refresh, waiting for whoever has it, at most 20 seconds.
    pub async fn lock_grant(&self, key: &GrantKey) -> Result<GrantLock, StoreError> {
        within(LONGEST_WAIT, async {
            let mut lock = self.lock(key).await?;
            if let Some(seen) = &lock.seen {
                lock.current = Some(self.grant_in(key, seen).await?);
            }
            Ok(lock)
        })
        .await
    }

    /// The same for whoever has a new grant, or wants the old one gone: `current` is `None`, so that a grant that does
    /// not open any more is in nobody's way.
    pub async fn lock_grant_unread(&self, key: &GrantKey) -> Result<GrantLock, StoreError> {
        within(LONGEST_WAIT, self.lock(key)).await
    }

    async fn lock(&self, key: &GrantKey) -> Result<GrantLock, StoreError> {
        let turn = self.turns.wait(key).await;
        let (row, found) = match self.db.kind {
            Kind::Sqlite(_) => (None, self.db.one(select(key)).await?),
            Kind::Postgres => self.lock_row(key).await.map(|(row, found)| (Some(row), found))?,
        };
        let seen = found.map(|row| column(&row, "sealed")).transpose()?;
        Ok(GrantLock { current: None, key: key.clone(), store: self.clone(), seen, row, turn })
    }

    async fn lock_row(&self, key: &GrantKey) -> Result<(Row, Option<AnyRow>), StoreError> {
        let closed = |_| StoreError::Unavailable("it is closing".into());
        let leave = Arc::clone(&self.db.locking).acquire_owned().await.map_err(closed)?;
        loop {
            self.db.run(keyed(TURN, key)).await?;
            let mut transaction = self.db.begin().await?;
            // Whoever removed the grant meanwhile took its turn along.
            if keyed(LOCK, key).fetch_optional(&mut *transaction).await?.is_some() {
                let found = select(key).fetch_optional(&mut *transaction).await?;
                return Ok((Row { transaction, _leave: leave }, found));
            }
        }
    }

    /// The row's lock went with its connection: only over what was there then.
    async fn insist(&self, key: &GrantKey, seen: Option<&str>, new: &Sealed) -> Result<(), StoreError> {
        let mut last = StoreError::slow(SHORT.as_secs());
        for pause in PAUSES {
            tokio::time::sleep(pause).await;
            match self.db.run(upsert_over(key, seen, new)).await {
                Ok(0) => return Err(StoreError::Unavailable("another broker has written the grant meanwhile".into())),
                Ok(_) => return Ok(()),
                Err(StoreError::Unavailable(why)) => last = StoreError::Unavailable(why),
                Err(other) => return Err(other),
            }
        }
        Err(last)
    }
}

impl GrantLock {
    /// Writes the grant and returns once it is durable. Goes on when its caller is cancelled, and tries again for some
    /// seconds when the store is gone: the token before it may be dead already.
    pub async fn replace(self, grant: &Grant) -> Result<(), StoreError> {
        let new = self.store.seal_grant(&self.key, grant)?;
        let Self { key, store, seen, row, turn, .. } = self;
        detached(async move {
            let written = match row {
                None => store.db.run(upsert(&key, &new)).await.map(drop),
                Some(row) => row.finish([upsert(&key, &new)]).await,
            };
            let written = match written {
                Err(StoreError::Unavailable(_)) => store.insist(&key, seen.as_deref(), &new).await,
                other => other,
            };
            drop(turn);
            written
        })
        .await
    }

    /// Removes the grant: Bitbucket has ended it, or its holder wants it gone.
    pub async fn remove(self) -> Result<(), StoreError> {
        detached(async move {
            let statements = [keyed(REMOVE, &self.key), keyed(REMOVE_TURN, &self.key)];
            if let Some(row) = self.row {
                return row.finish(statements).await;
            }
            for statement in statements {
                self.store.db.run(statement).await?;
            }
            Ok(())
        })
        .await
    }
}

impl Row {
    async fn finish(mut self, statements: impl IntoIterator<Item = Statement<'static>>) -> Result<(), StoreError> {
        within(SHORT, async {
            for statement in statements {
                statement.execute(&mut *self.transaction).await?;
            }
            Ok(self.transaction.commit().await?)
        })
        .await
    }
}

/// Runs to its end whoever waits for it.
async fn detached(work: impl Future<Output = Result<(), StoreError>> + Send + 'static) -> Result<(), StoreError> {
    let ended = |_| Err(StoreError::Unavailable("the broker is stopping".into()));
    tokio::spawn(work).await.unwrap_or_else(ended)
}

/// A refresh takes a second or two, and nobody's request lives longer than this.
pub const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// A database that fails over is back within seconds.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

const TURN: &str = "INSERT INTO grant_turns (holder, host, access) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
const LOCK: &str = "SELECT holder FROM grant_turns WHERE holder = $1 AND host = $2 AND access = $3 FOR UPDATE";
const REMOVE: &str = "DELETE FROM grants WHERE holder = $1 AND host = $2 AND access = $3";
const REMOVE_TURN: &str = "DELETE FROM grant_turns WHERE holder = $1 AND host = $2 AND access = $3";
