//! One statement at a time, within a time limit.

use crate::broker::store::StoreError;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyPool, Transaction};
use std::fs::File;
use std::future::Future;
use std::time::Duration;
use tokio::sync::Semaphore;

/// The database.
pub struct Db {
    pub pool: AnyPool,
    pub kind: Kind,
    /// How many connections may wait for a row or hold one: always one fewer than there are.
    pub locking: std::sync::Arc<Semaphore>,
    /// SQLite has one writer: who waits here is woken in turn, who waits there tries again now and then.
    pub writing: tokio::sync::Mutex<()>,
}

/// Which database.
pub enum Kind {
    /// The handle holds the lock file: this file is ours alone.
    Sqlite(#[expect(dead_code, reason = "held, never read")] File),
    Postgres,
}

/// A statement with what is bound to it.
pub type Statement<'q> = Query<'q, Any, AnyArguments>;

impl Db {
    /// Runs a statement; how many rows it changed.
    pub async fn run(&self, statement: Statement<'_>) -> Result<u64, StoreError> {
        within(SHORT, async {
            let _turn = match self.kind {
                Kind::Sqlite(_) => Some(self.writing.lock().await),
                Kind::Postgres => None,
            };
            Ok(statement.execute(&self.pool).await?.rows_affected())
        })
        .await
    }

    /// The first row.
    pub async fn one(&self, statement: Statement<'_>) -> Result<Option<AnyRow>, StoreError> {
        within(SHORT, async { Ok(statement.fetch_optional(&self.pool).await?) }).await
    }

    /// All rows.
    pub async fn all(&self, statement: Statement<'_>) -> Result<Vec<AnyRow>, StoreError> {
        within(SHORT, async { Ok(statement.fetch_all(&self.pool).await?) }).await
    }

    /// A transaction that rolls back when it is dropped.
    pub async fn begin(&self) -> Result<Transaction<'static, Any>, StoreError> {
        within(SHORT, async { Ok(self.pool.begin().await?) }).await
    }
}

/// The same, or [`StoreError::Unavailable`] once the time is over.
pub async fn within<T>(longest: Duration, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    tokio::time::timeout(longest, work).await.unwrap_or_else(|_| Err(StoreError::slow(longest.as_secs())))
}

/// For anything that waits for nobody else.
pub const SHORT: Duration = Duration::from_secs(5);
