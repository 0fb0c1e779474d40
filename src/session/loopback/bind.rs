//! The listening sockets of a redirect URI.

use super::LoopbackError;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

/// One redirect URI that is listened for.
#[derive(Clone, Debug)]
pub(super) struct Door {
    /// With its real port, otherwise as registered.
    pub uri: String,
    /// The path a browser asks for.
    pub path: String,
    host: String,
    port: u16,
}

impl Door {
    /// Opens the sockets a URI needs, sharing those that are open already. A URI that leaves the port free gets
    /// `wanted`, if that is given.
    pub fn open(
        registered: &str,
        wanted: Option<u16>,
        listeners: &mut Vec<TcpListener>,
    ) -> Result<Self, LoopbackError> {
        let Address { host, port, rest } = read(registered)?;
        let port = match (port, wanted) {
            (Some(port), Some(wanted)) if port != wanted => return Err(LoopbackError::Fixed { port }),
            (Some(port), _) | (None, Some(port)) => {
                needed(host, port, listeners)?;
                port
            }
            (None, None) => free(host, listeners)?,
        };
        let path = if rest.is_empty() { "/" } else { rest };
        Ok(Self { uri: format!("http://{host}:{port}{rest}"), path: path.to_owned(), host: host.to_owned(), port })
    }

    /// Whether a `Host` header names this door: exactly, with the port (which browsers leave out if it is 80).
    pub fn is_host(&self, header: &str) -> bool {
        header == format!("{}:{}", self.host, self.port) || (self.port == 80 && header == self.host)
    }
}

struct Address<'a> {
    host: &'a str,
    port: Option<u16>,
    /// Everything after the authority, as registered: empty, or starting with `/`.
    rest: &'a str,
}

fn read(registered: &str) -> Result<Address<'_>, LoopbackError> {
    let bad = || LoopbackError::BadUri(crate::basis::text::clean(registered));
    let after = registered.strip_prefix("http://").ok_or_else(bad)?;
    let (authority, rest) = after.split_at(after.find('/').unwrap_or(after.len()));
    let host = HOSTS.into_iter().find(|host| authority.starts_with(host)).ok_or_else(bad)?;
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '\\');
    if !rest.chars().all(plain) {
        return Err(bad());
    }
    let port = match authority.strip_prefix(host) {
        Some("") => None,
        Some(port) => Some(port.strip_prefix(':').and_then(|port| port.parse().ok()).ok_or_else(bad)?),
        None => return Err(bad()),
    };
    Ok(Address { host, port: port.filter(|port| *port != 0), rest })
}

/// Takes a port that all addresses of the host have: an open one, else a new one.
fn free(host: &str, listeners: &mut Vec<TcpListener>) -> Result<u16, LoopbackError> {
    let open = listeners.iter().filter_map(|listener| listener.local_addr().ok()).map(|address| address.port());
    for port in open.collect::<Vec<_>>() {
        if needed(host, port, listeners).is_ok() {
            return Ok(port);
        }
    }
    for _ in 0..TRIES {
        let first = listen(SocketAddr::new(addresses(host)[0], 0)).map_err(|error| broken(&error))?;
        let port = first.local_addr().map_err(|error| broken(&error))?.port();
        let mut all = vec![first];
        match needed(host, port, &mut all) {
            Ok(()) => {
                listeners.append(&mut all);
                return Ok(port);
            }
            Err(LoopbackError::Taken { .. }) => {}
            Err(other) => return Err(other),
        }
    }
    Err(LoopbackError::Broken("no port is free on both 127.0.0.1 and ::1".into()))
}

/// Listens on every address of the host that is not listened on yet. A machine without IPv6 does without `::1`.
fn needed(host: &str, port: u16, listeners: &mut Vec<TcpListener>) -> Result<(), LoopbackError> {
    let mut new = Vec::new();
    for (n, ip) in addresses(host).iter().enumerate() {
        let address = SocketAddr::new(*ip, port);
        if listeners.iter().any(|open| open.local_addr().is_ok_and(|open| open == address)) {
            continue;
        }
        match listen(address) {
            Ok(listener) => new.push(listener),
            Err(error) if error.kind() == ErrorKind::AddrInUse => return Err(LoopbackError::Taken { port }),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => return Err(broken(&error)),
            Err(_) if n > 0 => {}
            Err(error) => return Err(broken(&error)),
        }
    }
    listeners.append(&mut new);
    Ok(())
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn addresses(host: &str) -> &'static [IpAddr] {
    match host {
        "localhost" => &[IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)],
        "[::1]" => &[IpAddr::V6(Ipv6Addr::LOCALHOST)],
        _ => &[IpAddr::V4(Ipv4Addr::LOCALHOST)],
    }
}

fn broken(error: &std::io::Error) -> LoopbackError {
    LoopbackError::Broken(error.to_string())
}

const HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];
const TRIES: usize = 16;
