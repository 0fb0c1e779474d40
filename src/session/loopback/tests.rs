use super::*;
use crate::basis::clock::SystemClock;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::thread::JoinHandle;

const STATE: &str = "a-state-of-128-bits";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

fn port(loopback: &Loopback) -> u16 {
    loopback.listeners[0].local_addr().unwrap().port()
}

/// Says something to a port and reads the whole answer.
fn said(port: u16, text: impl Into<Vec<u8>>) -> JoinHandle<String> {
    let text = text.into();
    std::thread::spawn(move || {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        _ = stream.write_all(&text);
        let mut answer = String::new();
        _ = stream.read_to_string(&mut answer);
        answer
    })
}

fn post(host: &str, path: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: {host}\r\n{FORM}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn soon(seconds: u64) -> Instant {
    SystemClock.steady() + Duration::from_secs(seconds)
}

fn wait(loopback: &mut Loopback, method: Method, deadline: Instant) -> Result<Visit, LoopbackError> {
    let uri = loopback.redirect_uri().to_owned();
    loopback.wait(&SystemClock, &Expect { uri: &uri, method, state: STATE }, deadline)
}

/// What one request gets while an answer is waited for. The real answer comes after it and must still arrive.
fn turned_away(registered: &str, request: impl FnOnce(&str) -> Vec<u8>) -> String {
    let mut loopback = Loopback::bind(registered).unwrap();
    let port = port(&loopback);
    let (host, path) = (host(&loopback), loopback.doors[0].path.clone());
    let text = request(&host);
    let browser = std::thread::spawn(move || {
        let answer = said(port, text).join().unwrap();
        (answer, said(port, post(&host, &path, &format!("state={STATE}&code=right"))))
    });
    let visit = wait(&mut loopback, Method::Post, soon(20)).unwrap();
    assert_eq!(visit.fields().get("code"), Some("right"));
    visit.page("done");
    let (answer, real) = browser.join().unwrap();
    assert!(real.join().unwrap().ends_with("done"));
    answer.lines().next().unwrap_or_default().to_owned()
}

fn host(loopback: &Loopback) -> String {
    loopback.redirect_uri().trim_start_matches("http://").split('/').next().unwrap().to_owned()
}

#[test]
fn entras_form_is_the_answer_and_waits_for_its_page() {
    let mut loopback = Loopback::bind("http://localhost").unwrap();
    let uri = loopback.redirect_uri().to_owned();
    assert_eq!(uri, format!("http://localhost:{}", port(&loopback)), "no path is added");
    let code = "c".repeat(16_000);
    let browser =
        said(port(&loopback), post(&host(&loopback), "/", &format!("code={code}&state={STATE}&client_info=a%2Bb")));
    let visit = wait(&mut loopback, Method::Post, soon(20)).unwrap();
    assert_eq!((visit.fields().get("code"), visit.fields().get("client_info")), (Some(code.as_str()), Some("a+b")));
    visit.page("<p>signed in</p>");
    let page = browser.join().unwrap();
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.ends_with("<p>signed in</p>"), "{page}");
    for header in ["default-src 'none'", "no-store", "nosniff", "Referrer-Policy: no-referrer", "Connection: close"] {
        assert!(page.contains(header), "{header}");
    }
}

#[test]
fn bitbuckets_redirect_comes_by_get() {
    let mut loopback = Loopback::bind("http://127.0.0.1/callback").unwrap();
    let text = format!("GET /callback?code=c&state={STATE} HTTP/1.1\r\nHost: {}\r\n\r\n", host(&loopback));
    let browser = said(port(&loopback), text);
    let visit = wait(&mut loopback, Method::Get, soon(20)).unwrap();
    assert_eq!(visit.fields().get("code"), Some("c"));
    visit.page("on");
    assert!(browser.join().unwrap().ends_with("\r\n\r\non"));
}

