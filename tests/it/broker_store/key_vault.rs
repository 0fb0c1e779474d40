//! Keys that Azure Key Vault wraps: a vault and a metadata service that answer as the real ones do. The vault's wrapping
//! is reversing the bytes and naming the version.

use super::{at, grant, key, token};
use crate::practice::codec;
use crate::practice::http::{Door, Presented, Reply, Request, Response, Server};
use bitbucket_sso::basis::base64;
use bitbucket_sso::basis::clock::{Clock, SystemClock, Timestamp};
use bitbucket_sso::basis::env::Env;
use bitbucket_sso::broker::ground::right::Right;
use bitbucket_sso::broker::outward::Outward;
use bitbucket_sso::broker::sealing::{SealError, Sealer};
use bitbucket_sso::broker::settings::Sealing;
use bitbucket_sso::broker::store::{OpenError, Store, StoreError};
use serde_json::{Value, json};
use sqlx::{Connection, Executor, SqliteConnection};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The vault and the metadata service behind one door.
struct Vault {
    server: Server,
    url: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    refuses: AtomicBool,
    /// The current version of the key.
    version: AtomicU32,
    asked: Mutex<Vec<String>>,
}

impl Vault {
    fn start() -> Self {
        let door = Door::new();
        let (url, shared) = (door.http(), Arc::new(Shared::default()));
        let server = door.serve(None, {
            let (url, shared) = (url.clone(), Arc::clone(&shared));
            Arc::new(move |request: &Request| Reply::Answer(shared.answer(&url, request)))
        });
        Self { server, url, shared }
    }

    fn sealer(&self) -> Arc<Sealer> {
        let key = format!("{}/keys/broker", self.url).parse().unwrap();
        let sealing = Sealing::KeyVault { key, identity: Some("identity-1".into()) };
        let outward = Outward::new(None).unwrap().with_metadata_at(&self.url);
        Arc::new(Sealer::of(&sealing, &outward, &Env::fixed([])).unwrap())
    }

    async fn store(&self, dir: &Path, clock: &Arc<Later>) -> Result<Store, OpenError> {
        let clock: Arc<dyn Clock> = Arc::clone(clock) as Arc<dyn Clock>;
        Store::open(&at(&format!("sqlite:{}", file(dir).display())), self.sealer(), clock).await
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.asked.lock().unwrap())
    }
}

impl Shared {
    fn answer(&self, url: &str, request: &Request) -> Response {
        let query = request.pairs();
        let query = |name: &str| codec::value(&query, name).unwrap_or_default().to_owned();
        if request.path == "/metadata/identity/oauth2/token" {
            let fits = request.header("metadata") == Some("true") && query("client_id") == "identity-1";
            assert!(fits && query("resource") == "https://vault.azure.net", "{request:?}");
            return Response::json(200, &json!({"access_token": "vault-token", "expires_in": "3599"}));
        }
        self.asked.lock().unwrap().push(request.path.clone());
        let entitled = request.authorization() == Some(Presented::Bearer("vault-token".into()));
        if !entitled || self.refuses.load(Ordering::SeqCst) {
            return Response::json(403, &json!({"error": {"code": "Forbidden", "message": "long"}}));
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!((body["alg"].as_str(), query("api-version").as_str()), (Some("RSA-OAEP-256"), "7.4"));
        let mut value = base64::from_url(body["value"].as_str().unwrap()).unwrap();
        value.reverse();
        let version = match request.path.strip_prefix("/keys/broker/").unwrap() {
            "wrapkey" => self.version.load(Ordering::SeqCst).to_string(),
            rest => rest.strip_suffix("/unwrapkey").unwrap().to_owned(),
        };
        let answer = json!({"kid": format!("{url}/keys/broker/{version}"), "value": base64::url(&value)});
        Response::json(200, &answer)
    }
}

/// A clock that a test moves.
#[derive(Default)]
struct Later(AtomicU32);

impl Clock for Later {
    fn now(&self) -> Timestamp {
        Timestamp(i64::from(self.0.load(Ordering::SeqCst)))
    }

    fn steady(&self) -> Instant {
        SystemClock.steady()
    }

    fn sleep(&self, _: Duration) {}

    fn zone(&self) -> jiff::tz::TimeZone {
        SystemClock.zone()
    }
}

fn file(dir: &Path) -> PathBuf {
    dir.join("state/broker.db")
}

async fn inside(dir: &Path) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite:{}", file(dir).display())).await.unwrap()
}

