//! The hot cache in sealed files of the state directory: a read is one key and one file, no lock, no search.

use crate::basis::clock::{Clock, Timestamp};
use crate::basis::files::{private_dir, put_private, read_private};
use crate::basis::host_id::AccountId;
use crate::basis::secret::SecretBytes;
use crate::vault::keys::{Keys, obtain};
use crate::vault::{HotCache, Slot, VaultError};
use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// `STATE/hot/ACCOUNT/SLOT`, sealed with a key of the account that ends with its session.
pub struct SealedHot<K> {
    state: PathBuf,
    /// Made when a key is named: what SHA-256 first learns of the processor takes ten microseconds in a virtual machine,
    /// which a foreign host need not wait for.
    tag: OnceCell<String>,
    keys: K,
    clock: Arc<dyn Clock>,
}

impl<K: Keys> SealedHot<K> {
    /// Over the state directory.
    pub fn new(state: &Path, keys: K, clock: Arc<dyn Clock>) -> Self {
        Self { state: state.to_owned(), tag: OnceCell::new(), keys, clock }
    }

    fn dir(&self, account: &AccountId) -> PathBuf {
        self.state.join("hot").join(account.to_string())
    }

    fn key(&self, account: &AccountId) -> String {
        format!("bitbucket-sso:hot:{}:{account}", self.tag.get_or_init(|| super::tag(&self.state)))
    }
}

impl<K: Keys> HotCache for SealedHot<K> {
    fn read(&self, account: &AccountId, slot: &Slot) -> Option<SecretBytes> {
        let name = slot.text();
        // The file first: without one, the kernel need not be asked.
        let file = read_private(&self.dir(account).join(&name)).ok()??;
        let plain = self.keys.read(&self.key(account)).ok()??.open(&about(account, &name), file)?;
        unwrap(plain, self.clock.now())
    }

    fn write(&self, account: &AccountId, slot: &Slot, bytes: &SecretBytes, until: Timestamp) -> Result<(), VaultError> {
        let (name, dir) = (slot.text(), self.dir(account));
        let lasts = self.clock.now().until(until);
        let key = obtain(&self.keys, &self.key(account), lasts, &self.state, &*self.clock)?;
        // A session that began ahead of the old one's end lasts longer than the key does. An access token that
        // ends sooner than the session must not end the key.
        if matches!(slot, Slot::Credential(_)) {
            self.keys.extend(&self.key(account), lasts)?;
        }
        let sealed = key.seal(&about(account, &name), &wrap(bytes, until))?;
        private_dir(&self.state.join("hot"))?;
        private_dir(&dir)?;
        let path = dir.join(name);
        put_private(&path, &sealed).map_err(|error| super::file_error(&path, &error))
    }

    fn drop_slot(&self, account: &AccountId, slot: &Slot) {
        _ = fs::remove_file(self.dir(account).join(slot.text()));
    }

    fn drop_account(&self, account: &AccountId) {
        // Without its key nothing opens, even if a file stays.
        _ = self.keys.destroy(&self.key(account));
        _ = fs::remove_dir_all(self.dir(account));
    }
}

/// When the bytes end, then the bytes.
pub fn wrap(bytes: &SecretBytes, until: Timestamp) -> SecretBytes {
    SecretBytes::new([until.0.to_be_bytes().as_slice(), bytes.expose()].concat())
}

/// What [`wrap`] took, if its time is not over.
pub fn unwrap(wrapped: SecretBytes, now: Timestamp) -> Option<SecretBytes> {
    let until = wrapped.expose().first_chunk()?;
    (now.0 < i64::from_be_bytes(*until)).then(|| wrapped.without_first(size_of::<i64>()))
}

fn about(account: &AccountId, name: &str) -> String {
    format!("hot 1 {account} {name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::basis::clock::SystemClock;
    use crate::basis::host_id::HostId;
    use crate::vault::keys::fake::Ring;
    use std::time::Duration;

    #[test]
    fn tokens_of_every_size_wait_until_their_end() {
        let (dir, ring) = (tempfile::tempdir().unwrap(), Ring::default());
        let hot = hot(dir.path(), &ring);
        for size in [0, 2_500, 12_000] {
            let bytes = SecretBytes::new(vec![7; size]);
            hot.write(&account("a"), &slot("h"), &bytes, later(60)).unwrap();
            assert_eq!(hot.read(&account("a"), &slot("h")).unwrap().expose(), bytes.expose());
        }
        hot.write(&account("a"), &slot("h"), &SecretBytes::default(), later(-1)).unwrap();
        assert!(hot.read(&account("a"), &slot("h")).is_none(), "its time is over");
    }

    #[test]
    fn swapped_files_foreign_keys_and_lost_keys_are_misses() {
        let (dir, ring) = (tempfile::tempdir().unwrap(), Ring::default());
        let hot = hot(dir.path(), &ring);
        for (who, what) in [("a", "one"), ("b", "two")] {
            hot.write(&account(who), &slot("h"), &SecretBytes::new(what.into()), later(60)).unwrap();
        }
        hot.write(&account("a"), &slot("i"), &SecretBytes::new(b"three".to_vec()), later(60)).unwrap();
        let path = |who: &str, host: &str| hot.dir(&account(who)).join(slot(host).text());
        fs::copy(path("b", "h"), path("a", "h")).unwrap();
        assert!(hot.read(&account("a"), &slot("h")).is_none(), "of another account");
        fs::copy(path("a", "i"), path("a", "h")).unwrap();
        assert!(hot.read(&account("a"), &slot("h")).is_none(), "of another slot");
        assert!(hot.read(&account("a"), &slot("i")).is_some());
        ring.all.borrow_mut().clear();
        assert!(hot.read(&account("a"), &slot("i")).is_none(), "the key has ended");
    }

    #[test]
    fn a_key_ends_with_the_session_not_with_an_access_token() {
        let (dir, ring) = (tempfile::tempdir().unwrap(), Ring::default());
        let hot = hot(dir.path(), &ring);
        hot.write(&account("a"), &slot("h"), &SecretBytes::default(), later(30_000)).unwrap();
        let access = Slot::Access(account("a"), "scope".into());
        hot.write(&account("a"), &access, &SecretBytes::default(), later(60)).unwrap();
        let lasts = ring.all.borrow().values().next().unwrap().1;
        assert!(lasts > Duration::from_secs(29_000));
    }

    #[test]
    fn an_account_is_dropped_with_its_key() {
        let (dir, ring) = (tempfile::tempdir().unwrap(), Ring::default());
        let hot = hot(dir.path(), &ring);
        for host in ["h", "i"] {
            hot.write(&account("a"), &slot(host), &SecretBytes::default(), later(60)).unwrap();
        }
        hot.drop_slot(&account("a"), &slot("h"));
        assert!(hot.read(&account("a"), &slot("h")).is_none() && hot.read(&account("a"), &slot("i")).is_some());
        hot.drop_account(&account("a"));
        assert!(ring.all.borrow().is_empty() && !hot.dir(&account("a")).exists());
    }

    fn hot<'a>(dir: &Path, ring: &'a Ring) -> SealedHot<&'a Ring> {
        SealedHot::new(dir, ring, Arc::new(SystemClock))
    }

    fn account(tenant: &str) -> AccountId {
        AccountId::new("https://login", tenant, "c", "p")
    }

    fn slot(url: &str) -> Slot {
        Slot::Credential(HostId::new(&account("a"), url, []))
    }

    fn later(seconds: i64) -> Timestamp {
        Timestamp(SystemClock.now().0 + seconds)
    }
}
