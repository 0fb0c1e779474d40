//! The store in one file.

use super::{contract, grant, journey, key, minted, open, token};
use bitbucket_sso::basis::clock::Timestamp;
use bitbucket_sso::broker::ground::right::Right;
use bitbucket_sso::broker::store::{OpenError, StoreError};
use sqlx::{Connection, Executor, SqliteConnection};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

fn file(dir: &Path) -> PathBuf {
    dir.join("state/broker.db")
}

fn url(dir: &Path) -> String {
    format!("sqlite:{}", file(dir).display())
}

/// The file as somebody sees it who has got hold of it.
async fn inside(dir: &Path) -> SqliteConnection {
    SqliteConnection::connect(&url(dir)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &url(dir.path()), &[1]).await.unwrap();
    contract::all(&store).await;
}

#[tokio::test]
async fn the_file_is_ours_alone_durable_and_holds_no_secret_in_clear() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &url(dir.path()), &[1]).await.unwrap();
    store.lock_grant(&key("a", Right::Read)).await.unwrap().replace(&grant(1)).await.unwrap();
    store.put_minted(&minted("m", 100)).await.unwrap();
    store.put_journey(&journey("state-canary", 100)).await.unwrap();
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(dir.path().join("state")), 0o700);
    for entry in fs::read_dir(dir.path().join("state")).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(path.clone()), 0o600, "{}", path.display());
        let bytes = fs::read(&path).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("canary"), "{}", path.display());
    }
    assert!(dir.path().join("state/broker.db-wal").exists(), "it writes ahead");
}

#[tokio::test]
async fn a_second_broker_on_the_same_file_is_refused_until_the_first_has_ended() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &url(dir.path()), &[1]).await.unwrap();
    let refused = open(dir.path(), &url(dir.path()), &[1]).await.err().unwrap();
    assert!(matches!(&refused, OpenError::InUse(path) if *path == file(dir.path())), "{refused}");
    store.close().await;
    drop(store);
    open(dir.path(), &url(dir.path()), &[1]).await.unwrap();
}

#[tokio::test]
async fn a_value_does_not_open_in_another_row() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &url(dir.path()), &[1]).await.unwrap();
    let (mallory, victim) = (key("mallory", Right::Write), key("victim", Right::Write));
    for (number, key) in [(1, &mallory), (2, &victim)] {
        store.lock_grant(key).await.unwrap().replace(&grant(number)).await.unwrap();
    }
    store.put_minted(&minted("m", 100)).await.unwrap();
    let mut inside = inside(dir.path()).await;
    let moved = "UPDATE grants SET sealed = (SELECT sealed FROM grants WHERE holder = 'person:t:victim')
        WHERE holder = 'person:t:mallory'";
    for change in [moved, "UPDATE minted SET expires = 9999", "UPDATE minted SET expires = 100, subject = 'entra:t:m'"]
    {
        inside.execute(change).await.unwrap();
        let (grant, minted) = (store.grant(&mallory).await, store.minted("cache", Timestamp(0)).await);
        assert!(matches!(grant, Err(StoreError::Sealed(_))), "{grant:?}");
        assert!(change == moved || matches!(minted, Err(StoreError::Sealed(_))), "{minted:?}");
    }
    assert!(matches!(store.lock_grant(&mallory).await.map(drop), Err(StoreError::Sealed(_))));
    assert!(matches!(store.grants_of(&mallory.holder).await, Err(StoreError::Sealed(_))));
    assert_eq!(token(store.grant(&victim).await.unwrap().as_ref()), Some("refresh-canary-2"));
    // Whoever connects again is not kept from it.
    store.lock_grant_unread(&mallory).await.unwrap().replace(&grant(3)).await.unwrap();
    assert_eq!(token(store.grant(&mallory).await.unwrap().as_ref()), Some("refresh-canary-3"));
    // A changed row keeps the sweeper from nothing, and goes when Bitbucket has ended the token itself.
    store.put_minted(&minted("n", 100)).await.unwrap();
    assert_eq!(store.take_over(Timestamp(200), 9).await.unwrap().len(), 1);
    assert_eq!(store.tidy(Timestamp(100 + 2 * 86_400)).await.unwrap(), 2);
}