#[tokio::test]
async fn a_data_key_is_wrapped_once_and_unwrapped_at_each_start() {
    let (vault, dir, clock) = (Vault::start(), tempfile::tempdir().unwrap(), Arc::default());
    let key = key("a", Right::Read);
    let store = vault.store(dir.path(), &clock).await.unwrap();
    store.lock_grant(&key).await.unwrap().replace(&grant(1)).await.unwrap();
    store.close().await;
    drop(store);
    assert_eq!(vault.asked(), ["/keys/broker/wrapkey", "/keys/broker/0/unwrapkey"]);
    let store = vault.store(dir.path(), &clock).await.unwrap();
    assert_eq!(token(store.grant(&key).await.unwrap().as_ref()), Some("refresh-canary-1"));
    assert_eq!(vault.asked(), ["/keys/broker/0/unwrapkey"]);
}

#[tokio::test]
async fn a_rotation_brings_a_new_data_key_and_drops_the_old_one_a_day_later() {
    let (vault, dir, clock) = (Vault::start(), tempfile::tempdir().unwrap(), Arc::<Later>::default());
    let key = key("a", Right::Read);
    let store = vault.store(dir.path(), &clock).await.unwrap();
    store.lock_grant(&key).await.unwrap().replace(&grant(1)).await.unwrap();
    let first = store.key_uses().await.unwrap().remove(0).id;
    vault.shared.version.store(1, Ordering::SeqCst);
    clock.0.store(1000, Ordering::SeqCst);
    let rotated = store.rotate().await.unwrap();
    assert_eq!((rotated.resealed, rotated.remaining), (1, 0));
    assert_ne!(rotated.key, first);
    assert_eq!(kept(dir.path()).await, 2, "another broker may still seal with the old one");
    clock.0.store(1000 + 86_400, Ordering::SeqCst);
    store.rotate().await.unwrap();
    assert_eq!(kept(dir.path()).await, 2, "the first one went");
    store.close().await;
    drop(store);
    vault.asked();
    let store = vault.store(dir.path(), &clock).await.unwrap();
    assert_eq!(token(store.grant(&key).await.unwrap().as_ref()), Some("refresh-canary-1"));
    assert_eq!(vault.asked(), ["/keys/broker/1/unwrapkey"; 2], "version 0 may be disabled now");
}

async fn kept(dir: &Path) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM data_keys").fetch_one(&mut inside(dir).await).await.unwrap()
}

/// Somebody who can write to the store wraps a key of their own, so that what is sealed next is theirs.
#[tokio::test]
async fn a_data_key_that_nobody_vouches_for_is_not_used() {
    let (vault, dir, clock) = (Vault::start(), tempfile::tempdir().unwrap(), Arc::default());
    let store = vault.store(dir.path(), &clock).await.unwrap();
    store.rotate().await.unwrap();
    store.close().await;
    drop(store);
    let other = tempfile::tempdir().unwrap();
    drop(vault.store(other.path(), &clock).await.unwrap());
    let attach = format!("ATTACH '{}' AS other", file(other.path()).display());
    for change in [
        "INSERT INTO data_keys SELECT 3, id, wrapped, wrapped_by, vouched, created FROM other.data_keys",
        "DELETE FROM data_keys WHERE number = 3",
        "UPDATE data_keys SET wrapped = (SELECT wrapped FROM other.data_keys) WHERE number = 2",
    ] {
        let mut inside = inside(dir.path()).await;
        inside.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(attach.clone()))).await.unwrap();
        inside.execute(change).await.unwrap();
        inside.close().await.unwrap();
        let opened = vault.store(dir.path(), &clock).await.map(drop);
        let broken = matches!(opened, Err(OpenError::Store(StoreError::Sealed(_))));
        assert_eq!(broken, !change.starts_with("DELETE"), "{change}: {opened:?}");
    }
}

#[tokio::test]
async fn a_vault_that_refuses_is_said_and_a_foreign_one_is_not_asked() {
    let (vault, dir, clock) = (Vault::start(), tempfile::tempdir().unwrap(), Arc::default());
    vault.shared.refuses.store(true, Ordering::SeqCst);
    let refused = vault.store(dir.path(), &clock).await.map(drop).unwrap_err().to_string();
    assert!(refused.contains("/keys/broker/wrapkey answers 403: Forbidden"), "{refused}");
    vault.shared.refuses.store(false, Ordering::SeqCst);
    drop(vault.store(dir.path(), &clock).await.unwrap());
    let foreign = "UPDATE data_keys SET wrapped_by = replace(wrapped_by, '/keys/broker/', '/keys/other/')";
    inside(dir.path()).await.execute(foreign).await.unwrap();
    vault.asked();
    let refused = vault.store(dir.path(), &clock).await.map(drop).unwrap_err().to_string();
    assert!(refused.contains("is no version of") && vault.asked().is_empty(), "{refused}");
    vault.server.close();
    let silent = vault.sealer().new_data_key().await;
    assert!(matches!(silent, Err(SealError::Unavailable(_))), "{silent:?}");
}
