//! Which store is used on this machine, decided on the first use: a run that needs no session asks no keyring.

use crate::basis::clock::{Clock, Timestamp};
use crate::basis::env::Env;
use crate::basis::host_id::AccountId;
use crate::basis::secret::SecretBytes;
use crate::config::settings::StorageChoice;
use crate::vault::hot::SealedHot;
#[cfg(target_os = "linux")]
use crate::vault::kernel::Kernel;
use crate::vault::keyring::Keyring;
#[cfg(target_os = "linux")]
use crate::vault::memory_file::MemoryFile;
use crate::vault::nowhere::Nowhere;
#[cfg(target_os = "linux")]
use crate::vault::sealed_files::SealedFiles;
use crate::vault::{HotCache, Name, Place, Record, Slot, Vault, VaultError};
use std::cell::{LazyCell, OnceCell};
use std::path::Path;
use std::sync::Arc;

/// The store for sessions and grants (DESIGN.md section 9). `Auto` takes the keyring if a service answers, locked or
/// not, else kernel-sealed files, else memory; in a container and for a workload memory at once. The other choices
/// are an administrator's word and hold everywhere, `Kernel` in a container too. Nothing is asked before the first
/// call. `prompt_allowed`: the caller is a foreground terminal, so a locked keyring may ask to be unlocked.
pub fn open(
    choice: StorageChoice,
    workload: bool,
    state: &Path,
    env: &Env,
    prompt_allowed: bool,
    clock: Arc<dyn Clock>,
) -> Box<dyn Vault> {
    let alone = || workload || in_container(env, Path::new("/"));
    match choice {
        StorageChoice::Keyring => Box::new(Keyring::new(prompt_allowed)),
        StorageChoice::Kernel => kernel_vault(state, clock),
        StorageChoice::MemoryFile => Box::new(Choice::new(in_memory(env, clock))),
        StorageChoice::Auto if alone() => Box::new(Choice::new(in_memory(env, clock))),
        StorageChoice::Auto => {
            let mut candidates: Vec<Box<dyn Candidate>> = vec![Box::new(Keyring::new(prompt_allowed))];
            #[cfg(target_os = "linux")]
            candidates.push(Box::new(SealedFiles::new(state, Kernel, Arc::clone(&clock))));
            candidates.extend(in_memory(env, clock));
            Box::new(Choice::new(candidates))
        }
    }
}

/// The hot cache: files sealed with kernel keys and, where the kernel refuses, files in memory; in a container and
/// for a workload in memory only, unless an administrator chose `Kernel`. On macOS and Windows the sealing key is an
/// item of the system's store. On Linux no keyring service is ever asked.
pub fn hot(choice: StorageChoice, workload: bool, state: &Path, env: &Env, clock: Arc<dyn Clock>) -> Box<dyn HotCache> {
    let alone = || workload || in_container(env, Path::new("/"));
    match choice {
        StorageChoice::MemoryFile => memory_hot(env, clock),
        StorageChoice::Auto | StorageChoice::Keyring if alone() => memory_hot(env, clock),
        _ => {
            let (env, of_memory) = (env.clone(), Arc::clone(&clock));
            Box::new(Layers::new(sealed_hot(state, clock), move || memory_hot(&env, of_memory)))
        }
    }
}

/// Whether we are in a container: Docker and Podman leave a file at the root, Kubernetes and systemd-nspawn a
/// variable. `root` is `/`. Only Linux has containers that share a key store with their host.
pub fn in_container(env: &Env, root: &Path) -> bool {
    if !cfg!(target_os = "linux") {
        return false;
    }
    let files = [".dockerenv", "run/.containerenv"];
    files.iter().any(|file| root.join(file).exists())
        || ["KUBERNETES_SERVICE_HOST", "container"].iter().any(|name| env.os(name).is_some())
}

/// A store that may turn out not to be there.
trait Candidate: Vault {
    fn available(&self) -> bool;
}

impl Candidate for Keyring {
    /// One that is locked or hangs is there: falling back would ask for a second sign-in and hide the first.
    fn available(&self) -> bool {
        !matches!(self.answers(), Err(VaultError::Missing(_)))
    }
}

#[cfg(target_os = "linux")]
impl Candidate for SealedFiles<Kernel> {
    fn available(&self) -> bool {
        self.probe().is_ok()
    }
}

#[cfg(target_os = "linux")]
impl Candidate for MemoryFile {
    fn available(&self) -> bool {
        true
    }
}

/// The first candidate that is there.
struct Choice {
    candidates: Vec<Box<dyn Candidate>>,
    chosen: OnceCell<usize>,
}

impl Choice {
    fn new(candidates: Vec<Box<dyn Candidate>>) -> Self {
        Self { candidates, chosen: OnceCell::new() }
    }

