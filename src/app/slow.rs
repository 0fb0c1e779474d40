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
            .then(|| self.teller.after_a_second(words::waiting_for_server(&server, longest)));
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
        let slow = teller.after_a_second(words::waiting_for_keyring());
        let inner = open();
        Self { inner, teller, told: RefCell::new(slow.end()) }
    }

    fn watched<R>(&self, call: impl FnOnce(&dyn Vault) -> R) -> R {
        // Files of ours are not waited for.
        if self.inner.place() != Place::Keyring || *self.told.borrow() {
            return call(&*self.inner);
        }
        let slow = self.teller.after_a_second(words::waiting_for_keyring());
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
    let slow = Teller::to_stderr().after_a_second(words::waiting_for_secret_command());
    let result = run();
    slow.end();
    result
}

/// The longest pause before a second try.
const BETWEEN: Duration = Duration::from_secs(2);
