//! Grants and issued tokens, kept in SQLite or PostgreSQL under one schema. Everything secret is sealed.

pub mod renew;

use crate::basis::clock::Timestamp;
use crate::basis::secret::{GitToken, RefreshToken};
use crate::broker::ground::issued::Holder;
use crate::broker::ground::right::Right;

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Store {}

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

/// A grant that nobody else can refresh meanwhile: a row lock on PostgreSQL, a lock of this process on SQLite.
/// Dropping it without [`GrantLock::replace`] changes nothing.
pub struct GrantLock {
    pub current: Option<Grant>,
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
    pub memory: crate::basis::secret::SecretBytes,
    pub expires: Timestamp,
}

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, is slow or full: try again.
    #[error("the store does not answer: {0}")]
    Unavailable(String),
    /// A sealed value does not open: the wrong key, or somebody changed it.
    #[error("the store holds what cannot be opened: {0}")]
    Sealed(String),
    /// The schema is newer than this program.
    #[error("the store was made by a newer broker")]
    Newer,
}

impl Store {
    /// A grant as it is, without any lock.
    pub async fn grant(&self, _key: &GrantKey) -> Result<Option<Grant>, StoreError> {
        Err(StoreError::Unavailable(String::new()))
    }

    /// Locks the grant for a refresh, waiting for whoever has it, at most the store's time limit.
    pub async fn lock_grant(&self, _key: &GrantKey) -> Result<GrantLock, StoreError> {
        Err(StoreError::Unavailable(String::new()))
    }

    /// All grants of a holder, for the receipt of a revocation and for `explain`.
    pub async fn grants_of(&self, _holder: &Holder) -> Result<Vec<(GrantKey, Grant)>, StoreError> {
        Err(StoreError::Unavailable(String::new()))
    }

    /// The youngest minted token of this cache key that lives until `until` at least.
    pub async fn minted(&self, _cache_key: &str, _until: Timestamp) -> Result<Option<Minted>, StoreError> {
        Err(StoreError::Unavailable(String::new()))
    }

    /// Durable before the token is handed out, so that no token is forgotten.
    pub async fn put_minted(&self, _minted: &Minted) -> Result<(), StoreError> {
        Err(StoreError::Unavailable(String::new()))
    }

    /// Up to `most` minted tokens that are over at `now`, taken by this caller for a minute: two sweepers never get the
    /// same one.
    pub async fn take_over(&self, _now: Timestamp, _most: u32) -> Result<Vec<Minted>, StoreError> {
        Err(StoreError::Unavailable(String::new()))
    }

    /// A minted token whose digest is given, for revocation.
    pub async fn minted_by_digest(&self, _token_sha256: &str) -> Result<Option<Minted>, StoreError> {
        Err(StoreError::Unavailable(String::new()))
    }

    /// It is deleted at Bitbucket: forget it.
    pub async fn forget_minted(&self, _host: &str, _token_id: &str) -> Result<(), StoreError> {
        Err(StoreError::Unavailable(String::new()))
    }

    /// Remembers a journey until its end.
    pub async fn put_journey(&self, _journey: &Journey) -> Result<(), StoreError> {
        Err(StoreError::Unavailable(String::new()))
    }

    /// Takes a journey out: it serves once.
    pub async fn take_journey(&self, _state: &str, _now: Timestamp) -> Result<Option<Journey>, StoreError> {
        Err(StoreError::Unavailable(String::new()))
    }

    /// Whether it answers, for `/readyz`.
    pub async fn ping(&self) -> Result<(), StoreError> {
        Err(StoreError::Unavailable(String::new()))
    }
}

impl GrantLock {
    /// Writes the grant and returns once it is durable.
    pub async fn replace(self, _grant: &Grant) -> Result<(), StoreError> {
        Err(StoreError::Unavailable(String::new()))
    }

    /// Removes the grant: Bitbucket has ended it, or its holder wants it gone.
    pub async fn remove(self) -> Result<(), StoreError> {
        Err(StoreError::Unavailable(String::new()))
    }
}