    fn chosen(&self) -> &dyn Vault {
        let first = || self.candidates.iter().position(|one| one.available()).unwrap_or(usize::MAX);
        match self.candidates.get(*self.chosen.get_or_init(first)) {
            Some(candidate) => candidate.as_ref(),
            None => &Nowhere,
        }
    }
}

impl Vault for Choice {
    fn load(&self, name: &Name) -> Result<Option<Record>, VaultError> {
        self.chosen().load(name)
    }

    fn keep(&self, name: &Name, bytes: &SecretBytes, seen: u64) -> Result<u64, VaultError> {
        self.chosen().keep(name, bytes, seen)
    }

    /// Also where an earlier run put it that found no keyring, say over SSH.
    fn forget(&self, name: &Name) -> Result<bool, VaultError> {
        let chosen = self.chosen();
        let lesser = self.chosen.get().map_or(0, |chosen| chosen.saturating_add(1));
        let mut forgotten = false;
        for candidate in self.candidates.iter().skip(lesser) {
            forgotten |= candidate.forget(name).unwrap_or(false);
        }
        Ok(chosen.forget(name)? || forgotten)
    }

    fn place(&self) -> Place {
        self.chosen().place()
    }
}

/// Looks for a second layer.
type Finding = dyn FnOnce() -> Box<dyn HotCache>;

/// The second layer holds what the first one was refused; it is looked for when something is, not on a hit.
struct Layers {
    first: Box<dyn HotCache>,
    second: LazyCell<Box<dyn HotCache>, Box<Finding>>,
}

impl Layers {
    fn new(first: Box<dyn HotCache>, second: impl FnOnce() -> Box<dyn HotCache> + 'static) -> Self {
        Self { first, second: LazyCell::new(Box::new(second)) }
    }
}

impl HotCache for Layers {
    fn read(&self, account: &AccountId, slot: &Slot) -> Option<SecretBytes> {
        self.first.read(account, slot).or_else(|| self.second.read(account, slot))
    }

    fn write(&self, account: &AccountId, slot: &Slot, bytes: &SecretBytes, until: Timestamp) -> Result<(), VaultError> {
        if self.first.write(account, slot, bytes, until).is_ok() {
            self.second.drop_slot(account, slot);
            return Ok(());
        }
        self.first.drop_slot(account, slot);
        self.second.write(account, slot, bytes, until)
    }

    fn drop_slot(&self, account: &AccountId, slot: &Slot) {
        self.first.drop_slot(account, slot);
        self.second.drop_slot(account, slot);
    }

    fn drop_account(&self, account: &AccountId) {
        self.first.drop_account(account);
        self.second.drop_account(account);
    }
}

#[cfg(target_os = "linux")]
fn kernel_vault(state: &Path, clock: Arc<dyn Clock>) -> Box<dyn Vault> {
    Box::new(SealedFiles::new(state, Kernel, clock))
}

/// There are no kernel keys elsewhere; `status` shows that nothing is kept.
#[cfg(not(target_os = "linux"))]
fn kernel_vault(_: &Path, _: Arc<dyn Clock>) -> Box<dyn Vault> {
    Box::new(Nowhere)
}

#[cfg(target_os = "linux")]
fn sealed_hot(state: &Path, clock: Arc<dyn Clock>) -> Box<dyn HotCache> {
    Box::new(SealedHot::new(state, Kernel, clock))
}

#[cfg(not(target_os = "linux"))]
fn sealed_hot(state: &Path, clock: Arc<dyn Clock>) -> Box<dyn HotCache> {
    Box::new(SealedHot::new(state, Keyring::new(false), clock))
}

#[cfg(target_os = "linux")]
fn in_memory(env: &Env, clock: Arc<dyn Clock>) -> Vec<Box<dyn Candidate>> {
    MemoryFile::find(env, clock).into_iter().map(|memory| Box::new(memory) as Box<dyn Candidate>).collect()
}

/// No other system of ours has a file system in memory that everybody may use.
#[cfg(not(target_os = "linux"))]
fn in_memory(_: &Env, _: Arc<dyn Clock>) -> Vec<Box<dyn Candidate>> {
    Vec::new()
}

#[cfg(target_os = "linux")]
fn memory_hot(env: &Env, clock: Arc<dyn Clock>) -> Box<dyn HotCache> {
    match MemoryFile::find(env, clock) {
        Some(memory) => Box::new(memory),
        None => Box::new(Nowhere),
    }
}

#[cfg(not(target_os = "linux"))]
fn memory_hot(_: &Env, _: Arc<dyn Clock>) -> Box<dyn HotCache> {
    Box::new(Nowhere)
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
