//! Connections: no more than are allowed, none that dawdles, and at the end a time of grace.

use crate::broker::desk::Desk;
use crate::broker::serve::routes;
use crate::broker::serve::stall::Impatient;
use crate::broker::serve::tls::Tls;
use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::timeout;

/// Everything that connections have in common.
pub struct Server {
    desk: Arc<Desk>,
    tls: Option<Arc<Tls>>,
    /// Held by every running request; closed when all have ended.
    working: mpsc::Sender<()>,
    idle: mpsc::Receiver<()>,
}

/// Who is at the other end of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

impl Server {
    pub fn new(desk: Arc<Desk>, tls: Option<Tls>) -> Self {
        let (working, idle) = mpsc::channel(1);
        Self { desk, tls: tls.map(Arc::new), working, idle }
    }

    /// Serves until `stop` says so, and as long afterwards as running requests take within the time of grace.
    pub async fn run(self, listener: TcpListener, mut stop: watch::Receiver<bool>) {
        let Self { desk, tls, working, mut idle } = self;
        let limits = desk.settings.limits.clone();
        let router = routes::router(desk.clone(), tls.clone(), working);
        let slots = Arc::new(Semaphore::new(limits.connections));
        let graceful = GracefulShutdown::new();
        let told = async move { _ = stop.wait_for(|stop| *stop).await };
        tokio::pin!(told);
        loop {
            // Whoever finds all slots taken waits in the kernel's queue.
            let accepted = async {
                let slot = slots.clone().acquire_owned().await;
                (slot, listener.accept().await)
            };
            let (slot, accepted) = tokio::select! {
                () = &mut told => break,
                accepted = accepted => accepted,
            };
            let (Ok(slot), Some((stream, peer))) = (slot, taken(accepted).await) else { continue };
            let connection = Connection {
                service: ToRouter { router: TowerToHyperService::new(router.clone()), peer: Peer(peer.ip()) },
                header_timeout: limits.header_timeout,
                patience: limits.request_timeout,
                watcher: graceful.watcher(),
                _slot: slot,
            };
            tokio::spawn(connection.serve(stream, tls.clone()));
        }
        drop((listener, router));
        // What does not end in time is cut off; a request that runs on behalf of nobody any more counts as running.
        let done = async {
            graceful.shutdown().await;
            _ = idle.recv().await;
        };
        _ = timeout(limits.grace, done).await;
        desk.close().await;
    }
}

/// No file handles, say: others end, so it gets better.
async fn taken(accepted: io::Result<(TcpStream, SocketAddr)>) -> Option<(TcpStream, SocketAddr)> {
    if accepted.is_err() {
        tokio::time::sleep(BREATH).await;
    }
    accepted.ok()
}

struct Connection {
    service: ToRouter,
    header_timeout: Duration,
    /// With a reader that reads nothing.
    patience: Duration,
    watcher: Watcher,
    _slot: OwnedSemaphorePermit,
}

impl Connection {
    async fn serve(self, stream: TcpStream, tls: Option<Arc<Tls>>) {
        _ = stream.set_nodelay(true);
        let Some(tls) = tls else { return self.speak(stream).await };
        // Whoever does not come to an end of the handshake is let go without a word.
        if let Ok(Ok(stream)) = timeout(self.header_timeout, tls.acceptor().accept(stream)).await {
            self.speak(stream).await;
        }
    }

    async fn speak<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S) {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(self.header_timeout)
            .max_headers(MOST_HEADERS)
            .max_header_size(LARGEST_HEAD)
            .max_buf_size(2 * LARGEST_HEAD);
        let connection = http.serve_connection(TokioIo::new(Impatient::new(stream, self.patience)), self.service);
        // A connection that breaks has nobody left to tell.
        _ = self.watcher.watch(connection).await;
    }
}

/// The router, told who is asking.
struct ToRouter {
    router: TowerToHyperService<Router>,
    peer: Peer,
}

impl Service<Request<Incoming>> for ToRouter {
    type Response = axum::response::Response;
    type Error = std::convert::Infallible;
    type Future = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        self.router.call(request)
    }
}

/// Request line and all headers, in bytes; a subject token in a header has 3 KiB.
const LARGEST_HEAD: usize = 32 << 10;
const MOST_HEADERS: usize = 64;
const BREATH: Duration = Duration::from_millis(50);
