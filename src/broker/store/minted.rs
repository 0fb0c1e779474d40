//! Minted tokens of Data Center: handed out again while they live, deleted at Bitbucket when they are over.

use crate::basis::clock::Timestamp;
use crate::basis::digest;
use crate::basis::secret::{GitToken, SecretBytes};
use crate::broker::store::sealed::{About, column};
use crate::broker::store::{Minted, Store, StoreError};
use sqlx::any::AnyRow;
use std::time::Duration;

impl Store {
    /// The youngest minted token of this cache key that lives until `until` at least.
    pub async fn minted(&self, cache_key: &str, until: Timestamp) -> Result<Option<Minted>, StoreError> {
        let row = self.db.one(sqlx::query(AGAIN).bind(cache_key.to_owned()).bind(until.0)).await?;
        self.maybe_minted(row).await
    }

    /// Durable before the token is handed out, so that no token is forgotten.
    pub async fn put_minted(&self, minted: &Minted) -> Result<(), StoreError> {
        let token = SecretBytes::new(minted.token.expose().as_bytes().to_vec());
        let sealed = self.seal(&About(MINTED, &clear(minted, &minted.expires.0.to_string())), &token)?;
        let query = sqlx::query(PUT).bind(minted.host.clone()).bind(minted.token_id.clone());
        let query = query.bind(minted.cache_key.clone()).bind(minted.subject.clone());
        let query = query.bind(minted.project.clone()).bind(minted.repository.clone());
        let query = query.bind(digest::of(token.expose())).bind(minted.expires.0);
        self.db.run(query.bind(sealed.text).bind(sealed.by)).await.map(drop)
    }

    /// Up to `most` minted tokens that are over at `now`, taken by this caller for a minute: two sweepers never get the
    /// same one.
    pub async fn take_over(&self, now: Timestamp, most: u32) -> Result<Vec<Minted>, StoreError> {
        let query = sqlx::query(TAKE).bind(now.0).bind(now.after(TAKEN).0).bind(i64::from(most));
        let rows = self.db.all(query).await?;
        let mut taken = Vec::with_capacity(rows.len());
        for row in &rows {
            match self.minted_in(row).await {
                Ok(minted) => taken.push(minted),
                // One that somebody changed keeps nobody from the others; `tidy` forgets it.
                Err(StoreError::Sealed(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(taken)
    }

    /// A minted token whose digest is given, for revocation.
    pub async fn minted_by_digest(&self, token_sha256: &str) -> Result<Option<Minted>, StoreError> {
        let row = self.db.one(sqlx::query(BY_DIGEST).bind(token_sha256.to_owned())).await?;
        self.maybe_minted(row).await
    }

    /// It is deleted at Bitbucket: forget it.
    pub async fn forget_minted(&self, host: &str, token_id: &str) -> Result<(), StoreError> {
        let query = sqlx::query(FORGET).bind(host.to_owned()).bind(token_id.to_owned());
        self.db.run(query).await.map(drop)
    }

    async fn maybe_minted(&self, row: Option<AnyRow>) -> Result<Option<Minted>, StoreError> {
        match row {
            Some(row) => self.minted_in(&row).await.map(Some),
            None => Ok(None),
        }
    }

    async fn minted_in(&self, row: &AnyRow) -> Result<Minted, StoreError> {
        let mut minted = Minted {
            cache_key: column(row, "cache_key")?,
            subject: column(row, "subject")?,
            host: column(row, "host")?,
            project: column(row, "project")?,
            repository: column(row, "repository")?,
            token_id: column(row, "token_id")?,
            token: GitToken::new(String::new()),
            expires: Timestamp(column(row, "expires")?),
        };
        let about = minted.expires.0.to_string();
        let token = self.unseal(&About(MINTED, &clear(&minted, &about)), &column::<String>(row, "sealed")?).await?;
        let token = std::str::from_utf8(token.expose()).map_err(|_| StoreError::Sealed("a token is no text".into()))?;
        minted.token = GitToken::new(token.to_owned());
        Ok(minted)
    }
}

/// Everything in the row that is not sealed: a longer life, another subject or repository does not open the token.
fn clear<'a>(minted: &'a Minted, expires: &'a str) -> [&'a str; 7] {
    let Minted { cache_key, subject, host, project, repository, token_id, .. } = minted;
    [host, token_id, cache_key, subject, project, repository, expires]
}

/// The table, as sealed values know it.
pub const MINTED: &str = "minted";

/// How long a sweeper may take over one batch before another one tries.
const TAKEN: Duration = Duration::from_secs(60);

const AGAIN: &str = "SELECT * FROM minted WHERE cache_key = $1 AND expires >= $2 ORDER BY expires DESC LIMIT 1";
const BY_DIGEST: &str = "SELECT * FROM minted WHERE token_sha256 = $1";
const FORGET: &str = "DELETE FROM minted WHERE host = $1 AND token_id = $2";
const PUT: &str = "INSERT INTO minted (host, token_id, cache_key, subject, project, repository, token_sha256, expires,
        taken_until, sealed, sealed_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10)";
/// The condition stands twice: a row that another sweeper took meanwhile is looked at again, its place in the list is
/// not.
const TAKE: &str = "UPDATE minted SET taken_until = $2
    WHERE expires <= $1 AND taken_until <= $1 AND (host, token_id) IN (
        SELECT host, token_id FROM minted WHERE expires <= $1 AND taken_until <= $1 ORDER BY expires LIMIT $3
    )
    RETURNING *";
