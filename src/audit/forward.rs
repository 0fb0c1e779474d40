//! Sends the head of the chain to the system's log, where the user cannot take it back.

use std::io;
use std::path::{Path, PathBuf};

/// Who listens, at which datagram socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// The format of RFC 3164 without a host name, as local programs send it.
    Syslog(PathBuf),
    /// journald's native protocol.
    Journald(PathBuf),
}

/// What is told about the newest line of the trail.
pub(super) struct Head<'a> {
    /// SHA-256 of the line.
    pub digest: &'a str,
    /// RFC 3339, UTC.
    pub time: &'a str,
    pub event: &'a str,
    pub outcome: &'a str,
    pub user: &'a str,
    pub host: &'a str,
    pub trail: &'a Path,
}

/// Sends one datagram; never waits.
pub(super) fn send(to: &Receiver, head: &Head<'_>) -> io::Result<()> {
    match to {
        Receiver::Syslog(path) => datagram(path, syslog(head).as_bytes()),
        Receiver::Journald(path) => datagram(path, journald(head).as_bytes()),
    }
}

#[cfg(unix)]
fn datagram(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let socket = std::os::unix::net::UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.send_to(bytes, path).map(drop)
}

#[cfg(not(unix))]
fn datagram(_: &Path, _: &[u8]) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no such log"))
}

/// Facility `authpriv`, severity `info`.
fn syslog(head: &Head<'_>) -> String {
    let number = |from: usize, to: usize| head.time.get(from..to).unwrap_or_default();
    let month =
        number(5, 7).parse::<usize>().ok().and_then(|month| MONTHS.get(month.checked_sub(1)?)).unwrap_or(&"Jan");
    let day = number(8, 10).trim_start_matches('0');
    format!("<86>{month} {day:>2} {} bitbucket-sso[{}]: {}", number(11, 19), std::process::id(), message(head))
}

/// `FIELD=value` lines; no value holds a line end.
fn journald(head: &Head<'_>) -> String {
    let trail = head.trail.to_string_lossy();
    let fields = [
        ("MESSAGE", message(head)),
        ("PRIORITY", "6".into()),
        ("SYSLOG_FACILITY", "10".into()),
        ("SYSLOG_IDENTIFIER", "bitbucket-sso".into()),
        ("BITBUCKET_SSO_HEAD", head.digest.into()),
        ("BITBUCKET_SSO_EVENT", head.event.into()),
        ("BITBUCKET_SSO_TRAIL", trail.into()),
    ];
    fields.iter().flat_map(|(name, value)| [name, "=", &*one_line(value), "\n"].map(str::to_owned)).collect()
}

fn message(head: &Head<'_>) -> String {
    let Head { digest, event, outcome, user, host, .. } = head;
    one_line(&format!("audit head={digest} event={event} outcome={outcome} user={user} host={host}"))
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[cfg(test)]
#[cfg(unix)]
mod tests;
