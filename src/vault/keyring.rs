//! The store of the operating system: Secret Service, Keychain, Credential Manager.

#[cfg(any(not(target_os = "linux"), test))]
use crate::basis::base64;
#[cfg(any(not(target_os = "linux"), test))]
use crate::basis::seal::SealKey;
use crate::basis::secret::SecretBytes;
use crate::basis::text;
use crate::vault::deadline::within;
#[cfg(any(not(target_os = "linux"), test))]
use crate::vault::keys::Keys;
use crate::vault::parts::{Entries, Parts};
use crate::vault::shelf::{Shelf, keep};
use crate::vault::{Name, Place, Record, Vault, VaultError};
#[cfg(not(windows))]
use keyring::v1::{Entry, Error};
#[cfg(windows)]
use keyring_core::{Entry, Error};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Records in entries of the service `bitbucket-sso`. Each operation has three seconds; after one that hung, the
/// rest of this process does not ask again.
pub struct Keyring {
    prompt_allowed: bool,
    /// How many seconds the next operation may take; 0 until the state is known.
    limit: AtomicU64,
    hung: AtomicBool,
}

impl Keyring {
    /// `prompt_allowed`: a person sits at a foreground terminal, so a locked keyring may ask to be unlocked.
    pub fn new(prompt_allowed: bool) -> Self {
        Self { prompt_allowed, limit: AtomicU64::new(0), hung: AtomicBool::new(false) }
    }

    /// Whether there is a store, and whether it can be used now. Asked before the first operation; never prompts.
    pub fn probe(&self) -> Result<(), VaultError> {
        if self.limit.load(Relaxed) != 0 {
            return Ok(());
        }
        let prompts = self.timed(SILENT, would_prompt)?;
        if prompts && !self.prompt_allowed {
            return Err(VaultError::Locked);
        }
        let patient = prompts || cfg!(target_os = "macos") && self.prompt_allowed;
        self.limit.store(if patient { PROMPTED } else { SILENT }, Relaxed);
        Ok(())
    }

    /// Whether it keeps anything, before the first record. Credential Manager tells only when it is used that it is not
    /// there for this logon (over a network, for some services); a hit need not ask for that.
    pub fn answers(&self) -> Result<(), VaultError> {
        if cfg!(windows) { self.run(|parts| parts.entries.get("answers")).map(drop) } else { self.probe() }
    }

    /// Runs an operation on the entries within the limit.
    pub fn run<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&Parts<OsEntries>) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        self.probe()?;
        let limit = self.limit.load(Relaxed);
        let result = self.timed(limit, move || operation(&Parts { entries: OsEntries, limit: LARGEST }))?;
        // It is unlocked now.
        self.limit.store(SILENT, Relaxed);
        Ok(result)
    }

    fn timed<T: Send + 'static>(
        &self,
        limit: u64,
        call: impl FnOnce() -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        if self.hung.load(Relaxed) {
            return Err(VaultError::TimedOut(limit));
        }
        let result = within(Duration::from_secs(limit), call);
        if matches!(result, Err(VaultError::TimedOut(_))) {
            self.hung.store(true, Relaxed);
        }
        result
    }
}

impl Vault for Keyring {
    fn load(&self, name: &Name) -> Result<Option<Record>, VaultError> {
        let name = name.text();
        self.run(move |parts| parts.read(&name))
    }

    fn keep(&self, name: &Name, bytes: &SecretBytes, seen: u64) -> Result<u64, VaultError> {
        let (name, bytes) = (name.text(), bytes.clone());
        self.run(move |parts| keep(parts, &name, &bytes, seen))
    }

    fn forget(&self, name: &Name) -> Result<bool, VaultError> {
        let name = name.text();
        self.run(move |parts| parts.remove(&name))
    }

    fn place(&self) -> Place {
        Place::Keyring
    }
}

/// Sealing keys as items of their own, so that a hit never loads a refresh token: for systems without kernel
/// keys. They do not end by themselves; what they seal says when it ends.
#[cfg(any(not(target_os = "linux"), test))]
impl Keys for Keyring {
    fn read(&self, name: &str) -> Result<Option<SealKey>, VaultError> {
        let name = name.to_owned();
        let text = self.run(move |parts| parts.entries.get(&name))?;
        Ok(text.and_then(|text| base64::from_standard(text.expose())).and_then(SealKey::new))
    }

    fn create(&self, name: &str, _: Duration) -> Result<SealKey, VaultError> {
        let (name, key) = (name.to_owned(), SealKey::random()?);
        let text = base64::standard(key.expose());
        self.run(move |parts| parts.entries.set(&name, &text))?;
        Ok(key)
    }

