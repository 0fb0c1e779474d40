//! What every store promises. Each function gets a store of its own.

use super::{grant, journey, key, minted, token};
use bitbucket_sso::basis::clock::Timestamp;
use bitbucket_sso::basis::digest;
use bitbucket_sso::broker::ground::right::Right;
use bitbucket_sso::broker::store::{Minted, Store};

/// Everything below, one after the other.
pub async fn all(store: &Store) {
    store.ping().await.unwrap();
    grants_are_kept_until_they_are_removed(store).await;
    a_lock_that_is_dropped_changes_nothing(store).await;
    one_at_a_time_has_a_grant(store).await;
    a_cancelled_task_frees_its_lock(store).await;
    minted_tokens_are_handed_out_again(store).await;
    sweepers_never_share_a_token(store).await;
    a_journey_serves_once(store).await;
}

async fn grants_are_kept_until_they_are_removed(store: &Store) {
    let (read, write) = (key("kept", Right::Read), key("kept", Right::Write));
    assert!(store.grant(&read).await.unwrap().is_none());
    let lock = store.lock_grant(&read).await.unwrap();
    assert!(lock.current.is_none());
    lock.replace(&grant(1)).await.unwrap();
    let kept = store.grant(&read).await.unwrap().unwrap();
    assert_eq!(format!("{:?}", grant(1)), format!("{kept:?}"));
    assert_eq!(kept.access_token.expose(), "access-canary-1");
    assert!(store.grant(&write).await.unwrap().is_none());
    store.lock_grant(&write).await.unwrap().replace(&grant(2)).await.unwrap();
    let lock = store.lock_grant(&read).await.unwrap();
    assert_eq!(token(lock.current.as_ref()), Some("refresh-canary-1"));
    lock.replace(&grant(3)).await.unwrap();
    let all = store.grants_of(&read.holder).await.unwrap();
    let all: Vec<_> = all.iter().map(|(key, grant)| (key.right, token(Some(grant)).unwrap())).collect();
    assert_eq!(all, [(Right::Read, "refresh-canary-3"), (Right::Write, "refresh-canary-2")]);
    store.lock_grant(&read).await.unwrap().remove().await.unwrap();
    store.lock_grant(&read).await.unwrap().remove().await.unwrap();
    assert!(store.grant(&read).await.unwrap().is_none());
    assert_eq!(store.grants_of(&read.holder).await.unwrap().len(), 1);
    assert!(store.grants_of(&key("stranger", Right::Read).holder).await.unwrap().is_empty());
}

async fn a_lock_that_is_dropped_changes_nothing(store: &Store) {
    let key = key("dropped", Right::Read);
    store.lock_grant(&key).await.unwrap().replace(&grant(1)).await.unwrap();
    drop(store.lock_grant(&key).await.unwrap());
    let lock = store.lock_grant(&key).await.unwrap();
    assert_eq!(token(lock.current.as_ref()), Some("refresh-canary-1"));
}

/// Twenty read, think and write: none of them is lost.
async fn one_at_a_time_has_a_grant(store: &Store) {
    let key = key("serial", Right::Write);
    store.lock_grant(&key).await.unwrap().replace(&grant(0)).await.unwrap();
    let tasks: Vec<_> = (0..20).map(|_| tokio::spawn(one_more(store.clone(), key.clone()))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(token(store.grant(&key).await.unwrap().as_ref()), Some("refresh-canary-20"));
}

/// Counts the number in the refresh token up, as a refresh would replace it.
pub async fn one_more(store: Store, key: bitbucket_sso::broker::store::GrantKey) {
    let lock = store.lock_grant(&key).await.unwrap();
    let number: u32 = token(lock.current.as_ref()).unwrap().rsplit_once('-').unwrap().1.parse().unwrap();
    tokio::task::yield_now().await;
    lock.replace(&grant(number + 1)).await.unwrap();
}

async fn a_cancelled_task_frees_its_lock(store: &Store) {
    let key = key("cancelled", Right::Read);
    let (held, holding) = tokio::sync::oneshot::channel();
    let task = tokio::spawn({
        let (store, key) = (store.clone(), key.clone());
        async move {
            let lock = store.lock_grant(&key).await.unwrap();
            held.send(()).unwrap();
            std::future::pending::<()>().await;
            drop(lock);
        }
    });
    holding.await.unwrap();
    task.abort();
    store.lock_grant(&key).await.unwrap().replace(&grant(1)).await.unwrap();
}

async fn minted_tokens_are_handed_out_again(store: &Store) {
    for one in [minted("again-1", 2000), minted("again-2", 3000)] {
        store.put_minted(&one).await.unwrap();
    }
    let id = |found: Option<Minted>| found.map(|found| (found.token_id, found.token.expose().to_owned()));
    let youngest = store.minted("cache", Timestamp(1500)).await.unwrap();
    assert_eq!(id(youngest), Some(("again-2".into(), "minted-canary-again-2".into())));
    assert!(store.minted("cache", Timestamp(3001)).await.unwrap().is_none());
    assert!(store.minted("other", Timestamp(0)).await.unwrap().is_none());
    let digest = digest::of(b"minted-canary-again-1");
    let found = store.minted_by_digest(&digest).await.unwrap();
    assert_eq!(id(found), Some(("again-1".into(), "minted-canary-again-1".into())));
    for one in ["again-1", "again-2", "never"] {
        store.forget_minted("https://git.example.com", one).await.unwrap();
    }
    assert!(store.minted_by_digest(&digest).await.unwrap().is_none());
}

async fn sweepers_never_share_a_token(store: &Store) {
    for number in 0..30 {
        store.put_minted(&minted(&format!("over-{number:02}"), 100)).await.unwrap();
    }
    store.put_minted(&minted("alive", 201)).await.unwrap();
    let sweep = |_| {
        tokio::spawn({
            let store = store.clone();
            async move { store.take_over(Timestamp(200), 10).await.unwrap() }
        })
    };
    let mut ids = Vec::new();
    for task in (0..6).map(sweep).collect::<Vec<_>>() {
        ids.extend(task.await.unwrap().into_iter().map(|found| found.token_id));
    }
    let taken = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!((taken, ids.len()), (30, 30), "each once");
    assert!(store.take_over(Timestamp(259), 10).await.unwrap().iter().all(|found| found.token_id == "alive"));
    let again = store.take_over(Timestamp(260), 100).await.unwrap();
    assert_eq!(again.len(), 30, "the sweepers came to nothing, and a minute is over");
    for one in again {
        store.forget_minted(&one.host, &one.token_id).await.unwrap();
    }
    store.forget_minted("https://git.example.com", "alive").await.unwrap();
}

async fn a_journey_serves_once(store: &Store) {
    for (state, expires) in [("one", 1000), ("late", 1000), ("old", 500)] {
        store.put_journey(&journey(state, expires)).await.unwrap();
    }
    assert_eq!(store.tidy(Timestamp(500)).await.unwrap(), 1);
    let taken = store.take_journey("one", Timestamp(999)).await.unwrap().unwrap();
    assert_eq!(taken.memory.expose(), br#"{"verifier":"memory-canary"}"#);
    assert!(store.take_journey("one", Timestamp(999)).await.unwrap().is_none());
    assert!(store.take_journey("late", Timestamp(1000)).await.unwrap().is_none());
    assert!(store.take_journey("late", Timestamp(0)).await.unwrap().is_none(), "gone all the same");
    assert!(store.take_journey("never", Timestamp(0)).await.unwrap().is_none());
}
