//! Sessions and grants in sealed files of the state directory, where no keyring service is: the key is in the
//! kernel, so a reboot ends them.

use crate::basis::clock::Clock;
use crate::basis::files::{private_dir, read_private, remove, write_private};
use crate::basis::seal::SealKey;
use crate::basis::secret::SecretBytes;
use crate::vault::keys::{Keys, locked, obtain_locked};
use crate::vault::shelf::{Shelf, keep};
use crate::vault::{Name, Place, Record, Vault, VaultError, record};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// `STATE/vault/NAME`: format, generation, and a record sealed for just that name and generation.
pub struct SealedFiles<K> {
    state: PathBuf,
    key: String,
    keys: K,
    clock: Arc<dyn Clock>,
}

impl<K: Keys> SealedFiles<K> {
    /// Over the state directory.
    pub fn new(state: &Path, keys: K, clock: Arc<dyn Clock>) -> Self {
        let key = format!("bitbucket-sso:vault:{}", super::tag(state));
        Self { state: state.to_owned(), key, keys, clock }
    }

    /// Whether sealing keys can be had here at all.
    #[cfg(target_os = "linux")]
    pub fn probe(&self) -> Result<(), VaultError> {
        self.keys.read(&self.key).map(drop)
    }

    /// Destroys the key when nothing is sealed with it any more.
    fn retire(&self) -> Result<(), VaultError> {
        let _locked = locked(&self.state, &*self.clock)?;
        let unused = fs_err::read_dir(self.state.join("vault")).is_ok_and(|mut files| files.next().is_none());
        if unused { self.keys.destroy(&self.key) } else { Ok(()) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.state.join("vault").join(name)
    }
}

impl<K: Keys> Shelf for SealedFiles<K> {
    fn read(&self, name: &str) -> Result<Option<Record>, VaultError> {
        // The key first: where none can be had, that is said before a person signs in for nothing.
        let Some(key) = self.keys.read(&self.key)? else { return Ok(None) };
        let Some(bytes) = read_private(&self.path(name))? else { return Ok(None) };
        open(&key, name, &bytes)
    }

    fn write(&self, name: &str, generation: u64, bytes: &SecretBytes) -> Result<(), VaultError> {
        let _locked = locked(&self.state, &*self.clock)?;
        let key = obtain_locked(&self.keys, &self.key, LASTS)?;
        self.keys.extend(&self.key, LASTS)?;
        let sealed = key.seal(&about(name, generation), &record::encode(name, generation, bytes))?;
        let file = [FORMAT, &generation.to_be_bytes(), &sealed].concat();
        let path = self.path(name);
        private_dir(&self.state.join("vault"))?;
        write_private(&path, &file).map_err(|error| super::file_error(&path, &error))
    }

    fn remove(&self, name: &str) -> Result<bool, VaultError> {
        let path = self.path(name);
        let removed = remove(&path).map_err(|error| super::file_error(&path, &error))?;
        if removed {
            // A key that stays ends by itself.
            _ = self.retire();
        }
        Ok(removed)
    }
}

impl<K: Keys> Vault for SealedFiles<K> {
    fn load(&self, name: &Name) -> Result<Option<Record>, VaultError> {
        self.read(&name.text())
    }

    fn keep(&self, name: &Name, bytes: &SecretBytes, seen: u64) -> Result<u64, VaultError> {
        keep(self, &name.text(), bytes, seen)
    }

    fn forget(&self, name: &Name) -> Result<bool, VaultError> {
        self.remove(&name.text())
    }

