//! The store in one file.

use super::{contract, grant, key, open};
use bitbucket_sso::broker::ground::right::Right;
use bitbucket_sso::broker::store::{OpenError, StoreError};
use std::fs;
use std::path::Path;

fn url(dir: &Path) -> String {
    format!("sqlite:{}", dir.join("state/broker.db").display())
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &url(dir.path()), &[1]).await.unwrap();
    contract::all(&store).await;
}
