//! A small HTTP client for the scripted browser and for tests: one request per connection, nothing followed.

use super::codec::{self, Pairs};
use super::tls;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use std::io::{Error, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Trusts one authority only.
pub struct Client(Arc<rustls::ClientConfig>);

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Pairs,
    pub body: Vec<u8>,
}

impl Client {
    /// A client that trusts the authority in this PEM file.
    pub fn new(ca: &Path) -> Self {
        Self(tls::client(ca))
    }

    /// GET.
    pub fn get(&self, url: &str, headers: &[(&str, &str)]) -> Result<Answer, Error> {
        self.send("GET", url, headers, b"")
    }

    /// POST of a form.
    pub fn post(&self, url: &str, form: &[(&str, &str)], headers: &[(&str, &str)]) -> Result<Answer, Error> {
        let mut all = vec![("Content-Type", "application/x-www-form-urlencoded")];
        all.extend_from_slice(headers);
        self.send("POST", url, &all, codec::write_form(form).as_bytes())
    }

    /// Any request.
    pub fn send(&self, method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer, Error> {
        let url = Url::parse(url).map_err(Error::other)?;
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or(443);
        let stream = TcpStream::connect((host.trim_matches(['[', ']']), port))?;
        stream.set_read_timeout(Some(LONGEST_WAIT))?;
        let request = written(method, &url, headers, body);
        if url.scheme() == "http" {
            return exchange(&mut { stream }, &request);
        }
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).map_err(Error::other)?;
        let session = ClientConnection::new(Arc::clone(&self.0), name).map_err(Error::other)?;
        exchange(&mut StreamOwned::new(session, stream), &request)
    }
}

impl Answer {
    /// The first value of a header, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null if it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

fn written(method: &str, url: &Url, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut target = url.path().to_owned();
    if let Some(query) = url.query() {
        target = format!("{target}?{query}");
    }
    let host = url.host_str().unwrap_or_default();
    let host = url.port().map_or(host.to_owned(), |port| format!("{host}:{port}"));
    let mut text = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if method != "GET" {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    [text.as_bytes(), b"\r\n", body].concat()
}

fn exchange(stream: &mut (impl Read + Write), request: &[u8]) -> Result<Answer, Error> {
    stream.write_all(request)?;
    stream.flush()?;
    let mut bytes = Vec::new();
    let mut block = [0; 16 * 1024];
    loop {
        match stream.read(&mut block) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&block[..count]),
            // A peer that closes without the TLS farewell: judge what has come.
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(error),
        }
        if read(&bytes).is_some_and(|(_, whole)| whole) {
            break;
        }
    }
    let (answer, whole) = read(&bytes).ok_or_else(|| Error::other("no answer"))?;
    if whole || answer.header("content-length").is_none() { Ok(answer) } else { Err(Error::other("cut off")) }
}

/// What has come so far, and whether it is known to be everything.
fn read(bytes: &[u8]) -> Option<(Answer, bool)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let split = lines.filter_map(|line| line.split_once(':'));
    let headers = split.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect();
    let mut answer = Answer { status, headers, body: bytes[end + 4..].to_vec() };
    if answer.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        let (body, whole) = dechunk(&answer.body);
        answer.body = body;
        return Some((answer, whole));
    }
    let length: Option<usize> = answer.header("content-length").and_then(|length| length.parse().ok());
    let whole = length.is_some_and(|length| answer.body.len() >= length);
    Some((answer, whole))
}

fn dechunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = String::from_utf8_lossy(&rest[..end]).into_owned();
        let Ok(size) = usize::from_str_radix(size.trim(), 16) else { break };
        if size == 0 {
            return (body, true);
        }
        let Some(chunk) = rest.get(end + 2..end + 2 + size) else { break };
        body.extend_from_slice(chunk);
        rest = rest.get(end + 4 + size..).unwrap_or_default();
    }
    (body, false)
}

const LONGEST_WAIT: Duration = Duration::from_secs(120);
