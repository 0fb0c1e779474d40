//! The network's door: one call, one reply. Behind it: the client (built on first use) and retries.

pub mod client;
pub mod retry;

use crate::basis::secret::SecretBytes;
use std::time::Duration;

/// Sends one HTTP call. Redirects are never followed, bodies are cut at [`LARGEST_BODY`].
pub trait Http {
    /// The reply, whatever its status; an error only where there was no usable reply.
    fn send(&self, call: &Call) -> Result<Reply, NetError>;
}

/// Bodies over 1 MiB are refused (DESIGN.md section 8).
pub const LARGEST_BODY: usize = 1 << 20;

/// One request. Header values and form values may hold secrets, so `Debug` shows only method and place.
pub struct Call {
    pub method: Method,
    /// Absolute URL, https or loopback http; its query holds no secret.
    pub url: String,
    pub headers: Vec<(&'static str, SecretBytes)>,
    /// Sent as `application/x-www-form-urlencoded`.
    pub form: Option<SecretBytes>,
    /// Whether the same call may be sent again when no answer came: never where the token in it may end with the first.
    pub repeatable: bool,
    pub way: Way,
}

/// How a call finds its peer, and by what it knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// Through the proxies that are set, to a peer that a trusted authority vouches for.
    #[default]
    Usual,
    /// To a service of the platform this machine runs on, past every proxy. Plain http is allowed to loopback,
    /// link-local and private addresses, which it does not leave. At most ten seconds, two of them to connect.
    Local,
    /// As [`Way::Local`], over TLS, to the peer whose certificate has this SHA-1 digest, whoever issued it.
    Pinned([u8; 20]),
    /// Past every proxy, over TLS, to a peer that only this authority vouches for.
    Anchored(Box<Anchor>),
}

/// Whom to trust instead of the system's authorities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Certificates, PEM.
    pub roots: Vec<u8>,
    /// The name that the peer's certificate must have, where it is not the host's.
    pub name: Option<String>,
}

/// The methods in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
}

impl Call {
    /// A GET, which may be repeated.
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            method: Method::Get,
            url: url.into(),
            headers: Vec::new(),
            form: None,
            repeatable: true,
            way: Way::Usual,
        }
    }

    /// A POST of form fields, sent once.
    pub fn post<'a>(url: impl Into<String>, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let form = Some(SecretBytes::new(form.finish().into_bytes()));
        Self { method: Method::Post, url: url.into(), headers: Vec::new(), form, repeatable: false, way: Way::Usual }
    }

    /// The same call with one more header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name, SecretBytes::new(value.into())));
        self
    }

    /// The same call by another way; it is sent once.
    #[must_use]
    pub fn by(self, way: Way) -> Self {
        Self { way, repeatable: false, ..self }
    }

    /// Scheme, host and path, for messages.
    pub fn place(&self) -> &str {
        self.url.split(['?', '#']).next().unwrap_or_default()
    }
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Call({:?} {})", self.method, self.place())
    }
}

/// One reply. The body may hold tokens.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    /// Names lower-case.
    pub headers: Vec<(String, String)>,
    pub body: SecretBytes,
}

impl Reply {
    /// The first header of that (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// `Retry-After` in seconds, at most an hour; dates are not understood and count as absent.
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds: u64 = self.header("retry-after")?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds.min(3600)))
    }
}

/// What is wrong with a certificate, named for who can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Its issuer is not trusted here.
    Issuer,
    /// It is over, or has not begun, by this machine's clock.
    Dates,
    /// It is for another name.
    Name,
    /// It is not the one that was announced.
    Pin,
    /// Something else; also a handshake that failed.
    Other,
}

/// Why there was no reply. Each names the place (scheme, host, path), never a query or a body.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// Name resolution, connection, or the connection broke before the answer was complete.
    #[error("{place} cannot be reached: {why}")]
    Unreachable { place: String, why: String },
    /// The proxy refused or could not connect.
    #[error("the proxy did not let us through to {place}: {why}")]
    Proxy { place: String, why: String },
    /// The certificate is not trusted, not valid now, or for another name.
    #[error("the TLS certificate of {place} is not accepted: {why}")]
    Tls { place: String, why: String, flaw: Flaw },
    /// No answer in time.
    #[error("{place} did not answer within {} seconds", .after.as_secs())]
    TimedOut { place: String, after: Duration },
    /// More than [`LARGEST_BODY`].
    #[error("the answer of {place} is larger than 1 MiB")]
    TooLarge { place: String },
    /// `ca_file` cannot be read, or the system has no certificates.
    #[error("the certificates to trust cannot be loaded: {why}")]
    Trust { why: String },
}
