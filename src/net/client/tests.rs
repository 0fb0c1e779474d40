use super::*;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

fn network(timeout: Duration) -> Network {
    Network { ca_file: None, timeout }
}

/// A server for one connection: its address, and what it was asked.
fn server(answer: impl FnOnce(&mut TcpStream) + Send + 'static) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/path?secret=query", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = Vec::new();
        let mut chunk = [0; 4096];
        while !asked.windows(4).any(|four| four == b"\r\n\r\n") {
            let n = stream.read(&mut chunk).unwrap();
            asked.extend_from_slice(&chunk[..n]);
        }
        answer(&mut stream);
        String::from_utf8(asked).unwrap()
    });
    (url, thread)
}

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(20);

#[test]
fn nothing_is_built_before_the_first_call() {
    let client = client(&network(LONG));
    assert!(
        [true, false].iter().all(|way| client.full.of(*way).get().is_none() && client.quick.of(*way).get().is_none())
    );
}

#[test]
fn a_call_carries_what_it_should_and_no_more() {
    let (url, thread) = server(|stream| {
        stream
            .write_all(
                b"HTTP/1.1 302 Found\r\nLocation: /x\r\nSet-Cookie: a=b\r\nX-A: 1\r\ncontent-length: 2\r\n\r\nok",
            )
            .unwrap();
    });
    let call = Call::get(url).header("client-request-id", "abc");
    let reply = client(&network(LONG)).send(&call).unwrap();
    assert_eq!((reply.status, reply.header("x-a"), reply.body.expose()), (302, Some("1"), b"ok".as_slice()));
    let asked = thread.join().unwrap().to_lowercase();
    assert!(asked.contains("accept: application/json") && asked.contains("client-request-id: abc"), "{asked}");
    assert!(asked.contains(concat!("user-agent: git-credential-bitbucket-sso/", env!("CARGO_PKG_VERSION"))), "{asked}");
    assert!(!asked.contains("origin:") && !asked.contains("cookie:"), "{asked}");
}

#[test]
fn an_endless_body_ends() {
    let (url, thread) = server(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    let outcome = client(&network(LONG)).send(&Call::get(url));
    assert!(matches!(outcome, Err(NetError::TooLarge { .. })), "{outcome:?}");
    thread.join().unwrap();
}

#[test]
fn the_time_limit_covers_the_body() {
    let (url, thread) = server(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nx").unwrap();
        _ = stream.read(&mut [0; 1]);
    });
    let outcome = client(&network(SHORT)).send(&Call::get(url));
    assert!(matches!(outcome, Err(NetError::TimedOut { .. })), "{outcome:?}");
    thread.join().unwrap();
}

