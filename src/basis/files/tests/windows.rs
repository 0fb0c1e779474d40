use super::super::*;

#[test]
fn a_file_is_replaced_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    write_private(&path, b"one").unwrap();
    put_private(&path, b"two").unwrap();
    assert_eq!(read_private(&path).unwrap().unwrap(), b"two");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file stays");
    assert!(read_private(&dir.path().join("none")).unwrap().is_none());
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that did nothing says so")]
fn a_file_is_replaced_while_somebody_reads_it() {
    if Path::new("C:/windows/system32/winecfg.exe").exists() {
        eprintln!("not run: Wine has no renaming over an open file (FileRenameInfoEx)");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    write_private(&path, b"one").unwrap();
    let mut reader = File::open(&path).unwrap();
    write_private(&path, b"two").unwrap();
    let mut seen = String::new();
    reader.read_to_string(&mut seen).unwrap();
    assert_eq!((seen.as_str(), read_private(&path).unwrap().unwrap().as_slice()), ("one", b"two".as_slice()));
}

#[test]
fn a_reader_that_is_done_in_a_moment_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    write_private(&path, b"one").unwrap();
    let reader = File::open(&path).unwrap();
    let (begin, begun) = std::sync::mpsc::channel();
    let other = std::thread::spawn(move || begun.recv().map(|()| drop(reader)));
    begin.send(()).unwrap();
    put_private(&path, b"two").unwrap();
    other.join().unwrap().unwrap();
    assert_eq!(read_private(&path).unwrap().unwrap(), b"two");
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
fn names_may_be_long_and_in_any_script() {
    let dir = tempfile::tempdir().unwrap();
    let deep = ["größer", "漢字", &"a".repeat(150), &"b".repeat(150)]
        .iter()
        .fold(dir.path().to_owned(), |path, part| path.join(part));
    private_dir(&deep).unwrap();
    private_dir(&deep).unwrap();
    let path = deep.join("f");
    assert!(path.as_os_str().len() > 260);
    write_private(&path, b"x").unwrap();
    assert_eq!(read_private(&path).unwrap().unwrap(), b"x");
    assert!(crate::basis::lock::take(&append_private(&path).unwrap()).unwrap());
}

#[test]
fn what_is_no_directory_or_too_long_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("f");
    write_private(&file, &vec![0; (1 << 20) + 1]).unwrap();
    assert!(matches!(read_private(&file), Err(UnsafeDir::Unsafe { why: "it is too long", .. })));
    assert!(matches!(private_dir(&file), Err(UnsafeDir::Unsafe { why: "it is no directory", .. })));
}