    fn extend(&self, _: &str, _: Duration) -> Result<(), VaultError> {
        Ok(())
    }

    fn destroy(&self, name: &str) -> Result<(), VaultError> {
        let name = name.to_owned();
        self.run(move |parts| parts.entries.delete(&name)).map(drop)
    }
}

/// Entries of the store, as bytes.
pub struct OsEntries;

impl Entries for OsEntries {
    fn get(&self, entry: &str) -> Result<Option<SecretBytes>, VaultError> {
        match open(entry)?.get_secret() {
            Ok(bytes) => Ok(Some(SecretBytes::new(bytes))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(explain(error)),
        }
    }

    fn set(&self, entry: &str, bytes: &SecretBytes) -> Result<(), VaultError> {
        open(entry)?.set_secret(bytes.expose()).map_err(explain)
    }

    fn delete(&self, entry: &str) -> Result<bool, VaultError> {
        match open(entry)?.delete_credential() {
            Ok(()) => Ok(true),
            Err(Error::NoEntry) => Ok(false),
            // Two of one name: somebody copied ours. Both go.
            Err(Error::Ambiguous(all)) => {
                for one in all {
                    one.delete_credential().map_err(explain)?;
                }
                Ok(true)
            }
            Err(error) => Err(explain(error)),
        }
    }
}

#[cfg(not(windows))]
fn open(entry: &str) -> Result<Entry, VaultError> {
    match Entry::store_status() {
        Ok(()) => Entry::new(SERVICE, entry).map_err(explain),
        Err(error) => Err(VaultError::Missing(text::clean(&error.to_string()))),
    }
}

/// For this machine only. An entry that roamed with its user would be renewed on two machines behind each other's locks,
/// and a rotated refresh token is good for one of them.
#[cfg(windows)]
fn open(entry: &str) -> Result<Entry, VaultError> {
    use keyring_core::api::CredentialStoreApi;
    let here = std::collections::HashMap::from([("persistence", "Local")]);
    let store = windows_native_keyring_store::Store::new().map_err(explain)?;
    store.build(SERVICE, entry, Some(&here)).map_err(explain)
}

/// By hand, because the error of some kinds holds the secret itself.
fn explain(error: Error) -> VaultError {
    match error {
        Error::NoStorageAccess(cause) if cfg!(windows) => VaultError::Missing(text::clean(&cause.to_string())),
        Error::NoStorageAccess(_) => VaultError::Locked,
        Error::NoDefaultStore => VaultError::Missing("this system has no credential store".into()),
        // Only the code of the system is looked for; nothing of this text is shown.
        Error::PlatformFailure(cause) if needs_a_person(&format!("{cause:?}")) => VaultError::Locked,
        Error::PlatformFailure(cause) => broken(&text::clean(&cause.to_string())),
        Error::NotSupportedByStore(what) => broken(&text::clean(&what)),
        Error::NoEntry => broken("the entry has gone"),
        Error::Ambiguous(_) => broken("there are two entries of one name"),
        Error::TooLong(what, most) => broken(&format!("{} may have {most} bytes at most", text::clean(&what))),
        _ => broken("it gave back something else than was put in"),
    }
}

/// A locked Keychain that may not ask, as over SSH: `errSecInteractionNotAllowed`, `errSecInteractionRequired`.
fn needs_a_person(cause: &str) -> bool {
    ["code: -25308", "code: -25315"].iter().any(|code| cause.contains(code))
}

fn broken(why: &str) -> VaultError {
    VaultError::Broken(format!("the keyring failed: {why}"))
}

#[cfg(all(unix, not(target_os = "macos")))]
fn would_prompt() -> Result<bool, VaultError> {
    use crate::vault::secret_service::{State, state};
    Ok(state(SERVICE)? == State::Locked)
}

/// The Keychain cannot be asked beforehand; there the time limit is the only guard. Its "Always Allow" question
/// gets the long limit where a person sits at a terminal.
#[cfg(target_os = "macos")]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
fn would_prompt() -> Result<bool, VaultError> {
    Ok(false)
}

/// Credential Manager is open while its user is signed in.
#[cfg(windows)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
fn would_prompt() -> Result<bool, VaultError> {
    Ok(false)
}

const SERVICE: &str = "bitbucket-sso";
/// Seconds for a call that asks nobody (DESIGN.md section 9).
const SILENT: u64 = 3;
/// Seconds that are long enough to type the password of a keyring.
const PROMPTED: u64 = 90;
/// Windows keeps 2,560 bytes per item (`CRED_MAX_CREDENTIAL_BLOB_SIZE`); the others keep any record whole.
const LARGEST: usize = if cfg!(windows) { 2_400 } else { 256 << 10 };

#[cfg(test)]
mod tests;