#[test]
fn silence_is_a_time_out_and_a_cut_is_not() {
    let (url, thread) = server(|stream| _ = stream.read(&mut [0; 1]));
    let outcome = client(&network(SHORT)).send(&Call::get(url));
    assert!(matches!(outcome, Err(NetError::TimedOut { .. })), "{outcome:?}");
    thread.join().unwrap();
    let (url, thread) = server(|stream| stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{").unwrap());
    let outcome = client(&network(LONG)).send(&Call::get(url));
    assert!(matches!(outcome, Err(NetError::Unreachable { .. })), "{outcome:?}");
    thread.join().unwrap();
}

#[test]
fn errors_name_the_place_but_no_query() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let call = Call::get(format!("http://127.0.0.1:{port}/p?canary"));
    let error = client(&network(LONG)).send(&call).unwrap_err();
    assert!(matches!(error, NetError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("/p") && !format!("{error} {error:?}").contains("canary"), "{error:?}");
}

#[test]
fn plain_http_to_another_machine_is_never_sent() {
    let outcome = client(&network(LONG)).send(&Call::get("http://192.0.2.1/"));
    assert!(matches!(outcome, Err(NetError::Unreachable { .. })), "{outcome:?}");
}

#[test]
fn an_unreadable_ca_file_is_an_error_of_its_own() {
    for content in [None, Some("not a certificate")] {
        let dir = tempfile::tempdir().unwrap();
        let path: PathBuf = dir.path().join("ca.pem");
        if let Some(content) = content {
            fs_err::write(&path, content).unwrap();
        }
        let network = Network { ca_file: Some(path), timeout: LONG };
        let outcome = client(&network).send(&Call::get("https://127.0.0.1:1/"));
        assert!(matches!(outcome, Err(NetError::Trust { .. })), "{outcome:?}");
    }
}

/// A TLS server for one connection with a fresh authority; returns its port and the authority's PEM.
fn tls_server(name: &str) -> (u16, String, JoinHandle<()>) {
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let mut ca = rcgen::CertificateParams::new([]).unwrap();
    ca.distinguished_name.push(rcgen::DnType::CommonName, "the authority");
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
    let issuer = rcgen::Issuer::new(ca, ca_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let session = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        let mut tls = rustls::StreamOwned::new(session, stream);
        if tls.read(&mut [0; 4096]).is_ok() {
            _ = tls.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        }
    });
    (port, ca_pem, thread)
}

/// How the authority becomes known.
#[derive(Clone, Copy)]
enum Known {
    Added,
    Alone,
}

fn over_tls(name: &str, trusted: bool, known: Known) -> Result<Reply, NetError> {
    let (port, pem, thread) = tls_server(name);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ca.pem");
    let other = rcgen::generate_simple_self_signed(["other".to_owned()]).unwrap().cert.pem();
    fs_err::write(&path, if trusted { format!("{other}\n{pem}") } else { other }).unwrap();
    let client = match known {
        Known::Added => client(&Network { ca_file: Some(path), timeout: LONG }),
        Known::Alone => client(&network(LONG)).with_only_roots(Some(path)),
    };
    let reply = client.send(&Call::get(format!("https://localhost:{port}/")))?;
    thread.join().unwrap();
    Ok(reply)
}

#[test]
fn a_private_authority_is_trusted_once_it_is_named() {
    if !under_wine("its chain engine is that of Windows 7, which takes no roots besides its own") {
        private_authority(Known::Added);
    }
}

#[test]
fn named_authorities_can_take_the_place_of_the_systems() {
    private_authority(Known::Alone);
}

fn private_authority(known: Known) {
    assert_eq!(over_tls("localhost", true, known).unwrap().body.expose(), b"ok");
    let untrusted = over_tls("localhost", false, known).unwrap_err();
    assert!(matches!(&untrusted, NetError::Tls { why, .. } if why.contains("trusts")), "{untrusted:?}");
    let named = over_tls("elsewhere.example", true, known).unwrap_err();
    assert!(matches!(&named, NetError::Tls { why, .. } if why.contains("another name")), "{named:?}");
}

/// Wine is not Windows: what it cannot do is said, and tried on the real one.
#[cfg(windows)]
#[expect(clippy::print_stderr, reason = "a test that did nothing says so")]
fn under_wine(why: &str) -> bool {
    let wine = std::path::Path::new("C:/windows/system32/winecfg.exe").exists();
    if wine {
        eprintln!("not run: {why}");
    }
    wine
}

#[cfg(not(windows))]
fn under_wine(_: &str) -> bool {
    false
}

/// A call to a server whose authority is in the bundle or is not, in a bundle that is one or is not.
fn with_bundle(bundle: impl FnOnce(String) -> String) -> (Result<Reply, NetError>, bool) {
    let (port, pem, thread) = tls_server("localhost");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bundle.pem");
    fs_err::write(&path, bundle(pem)).unwrap();
    let client = client(&network(LONG)).reading_first(Some(path));
    let outcome = client.send(&Call::get(format!("https://localhost:{port}/")));
    thread.join().unwrap();
    (outcome, client.full.direct.get().is_some())
}

#[test]
fn the_other_places_are_read_only_where_the_bundle_is_not_enough() {
    let (outcome, full) = with_bundle(|pem| pem);
    assert_eq!((outcome.unwrap().body.expose(), full), (b"ok".as_slice(), false));
    let other = || rcgen::generate_simple_self_signed(["other".to_owned()]).unwrap().cert.pem();
    for bundle in [other(), "nonsense".to_owned()] {
        let (outcome, full) = with_bundle(|_| bundle);
        assert!(full && outcome.is_err(), "{outcome:?}");
    }
}

#[test]
fn a_proxy_that_refuses_is_told_from_a_server_that_does() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        _ = stream.read(&mut [0; 4096]).unwrap();
        stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n").unwrap();
    });
    let client = client(&network(LONG));
    _ = rustls::crypto::ring::default_provider().install_default();
    let built = ClientBuilder::new().proxy(reqwest::Proxy::all(proxy).unwrap()).build().unwrap();
    client.full.proxied.set(built).unwrap();
    let error = client.send(&Call::get("https://login.example/x?canary")).unwrap_err();
    assert!(matches!(error, NetError::Proxy { .. }) && !format!("{error:?}").contains("canary"), "{error:?}");
    thread.join().unwrap();
}

#[test]
fn a_name_that_does_not_resolve_is_called_so() {
    let client = client(&network(LONG));
    _ = rustls::crypto::ring::default_provider().install_default();
    client.full.proxied.set(ClientBuilder::new().no_proxy().build().unwrap()).unwrap();
    let error = client.send(&Call::get("https://nowhere.invalid/")).unwrap_err();
    assert!(matches!(&error, NetError::Unreachable { why, .. } if why.contains("resolved")), "{error:?}");
}

#[test]
fn calls_to_this_machine_go_through_no_proxy() {
    let (url, thread) = server(|stream| stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap());
    let client = client(&network(LONG));
    _ = rustls::crypto::ring::default_provider().install_default();
    let nowhere = reqwest::Proxy::all("http://127.0.0.1:1").unwrap();
    client.full.proxied.set(ClientBuilder::new().proxy(nowhere).build().unwrap()).unwrap();
    assert_eq!(client.send(&Call::get(url)).unwrap().status, 200);
    thread.join().unwrap();
}