#[test]
fn strays_are_turned_away_and_the_wait_goes_on() {
    type Stray = fn(&str) -> String;
    let cases: [(&str, Stray); 14] = [
        ("404", |host| format!("GET /favicon.ico HTTP/1.1\r\nHost: {host}\r\n\r\n")),
        ("405", |host| format!("GET /cb?code=c&state={STATE} HTTP/1.1\r\nHost: {host}\r\n\r\n")),
        ("405", |host| format!("OPTIONS /cb HTTP/1.1\r\nHost: {host}\r\n\r\n")),
        ("404", |host| post(host, "/CB", &format!("code=c&state={STATE}"))),
        ("404", |host| post(host, "/cb/", &format!("code=c&state={STATE}"))),
        ("404", |host| post(host, "/cb", "code=c&state=another")),
        ("404", |host| post(host, "/cb", "error=access_denied")),
        ("404", |host| post(host, "/cb", &format!("code=a&code=b&state={STATE}"))),
        ("404", |_| post("evil.example", "/cb", &format!("code=c&state={STATE}"))),
        ("404", |_| post("localhost", "/cb", &format!("code=c&state={STATE}"))),
        ("404", |host| {
            post(host, "/cb", &format!("code=c&state={STATE}")).replace(FORM, "Content-Type: text/plain\r\n")
        }),
        ("400", |host| format!("POST /cb HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\n\r\n")),
        ("413", |host| format!("POST /cb HTTP/1.1\r\nHost: {host}\r\nContent-Length: 70000\r\n\r\n")),
        ("400", |_| "\u{16}\u{3}\u{1} hello\r\n\r\n".to_owned()),
    ];
    for (status, request) in cases {
        let line = turned_away("http://localhost/cb", |host| request(host).into_bytes());
        assert!(line.starts_with(&format!("HTTP/1.1 {status} ")), "want {status}, got {line}: {}", request("HOST"));
    }
}

#[test]
fn a_head_without_end_is_cut() {
    let line = turned_away("http://localhost/cb", |_| {
        let mut flood = b"GET / HTTP/1.1\r\n".to_vec();
        flood.resize(80_000, b'x');
        flood
    });
    assert!(line.is_empty() || line.starts_with("HTTP/1.1 431 "), "{line}");
}

#[test]
fn connections_that_say_nothing_keep_nobody_waiting() {
    let mut loopback = Loopback::bind("http://localhost").unwrap();
    let silent: Vec<_> = (0..8).map(|_| TcpStream::connect(("127.0.0.1", port(&loopback))).unwrap()).collect();
    let mut slow = TcpStream::connect(("127.0.0.1", port(&loopback))).unwrap();
    slow.write_all(b"POST / HTTP/1.1\r\nHost: ").unwrap();
    let begin = SystemClock.steady();
    let browser = said(port(&loopback), post(&host(&loopback), "/", &format!("state={STATE}")));
    wait(&mut loopback, Method::Post, soon(20)).unwrap().page("");
    assert!(SystemClock.steady() - begin < Duration::from_secs(4));
    browser.join().unwrap();
    drop(silent);
}

#[test]
fn a_slow_connection_is_closed_after_its_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut other = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    stream.set_nonblocking(true).unwrap();
    other.write_all(b"POST / HT").unwrap();
    let since = SystemClock.steady();
    let mut pending = Pending { stream, said: Vec::new(), since };
    assert!(matches!(pending.step(since + Duration::from_millis(4999)), Step::Wait));
    assert!(matches!(pending.step(since + LONGEST_READ), Step::Close));
    assert!(matches!(pending.step(since), Step::Wait));
    other.shutdown(std::net::Shutdown::Write).unwrap();
    let closed = std::iter::repeat_with(|| pending.step(since)).take(100_000).any(|step| matches!(step, Step::Close));
    assert!(closed, "half a request will never be whole");
}

