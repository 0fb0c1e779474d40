//! The lock of one grant: nobody else refreshes it meanwhile, in this process or in another.

use crate::broker::store::db::{Kind, SHORT, within};
use crate::broker::store::grants::{keyed, select};
use crate::broker::store::sealed::column;
use crate::broker::store::{Grant, GrantKey, Store, StoreError};
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
    /// The transaction that holds the row; SQLite has one writer, so that none stays open while Bitbucket is asked.
    row: Option<Row>,
    _turn: OwnedMutexGuard<()>,
}

/// A locked row, and the leave to hold a connection for it.
struct Row {
    transaction: Transaction<'static, Any>,
    _leave: OwnedSemaphorePermit,
}

impl Store {
    /// Locks the grant for a refresh, waiting for whoever has it, at most [`LONGEST_WAIT`].
    pub async fn lock_grant(&self, key: &GrantKey) -> Result<GrantLock, StoreError> {
        within(LONGEST_WAIT, async {
            let turn = self.turns.wait(key).await;
            let (row, current) = match self.db.kind {
                Kind::Sqlite(_) => (None, self.grant(key).await?),
                Kind::Postgres => {
                    let (row, current) = self.lock_row(key).await?;
                    (Some(row), current)
                }
            };
            Ok(GrantLock { current, key: key.clone(), store: self.clone(), row, _turn: turn })
        })
        .await
    }

    async fn lock_row(&self, key: &GrantKey) -> Result<(Row, Option<Grant>), StoreError> {
        let closed = |_| StoreError::Unavailable("it is closing".into());
        let leave = Arc::clone(&self.db.locking).acquire_owned().await.map_err(closed)?;
        loop {
            self.db.run(keyed(TURN, key)).await?;
            let mut transaction = self.db.begin().await?;
            // Whoever removed the grant meanwhile took its turn along.
            if keyed(LOCK, key).fetch_optional(&mut *transaction).await?.is_some() {
                let found = select(key).fetch_optional(&mut *transaction).await?;
                let current = match found {
                    Some(row) => Some(self.grant_in(key, &column::<String>(&row, "sealed")?).await?),
                    None => None,
                };
                return Ok((Row { transaction, _leave: leave }, current));
            }
        }
    }
}

impl GrantLock {
    /// Writes the grant and returns once it is durable. Goes on when its caller is cancelled: a rotated token that was
    /// received is kept.
    pub async fn replace(self, grant: &Grant) -> Result<(), StoreError> {
        let grant = grant.clone();
        detached(async move {
            let upsert = self.store.upsert(&self.key, &grant)?;
            match self.row {
                None => self.store.db.run(upsert).await.map(drop),
                Some(row) => row.finish([upsert]).await,
            }
        })
        .await
    }

    /// Removes the grant: Bitbucket has ended it, or its holder wants it gone.
    pub async fn remove(self) -> Result<(), StoreError> {
        detached(async move {
            let statements = [keyed(REMOVE, &self.key), keyed(REMOVE_TURN, &self.key)];
            match self.row {
                Some(row) => row.finish(statements).await,
                None => {
                    for statement in statements {
                        self.store.db.run(statement).await?;
                    }
                    Ok(())
                }
            }
        })
        .await
    }
}

impl Row {
    async fn finish(
        mut self,
        statements: impl IntoIterator<Item = crate::broker::store::db::Statement<'static>>,
    ) -> Result<(), StoreError> {
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

const TURN: &str = "INSERT INTO grant_turns (holder, host, access) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
const LOCK: &str = "SELECT holder FROM grant_turns WHERE holder = $1 AND host = $2 AND access = $3 FOR UPDATE";
const REMOVE: &str = "DELETE FROM grants WHERE holder = $1 AND host = $2 AND access = $3";
const REMOVE_TURN: &str = "DELETE FROM grant_turns WHERE holder = $1 AND host = $2 AND access = $3";
