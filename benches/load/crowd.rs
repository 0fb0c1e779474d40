//! Callers at once, each with a connection that it keeps.

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Where requests go.
pub struct Target {
    pub port: u16,
    pub tls: Arc<ClientConfig>,
}

/// A request as it is sent, and the status that its answer must have.
pub struct Work {
    pub bytes: Vec<u8>,
    pub status: u16,
}

/// What was seen.
pub struct Seen {
    took: Vec<Duration>,
    whole: Duration,
}

/// The same request again and again.
pub fn for_seconds(target: &Target, callers: usize, seconds: u64, work: &Work) -> Seen {
    let ends = Instant::now() + Duration::from_secs(seconds);
    crowd(target, callers, || (Instant::now() < ends).then_some(work))
}

/// Each request once.
pub fn each_once(target: &Target, callers: usize, all: &[Work]) -> Seen {
    let next = AtomicUsize::new(0);
    crowd(target, callers, || all.get(next.fetch_add(1, Ordering::SeqCst)))
}

fn crowd<'w>(target: &Target, callers: usize, next: impl Fn() -> Option<&'w Work> + Sync) -> Seen {
    let begun = Instant::now();
    let caller = || {
        let (mut line, mut took) = (Line::open(target), Vec::new());
        while let Some(work) = next() {
            took.push(line.ask(work));
        }
        took
    };
    let took = std::thread::scope(|scope| {
        let crowd: Vec<_> = (0..callers).map(|_| scope.spawn(caller)).collect();
        crowd.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
    });
    Seen { took, whole: begun.elapsed() }
}

impl Seen {
    /// One row: how many a second, the median, the slowest of a hundred, and what one cost the broker's process.
    pub fn row(mut self, store: &str, name: &str, spent: Duration) -> String {
        self.took.sort();
        let within = |part: usize| self.took[(self.took.len() - 1) * part / 100].as_secs_f64() * 1000.0;
        let count = f64::from(u32::try_from(self.took.len()).unwrap());
        let (rate, cost) = (count / self.whole.as_secs_f64(), spent.as_secs_f64() / count * 1e6);
        format!("| {store} | {name} | {rate:.0} | {:.1} ms | {:.1} ms | {cost:.0} µs |", within(50), within(99))
    }
}

/// One connection.
struct Line {
    stream: StreamOwned<ClientConnection, TcpStream>,
    answer: Vec<u8>,
}

impl Line {
    fn open(target: &Target) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", target.port)).unwrap();
        stream.set_nodelay(true).unwrap();
        let session = ClientConnection::new(Arc::clone(&target.tls), ServerName::try_from("localhost").unwrap());
        Self { stream: StreamOwned::new(session.unwrap(), stream), answer: Vec::new() }
    }

    fn ask(&mut self, work: &Work) -> Duration {
        let begun = Instant::now();
        self.stream.write_all(&work.bytes).unwrap();
        self.stream.flush().unwrap();
        self.answer.clear();
        let mut block = [0; 16 * 1024];
        while !is_whole(&self.answer) {
            let count = self.stream.read(&mut block).unwrap();
            assert!(count > 0, "cut off: {}", String::from_utf8_lossy(&self.answer));
            self.answer.extend_from_slice(&block[..count]);
        }
        let took = begun.elapsed();
        let status = String::from_utf8_lossy(&self.answer[9..12]).parse::<u16>().unwrap();
        assert_eq!(status, work.status, "{}", String::from_utf8_lossy(&self.answer));
        took
    }
}

/// The broker always says how long its answer is.
fn is_whole(bytes: &[u8]) -> bool {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")).unwrap();
    bytes.len() >= end + 4 + length.trim().parse::<usize>().unwrap()
}
