//! The broker's store, through its door: the same promises on SQLite and on a real PostgreSQL.

mod contract;
mod key_vault;
mod keys;
mod replicas;
mod sqlite;

use bitbucket_sso::basis::base64;
use bitbucket_sso::basis::clock::{Clock, SystemClock, Timestamp};
use bitbucket_sso::basis::files::write_private;
use bitbucket_sso::basis::secret::{ClientSecret, GitToken, RefreshToken, SecretBytes};
use bitbucket_sso::broker::ground::issued::Holder;
use bitbucket_sso::broker::ground::right::Right;
use bitbucket_sso::broker::sealing::Sealer;
use bitbucket_sso::broker::settings::StoreAt;
use bitbucket_sso::broker::store::{Grant, GrantKey, Journey, Minted, OpenError, Store};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where it lies.
pub fn at(url: &str) -> StoreAt {
    StoreAt { url: ClientSecret::new(url.to_owned()), connections: 4 }
}

/// Opens a store with these keys, each 32 times the same byte; the first seals.
pub async fn open(dir: &Path, url: &str, keys: &[u8]) -> Result<Store, OpenError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Store::open(&at(url), sealer(dir, keys), clock).await
}

/// Keys in files.
pub fn sealer(dir: &Path, keys: &[u8]) -> Arc<Sealer> {
    let file = |byte: &u8| {
        let path = dir.join(format!("key-{byte}"));
        write_private(&path, base64::standard(&[*byte; 32]).expose()).unwrap();
        path
    };
    let files: Vec<PathBuf> = keys.iter().map(file).collect();
    Arc::new(Sealer::of_files(&files).unwrap())
}

/// A person's grant on a host.
pub fn key(oid: &str, right: Right) -> GrantKey {
    let holder = Holder::Person { tid: "t".into(), oid: oid.into() };
    GrantKey { holder, host: "https://bitbucket.org".into(), right }
}

/// A grant whose tokens tell which it is.
pub fn grant(number: u32) -> Grant {
    Grant {
        refresh_token: RefreshToken::new(format!("refresh-canary-{number}")),
        access_token: GitToken::new(format!("access-canary-{number}")),
        issued: Timestamp(1000),
        expires: Timestamp(8200),
        scopes: "repository".into(),
        account_id: "557058:a".into(),
        account: "Alice".into(),
    }
}

/// A minted token.
pub fn minted(id: &str, expires: i64) -> Minted {
    Minted {
        cache_key: "cache".into(),
        subject: "entra:t:o".into(),
        host: "https://git.example.com".into(),
        project: "PAY".into(),
        repository: "api".into(),
        token_id: id.into(),
        token: GitToken::new(format!("minted-canary-{id}")),
        expires: Timestamp(expires),
    }
}

/// A journey.
pub fn journey(state: &str, expires: i64) -> Journey {
    let memory = SecretBytes::new(br#"{"verifier":"memory-canary"}"#.to_vec());
    Journey { state: state.into(), memory, expires: Timestamp(expires) }
}

/// The refresh token of a grant, for comparison.
pub fn token(grant: Option<&Grant>) -> Option<&str> {
    grant.map(|grant| grant.refresh_token.expose())
}
