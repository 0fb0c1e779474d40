use super::*;
use std::os::unix::net::UnixDatagram;

#[test]
fn syslog_gets_one_line_that_rsyslog_takes() {
    let got = received(Receiver::Syslog);
    let want = format!("<86>Nov  4 12:00:05 bitbucket-sso[{}]: audit head=abc event=mint", std::process::id());
    assert!(got.starts_with(&want) && got.contains("user=ada\u{fffd}evil"), "{got}");
}

#[test]
fn journald_gets_fields_and_no_forged_one() {
    let got = received(Receiver::Journald);
    let fields: Vec<_> = got.lines().filter_map(|line| line.split_once('=')).collect();
    assert!(fields.contains(&("BITBUCKET_SSO_HEAD", "abc")) && fields.contains(&("PRIORITY", "6")), "{got}");
    assert_eq!(fields.len(), 7, "{got}");
}

#[test]
fn a_full_socket_is_an_error_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    assert!(send(&Receiver::Syslog(path.clone()), &head()).is_err(), "nobody listens");
    let _full = UnixDatagram::bind(&path).unwrap();
    let error = (0..10_000).find_map(|_| send(&Receiver::Syslog(path.clone()), &head()).err()).unwrap();
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
}

fn received(kind: fn(PathBuf) -> Receiver) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let socket = UnixDatagram::bind(&path).unwrap();
    send(&kind(path), &head()).unwrap();
    let mut bytes = [0; 4096];
    let length = socket.recv(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

fn head() -> Head<'static> {
    Head {
        digest: "abc",
        time: "2026-11-04T12:00:05Z",
        event: "mint",
        outcome: "ok",
        user: "ada\nevil",
        host: "https://h",
        trail: Path::new("/t"),
    }
}
