//! Grants and issued tokens, kept in SQLite or PostgreSQL under one schema. Everything secret is sealed.

pub mod carried;
mod db;
mod error;
mod grants;
mod journeys;
mod keys;
mod lock;
mod migrate;
mod minted;
mod open;
pub mod renew;
mod sealed;
mod turns;

pub use error::{OpenError, StoreError};
pub use keys::{KeyUse, Rotated};
pub use lock::GrantLock;

use crate::basis::clock::{Clock, Timestamp};
use crate::basis::secret::{GitToken, RefreshToken, SecretBytes};
use crate::broker::ground::issued::Holder;
use crate::broker::ground::right::Right;
use crate::broker::sealing::Sealer;
use std::sync::Arc;

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    db: Arc<db::Db>,
    sealer: Arc<Sealer>,
    turns: Arc<turns::Turns>,
    clock: Arc<dyn Clock>,
}

/// Which grant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GrantKey {
    pub holder: Holder,
    /// The host's URL as configured.
    pub host: String,
    pub right: Right,
}

/// A Bitbucket OAuth grant, with the access token that came with its last refresh.
#[derive(Clone, Debug)]
pub struct Grant {
    pub refresh_token: RefreshToken,
    pub access_token: GitToken,
    /// When the access token was issued, and when it ends.
    pub issued: Timestamp,
    pub expires: Timestamp,
    pub scopes: String,
    /// Bitbucket's id of the account, and its name.
    pub account_id: String,
    pub account: String,
}

/// One minted HTTP access token of Data Center.
#[derive(Clone, Debug)]
pub struct Minted {
    /// SHA-256 over subject, policy digest, resource and right: who may have it again.
    pub cache_key: String,
    /// `Subject::key()` of whom it was minted for.
    pub subject: String,
    pub host: String,
    pub project: String,
    pub repository: String,
    pub token_id: String,
    pub token: GitToken,
    pub expires: Timestamp,
}

/// A browser on its way through `/connect`, between two requests that may reach two replicas.
#[derive(Clone, Debug)]
pub struct Journey {
    /// The OAuth `state`, 128 bit or more; only its SHA-256 is stored.
    pub state: String,
    /// What must be remembered, JSON; sealed.
    pub memory: SecretBytes,
    pub expires: Timestamp,
}

impl Store {
    /// Whether it answers, for `/readyz`.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.db.run(sqlx::query("SELECT version FROM schema_version")).await.map(drop)
    }

    /// Forgets journeys that are over, and minted tokens that Bitbucket itself has ended for a day: whoever was to delete
    /// them could not. Grants stay until they are revoked or dead. Returns how many rows went. To be called every minute
    /// or so: a rotation by another process is noticed here.
    pub async fn tidy(&self, now: Timestamp) -> Result<u64, StoreError> {
        if self.sealer.is_wrapped() {
            self.refresh_keys().await?;
        }
        let journeys = sqlx::query("DELETE FROM journeys WHERE expires <= $1").bind(now.0);
        let minted = sqlx::query("DELETE FROM minted WHERE expires <= $1").bind(now.before(ENDED).0);
        Ok(self.db.run(journeys).await? + self.db.run(minted).await?)
    }
}

/// Bitbucket ends a minted token after a day at the latest (`expiryDays` 1); ours was over before.
const ENDED: std::time::Duration = std::time::Duration::from_secs(2 * 24 * 3600);
