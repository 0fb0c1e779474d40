use super::*;
use crate::basis::clock::SystemClock;
use std::path::Path;

const CEILING: &str = "[ceiling]\nright=\"read\"\nlife=\"1h\"\nresources=[\"git.example.com/*/*\"]\nprotected=[]\npolicy_repository=\"none\"\n";
const RULE: &str = "[[rule]]\nid=\"r\"\nwho=\"person\"\neveryone=true\nresources=[\"git.example.com/PAY/*\"]\nright=\"read\"\nlife=\"1h\"\n";

fn around() -> Surroundings {
    let host = "[[host]]\nurl=\"https://git.example.com\"\nkind=\"data-center\"\n";
    Surroundings::parse(&format!("{host}[[issuer]]\nname=\"corp\"\nkind=\"entra\"\n")).unwrap()
}

fn at(path: &Path) -> PolicyAt {
    PolicyAt { path: path.to_owned(), keep: Duration::from_secs(60) }
}

fn open(path: &Path) -> Watched {
    Watched::open(at(path), around(), Timestamp(0)).unwrap()
}

#[test]
fn a_change_is_taken_over_and_a_mistake_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.toml");
    std::fs::write(&file, format!("{CEILING}{RULE}")).unwrap();
    let watched = open(folder.path());
    let first = watched.current(Timestamp(60)).unwrap();
    std::fs::write(&file, format!("{CEILING}{}", RULE.replace("PAY", "OPS"))).unwrap();
    watched.look(Timestamp(50));
    let second = watched.current(Timestamp(50)).unwrap();
    assert_ne!(first.digest(), second.digest());
    std::fs::write(&file, CEILING).unwrap();
    watched.look(Timestamp(52));
    watched.look(Timestamp(54));
    assert_eq!(watched.current(Timestamp(110)).unwrap().digest(), second.digest());
    let health = watched.health(Timestamp(110));
    assert!(health.open && health.trouble.unwrap().contains("has no [[rule]]"));
    assert_eq!((health.age, health.since), (Duration::from_secs(60), Timestamp(50)));
    assert!(matches!(watched.current(Timestamp(111)), Err(Refusal::Unavailable { .. })));
    assert!(!watched.health(Timestamp(111)).open);
    std::fs::write(&file, format!("{CEILING}{}", RULE.replace("PAY", "OPS"))).unwrap();
    watched.look(Timestamp(200));
    assert_eq!(watched.current(Timestamp(200)).unwrap().digest(), second.digest());
    assert_eq!(watched.health(Timestamp(200)).trouble, None);
}

#[test]
fn files_that_are_gone_close_the_door_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.toml");
    std::fs::write(&file, format!("{CEILING}{RULE}")).unwrap();
    let watched = open(&file);
    std::fs::remove_file(&file).unwrap();
    watched.look(Timestamp(2));
    assert!(watched.health(Timestamp(2)).trouble.is_some());
    assert!(watched.current(Timestamp(60)).is_ok() && watched.current(Timestamp(61)).is_err());
    assert!(Watched::open(at(&file), around(), Timestamp(0)).is_err());
}

#[cfg(unix)]
#[test]
fn a_mounted_config_map_is_swapped_as_a_whole() {
    let mount = tempfile::tempdir().unwrap();
    let version = |name: &str, project: &str| {
        let folder = mount.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("ceiling.toml"), CEILING).unwrap();
        std::fs::write(folder.join("rules.toml"), RULE.replace("PAY", project)).unwrap();
    };
    version("..2026_1", "PAY");
    version("..2026_2", "OPS");
    let link = |to: &str, from: &str| std::os::unix::fs::symlink(to, mount.path().join(from)).unwrap();
    link("..2026_1", "..data");
    link("..data/ceiling.toml", "ceiling.toml");
    link("..data/rules.toml", "rules.toml");
    std::fs::write(mount.path().join(".hidden.toml"), "bogus").unwrap();
    std::fs::write(mount.path().join("README.md"), "bogus").unwrap();
    let watched = open(mount.path());
    let first = watched.current(Timestamp(0)).unwrap();
    link("..2026_2", "..data_tmp");
    std::fs::rename(mount.path().join("..data_tmp"), mount.path().join("..data")).unwrap();
    watched.look(Timestamp(2));
    assert_ne!(watched.current(Timestamp(2)).unwrap().digest(), first.digest());
    std::fs::remove_dir_all(mount.path().join("..2026_2")).unwrap();
    watched.look(Timestamp(4));
    assert!(watched.health(Timestamp(4)).trouble.is_some(), "a link that leads nowhere is not skipped");
}

#[test]
fn what_is_no_file_is_not_skipped() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.toml"), format!("{CEILING}{RULE}")).unwrap();
    std::fs::create_dir(folder.path().join("b.toml")).unwrap();
    let error = Watched::open(at(folder.path()), around(), Timestamp(0)).err().unwrap();
    assert!(error.contains("b.toml is no regular file"), "{error}");
    std::fs::remove_dir(folder.path().join("b.toml")).unwrap();
    std::fs::write(folder.path().join("b.toml"), b"# \xff").unwrap();
    let error = Watched::open(at(folder.path()), around(), Timestamp(0)).err().unwrap();
    assert!(error.contains("b.toml is not UTF-8"), "{error}");
}

#[test]
fn the_watching_begins_and_ends_with_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.toml"), format!("{CEILING}{RULE}")).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    let _inside = runtime.enter();
    let every = Duration::from_millis(1);
    let live = Live::looking(at(folder.path()), around(), Arc::new(SystemClock), every).unwrap();
    let digest = || live.current(SystemClock.now()).unwrap().digest().to_owned();
    let first = digest();
    std::fs::write(folder.path().join("b.toml"), "[[deny]]\nid=\"d\"\nreason=\"no\"\nwhen={acct={eq=1}}\n").unwrap();
    while digest() == first {
        std::thread::yield_now();
    }
    let watched = Arc::downgrade(&live.watched);
    drop(live);
    drop(runtime);
    assert_eq!(watched.strong_count(), 0);
}
