//! The schema, brought up to date when the store opens. Each step is a transaction; replicas that start together take
//! turns.

use crate::broker::store::StoreError;
use crate::broker::store::db::{Db, Kind, within};
use crate::broker::store::sealed::column;
use std::time::Duration;

/// Brings the schema up to date.
pub async fn migrate(db: &Db) -> Result<(), StoreError> {
    within(LONGEST, async {
        let mut transaction = db.pool.begin().await?;
        if matches!(db.kind, Kind::Postgres) {
            sqlx::query(ONE_AT_A_TIME).execute(&mut *transaction).await?;
        }
        sqlx::query(VERSION_TABLE).execute(&mut *transaction).await?;
        let row = sqlx::query(VERSION).fetch_one(&mut *transaction).await?;
        let version = usize::try_from(column::<i64>(&row, "version")?).map_err(|_| StoreError::Newer)?;
        let steps = STEPS.get(version..).ok_or(StoreError::Newer)?;
        for (step, text) in (version + 1..).zip(steps) {
            sqlx::raw_sql(*text).execute(&mut *transaction).await?;
            let number = i64::try_from(step).unwrap_or(i64::MAX);
            sqlx::query(STEPPED).bind(number).execute(&mut *transaction).await?;
        }
        Ok(transaction.commit().await?)
    })
    .await
}

/// Every step there ever was; released ones never change.
const STEPS: [&str; 1] = [include_str!("migrations/0001_first.sql")];

/// Another replica may be at it, and a step may rewrite a table.
const LONGEST: Duration = Duration::from_secs(60);

/// The number is ours: the first bytes of the SHA-256 of the program's name would do as well.
const ONE_AT_A_TIME: &str = "SELECT pg_advisory_xact_lock(748105330021)";
const VERSION_TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL PRIMARY KEY)";
const VERSION: &str = "SELECT CAST(COALESCE(MAX(version), 0) AS BIGINT) AS version FROM schema_version";
const STEPPED: &str = "INSERT INTO schema_version (version) VALUES ($1)";
