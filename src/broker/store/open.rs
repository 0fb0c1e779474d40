//! Opening: where the database is, and how its connections behave.

use crate::basis::clock::Clock;
use crate::basis::{files, lock};
use crate::broker::sealing::Sealer;
use crate::broker::settings::StoreAt;
use crate::broker::store::db::{Db, Kind, SHORT, within};
use crate::broker::store::{OpenError, Store, StoreError, migrate, turns};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, Connection, Executor};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use tokio::sync::Semaphore;

impl Store {
    /// Opens the store and brings its schema up to date. SQLite: makes the file if there is none.
    pub async fn open(at: &StoreAt, sealer: Arc<Sealer>, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        sqlx::any::install_default_drivers();
        let connections = at.connections.max(2);
        let (url, kind) = match at.url.expose().strip_prefix("sqlite:") {
            Some(path) => sqlite(Path::new(path.strip_prefix("//").unwrap_or(path)))?,
            None => (postgres(at.url.expose())?, Kind::Postgres),
        };
        // The text of a parser may hold the password.
        let options = AnyConnectOptions::from_str(&url).map_err(|_| OpenError::Url("it cannot be read".into()))?;
        tried(&options, &kind).await?;
        let pool = pool(options, connections, &kind);
        let spare = usize::try_from(connections - 1).unwrap_or(1);
        let (locking, writing) = (Arc::new(Semaphore::new(spare)), tokio::sync::Mutex::default());
        let db = Db { pool, kind, locking, writing };
        migrate::migrate(&db).await?;
        let store = Self { db: Arc::new(db), sealer, turns: Arc::new(turns::Turns::default()), clock };
        store.first_keys().await?;
        Ok(store)
    }

    /// Closes every connection: SQLite's log is written back, the file may be copied.
    pub async fn close(&self) {
        _ = tokio::time::timeout(SHORT, self.db.pool.close()).await;
    }
}

/// One connection of its own: a pool tries again until its time is over, and then says only that it is.
async fn tried(options: &AnyConnectOptions, kind: &Kind) -> Result<(), StoreError> {
    within(SHORT, async {
        let mut connection = AnyConnection::connect_with(options).await?;
        prepare(&mut connection, kind.settings()).await?;
        Ok(connection.close().await?)
    })
    .await
}

fn pool(options: AnyConnectOptions, connections: u32, kind: &Kind) -> AnyPool {
    let settings = kind.settings();
    let pool = AnyPoolOptions::new().max_connections(connections).acquire_timeout(SHORT);
    let pool = pool.after_connect(move |connection, _| Box::pin(prepare(connection, settings)));
    pool.connect_lazy_with(options)
}

impl Kind {
    fn settings(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => SQLITE,
            Self::Postgres => POSTGRES,
        }
    }
}

async fn prepare(connection: &mut AnyConnection, settings: &'static str) -> Result<(), sqlx::Error> {
    connection.execute(sqlx::raw_sql(settings)).await?;
    connection.ping().await
}

/// Makes directory and file ours alone, and takes the lock that keeps a second broker out.
fn sqlite(path: &Path) -> Result<(String, Kind), OpenError> {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(OpenError::Url("sqlite: is followed by the path of a file".into()));
    };
    let io = |error: std::io::Error| OpenError::File(format!("{}: {error}", path.display()));
    files::private_dir(if dir.as_os_str().is_empty() { Path::new(".") } else { dir })
        .map_err(|error| OpenError::File(error.to_string()))?;
    let path = std::path::absolute(path).map_err(io)?;
    let held = held(&path.with_file_name(lock_name(name)), &path)?;
    let file = files::append_private(&path).map_err(io)?;
    close_to_others(&file).map_err(io)?;
    let url = url::Url::from_file_path(&path).map_err(|()| OpenError::Url("the path is none".into()))?;
    Ok((url.as_str().replacen("file:", "sqlite:", 1), Kind::Sqlite(held)))
}

fn lock_name(name: &std::ffi::OsStr) -> PathBuf {
    let mut name = name.to_owned();
    name.push(".lock");
    name.into()
}

fn held(path: &Path, store: &Path) -> Result<std::fs::File, OpenError> {
    let io = |error: std::io::Error| OpenError::File(format!("{}: {error}", path.display()));
    let file = lock::open(path).map_err(io)?;
    if lock::take(&file).map_err(io)? { Ok(file) } else { Err(OpenError::InUse(store.to_owned())) }
}

/// A file that a backup brought back may have the mode of the backup.
#[cfg(unix)]
fn close_to_others(file: &std::fs::File) -> std::io::Result<()> {
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))
}

/// The directory is closed by its access list.
#[cfg(not(unix))]
fn close_to_others(_: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}

/// The url as given; to another machine only with TLS and a certificate that is checked.
fn postgres(text: &str) -> Result<String, OpenError> {
    let none = || OpenError::Url("it is sqlite:PATH or postgres://USER@HOST/DATABASE".into());
    let mut url = url::Url::parse(text).map_err(|_| none())?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err(none());
    }
    let value = |names: &[&str]| {
        url.query_pairs().filter(|(name, _)| names.contains(&&**name)).last().map(|(_, value)| value.into_owned())
    };
    let host = value(&["host", "hostaddr"]).or_else(|| url.host_str().map(str::to_owned)).unwrap_or_default();
    let here = host.is_empty()
        || host.starts_with('/')
        || host.to_ascii_lowercase().starts_with("%2f")
        || matches!(host.as_str(), "localhost" | "127.0.0.1" | "::1" | "[::1]");
    match value(&["sslmode", "ssl-mode"]).as_deref() {
        None if !here => _ = url.query_pairs_mut().append_pair("sslmode", "verify-full"),
        Some("verify-full") => {}
        Some(mode) if !here => {
            return Err(OpenError::Url(format!("sslmode is `{mode}`; to another machine only verify-full will do")));
        }
        _ => {}
    }
    Ok(url.into())
}

/// FULL: a rotated token is on the disk before it is used. Others wait rather than fail.
const SQLITE: &str = "PRAGMA busy_timeout = 4000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";

/// Nobody waits for ever: for a row, for an answer, or for a replica that is gone with its row. What is committed is on
/// the disk, whatever the cluster's default; a stronger default stays.
const POSTGRES: &str = "SET lock_timeout = '18s'; SET statement_timeout = '19s';
    SET idle_in_transaction_session_timeout = '60s'; SET default_transaction_isolation = 'read committed';
    SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';";