    fn place(&self) -> Place {
        Place::Kernel
    }
}

/// A file that does not open is none: the key it was sealed with ended with the last boot.
fn open(key: &SealKey, name: &str, file: &[u8]) -> Result<Option<Record>, VaultError> {
    let Some(rest) = file.strip_prefix(FORMAT) else {
        return match file.strip_prefix(&FORMAT[..4]).and_then(<[u8]>::first) {
            Some(version) => Err(record::BadRecord::Version(*version).into()),
            None => Ok(None),
        };
    };
    let Some((generation, sealed)) = rest.split_first_chunk() else { return Ok(None) };
    match key.open(&about(name, u64::from_be_bytes(*generation)), sealed.to_vec()) {
        Some(plain) => Ok(Some(record::decode(name, &plain)?)),
        None => Ok(None),
    }
}

fn about(name: &str, generation: u64) -> String {
    format!("vault 1 {name} {generation}")
}

const FORMAT: &[u8] = b"BSSV\x01";
/// From the last write on; a grant that nobody used for so long needs a new consent.
const LASTS: Duration = Duration::from_secs(30 * 24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::basis::clock::SystemClock;
    use crate::basis::host_id::AccountId;
    use crate::vault::keys::fake::Ring;
    use std::fs;

    #[test]
    fn every_size_comes_back_and_no_byte_of_it_is_on_the_disk() {
        let (dir, ring) = (tempfile::tempdir().unwrap(), Ring::default());
        let vault = vault(dir.path(), &ring);
        let mut seen = 0;
        for size in [1_000, 2_500, 4_096, 12_000] {
            let bytes = SecretBytes::new(vec![b'k'; size]);
            seen = vault.keep(&name("a"), &bytes, seen).unwrap();
            let record = vault.load(&name("a")).unwrap().unwrap();
            assert_eq!((record.generation, record.bytes.expose()), (seen, bytes.expose()));
            let file = fs::read(vault.path(&name("a").text())).unwrap();
            assert!(!file.windows(4).any(|four| four == b"kkkk"));
        }
        assert!(matches!(vault.keep(&name("a"), &SecretBytes::default(), seen - 1), Err(VaultError::Newer)));
        assert!(vault.forget(&name("a")).unwrap() && !vault.forget(&name("a")).unwrap());
    }

    #[test]
    fn a_swapped_or_older_file_does_not_open() {
        let (dir, ring) = (tempfile::tempdir().unwrap(), Ring::default());
        let vault = vault(dir.path(), &ring);
        vault.keep(&name("a"), &SecretBytes::new(vec![1]), 0).unwrap();
        let (a, b) = (vault.path(&name("a").text()), vault.path(&name("b").text()));
        let mut file = fs::read(&a).unwrap();
        write_private(&b, &file).unwrap();
        assert!(vault.load(&name("b")).unwrap().is_none(), "of another name");
        file[12] = 9;
        write_private(&a, &file).unwrap();
        assert!(vault.load(&name("a")).unwrap().is_none(), "of another generation");
        file.truncate(20);
        write_private(&a, &file).unwrap();
        assert!(vault.load(&name("a")).unwrap().is_none(), "torn");
        write_private(&a, b"BSSV\x02later").unwrap();
        assert!(matches!(vault.load(&name("a")), Err(VaultError::Broken(_))), "of a later version");
    }

    #[test]
    fn after_a_reboot_there_is_nothing_until_the_next_sign_in() {
        let (dir, ring) = (tempfile::tempdir().unwrap(), Ring::default());
        let vault = vault(dir.path(), &ring);
        vault.keep(&name("a"), &SecretBytes::new(vec![1]), 0).unwrap();
        ring.all.borrow_mut().clear();
        assert!(vault.load(&name("a")).unwrap().is_none());
        assert_eq!(vault.keep(&name("a"), &SecretBytes::new(vec![2]), 0).unwrap(), 1);
    }

    #[test]
    fn the_key_goes_with_the_last_record() {
        let (dir, ring) = (tempfile::tempdir().unwrap(), Ring::default());
        let vault = vault(dir.path(), &ring);
        for account in ["a", "b"] {
            vault.keep(&name(account), &SecretBytes::new(vec![1]), 0).unwrap();
        }
        assert!(vault.forget(&name("a")).unwrap() && vault.load(&name("b")).unwrap().is_some());
        assert!(vault.forget(&name("b")).unwrap() && ring.all.borrow().is_empty());
        assert_eq!(vault.keep(&name("a"), &SecretBytes::new(vec![2]), 0).unwrap(), 1);
    }

    #[test]
    fn a_kernel_that_refuses_says_so_before_there_is_anything_to_keep() {
        let (dir, refusing) = (tempfile::tempdir().unwrap(), Ring { refused: true, ..Ring::default() });
        assert!(matches!(vault(dir.path(), &refusing).load(&name("a")), Err(VaultError::Missing(_))));
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_open_to_others_is_not_used() {
        use std::os::unix::fs::PermissionsExt;
        let (dir, ring) = (tempfile::tempdir().unwrap(), Ring::default());
        fs::create_dir(dir.path().join("vault")).unwrap();
        fs::set_permissions(dir.path().join("vault"), fs::Permissions::from_mode(0o755)).unwrap();
        let kept = vault(dir.path(), &ring).keep(&name("a"), &SecretBytes::default(), 0);
        assert!(matches!(kept, Err(VaultError::Unsafe(_, "other users can open it"))));
    }

    fn vault<'a>(dir: &Path, ring: &'a Ring) -> SealedFiles<&'a Ring> {
        SealedFiles::new(dir, ring, Arc::new(SystemClock))
    }

    fn name(tenant: &str) -> Name {
        Name::Session(AccountId::new("https://login", tenant, "c", "p"))
    }
}
