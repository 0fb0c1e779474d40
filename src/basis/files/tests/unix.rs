use super::super::*;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

#[test]
fn a_file_is_replaced_whole_and_is_ours_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    write_private(&path, b"one").unwrap();
    put_private(&path, b"two").unwrap();
    assert_eq!(read_private(&path).unwrap().unwrap(), b"two");
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file stays");
    assert!(read_private(&dir.path().join("none")).unwrap().is_none());
}

#[test]
fn a_failed_write_leaves_the_old_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    fs::create_dir(&path).unwrap();
    assert!(write_private(&path, b"x").is_err());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn links_and_open_files_are_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let (file, link) = (dir.path().join("f"), dir.path().join("l"));
    write_private(&file, b"x").unwrap();
    symlink(&file, &link).unwrap();
    assert!(matches!(read_private(&link), Err(UnsafeDir::Io { .. })));
    assert!(append_private(&link).is_err());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(read_private(&file), Err(UnsafeDir::Unsafe { why: "other users can open it", .. })));
    assert!(matches!(read_private(dir.path()), Err(UnsafeDir::Unsafe { why: "it is no file", .. })));
    write_private(&file, &vec![0; (1 << 20) + 1]).unwrap();
    assert!(matches!(read_private(&file), Err(UnsafeDir::Unsafe { why: "it is too long", .. })));
}

#[test]
fn a_directory_is_made_private_or_refused() {
    let dir = tempfile::tempdir().unwrap();
    let ours = dir.path().join("a/b");
    private_dir(&ours).unwrap();
    private_dir(&ours).unwrap();
    assert_eq!(fs::metadata(&ours).unwrap().mode() & 0o777, 0o700);
    fs::set_permissions(&ours, fs::Permissions::from_mode(0o750)).unwrap();
    assert_eq!(why(&ours), "other users can open it");
    let link = dir.path().join("link");
    symlink(dir.path(), &link).unwrap();
    assert_eq!(why(&link), "it is a symbolic link");
    let dangling = dir.path().join("dangling");
    symlink(dir.path().join("nowhere"), &dangling).unwrap();
    assert_eq!(why(&dangling), "it is a symbolic link");
}

#[test]
fn a_directory_of_another_owner_is_refused() {
    // Root can make one; everybody else finds one that belongs to root.
    let dir = tempfile::tempdir().unwrap();
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(dir.path(), Some(12345), None).unwrap();
        assert_eq!(why(dir.path()), "it belongs to another user");
    } else {
        assert_eq!(why(Path::new("/")), "it belongs to another user");
    }
}

fn why(path: &Path) -> &'static str {
    match private_dir(path) {
        Err(UnsafeDir::Unsafe { why, .. }) => why,
        other => panic!("{other:?}"),
    }
}
