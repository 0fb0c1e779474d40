//! What git asks: a verb and a few lines (gitcredentials(7), git-credential(1) "INPUT/OUTPUT FORMAT").

use crate::basis::secret::{GitToken, SecretBytes};
use crate::git::location;
use std::collections::BTreeSet;
use std::io::Read;

/// The operation, git's one argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Get,
    Store,
    Erase,
    Capability,
    /// Of a later git: to be met with silence and success.
    Other,
}

impl Verb {
    /// Never fails: what is not known is [`Verb::Other`].
    pub fn named(name: &str) -> Self {
        match name {
            "get" => Self::Get,
            "store" => Self::Store,
            "erase" => Self::Erase,
            "capability" => Self::Capability,
            _ => Self::Other,
        }
    }
}

/// One request. `protocol` and `host` are as sent; text that is not UTF-8 holds U+FFFD.
#[derive(Clone, Debug)]
pub struct Request {
    pub protocol: String,
    /// Host name, with `:port` where the URL has one. Empty only for protocols without hosts: git asks for the
    /// password of a client certificate as `cert` with a blank host.
    pub host: String,
    /// Without a leading slash; sent only with `credential.useHttpPath`.
    pub path: Option<String>,
    pub username: Option<String>,
    /// In `store` and `erase`: what git used.
    pub password: Option<GitToken>,
    /// In `store` and `erase`: what git used after a pre-encoded answer.
    pub credential: Option<GitToken>,
    pub capabilities: Capabilities,
}

/// What the caller understands beyond user name and password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    pub authtype: bool,
    pub state: bool,
}

