//! A small threaded HTTP/1.1 server, with TLS or without, that can also misbehave. One request per connection, unless
//! it is told to keep connections and to count them.

mod message;
mod wire;

pub use message::{Presented, Reply, Request, Response};

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// What a server does with a request. Runs on the connection's own thread.
pub type Handler = Arc<dyn Fn(&Request) -> Reply + Send + Sync>;

/// A bound loopback port that nobody serves yet, so that its URL is known before its server is made.
pub struct Door {
    port: u16,
    listeners: Vec<TcpListener>,
}

/// A running server. Stops when dropped.
pub struct Server {
    port: u16,
    tls: Option<Arc<ServerConfig>>,
    handler: Handler,
    kept: Arc<Kept>,
    running: Mutex<Option<Running>>,
}

/// Whether connections are kept for further requests, and who made each of them.
#[derive(Default)]
struct Kept {
    on: AtomicBool,
    agents: Mutex<Vec<String>>,
}

struct Running {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Door {
    /// Takes a free port on 127.0.0.1 and, where the machine has it, the same one on `::1`.
    pub fn new() -> Self {
        for _ in 0..50 {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let port = listener.local_addr().unwrap().port();
            if let Some(listeners) = with_v6(listener, port) {
                return Self { port, listeners };
            }
        }
        panic!("no port is free on both 127.0.0.1 and ::1");
    }

