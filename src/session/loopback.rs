//! Waits on this machine for the one answer that a browser brings: Entra's form, or Bitbucket's redirect
//! (RFC 8252 7.3; DESIGN.md section 11).

mod bind;
mod callback;
mod visit;

pub use crate::basis::form::Fields;
pub use callback::{Method, Parsed, Request, parse_callback};
pub use visit::Visit;

use crate::basis::clock::Clock;
use crate::basis::digest;
use bind::Door;
use std::io::{ErrorKind, Read};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// Listens for browsers, on this machine only. Dropping it closes the doors.
pub struct Loopback {
    doors: Vec<Door>,
    listeners: Vec<TcpListener>,
    /// Connections that have not said everything yet; one that says nothing keeps nobody else waiting.
    pending: Vec<Pending>,
}

/// The one answer that is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Expect<'a> {
    /// The redirect URI with its real port, as [`Loopback`] gave it.
    pub uri: &'a str,
    pub method: Method,
    /// What the answer must repeat in its `state`.
    pub state: &'a str,
}

/// Why nothing came.
#[derive(Debug, thiserror::Error)]
pub enum LoopbackError {
    /// The registered port is in use; no other will do.
    #[error("port {port} on this machine, which the redirect URI names, is in use by another program")]
    Taken { port: u16 },
    /// Another port than the one that the redirect URI writes was wanted.
    #[error("the redirect URI is registered with port {port}")]
    Fixed { port: u16 },
    /// Not `http://` on `localhost`, `127.0.0.1` or `[::1]`, or with a query.
    #[error("the redirect URI `{0}` is not an http address on this machine")]
    BadUri(String),
    /// The system gives no listening socket.
    #[error("this machine cannot be listened on: {0}")]
    Broken(String),
    /// The deadline has passed.
    #[error("nobody came back from the browser in time")]
    TimedOut,
}

impl Loopback {
    /// Listens where a registered redirect URI points: on 127.0.0.1, and on `::1` with the same port if the URI says
    /// `localhost` and the machine knows IPv6. The port is free to choose unless the URI writes one.
    pub fn bind(registered: &str) -> Result<Self, LoopbackError> {
        Self::bind_to(registered, None)
    }

    /// The same on a chosen port, which only a URI that leaves its port free can have.
    pub fn bind_to(registered: &str, port: Option<u16>) -> Result<Self, LoopbackError> {
        let mut loopback = Self { doors: Vec::new(), listeners: Vec::new(), pending: Vec::new() };
        loopback.open(registered, port)?;
        Ok(loopback)
    }

    /// Listens for one more registered URI, on the same port where that is possible; returns it with its real port.
    pub fn also(&mut self, registered: &str) -> Result<String, LoopbackError> {
        self.open(registered, None)
    }

    fn open(&mut self, registered: &str, port: Option<u16>) -> Result<String, LoopbackError> {
        let door = Door::open(registered, port, &mut self.listeners)?;
        let uri = door.uri.clone();
        self.doors.push(door);
        Ok(uri)
    }

    /// The first URI with its real port, otherwise exactly as registered.
    pub fn redirect_uri(&self) -> &str {
        self.doors.first().map_or("", |door| &door.uri)
    }

    /// Waits for the answer. Everything else (other paths, hosts, methods, errors without our state) gets 404 or 405
    /// and the wait goes on. It may be called again after [`LoopbackError::TimedOut`]; nothing is lost between.
    pub fn wait(&mut self, clock: &dyn Clock, expect: &Expect<'_>, deadline: Instant) -> Result<Visit, LoopbackError> {
        let Some(door) = self.doors.iter().find(|door| door.uri == expect.uri).cloned() else {
            return Err(LoopbackError::BadUri(crate::basis::text::clean(expect.uri)));
        };
        loop {
            let now = clock.steady();
            let mut idle = !self.accept(now);
            for mut pending in std::mem::take(&mut self.pending) {
                match pending.step(now) {
                    Step::Wait => self.pending.push(pending),
                    Step::Close => idle = false,
                    Step::Answer(status) => visit::refuse(&pending.stream, status),
                    Step::Said(request) => match judge(&door, expect, &request) {
                        Ok(fields) => return Ok(Visit::new(fields, request.languages, pending.stream)),
                        Err(status) => visit::refuse(&pending.stream, status),
                    },
                }
            }
            if now >= deadline {
                return Err(LoopbackError::TimedOut);
            }
            if idle {
                clock.sleep(NAP);
            }
        }
    }

    /// Takes in whoever is at a door; whether anybody was.
    fn accept(&mut self, now: Instant) -> bool {
        let before = self.pending.len();
        for listener in &self.listeners {
            while let Ok((stream, _)) = listener.accept() {
                if stream.set_nonblocking(true).is_ok() {
                    self.pending.push(Pending { stream, said: Vec::new(), since: now });
                }
            }
        }
        let taken = self.pending.len() > before;
        // Whoever floods us loses the oldest connections first.
        let excess = self.pending.len().saturating_sub(MOST_PENDING);
        self.pending.drain(..excess);
        taken
    }
}

/// Whether a request is the answer that is waited for: its fields, or the status it gets.
fn judge(door: &Door, expect: &Expect<'_>, request: &Request) -> Result<Fields, u16> {
    if request.path != door.path || !door.is_host(&request.host) {
        return Err(404);
    }
    if request.method != Some(expect.method) {
        return Err(405);
    }
    let fields = request.fields().ok_or(404_u16)?;
    let ours = |state: &str| digest::equal(state.as_bytes(), expect.state.as_bytes());
    if fields.get("state").is_some_and(ours) { Ok(fields) } else { Err(404) }
}

struct Pending {
    stream: TcpStream,
    said: Vec<u8>,
    since: Instant,
}

enum Step {
    Wait,
    Close,
    Answer(u16),
    Said(Request),
}

impl Pending {
    fn step(&mut self, now: Instant) -> Step {
        let mut chunk = [0; 8192];
        let mut ended = false;
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => {
                    ended = true;
                    break;
                }
                Ok(n) => self.said.extend_from_slice(&chunk[..n]),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return Step::Close,
            }
            if self.said.len() > callback::LARGEST {
                break;
            }
        }
        match parse_callback(&self.said) {
            Parsed::Whole(request) => Step::Said(request),
            Parsed::Refused(status) => Step::Answer(status),
            Parsed::Part if ended || now.saturating_duration_since(self.since) >= LONGEST_READ => Step::Close,
            Parsed::Part => Step::Wait,
        }
    }
}

/// How long one connection may take to say what it wants.
const LONGEST_READ: Duration = Duration::from_secs(5);
const NAP: Duration = Duration::from_millis(20);
const MOST_PENDING: usize = 64;

#[cfg(test)]
mod tests;