/// The request is not to be answered. No variant holds a value, which may be a secret.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// Standard input broke.
    #[error("git's request cannot be read")]
    Unreadable(#[from] std::io::Error),
    /// More than [`LARGEST_INPUT`].
    #[error("git's request is larger than 1 MiB")]
    TooLarge,
    /// A line of more than [`LONGEST_LINE`].
    #[error("line {line} of git's request is longer than 64 KiB")]
    LongLine { line: usize },
    /// NUL, or CR anywhere but before the line's end.
    #[error("line {line} of git's request holds a NUL or a carriage return")]
    ControlByte { line: usize },
    /// No `=`.
    #[error("line {line} of git's request has no `=`")]
    NoValue { line: usize },
    /// A key that does not end in `[]` came twice, or `url` beside its own parts.
    #[error("line {line} of git's request names a key again")]
    Duplicate { line: usize },
    /// `url` is none.
    #[error("line {line} of git's request is no URL")]
    BadUrl { line: usize },
    /// `protocol` is missing or empty, or `host` is, of a protocol that has one.
    #[error("git's request names no {0}")]
    Blank(&'static str),
}

/// DESIGN.md section 6 rule 1.
pub const LARGEST_INPUT: usize = 1 << 20;
/// DESIGN.md section 6 rule 1; without the line's end.
pub const LONGEST_LINE: usize = 64 << 10;

/// Reads one request up to its blank line or the end of the stream; never more than [`LARGEST_INPUT`].
pub fn read(stdin: &mut dyn Read) -> Result<Request, RequestError> {
    let mut input = vec![0; FIRST_READ];
    let mut filled = 0;
    while !ended(&input[..filled]) {
        if filled > LARGEST_INPUT {
            return Err(RequestError::TooLarge);
        }
        if filled == input.len() {
            input = grown(input);
        }
        match stdin.read(&mut input[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    let input = SecretBytes::new(input);
    parse(input.expose().get(..filled).unwrap_or_default())
}

/// Understands one request; everything after a blank line is not part of it.
pub fn parse(input: &[u8]) -> Result<Request, RequestError> {
    if input.len() > LARGEST_INPUT {
        return Err(RequestError::TooLarge);
    }
    let mut parts = Parts::default();
    let mut seen = BTreeSet::new();
    for (index, line) in input.split(|byte| *byte == b'\n').enumerate() {
        let line = checked(line, index + 1)?;
        if line.is_empty() {
            break;
        }
        let at = line.iter().position(|byte| *byte == b'=').ok_or(RequestError::NoValue { line: index + 1 })?;
        let (key, value) = (&line[..at], &line[at + 1..]);
        if !key.ends_with(b"[]") && !seen.insert(key) {
            return Err(RequestError::Duplicate { line: index + 1 });
        }
        parts.take(key, value, index + 1)?;
    }
    parts.request()
}

/// What the lines have said so far.
#[derive(Default)]
struct Parts {
    protocol: Option<String>,
    host: Option<String>,
    path: Option<String>,
    username: Option<String>,
    password: Option<GitToken>,
    credential: Option<GitToken>,
    capabilities: Capabilities,
}

impl Parts {
    fn take(&mut self, key: &[u8], value: &[u8], line: usize) -> Result<(), RequestError> {
        match key {
            b"protocol" => once(&mut self.protocol, text(value), line),
            b"host" => once(&mut self.host, text(value), line),
            b"path" => once(&mut self.path, text(value), line),
            b"username" => once(&mut self.username, text(value), line),
            b"password" => once(&mut self.password, GitToken::new(text(value)), line),
            b"credential" => once(&mut self.credential, GitToken::new(text(value)), line),
            b"url" => self.take_url(value, line),
            b"capability[]" => {
                self.capability(value);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn take_url(&mut self, value: &[u8], line: usize) -> Result<(), RequestError> {
        let url = location::parse(value).ok_or(RequestError::BadUrl { line })?;
        let location::Location { protocol, host, path, username, password } = url;
        once(&mut self.protocol, protocol, line)?;
        once(&mut self.host, host, line)?;
        path.map_or(Ok(()), |path| once(&mut self.path, path, line))?;
        username.map_or(Ok(()), |username| once(&mut self.username, username, line))?;
        password.map_or(Ok(()), |password| once(&mut self.password, password, line))
    }

    fn capability(&mut self, value: &[u8]) {
        match value {
            b"" => self.capabilities = Capabilities::default(),
            b"authtype" => self.capabilities.authtype = true,
            b"state" => self.capabilities.state = true,
            _ => {}
        }
    }

    fn request(self) -> Result<Request, RequestError> {
        let Self { protocol, host, path, username, password, credential, capabilities } = self;
        let protocol = protocol.filter(|text| !text.is_empty()).ok_or(RequestError::Blank("protocol"))?;
        let host = host.unwrap_or_default();
        let has_hosts = ["https", "http"].iter().any(|web| protocol.eq_ignore_ascii_case(web));
        if host.is_empty() && has_hosts {
            return Err(RequestError::Blank("host"));
        }
        Ok(Request { protocol, host, path, username, password, credential, capabilities })
    }
}

fn once<T>(slot: &mut Option<T>, value: T, line: usize) -> Result<(), RequestError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(RequestError::Duplicate { line }),
    }
}

fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

/// The line without the one CR that may stand before its end.
fn checked(line: &[u8], number: usize) -> Result<&[u8], RequestError> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() > LONGEST_LINE {
        return Err(RequestError::LongLine { line: number });
    }
    if line.iter().any(|byte| matches!(byte, 0 | b'\r')) {
        return Err(RequestError::ControlByte { line: number });
    }
    Ok(line)
}

/// Whether a blank line has come: some callers wait for the answer before they close the pipe.
fn ended(input: &[u8]) -> bool {
    let blank = |tail: &[u8]| input.ends_with(tail) || input.windows(tail.len()).any(|window| window == tail);
    input.first() == Some(&b'\n') || input.starts_with(b"\r\n") || blank(b"\n\n") || blank(b"\n\r\n")
}

/// A larger buffer with the same content; the smaller one is wiped.
fn grown(small: Vec<u8>) -> Vec<u8> {
    let mut large = vec![0; small.len() * 4];
    large[..small.len()].copy_from_slice(&small);
    drop(SecretBytes::new(small));
    large
}

/// Git's requests have a few hundred bytes, and all of the buffer is wiped. Where standard input has a buffer of its
/// own, a smaller read would leave a copy there.
const FIRST_READ: usize = if cfg!(unix) { 1 << 10 } else { 8 << 10 };

#[cfg(test)]
mod tests;
