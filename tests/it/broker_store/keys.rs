//! Changing the keys that seal.

use super::{grant, journey, key, minted, open, token};
use bitbucket_sso::basis::clock::Timestamp;
use bitbucket_sso::broker::ground::right::Right;
use bitbucket_sso::broker::store::{Rotated, Store, StoreError};

async fn store(dir: &std::path::Path, keys: &[u8]) -> Store {
    open(dir, &format!("sqlite:{}", dir.join("state/broker.db").display()), keys).await.unwrap()
}

async fn close(store: Store) {
    store.close().await;
}

#[tokio::test]
async fn files_are_changed_in_three_steps() {
    let (dir, key) = (tempfile::tempdir().unwrap(), key("a", Right::Read));
    let old = store(dir.path(), &[1]).await;
    old.lock_grant(&key).await.unwrap().replace(&grant(1)).await.unwrap();
    old.put_minted(&minted("m", 100)).await.unwrap();
    old.put_journey(&journey("j", 100)).await.unwrap();
    let before = old.key_uses().await.unwrap();
    assert_eq!((before.len(), before[0].rows, before[0].seals), (1, 3, true));
    close(old).await;

    let both = store(dir.path(), &[2, 1]).await;
    let uses = both.key_uses().await.unwrap();
    assert_eq!((uses[0].rows, uses[1].rows, uses[1].at_hand), (0, 3, true));
    let Rotated { key: by, resealed, remaining } = both.rotate().await.unwrap();
    assert_eq!((by.as_str(), resealed, remaining), (uses[0].id.as_str(), 3, 0));
    assert_eq!(both.rotate().await.unwrap().resealed, 0, "once is enough");
    close(both).await;

    let new = store(dir.path(), &[2]).await;
    assert_eq!(token(new.grant(&key).await.unwrap().as_ref()), Some("refresh-canary-1"));
    assert!(new.minted("cache", Timestamp(0)).await.unwrap().is_some());
    assert!(new.take_journey("j", Timestamp(0)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_key_that_is_gone_is_named_and_its_rows_stay() {
    let (dir, key) = (tempfile::tempdir().unwrap(), key("a", Right::Read));
    let old = store(dir.path(), &[1]).await;
    old.lock_grant(&key).await.unwrap().replace(&grant(1)).await.unwrap();
    let id = old.key_uses().await.unwrap()[0].id.clone();
    close(old).await;
    let wrong = store(dir.path(), &[2]).await;
    let refused = wrong.grant(&key).await;
    assert!(matches!(&refused, Err(StoreError::Sealed(why)) if why.contains(&id)), "{refused:?}");
    let rotated = wrong.rotate().await.unwrap();
    assert_eq!((rotated.resealed, rotated.remaining), (0, 1));
    let uses = wrong.key_uses().await.unwrap();
    assert_eq!((uses[1].id.as_str(), uses[1].at_hand), (id.as_str(), false));
    close(wrong).await;
    let right = store(dir.path(), &[1]).await;
    assert_eq!(token(right.grant(&key).await.unwrap().as_ref()), Some("refresh-canary-1"));
}
