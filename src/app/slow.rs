//! Whatever takes longer than a second says once what it waits for and for how long. Only what a miss needs is wrapped:
//! a hit starts no thread.

use crate::app::words;
use crate::basis::failure::Failure;
use crate::basis::secret::SecretBytes;
use crate::net::{Call, Http, NetError, Reply};
use crate::ui::slow::{Slow, Teller};
use crate::vault::{Name, Place, Record, Vault, VaultError};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

/// A network that says whom it waits for, each server once.
pub struct Telling<T> {
    inner: T,
    teller: Teller,
    /// One answer takes no longer.
    timeout: Duration,
    told: RefCell<BTreeSet<String>>,
}

impl<T> Telling<T> {
    /// `timeout` is `[network] timeout`.
    pub fn new(inner: T, teller: Teller, timeout: Duration) -> Self {
        Self { inner, teller, timeout, told: RefCell::default() }
    }

    /// A line for this server, unless there was one already.
    fn watch(&self, call: &Call) -> Option<Slow> {
        let server = call.place().split('/').nth(2).unwrap_or_default().to_owned();
        let longest = if call.repeatable { self.timeout * 2 + BETWEEN } else { self.timeout };
        let slow = (!self.told.borrow().contains(&server))
            .then(|| self.teller.watch(words::waiting_for_server(&server, longest)));
        if slow.is_some() {
            self.told.borrow_mut().insert(server);
        }
        slow
    }
}

impl<T: Http> Http for Telling<T> {
    fn send(&self, call: &Call) -> Result<Reply, NetError> {
        let slow = self.watch(call);
        let reply = self.inner.send(call);
        if slow.is_some_and(|slow| !slow.end()) {
            // It was quick: the next call to it may still be told about.
            self.told.borrow_mut().remove(call.place().split('/').nth(2).unwrap_or_default());
        }
        reply
    }
}

/// A vault that says that it waits for the keyring, once.
pub struct TellingVault {
    inner: Box<dyn Vault>,
    teller: Teller,
    told: RefCell<bool>,
}

impl TellingVault {
    /// Opening it may take its time too.
    pub fn open(teller: Teller, open: impl FnOnce() -> Box<dyn Vault>) -> Self {
        let slow = teller.watch(words::waiting_for_keyring());
        let inner = open();
        Self { inner, teller, told: RefCell::new(slow.end()) }
    }

    fn watched<R>(&self, call: impl FnOnce(&dyn Vault) -> R) -> R {
        // Files of ours are not waited for.
        if self.inner.place() != Place::Keyring || *self.told.borrow() {
            return call(&*self.inner);
        }
        let slow = self.teller.watch(words::waiting_for_keyring());
        let result = call(&*self.inner);
        self.told.replace(slow.end());
        result
    }
}

impl Vault for TellingVault {
    fn load(&self, name: &Name) -> Result<Option<Record>, VaultError> {
        self.watched(|vault| vault.load(name))
    }

    fn keep(&self, name: &Name, bytes: &SecretBytes, seen: u64) -> Result<u64, VaultError> {
        self.watched(|vault| vault.keep(name, bytes, seen))
    }

    fn forget(&self, name: &Name) -> Result<bool, VaultError> {
        self.watched(|vault| vault.forget(name))
    }

    fn place(&self) -> Place {
        self.inner.place()
    }
}

/// A program that prints a secret is waited for.
pub fn program<R>(run: impl FnOnce() -> Result<R, Failure>) -> Result<R, Failure> {
    let slow = Teller::to_stderr().watch(words::waiting_for_secret_command());
    let result = run();
    slow.end();
    result
}

/// The longest pause before a second try.
const BETWEEN: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Duration;

    /// Something that takes exactly as long as it takes to be told about, if it is.
    struct Sluggish {
        told: Receiver<String>,
        heard: RefCell<Vec<String>>,
        slow: bool,
    }

    impl Sluggish {
        fn work(&self) {
            if self.slow {
                let line = self.told.recv_timeout(Duration::from_millis(500));
                self.heard.borrow_mut().extend(line);
            }
        }
    }

    impl Http for &Sluggish {
        fn send(&self, call: &Call) -> Result<Reply, NetError> {
            self.work();
            Err(NetError::TooLarge { place: call.place().to_owned() })
        }
    }

    impl Vault for Sluggish {
        fn load(&self, _: &Name) -> Result<Option<Record>, VaultError> {
            self.work();
            Err(VaultError::Missing(self.heard.take().join("; ")))
        }

        fn keep(&self, _: &Name, _: &SecretBytes, _: u64) -> Result<u64, VaultError> {
            Err(VaultError::Locked)
        }

        fn forget(&self, _: &Name) -> Result<bool, VaultError> {
            Err(VaultError::Locked)
        }

        fn place(&self) -> Place {
            Place::Keyring
        }
    }

    fn sluggish(slow: bool, after: Duration) -> (Teller, Sluggish) {
        let (say, told) = channel();
        let say = std::sync::Mutex::new(say);
        let teller = Teller::new(move |text| say.lock().unwrap().send(text.to_owned()).unwrap_or_default(), after);
        (teller, Sluggish { told, heard: RefCell::default(), slow })
    }

    fn sent(network: &Telling<&Sluggish>, url: &str) {
        assert!(network.send(&Call::get(url)).is_err());
    }

    #[test]
    fn a_slow_server_is_told_about_once_and_another_too() {
        let (teller, server) = sluggish(true, Duration::ZERO);
        let network = Telling::new(&server, teller, Duration::from_secs(30));
        sent(&network, "https://a.example/one");
        sent(&network, "https://b.example/two");
        sent(&network, "https://a.example/three?code=x");
        let said = server.heard.borrow().join("\n");
        let line = |name: &str| format!("bitbucket-sso: waiting for an answer of {name} (up to 62 seconds)");
        assert_eq!(said, [line("a.example"), line("b.example")].join("\n"));
    }

    #[test]
    fn a_quick_server_may_still_be_told_about_later() {
        let (teller, server) = sluggish(false, Duration::from_secs(600));
        let network = Telling::new(&server, teller, Duration::from_secs(30));
        sent(&network, "https://a.example/one");
        assert!(network.told.borrow().is_empty() && server.told.try_recv().is_err());
    }

    #[test]
    fn a_slow_keyring_is_told_about() {
        let (teller, keyring) = sluggish(true, Duration::ZERO);
        let silent = Teller::new(|_| (), Duration::ZERO);
        let mut vault = TellingVault::open(silent, || Box::new(keyring));
        // Opening it was so quick here, or not; that is not the question.
        (vault.teller, vault.told) = (teller, RefCell::new(false));
        let name = Name::TrailKey("t".into());
        let told = vault.load(&name).unwrap_err().to_string();
        assert!(told.contains("waiting for the keyring of this system"), "{told}");
        assert!(*vault.told.borrow() && !vault.load(&name).unwrap_err().to_string().contains("waiting"), "once");
    }
}
