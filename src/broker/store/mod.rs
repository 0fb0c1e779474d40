//! Grants and issued tokens, kept in SQLite or PostgreSQL under one schema. Everything secret is sealed.

mod db;
mod error;
mod grants;
mod journeys;
mod lock;
mod migrate;
mod minted;
mod open;
pub mod renew;
mod sealed;
mod turns;

pub use error::{OpenError, StoreError};
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

    /// Forgets journeys that are over. Minted tokens stay until Bitbucket has deleted them, grants until they are
    /// revoked or dead. Returns how many rows went.
    pub async fn tidy(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.db.run(sqlx::query("DELETE FROM journeys WHERE expires <= $1").bind(now.0)).await
    }
}
