use super::*;
use crate::basis::clock::SystemClock;
use crate::basis::host_id::HostId;
use std::os::unix::fs::{PermissionsExt, symlink};

#[test]
fn sessions_and_tokens_of_every_size_come_back() {
    let dir = Shm::new();
    let (memory, mut seen) = (memory(&dir), 0);
    for size in [1_000, 4_096, 12_000] {
        let bytes = SecretBytes::new(vec![9; size]);
        seen = memory.keep(&name("a"), &bytes, seen).unwrap();
        assert_eq!(memory.load(&name("a")).unwrap().unwrap().bytes.expose(), bytes.expose());
        HotCache::write(&memory, &account("a"), &slot(), &bytes, later(60)).unwrap();
        assert_eq!(HotCache::read(&memory, &account("a"), &slot()).unwrap().expose(), bytes.expose());
    }
    assert!(matches!(memory.keep(&name("a"), &SecretBytes::default(), 1), Err(VaultError::Newer)));
    assert!(memory.forget(&name("a")).unwrap() && !memory.forget(&name("a")).unwrap());
}

#[test]
fn an_account_is_dropped_alone_and_an_ended_token_is_a_miss() {
    let dir = Shm::new();
    let memory = memory(&dir);
    for who in ["a", "b"] {
        HotCache::write(&memory, &account(who), &slot(), &SecretBytes::default(), later(60)).unwrap();
    }
    memory.drop_account(&account("a"));
    assert!(HotCache::read(&memory, &account("a"), &slot()).is_none());
    assert!(HotCache::read(&memory, &account("b"), &slot()).is_some());
    HotCache::write(&memory, &account("b"), &slot(), &SecretBytes::default(), later(0)).unwrap();
    assert!(HotCache::read(&memory, &account("b"), &slot()).is_none());
}

#[test]
fn torn_and_swapped_files_are_noticed() {
    let dir = Shm::new();
    let memory = memory(&dir);
    memory.keep(&name("a"), &SecretBytes::new(vec![1; 100]), 0).unwrap();
    let (a, b) = (memory.dir.join(name("a").text()), memory.dir.join(name("b").text()));
    put_private(&b, &fs::read(&a).unwrap()).unwrap();
    assert!(matches!(memory.load(&name("b")), Err(VaultError::Broken(_))));
    put_private(&a, &fs::read(&a).unwrap()[..50]).unwrap();
    assert!(memory.load(&name("a")).unwrap().is_none());
}

#[test]
fn a_disk_is_no_memory() {
    let disk = tempfile::tempdir_in("/var/tmp").unwrap();
    assert!(!in_memory(disk.path()), "/var/tmp outlives a reboot (file-hierarchy(7))");
    let env = Env::fixed([("XDG_RUNTIME_DIR", disk.path().to_str().unwrap())]);
    let found = MemoryFile::find(&env, Arc::new(SystemClock)).unwrap();
    assert_eq!(found.dir, Path::new("/dev/shm").join(format!("bitbucket-sso-{}", uid())));
    let on_disk = MemoryFile { dir: disk.path().join("bitbucket-sso"), clock: Arc::new(SystemClock) };
    let kept = on_disk.keep(&name("a"), &SecretBytes::default(), 0);
    assert!(matches!(kept, Err(VaultError::Unsafe(_, "it is not in memory"))));
}

#[test]
fn a_directory_that_is_not_ours_alone_is_refused() {
    let dir = Shm::new();
    let memory = memory(&dir);
    let other = dir.0.path().join("other");
    fs::create_dir(&other).unwrap();
    symlink(&other, &memory.dir).unwrap();
    assert_eq!(refusal(&memory), "it is a symbolic link");
    fs::remove_file(&memory.dir).unwrap();
    fs::create_dir(&memory.dir).unwrap();
    fs::set_permissions(&memory.dir, fs::Permissions::from_mode(0o711)).unwrap();
    assert_eq!(refusal(&memory), "other users can open it");
    if rustix::process::geteuid().is_root() {
        fs::set_permissions(&memory.dir, fs::Permissions::from_mode(0o700)).unwrap();
        std::os::unix::fs::chown(&memory.dir, Some(12345), None).unwrap();
        assert_eq!(refusal(&memory), "it belongs to another user");
    }
}

#[test]
fn a_runtime_directory_of_somebody_else_is_passed_over() {
    let dir = Shm::new();
    let env = Env::fixed([("XDG_RUNTIME_DIR", dir.0.path().to_str().unwrap())]);
    let found = || MemoryFile::find(&env, Arc::new(SystemClock)).unwrap().dir;
    assert_eq!(found(), dir.0.path().join("bitbucket-sso"));
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(dir.0.path(), Some(12345), None).unwrap();
        assert!(found().to_string_lossy().starts_with("/dev/shm/bitbucket-sso-"));
    }
}

fn refusal(memory: &MemoryFile) -> &'static str {
    assert!(HotCache::read(memory, &account("a"), &slot()).is_none());
    match memory.keep(&name("a"), &SecretBytes::default(), 0) {
        Err(VaultError::Unsafe(_, why)) => why,
        other => panic!("{other:?}"),
    }
}

/// A directory in memory that goes away with the test.
struct Shm(tempfile::TempDir);

impl Shm {
    fn new() -> Self {
        Self(tempfile::tempdir_in("/dev/shm").unwrap())
    }
}

fn memory(dir: &Shm) -> MemoryFile {
    MemoryFile { dir: dir.0.path().join("bitbucket-sso"), clock: Arc::new(SystemClock) }
}

fn account(tenant: &str) -> AccountId {
    AccountId::new("https://login", tenant, "c", "p")
}

fn name(tenant: &str) -> Name {
    Name::Session(account(tenant))
}

fn slot() -> Slot {
    Slot::Credential(HostId::new(&account("a"), "h", []))
}

fn later(seconds: i64) -> Timestamp {
    Timestamp(SystemClock.now().0 + seconds)
}
