//! TLS by file, renewed under way, and the end with requests under way.

use super::*;
use crate::broker::outward::{Call, Outward};
use rcgen::{CertificateParams, KeyPair};

/// A certificate for 127.0.0.1 that is its own authority.
fn renew(dir: &Path) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    fs::write(dir.join("tls.crt"), params.self_signed(&key).unwrap().pem()).unwrap();
    let path = dir.join("tls.key");
    fs::write(&path, key.serialize_pem()).unwrap();
    #[cfg(unix)]
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

fn reached(dir: &Path, running: &Running) -> bool {
    let outward = Outward::new(Some(&dir.join("tls.crt"))).unwrap();
    let url = format!("https://{}/healthz", running.address);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(outward.send(Call::get(url))).is_ok_and(|reply| reply.status == 200)
}

#[test]
fn a_renewed_certificate_is_used_and_a_broken_one_is_not() {
    let dir = tempfile::tempdir().unwrap();
    renew(dir.path());
    let own = "[tls]\ncertificate = \"tls.crt\"\nkey = \"tls.key\"\n";
    let running = start(settings_in(dir.path(), own), Arc::new(SystemClock)).unwrap();
    assert!(reached(dir.path(), &running));
    let plain = asked(&running, "GET", "/healthz", "");
    assert!(!plain.contains("200"), "plain http is not answered: {plain}");
    renew(dir.path());
    assert!(reached(dir.path(), &running), "the new certificate is the one that is trusted");
    let good = fs::read(dir.path().join("tls.crt")).unwrap();
    fs::write(dir.path().join("tls.crt"), "none\n").unwrap();
    let served = fs::write(dir.path().join("trusted.pem"), &good).is_ok();
    let outward = Outward::new(Some(&dir.path().join("trusted.pem"))).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let ready = runtime.block_on(outward.send(Call::get(format!("https://{}/readyz", running.address)))).unwrap();
    let text = String::from_utf8_lossy(ready.body.expose()).into_owned();
    assert!(served && text.contains("holds no certificate"), "{text}");
    running.stop();
}

#[test]
fn a_broker_without_a_certificate_does_not_start() {
    let dir = tempfile::tempdir().unwrap();
    renew(dir.path());
    let settings = settings_in(dir.path(), "[tls]\ncertificate = \"tls.crt\"\nkey = \"tls.key\"\n");
    fs::write(dir.path().join("tls.crt"), "").unwrap();
    assert!(matches!(start(settings, Arc::new(SystemClock)), Err(StartError::Tls(_))));
}

#[test]
fn what_runs_when_it_is_told_to_stop_is_answered() {
    let (_dir, running) = running("");
    let mut stream = TcpStream::connect(running.address).unwrap();
    let head = "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    // The head has been read once another connection was answered after it.
    assert!(asked(&running, "GET", "/healthz", "").contains("200 OK"));
    running.tell_to_stop();
    let address = running.address;
    let waiting = std::thread::spawn(move || running.wait());
    stream.write_all(b"x=yz").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert!(reply.contains("invalid_request") && reply.contains("connection: close"), "{reply}");
    waiting.join().unwrap();
    assert!(TcpStream::connect(address).is_err());
}
