//! Why the store does not open, or did not do it.

use std::path::PathBuf;

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
    /// The database file is damaged: restore it.
    #[error("the store is damaged: {0}")]
    Damaged(String),
}

/// Why the store does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// `[store] url` is none, or one that is not safe.
    #[error("the store's url is not usable: {0}")]
    Url(String),
    /// Another broker has this SQLite file open; replicas need PostgreSQL.
    #[error("another broker uses {0}; several brokers need PostgreSQL")]
    InUse(PathBuf),
    /// The file or its directory cannot be used.
    #[error("{0}")]
    File(String),
    /// Everything that can happen later as well.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StoreError {
    /// It did not answer in time.
    pub(super) fn slow(seconds: u64) -> Self {
        Self::Unavailable(format!("it took longer than {seconds} seconds"))
    }
}

/// Texts of databases name tables and constraints, never values: everything is bound.
impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = match &error {
            sqlx::Error::Database(database) => database.code().map(std::borrow::Cow::into_owned),
            _ => None,
        };
        match code.as_deref() {
            // SQLITE_CORRUPT with its extensions, and SQLITE_NOTADB; PostgreSQL: data_corrupted, index_corrupted.
            Some("11" | "267" | "523" | "779" | "26" | "XX001" | "XX002") => Self::Damaged(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}
