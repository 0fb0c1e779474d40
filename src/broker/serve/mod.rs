//! The broker on the network: connections, bounds, routes.

mod answers;
mod bounds;
mod connect;
mod credentials;
mod documents;
mod explain;
mod form;

mod health;
mod listen;
mod oauth;
mod routes;
#[cfg(test)]
pub mod samples;
mod signals;
mod stall;
mod tls;

use crate::basis::clock::Clock;
use crate::broker::desk::{Desk, OpenError};
use crate::broker::settings::Settings;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// A broker that runs on threads of its own. Dropping it stops it without waiting.
pub struct Running {
    /// Where it listens; the port is the real one.
    pub address: SocketAddr,
    /// The desk behind it.
    pub desk: Arc<Desk>,
    stop: watch::Sender<bool>,
    runtime: tokio::runtime::Handle,
    thread: JoinHandle<()>,
}

/// Why the broker does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not ours.
    #[error("cannot listen on {address}: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    /// The certificate or its key.
    #[error("TLS: {0}")]
    Tls(#[from] tls::TlsError),
    /// Policy, store, keys or trail.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The machine gives no threads.
    #[error("cannot start threads: {0}")]
    Threads(io::Error),
}

/// Opens everything and listens; returns once callers can connect.
pub fn start(settings: Settings, clock: Arc<dyn Clock>) -> Result<Running, StartError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("broker").build();
    let runtime = runtime.map_err(StartError::Threads)?;
    let (stop, stopped) = watch::channel(false);
    let address = settings.listen;
    let opened = runtime.block_on(async {
        let tls = tls::Tls::of(&settings.front)?;
        let desk = Desk::open(settings, clock).await?;
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|source| StartError::Listen { address, source })?;
        let address = listener.local_addr().map_err(StartError::Threads)?;
        Ok::<_, StartError>((tls, Arc::new(desk), listener, address))
    });
    let (tls, desk, listener, address) = opened?;
    let handle = runtime.handle().clone();
    let (own, server) = (stop.subscribe(), listen::Server::new(desk.clone(), tls));
    drop(stopped);
    let thread = std::thread::Builder::new().name("broker".into()).spawn(move || {
        runtime.block_on(server.run(listener, own));
        // What is still running has had its time.
        runtime.shutdown_timeout(LAST_MOMENT);
    });
    Ok(Running { address, desk, stop, runtime: handle, thread: thread.map_err(StartError::Threads)? })
}

impl Running {
    /// Takes no further connections, lets running requests end within the time of grace, and returns when all is done.
    pub fn stop(self) {
        _ = self.stop.send(true);
        self.wait();
    }

    /// Tells it to stop; [`Running::wait`] waits for it.
    pub fn tell_to_stop(&self) {
        _ = self.stop.send(true);
    }

    /// From now on SIGTERM and SIGINT stop it, within the time of grace.
    pub fn stop_on_signals(&self) {
        let stop = self.stop.clone();
        self.runtime.spawn(async move {
            signals::told().await;
            _ = stop.send(true);
        });
    }

    /// Waits until somebody has told it to stop and it has.
    pub fn wait(self) {
        // A panic of the thread has been reported by the panic hook.
        _ = self.thread.join();
    }
}

/// For tasks that ignore the end.
const LAST_MOMENT: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