#[tokio::test]
async fn a_newer_schema_and_a_damaged_file_are_said() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path(), &url(dir.path()), &[1]).await.unwrap().close().await;
    inside(dir.path()).await.execute("INSERT INTO schema_version VALUES (99)").await.unwrap();
    let newer = open(dir.path(), &url(dir.path()), &[1]).await.err().unwrap();
    assert!(matches!(newer, OpenError::Store(StoreError::Newer)), "{newer}");
    for rubbish in
        [b"no database at all, but long enough to have a header of a hundred bytes ".repeat(9), torn(dir.path())]
    {
        for more in ["-wal", "-shm"] {
            _ = fs::remove_file(format!("{}{more}", file(dir.path()).display()));
        }
        fs::write(file(dir.path()), rubbish).unwrap();
        let damaged = open(dir.path(), &url(dir.path()), &[1]).await.err().unwrap();
        assert!(matches!(damaged, OpenError::Store(StoreError::Damaged(_))), "{damaged}");
    }
}

/// A database whose pages after the first are noise.
fn torn(dir: &Path) -> Vec<u8> {
    let mut bytes = fs::read(file(dir)).unwrap();
    bytes[4096..].fill(0xa5);
    bytes
}

/// The first tries find no room; the token that was received is kept all the same.
#[tokio::test]
async fn a_full_store_is_said_and_written_once_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &url(dir.path()), &[1]).await.unwrap();
    let key = key("a", Right::Read);
    let mut inside = inside(dir.path()).await;
    inside.execute(FULL).await.unwrap();
    let refused = store.put_minted(&minted("m", 100)).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(why)) if why.contains("disk is full")), "{refused:?}");
    let lock = store.lock_grant(&key).await.unwrap();
    let written = tokio::spawn(async move { lock.replace(&grant(1)).await });
    while tries(&mut inside).await == 0 {
        assert!(!written.is_finished(), "it was not tried again");
        tokio::task::yield_now().await;
    }
    inside.execute("DROP TRIGGER full_grants; DROP TRIGGER full_minted").await.unwrap();
    written.await.unwrap().unwrap();
    assert_eq!(token(store.grant(&key).await.unwrap().as_ref()), Some("refresh-canary-1"));
}

async fn tries(inside: &mut SqliteConnection) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM tries").fetch_one(inside).await.unwrap()
}

/// What is written before the failure stays, so that the tries can be counted.
const FULL: &str = "CREATE TABLE tries (number INTEGER);
    CREATE TRIGGER full_grants BEFORE INSERT ON grants
        BEGIN INSERT INTO tries VALUES (1); SELECT RAISE(FAIL, 'database or disk is full'); END;
    CREATE TRIGGER full_minted BEFORE INSERT ON minted
        BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END;";

/// What an administrator does: stop, copy the file, start; later bring the copy back.
#[tokio::test]
async fn a_backup_brings_back_what_it_held() {
    let dir = tempfile::tempdir().unwrap();
    let (key, copy) = (key("a", Right::Read), dir.path().join("copy"));
    let store = open(dir.path(), &url(dir.path()), &[1]).await.unwrap();
    store.lock_grant(&key).await.unwrap().replace(&grant(1)).await.unwrap();
    store.close().await;
    drop(store);
    fs::copy(file(dir.path()), &copy).unwrap();
    let store = open(dir.path(), &url(dir.path()), &[1]).await.unwrap();
    store.lock_grant(&key).await.unwrap().replace(&grant(2)).await.unwrap();
    store.close().await;
    drop(store);
    fs::copy(&copy, file(dir.path())).unwrap();
    let store = open(dir.path(), &url(dir.path()), &[1]).await.unwrap();
    assert_eq!(token(store.grant(&key).await.unwrap().as_ref()), Some("refresh-canary-1"));
}

#[tokio::test]
async fn urls_that_are_none_or_not_safe_are_refused_without_their_password() {
    let dir = tempfile::tempdir().unwrap();
    let open_dir = dir.path().join("open");
    fs::create_dir(&open_dir).unwrap();
    fs::set_permissions(&open_dir, fs::Permissions::from_mode(0o755)).unwrap();
    for (url, why) in [
        ("sqlite:".to_owned(), "path of a file"),
        (format!("sqlite:{}/broker.db", open_dir.display()), "other users can open it"),
        ("mysql://u:canary@h/d".to_owned(), "postgres://"),
        ("nonsense".to_owned(), "postgres://"),
        ("postgres://u:canary@db.example.com/d?sslmode=require".to_owned(), "verify-full"),
        ("postgres://u:canary@db.example.com/d?sslmode=disable".to_owned(), "verify-full"),
        ("postgres:///d?host=db.example.com&user=u&password=canary&sslmode=prefer".to_owned(), "verify-full"),
    ] {
        let said = open(dir.path(), &url, &[1]).await.err().unwrap().to_string();
        assert!(said.contains(why) && !said.contains("canary"), "{url}: {said}");
    }
}