    /// `https://localhost:PORT`.
    pub fn https(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// `http://127.0.0.1:PORT`.
    pub fn http(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Starts serving: TLS with a configuration, plain HTTP without.
    pub fn serve(self, tls: Option<Arc<ServerConfig>>, handler: Handler) -> Server {
        let kept = Arc::default();
        let running = serve(self.listeners, tls.as_ref(), &handler, &kept);
        Server { port: self.port, tls, handler, kept, running: Mutex::new(Some(running)) }
    }
}

impl Server {
    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it does with a request, for a second door to the same server.
    pub fn handler(&self) -> Handler {
        Arc::clone(&self.handler)
    }

    /// From now on a connection stays open for further requests.
    pub fn keep_connections(&self) {
        self.kept.on.store(true, Ordering::SeqCst);
    }

    /// How many connections were opened by programs whose name begins like this, since they are kept.
    pub fn connections_of(&self, agent: &str) -> usize {
        self.kept.agents.lock().unwrap().iter().filter(|known| known.starts_with(agent)).count()
    }

    /// Stops listening: from now on connections are refused.
    pub fn close(&self) {
        let Some(running) = self.running.lock().unwrap().take() else { return };
        running.stop.store(true, Ordering::SeqCst);
        for address in [(Ipv4Addr::LOCALHOST, self.port).into(), (Ipv6Addr::LOCALHOST, self.port).into()] {
            let _ = TcpStream::connect_timeout(&address, Duration::from_millis(500));
        }
        for thread in running.threads {
            thread.join().unwrap();
        }
    }

    /// Listens again on the same port.
    pub fn reopen(&self) {
        let mut running = self.running.lock().unwrap();
        if running.is_none() {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).unwrap();
            let listeners = with_v6(listener, self.port).unwrap();
            *running = Some(serve(listeners, self.tls.as_ref(), &self.handler, &self.kept));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.close();
    }
}

/// The v6 twin of a port. `None` if someone else has it: `localhost` would then lead astray.
fn with_v6(listener: TcpListener, port: u16) -> Option<Vec<TcpListener>> {
    match TcpListener::bind((Ipv6Addr::LOCALHOST, port)) {
        Ok(twin) => Some(vec![listener, twin]),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => None,
        Err(_) => Some(vec![listener]),
    }
}

fn serve(listeners: Vec<TcpListener>, tls: Option<&Arc<ServerConfig>>, handler: &Handler, kept: &Arc<Kept>) -> Running {
    let stop = Arc::new(AtomicBool::new(false));
    let threads = listeners.into_iter().map(|listener| {
        let (stop, tls, handler, kept) = (Arc::clone(&stop), tls.cloned(), Arc::clone(handler), Arc::clone(kept));
        std::thread::spawn(move || accept(&listener, &stop, tls.as_ref(), &handler, &kept))
    });
    Running { threads: threads.collect(), stop }
}

fn accept(
    listener: &TcpListener,
    stop: &Arc<AtomicBool>,
    tls: Option<&Arc<ServerConfig>>,
    handler: &Handler,
    kept: &Arc<Kept>,
) {
    for connection in listener.incoming() {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let Ok(connection) = connection else { continue };
        let (stop, tls, handler, kept) = (Arc::clone(stop), tls.cloned(), Arc::clone(handler), Arc::clone(kept));
        std::thread::spawn(move || converse(connection, &stop, tls, &handler, &kept));
    }
}

/// One connection. Whatever the client does wrong ends it; the tests see the client's side.
fn converse(connection: TcpStream, stop: &AtomicBool, tls: Option<Arc<ServerConfig>>, handler: &Handler, kept: &Kept) {
    let _ = connection.set_nodelay(true);
    let _ = connection.set_read_timeout(Some(Duration::from_secs(60)));
    let _ = connection.set_write_timeout(Some(Duration::from_secs(60)));
    let Ok(control) = connection.try_clone() else { return };
    let result = match tls {
        Some(config) => match ServerConnection::new(config) {
            Ok(session) => talk(&mut StreamOwned::new(session, connection), &control, stop, handler, kept),
            Err(_) => return,
        },
        None => talk(&mut { connection }, &control, stop, handler, kept),
    };
    if result.is_ok() {
        linger(&control);
    }
    let _ = control.shutdown(Shutdown::Both);
}

fn talk(
    stream: &mut (impl std::io::Read + std::io::Write),
    control: &TcpStream,
    stop: &AtomicBool,
    handler: &Handler,
    kept: &Kept,
) -> std::io::Result<()> {
    let mut first = true;
    loop {
        let request = match wire::read_request(stream) {
            Ok(request) => request,
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                return wire::write_response(stream, &Response::text(400, &error.to_string()), None);
            }
            Err(error) => return Err(error),
        };
        let keep = kept.on.load(Ordering::SeqCst);
        if std::mem::take(&mut first) && keep {
            kept.agents.lock().unwrap().push(request.header("user-agent").unwrap_or_default().to_owned());
        }
        match handler(&request) {
            Reply::Answer(response) if keep && request.method != "HEAD" => wire::write_kept(stream, &response)?,
            reply => return act(stream, control, stop, &request, reply),
        }
    }
}

fn act(
    stream: &mut (impl std::io::Read + std::io::Write),
    control: &TcpStream,
    stop: &AtomicBool,
    request: &Request,
    reply: Reply,
) -> std::io::Result<()> {
    match reply {
        Reply::Answer(mut response) => {
            if request.method == "HEAD" {
                response.body.clear();
            }
            wire::write_response(stream, &response, None)
        }
        Reply::Later(delay, reply) => {
            wait(control, stop, delay)?;
            act(stream, control, stop, request, *reply)
        }
        Reply::Drop => Err(std::io::ErrorKind::ConnectionAborted.into()),
        Reply::Hang => wait(control, stop, Duration::from_secs(600)),
        Reply::Truncated(response) => wire::write_response(stream, &response, Some(response.body.len() / 2)),
        Reply::Endless(response) => wire::write_endless(stream, &response),
    }
}

/// Waits, but not longer than the client does.
fn wait(control: &TcpStream, stop: &AtomicBool, delay: Duration) -> std::io::Result<()> {
    let step = Duration::from_millis(20);
    let mut waited = Duration::ZERO;
    control.set_read_timeout(Some(step))?;
    while waited < delay && !stop.load(Ordering::SeqCst) {
        match control.peek(&mut [0]) {
            Ok(0) => return Err(std::io::ErrorKind::ConnectionAborted.into()),
            Ok(_) => std::thread::sleep(step),
            Err(_) => {}
        }
        waited += step;
    }
    control.set_read_timeout(Some(Duration::from_secs(60)))
}

/// Lets the client read the answer before the port is closed: unread input would turn that into a reset.
fn linger(control: &TcpStream) {
    let _ = control.shutdown(Shutdown::Write);
    let _ = control.set_read_timeout(Some(Duration::from_millis(500)));
    let mut rest = [0; 4096];
    for _ in 0..1000 {
        if !matches!(std::io::Read::read(&mut &*control, &mut rest), Ok(count) if count > 0) {
            return;
        }
    }
}
