//! The store on a real PostgreSQL, used by several brokers.

use super::{at, contract, grant, key, open, sealer, token};
use crate::postgres::Cluster;
use bitbucket_sso::basis::clock::SystemClock;
use bitbucket_sso::broker::ground::right::Right;
use bitbucket_sso::broker::store::{Store, StoreError};
use sqlx::{Connection, Executor, PgConnection};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

#[tokio::test(flavor = "multi_thread")]
async fn several_brokers_share_one_postgresql() {
    let (cluster, dir) = (Cluster::start(), tempfile::tempdir().unwrap());
    let (one, two) = both(&cluster, dir.path()).await;
    contract::all(&one).await;
    every_replica_sees_what_one_wrote(&one, &two).await;
    one_broker_at_a_time_refreshes_a_grant(&one, &two).await;
    held_locks_leave_a_connection_for_everybody_else(&one).await;
    a_broker_that_dies_frees_its_row(&cluster, &one, &two).await;
    rows_are_sealed_anew_while_brokers_write(&cluster, dir.path()).await;
}

async fn every_replica_sees_what_one_wrote(one: &Store, two: &Store) {
    let key = key("shared", Right::Read);
    one.lock_grant(&key).await.unwrap().replace(&grant(7)).await.unwrap();
    assert_eq!(token(two.grant(&key).await.unwrap().as_ref()), Some("refresh-canary-7"));
}

/// Fifty tasks in two brokers: never two at once, and no step is lost.
async fn one_broker_at_a_time_refreshes_a_grant(one: &Store, two: &Store) {
    let key = key("serial", Right::Read);
    one.lock_grant(&key).await.unwrap().replace(&grant(0)).await.unwrap();
    let inside = Arc::new(AtomicU32::new(0));
    let task = |number: u32| {
        let store = if number.is_multiple_of(2) { one.clone() } else { two.clone() };
        let (key, inside) = (key.clone(), Arc::clone(&inside));
        tokio::spawn(async move {
            let lock = store.lock_grant(&key).await.unwrap();
            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two hold the grant");
            let number: u32 = token(lock.current.as_ref()).unwrap().rsplit_once('-').unwrap().1.parse().unwrap();
            tokio::task::yield_now().await;
            inside.fetch_sub(1, Ordering::SeqCst);
            lock.replace(&grant(number + 1)).await.unwrap();
        })
    };
    for task in (0..50).map(task).collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(token(two.grant(&key).await.unwrap().as_ref()), Some("refresh-canary-50"));
}

/// Both brokers want every connection for locks: grants are still read.
async fn held_locks_leave_a_connection_for_everybody_else(store: &Store) {
    let mut held = Vec::new();
    for number in 0..3 {
        held.push(store.lock_grant(&key(&number.to_string(), Right::Read)).await.unwrap());
    }
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { store.lock_grant(&key("3", Right::Read)).await.map(drop) }
    });
    store.ping().await.unwrap();
    drop(held.pop());
    waiting.await.unwrap().unwrap();
}

/// The connection of a killed broker ends in the middle of a refresh.
async fn a_broker_that_dies_frees_its_row(cluster: &Cluster, one: &Store, two: &Store) {
    let key = key("orphan", Right::Read);
    one.lock_grant(&key).await.unwrap().replace(&grant(1)).await.unwrap();
    let lock = one.lock_grant(&key).await.unwrap();
    let waiting = tokio::spawn({
        let (two, key) = (two.clone(), key.clone());
        async move { two.lock_grant(&key).await.unwrap().replace(&grant(3)).await }
    });
    let mut root = PgConnection::connect(&cluster.url()).await.unwrap();
    while blocked(&mut root).await == 0 {
        assert!(!waiting.is_finished(), "two hold the grant");
        tokio::task::yield_now().await;
    }
    let text = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'";
    root.execute(text).await.unwrap();
    waiting.await.unwrap().unwrap();
    let lost = lock.replace(&grant(2)).await;
    assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{lost:?}");
    assert_eq!(token(one.grant(&key).await.unwrap().as_ref()), Some("refresh-canary-3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_gone_is_said_and_comes_back() {
    let (mut cluster, dir) = (Cluster::start(), tempfile::tempdir().unwrap());
    let store = both(&cluster, dir.path()).await.0;
    let key = key("kept", Right::Read);
    store.lock_grant(&key).await.unwrap().replace(&grant(1)).await.unwrap();
    cluster.stop();
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.grant(&key).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.lock_grant(&key).await.map(drop), Err(StoreError::Unavailable(_))));
    cluster.resume();
    assert_eq!(token(store.grant(&key).await.unwrap().as_ref()), Some("refresh-canary-1"));
    // In the middle of a refresh: what Bitbucket gave meanwhile is not lost.
    let lock = store.lock_grant(&key).await.unwrap();
    cluster.stop();
    let written = tokio::spawn(async move { lock.replace(&grant(2)).await });
    cluster.resume();
    written.await.unwrap().unwrap();
    assert_eq!(token(store.grant(&key).await.unwrap().as_ref()), Some("refresh-canary-2"));
}

async fn rows_are_sealed_anew_while_brokers_write(cluster: &Cluster, dir: &Path) {
    let old = open(dir, &cluster.url(), &[1, 2]).await.unwrap();
    let key = key("busy", Right::Write);
    old.lock_grant(&key).await.unwrap().replace(&grant(0)).await.unwrap();
    let writer = tokio::spawn({
        let (old, key) = (old.clone(), key.clone());
        async move {
            for _ in 0..40 {
                contract::one_more(old.clone(), key.clone()).await;
            }
        }
    });
    let new = open(dir, &cluster.url(), &[2, 1]).await.unwrap();
    while !writer.is_finished() {
        new.rotate().await.unwrap();
    }
    writer.await.unwrap();
    assert_eq!(token(new.grant(&key).await.unwrap().as_ref()), Some("refresh-canary-40"));
    assert_eq!(new.rotate().await.unwrap().remaining, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_behind_tls_is_believed_by_its_authority_only() {
    let dir = tempfile::tempdir().unwrap();
    let (_cluster, url, authority) = Cluster::start().with_tls();
    let full = format!("{url}?sslmode=verify-full");
    let stranger = open(dir.path(), &full, &[1]).await.map(drop).unwrap_err().to_string();
    assert!(stranger.to_lowercase().contains("certificate"), "{stranger}");
    let known = open(dir.path(), &format!("{full}&sslrootcert={}", authority.display()), &[1]).await.unwrap();
    known.ping().await.unwrap();
    let ours = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE ssl AND usename = 'broker'";
    let clear = format!("{url}?sslmode=disable");
    let mut root = PgConnection::connect(&clear).await.unwrap();
    let encrypted: i64 = sqlx::query_scalar(ours).fetch_one(&mut root).await.unwrap();
    assert!(encrypted >= 1);
}

async fn both(cluster: &Cluster, dir: &Path) -> (Store, Store) {
    let open = || async {
        let (sealer, clock) = (sealer(dir, &[1]), Arc::new(SystemClock));
        Store::open(&at(&cluster.url()), sealer, clock).await.unwrap()
    };
    // As replicas of one deployment: at the same time, on an empty database.
    tokio::join!(open(), open())
}

async fn blocked(root: &mut PgConnection) -> i64 {
    let text = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    sqlx::query_scalar(text).fetch_one(root).await.unwrap()
}