#[test]
fn an_answer_in_pieces_and_half_closed_is_whole() {
    let mut loopback = Loopback::bind("http://localhost").unwrap();
    let text = post(&host(&loopback), "/", &format!("state={STATE}&code=c"));
    let (head, tail) = text.split_at(text.len() - 3);
    let mut stream = TcpStream::connect(("127.0.0.1", port(&loopback))).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    assert!(matches!(wait(&mut loopback, Method::Post, SystemClock.steady()), Err(LoopbackError::TimedOut)));
    stream.write_all(tail.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(wait(&mut loopback, Method::Post, soon(20)).unwrap().fields().get("code"), Some("c"));
}

#[test]
fn nobody_comes_and_the_deadline_does() {
    let mut loopback = Loopback::bind("http://localhost").unwrap();
    assert!(matches!(wait(&mut loopback, Method::Post, SystemClock.steady()), Err(LoopbackError::TimedOut)));
}

#[test]
fn only_this_machine_is_listened_on() {
    let ips = |registered| {
        let loopback = Loopback::bind(registered).unwrap();
        let ips = loopback.listeners.iter().map(|listener| listener.local_addr().unwrap().ip());
        ips.collect::<Vec<IpAddr>>()
    };
    assert_eq!(ips("http://127.0.0.1/cb"), [IpAddr::V4(Ipv4Addr::LOCALHOST)]);
    let localhost = ips("http://localhost");
    assert_eq!(localhost[0], IpAddr::V4(Ipv4Addr::LOCALHOST));
    let ipv6 = TcpListener::bind("[::1]:0").is_ok();
    assert_eq!(localhost.contains(&IpAddr::V6(Ipv6Addr::LOCALHOST)), ipv6);
}

#[test]
fn a_written_port_is_used_or_named() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    for host in ["127.0.0.1", "localhost"] {
        let registered = format!("http://{host}:{port}/callback");
        let taken = Loopback::bind(&registered).err().unwrap();
        assert!(matches!(taken, LoopbackError::Taken { port: named } if named == port), "{taken:?}");
    }
    drop(other);
    let registered = format!("http://localhost:{port}/callback");
    assert_eq!(Loopback::bind(&registered).unwrap().redirect_uri(), registered);
}

#[test]
fn several_uris_share_a_port_where_they_can() {
    let mut loopback = Loopback::bind("http://localhost").unwrap();
    let first = port(&loopback);
    assert_eq!(loopback.also("http://127.0.0.1/callback").unwrap(), format!("http://127.0.0.1:{first}/callback"));
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let fixed = loopback.also(&format!("http://localhost:{free}/cb")).unwrap();
    assert_eq!(fixed, format!("http://localhost:{free}/cb"));
    let browser = said(free, post(&format!("localhost:{free}"), "/cb", &format!("state={STATE}&code=c")));
    let expect = Expect { uri: &fixed, method: Method::Post, state: STATE };
    let visit = loopback.wait(&SystemClock, &expect, soon(20)).unwrap();
    assert_eq!(visit.fields().get("code"), Some("c"));
    visit.page("");
    browser.join().unwrap();
}

#[test]
fn only_addresses_of_this_machine_can_be_bound() {
    let bad = [
        "https://localhost",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example/",
        "http://localhost@evil.example",
        "http://0.0.0.0",
        "http://localhost:99999",
        "http://localhost?x=1",
        "http://localhost/a?b",
        "http://localhost/a b",
        "localhost",
        "",
    ];
    for registered in bad {
        assert!(matches!(Loopback::bind(registered), Err(LoopbackError::BadUri(_))), "{registered}");
    }
}

#[test]
fn a_pasted_address_has_the_same_fields() {
    let fields = Fields::of_url(" http://127.0.0.1/callback?code=a%20b&state=s#frag\n").unwrap();
    assert_eq!((fields.get("code"), fields.get("state"), fields.get("x")), (Some("a b"), Some("s"), None));
    assert!(Fields::of_url("http://127.0.0.1/callback").is_none());
}

#[test]
fn the_parser_asks_for_more_until_it_has_all() {
    let text = post("localhost:1", "/", "state=s");
    for n in 0..text.len() {
        assert!(matches!(parse_callback(&text.as_bytes()[..n]), Parsed::Part), "{n}");
    }
    assert!(matches!(parse_callback(text.as_bytes()), Parsed::Whole(_)));
}
