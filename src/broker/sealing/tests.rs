use super::*;
use crate::basis::base64;
use std::fs;
use std::path::Path;

/// A key file of that name; the key is `byte` 32 times.
fn key(dir: &Path, name: &str, byte: u8) -> PathBuf {
    let path = dir.join(name);
    put(&path, base64::standard(&[byte; 32]).expose());
    path
}

fn put(path: &Path, bytes: &[u8]) {
    crate::basis::files::write_private(path, bytes).unwrap();
}

fn secret() -> SecretBytes {
    SecretBytes::new(b"refresh token".to_vec())
}

fn refused(paths: &[PathBuf]) -> String {
    Sealer::of_files(paths).unwrap_err().to_string()
}

#[test]
fn the_first_key_seals_and_all_open() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (key(dir.path(), "old", 1), key(dir.path(), "new", 2));
    let before = Sealer::of_files(std::slice::from_ref(&old)).unwrap();
    let sealed = before.seal("grants a", &secret()).unwrap();
    let after = Sealer::of_files(&[new, old]).unwrap();
    assert_eq!(after.open("grants a", &sealed).unwrap().expose(), secret().expose());
    assert_ne!(after.first(), before.first());
    let resealed = after.seal("grants a", &secret()).unwrap();
    assert_eq!(sealed_by(&resealed), after.first());
    assert!(
        matches!(before.open("grants a", &resealed), Err(SealError::UnknownKey(id)) if id == after.first().unwrap().0)
    );
}

#[test]
fn it_opens_for_the_same_thing_only() {
    let dir = tempfile::tempdir().unwrap();
    let sealer = Sealer::of_files(&[key(dir.path(), "key", 1)]).unwrap();
    let sealed = sealer.seal("grants a", &secret()).unwrap();
    assert!(matches!(sealer.open("grants b", &sealed), Err(SealError::Broken)));
    for short in [0, 15, 16, 17, sealed.len() - 1] {
        assert!(matches!(sealer.open("grants a", &sealed[..short]), Err(SealError::Broken)), "{short}");
    }
}

#[test]
fn keys_are_read_again_and_bad_ones_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = key(dir.path(), "key", 1);
    let sealer = Sealer::of_files(std::slice::from_ref(&path)).unwrap();
    let first = sealer.first();
    put(&path, b"rubbish");
    assert!(matches!(sealer.reload(), Err(SealError::Unavailable(_))));
    assert_eq!(sealer.first(), first);
    key(dir.path(), "key", 2);
    sealer.reload().unwrap();
    assert_ne!(sealer.first(), first);
}

#[test]
fn what_is_no_key_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let good = key(dir.path(), "good", 1);
    assert!(refused(&[]).contains("no key file"));
    assert!(refused(&[dir.path().join("none")]).contains("none: No such file"));
    for rubbish in [b"".as_slice(), b"c2hvcnQ=", b"\xff\xfe", &[b'A'; 2000]] {
        let path = dir.path().join("rubbish");
        put(&path, rubbish);
        let said = refused(&[good.clone(), path]);
        assert!(said.contains("rubbish: it holds no 32 bytes in base64"), "{said}");
    }
    let twin = key(dir.path(), "twin", 1);
    assert!(refused(&[good, twin]).contains("the same key"));
}

#[cfg(unix)]
#[test]
fn a_key_that_everybody_reads_is_refused() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let dir = tempfile::tempdir().unwrap();
    let path = key(dir.path(), "key", 1);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(refused(std::slice::from_ref(&path)).contains("everybody can read it"));
    // As Kubernetes mounts a secret: a link to a file for the group.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).unwrap();
    let link = dir.path().join("link");
    symlink(&path, &link).unwrap();
    Sealer::of_files(&[link]).unwrap();
}

#[test]
fn keys_are_never_printed() {
    let dir = tempfile::tempdir().unwrap();
    let sealer = Sealer::of_files(&[key(dir.path(), "key", 1)]).unwrap();
    let shown = format!("{sealer:?}");
    assert_eq!(shown, format!("[KeyId(\"{}\")]", sealer.first().unwrap()));
}
