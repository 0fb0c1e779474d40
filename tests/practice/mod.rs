//! Practice servers: an Entra tenant, Bitbucket Cloud and Data Center, a token broker and an identity-aware
//! proxy, all with state, all on the loopback behind TLS with a certificate authority of their own.
//!
//! They follow `facts/` as far as a client can see, and refuse what the real servers refuse. Used by the
//! integration tests (`tests/it.rs`) and by the demonstration (`tests/demo/main.rs`), so nothing here knows
//! the product.

#![allow(dead_code, unused_imports, reason = "each of the programs that include this tree uses a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a practice server that breaks must break the test")]
#![allow(clippy::disallowed_methods, reason = "the emulators are the world that the product is handed")]
#![allow(clippy::missing_panics_doc, clippy::format_push_string, clippy::format_collect, clippy::similar_names)]
#![allow(clippy::struct_excessive_bools, clippy::struct_field_names, reason = "switches and wire names")]

pub mod bitbucket;
pub mod broker;
pub mod browser;
pub mod cast;
pub mod client;
pub mod clock;
pub mod codec;
pub mod config;
pub mod entra;
pub mod git;
pub mod http;
pub mod issuers;
pub mod journal;
pub mod jwt;
pub mod key_vault;
pub mod platform;
pub mod proxy;
pub mod site;
pub mod tls;
pub mod weather;

use bitbucket::{Cloud, DataCenter};
use broker::Broker;
use clock::Clock;
pub use config::Source;
use entra::Entra;
use git::Repos;
use http::Server;
use journal::Journal;
use proxy::Proxy;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tls::{Authority, Leaf};

/// What can be chosen at the start; everything else can be changed while it runs.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Seconds since 1970 at which the clock stands still. The real time by default.
    pub clock: Option<i64>,
    /// Data Center's redirect URI; by default a free loopback port.
    pub redirect_uri: Option<String>,
    /// Data Center's context path, `/bitbucket` by default.
    pub context: Option<String>,
}

/// All servers, running until dropped.
pub struct Practice {
    pub clock: Arc<Clock>,
    pub journal: Arc<Journal>,
    pub entra: Entra,
    pub cloud: Cloud,
    pub data_center: DataCenter,
    pub broker: Broker,
    pub proxy: Proxy,
    /// Holds `acme/app` at the start.
    pub repos: Repos,
    authority: Authority,
    dir: tempfile::TempDir,
}

impl Practice {
    /// Starts everything on free ports.
    pub fn start(options: &Options) -> Self {
        let dir = tempfile::Builder::new().prefix("practice").tempdir().unwrap();
        let authority = Authority::new(dir.path());
        let clock = Arc::new(Clock::default());
        if let Some(seconds) = options.clock {
            clock.stop_at(seconds);
        }
        let journal = Arc::new(Journal::default());
        let entra = Entra::start(&authority, |base| cast::tenant(base, &clock, &journal));
        let repos = Repos::new(dir.path(), authority.file());
        repos.create("acme", "app");
        let world = (&clock, &journal);
        let cloud = Cloud::start(&authority, &repos, cast::accounts(), &clock, &journal);
        let redirect = options.redirect_uri.clone().unwrap_or_else(free_redirect);
        let context = options.context.as_deref().unwrap_or("/bitbucket");
        let data_center = DataCenter::start(&authority, &repos, cast::accounts(), world, (context, redirect));
        let broker = Broker::start(&authority, &entra, (&cloud, &data_center), world);
        let proxy = Proxy::start(&authority, &repos, &entra, &journal);
        Self { clock, journal, entra, cloud, data_center, broker, proxy, repos, authority, dir }
    }

    /// The certificate authority, PEM.
    pub fn ca(&self) -> &Path {
        self.authority.file()
    }

    /// A directory that goes away with the practice.
    pub fn dir(&self) -> PathBuf {
        self.dir.path().to_owned()
    }

    /// The tenant behind another door, whose certificate is wrong in one way.
    pub fn bad_door(&self, leaf: Leaf) -> Server {
        http::Door::new().serve(Some(self.authority.server(leaf, &[])), self.entra.server.handler())
    }

    /// One more server whose certificate is good.
    pub fn serve(&self, door: http::Door, handler: http::Handler) -> Server {
        door.serve(Some(self.authority.server(Leaf::Good, &[])), handler)
    }

    /// Certificate and key of a server that is not ours, in PEM files.
    pub fn certificate(&self, dir: &Path) -> (PathBuf, PathBuf) {
        self.authority.files(dir)
    }

    /// A client that trusts the practice.
    pub fn client(&self) -> client::Client {
        client::Client::new(self.ca())
    }
}

/// Writes a file that only we may read.
pub fn write_private(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

/// A fixed redirect URI.
fn free_redirect() -> String {
    format!("http://localhost:{}/callback", free_port())
}

/// A port that nobody listens on. It is below the range from which systems give ports away, and
/// it is reserved while this process lives, so that practices in parallel do not take each other's.
pub fn free_port() -> u16 {
    let range = 20_000..32_000;
    let from = range.start + std::process::id() % 600 * 20;
    let free = |port: &u32| {
        let port = u16::try_from(*port).unwrap();
        let taken =
            |address| TcpListener::bind((address, port)).is_err_and(|error| error.kind() == ErrorKind::AddrInUse);
        reserve(port) && !taken("127.0.0.1") && !taken("::1")
    };
    (from..range.end).chain(range.start..from).find(free).map(|port| u16::try_from(port).unwrap()).unwrap()
}

/// An abstract socket of that name: it is one process's, and goes with it.
#[cfg(target_os = "linux")]
fn reserve(port: u16) -> bool {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixListener};
    let name = SocketAddr::from_abstract_name(format!("bitbucket-sso-practice-{port}")).unwrap();
    UnixListener::bind_addr(&name).map(std::mem::forget).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn reserve(_: u16) -> bool {
    true
}
