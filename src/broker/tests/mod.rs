//! What the tests of several rooms need: a server that answers as it is told, and a store in a directory of its own.

use crate::basis::clock::SystemClock;
use crate::basis::secret::ClientSecret;
use crate::broker::outward::Outward;
use crate::broker::sealing::Sealer;
use crate::broker::settings::StoreAt;
use crate::broker::store::Store;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A server on this machine; it answers each request by a function and remembers what it saw.
pub struct Fake {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Seen {
    /// `GET /path?query`.
    pub line: String,
    pub head: String,
    pub body: String,
}

/// Status, further header lines, body. Status 0 hangs up without an answer.
pub type Said = (u16, String, String);

impl Fake {
    pub fn start(answer: impl Fn(&Seen) -> Said + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (seen, answer) = (Arc::new(Mutex::new(Vec::new())), Arc::new(answer));
        let log: Arc<Mutex<Vec<Seen>>> = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream, &log, &*answer));
            }
        });
        Self { url, seen }
    }

    /// How many requests began so.
    pub fn count(&self, line: &str) -> usize {
        self.lines().iter().filter(|seen| seen.starts_with(line)).count()
    }

    pub fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, log: &Mutex<Vec<Seen>>, answer: &dyn Fn(&Seen) -> Said) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let line = head.lines().next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let seen = Seen { line, head, body: String::from_utf8(body).ok()? };
    log.lock().unwrap().push(seen.clone());
    let (status, headers, body) = answer(&seen);
    if status == 0 {
        return None;
    }
    let length = body.len();
    write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}").ok()
}

/// A body and nothing else.
pub fn said(status: u16, body: &serde_json::Value) -> Said {
    (status, "Content-Type: application/json\r\n".into(), body.to_string())
}

/// A store, the keys it is sealed with, and a way out.
pub struct Bench {
    pub store: Store,
    pub sealer: Arc<Sealer>,
    pub outward: Outward,
    _dir: tempfile::TempDir,
}

impl Bench {
    pub async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join("seal.key");
        let text = crate::basis::base64::standard(&[7; 32]).expose().to_vec();
        crate::basis::files::write_private(&key, &text).unwrap();
        let sealer = Arc::new(Sealer::of_files(&[key]).unwrap());
        let url = ClientSecret::new(format!("sqlite:{}", dir.path().join("db/broker.db").display()));
        let at = StoreAt { url, connections: 8 };
        let store = Store::open(&at, Arc::clone(&sealer), Arc::new(SystemClock)).await.unwrap();
        Self { store, sealer, outward: Outward::new(None).unwrap(), _dir: dir }
    }
}
