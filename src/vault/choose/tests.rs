use super::*;
use crate::basis::clock::SystemClock;
use crate::basis::host_id::HostId;
use crate::vault::keys::fake::Ring;
use std::cell::Cell;
use std::rc::Rc;

#[test]
fn the_first_store_that_is_there_is_chosen_once() {
    let asked = Rc::new(Cell::new(0));
    let choice = Choice::new(vec![store(false, false, &asked), store(true, false, &asked), store(true, true, &asked)]);
    assert_eq!(asked.get(), 0, "nothing is asked before the first use");
    assert!(choice.load(&name()).unwrap().is_none());
    assert_eq!(choice.place(), Place::Kernel);
    assert_eq!(asked.get(), 2);
    assert_eq!(Choice::new(vec![store(false, true, &asked)]).place(), Place::Nowhere);
}

#[test]
fn what_a_lesser_store_holds_is_forgotten_too() {
    let asked = Rc::new(Cell::new(0));
    assert!(Choice::new(vec![store(true, false, &asked), store(true, true, &asked)]).forget(&name()).unwrap());
    assert!(!Choice::new(vec![store(true, false, &asked)]).forget(&name()).unwrap());
    assert!(!Choice::new(vec![]).forget(&name()).unwrap());
}

#[test]
fn a_forced_store_is_that_store() {
    let dir = tempfile::tempdir().unwrap();
    let place = |choice, workload| {
        let env = Env::fixed([("container", "podman")]);
        open(choice, workload, dir.path(), &env, false, Arc::new(SystemClock)).place()
    };
    assert_eq!(place(StorageChoice::Keyring, true), Place::Keyring);
    assert_eq!(place(StorageChoice::Kernel, true), Place::Kernel);
    assert_eq!(place(StorageChoice::MemoryFile, false), Place::MemoryFile);
    assert_eq!(place(StorageChoice::Auto, false), Place::MemoryFile, "in a container");
}

#[test]
fn containers_are_known_by_file_or_variable() {
    let root = tempfile::tempdir().unwrap();
    assert!(!in_container(&Env::fixed([]), root.path()));
    assert!(in_container(&Env::fixed([("KUBERNETES_SERVICE_HOST", "10.0.0.1")]), root.path()));
    assert!(in_container(&Env::fixed([("container", "systemd-nspawn")]), root.path()));
    std::fs::create_dir(root.path().join("run")).unwrap();
    for file in [".dockerenv", "run/.containerenv"] {
        std::fs::write(root.path().join(file), "").unwrap();
        assert!(in_container(&Env::fixed([]), root.path()));
        std::fs::remove_file(root.path().join(file)).unwrap();
    }
}

#[test]
fn a_refused_kernel_leaves_the_token_in_memory() {
    let (state, shm) = (tempfile::tempdir().unwrap(), tempfile::tempdir_in("/dev/shm").unwrap());
    let env = Env::fixed([("XDG_RUNTIME_DIR", shm.path().to_str().unwrap())]);
    let layers = |refused| {
        let ring: &'static Ring = Box::leak(Box::new(Ring { refused, ..Ring::default() }));
        let first = Box::new(SealedHot::new(state.path(), ring, Arc::new(SystemClock)));
        let env = env.clone();
        Layers::new(first, move || memory_hot(&env, Arc::new(SystemClock)))
    };
    let (account, until) = (account(), SystemClock.now().after(std::time::Duration::from_secs(60)));
    let slot = Slot::Credential(HostId::new(&account, "h", []));
    let write = |hot: &Layers, text: &str| hot.write(&account, &slot, &SecretBytes::new(text.into()), until).unwrap();
    let (refused, allowed) = (layers(true), layers(false));
    write(&allowed, "sealed");
    write(&refused, "in memory");
    for hot in [&refused, &allowed] {
        assert_eq!(hot.read(&account, &slot).unwrap().expose(), b"in memory", "the newest, wherever it is");
    }
    write(&allowed, "sealed again");
    assert_eq!(allowed.read(&account, &slot).unwrap().expose(), b"sealed again");
    assert!(refused.read(&account, &slot).is_none(), "no older copy stays in memory");
    write(&refused, "x");
    refused.drop_account(&account);
    assert!(allowed.read(&account, &slot).is_none());
}

#[test]
fn a_hit_looks_for_no_second_layer() {
    let shm = tempfile::tempdir_in("/dev/shm").unwrap();
    let env = Env::fixed([("XDG_RUNTIME_DIR", shm.path().to_str().unwrap())]);
    let first = memory_hot(&env, Arc::new(SystemClock));
    let slot = Slot::Credential(HostId::new(&account(), "h", []));
    first.write(&account(), &slot, &SecretBytes::new(vec![1]), Timestamp(i64::MAX)).unwrap();
    assert!(Layers::new(first, || panic!("looked for")).read(&account(), &slot).is_some());
}

#[test]
fn the_hot_cache_of_a_workload_is_in_memory() {
    let (state, shm) = (tempfile::tempdir().unwrap(), tempfile::tempdir_in("/dev/shm").unwrap());
    let env = Env::fixed([("XDG_RUNTIME_DIR", shm.path().to_str().unwrap())]);
    let hot = hot(StorageChoice::Auto, true, state.path(), &env, Arc::new(SystemClock));
    let slot = Slot::Credential(HostId::new(&account(), "h", []));
    hot.write(&account(), &slot, &SecretBytes::new(vec![1]), Timestamp(i64::MAX)).unwrap();
    assert_eq!(std::fs::read_dir(shm.path().join("bitbucket-sso")).unwrap().count(), 1);
    assert_eq!(std::fs::read_dir(state.path()).unwrap().count(), 0, "nothing on a disk");
    assert!(hot.read(&account(), &slot).is_some());
}

fn store(there: bool, has: bool, asked: &Rc<Cell<u32>>) -> Box<dyn Candidate> {
    Box::new(Fake { there, has, asked: Rc::clone(asked) })
}

struct Fake {
    there: bool,
    has: bool,
    asked: Rc<Cell<u32>>,
}

impl Vault for Fake {
    fn load(&self, _: &Name) -> Result<Option<Record>, VaultError> {
        Ok(None)
    }

    fn keep(&self, _: &Name, _: &SecretBytes, _: u64) -> Result<u64, VaultError> {
        Ok(1)
    }

    fn forget(&self, _: &Name) -> Result<bool, VaultError> {
        Ok(self.has)
    }

    fn place(&self) -> Place {
        Place::Kernel
    }
}

impl Candidate for Fake {
    fn available(&self) -> bool {
        self.asked.set(self.asked.get() + 1);
        self.there
    }
}

fn account() -> AccountId {
    AccountId::new("https://login", "t", "c", "p")
}

fn name() -> Name {
    Name::Session(account())
}
