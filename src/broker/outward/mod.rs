//! Calls to other servers: one client, no redirects, bodies cut at 1 MiB, time limits.

mod managed_identity;
pub mod oauth;

pub use managed_identity::Token;

use crate::basis::secret::SecretBytes;
use crate::basis::url::WebUrl;
use crate::net::client::{headers, roots, trouble};
use crate::net::{LARGEST_BODY, NetError, Reply};
use reqwest::{Client, ClientBuilder, Response};
use std::path::Path;
use std::time::Duration;

/// One call. Header values and body may hold secrets: `Debug` shows method and place.
pub struct Call {
    pub method: Method,
    pub url: String,
    pub headers: Vec<(&'static str, SecretBytes)>,
    /// Content type and bytes.
    pub body: Option<(&'static str, SecretBytes)>,
    /// Plain http is allowed to 169.254.0.0/16, which never leaves this machine's own network: the metadata service.
    pub link_local: bool,
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
    /// Through the proxies of the environment.
    proxied: Client,
    /// To this machine and its own network.
    direct: Client,
    /// Where the cloud's metadata service is.
    metadata: String,
}

impl Outward {
    /// `ca_file` is added to the system's roots; the proxies of the system hold, but for this machine itself.
    pub fn new(ca_file: Option<&Path>) -> Result<Self, NetError> {
        let roots = ca_file.map(roots::of_file).transpose()?.unwrap_or_default();
        let build = |builder: ClientBuilder| {
            let built = builder.tls_certs_merge(roots.clone()).build();
            built.map_err(|error| NetError::Trust { why: trouble::last_cause(&error) })
        };
        let (proxied, direct) = (build(plain_builder())?, build(plain_builder().no_proxy())?);
        Ok(Self { proxied, direct, metadata: METADATA.to_owned() })
    }

    /// The same client, with the metadata service at `base` (`AZURE_POD_IDENTITY_AUTHORITY_HOST`, `facts/entra.md`
    /// 6.2) instead of 169.254.169.254.
    #[must_use]
    pub fn with_metadata_at(self, base: &str) -> Self {
        Self { metadata: base.trim_end_matches('/').to_owned(), ..self }
    }

    /// The reply, whatever its status; an error only where there was no usable reply.
    pub async fn send(&self, call: Call) -> Result<Reply, NetError> {
        let client = self.client_for(&call)?;
        let content_type = call.body.as_ref().map(|(content_type, _)| *content_type);
        let headers = headers::of_call(call.place(), content_type, &call.headers)?;
        let mut request = client.request(call.method.into(), call.url.as_str()).headers(headers);
        if let Some((_, body)) = &call.body {
            request = request.body(body.expose().to_vec());
        }
        let response = request.send().await.map_err(|error| trouble::sorted(call.place(), TOTAL, &error))?;
        reply(call.place(), response).await
    }

    /// https anywhere, http where it stays on this machine.
    fn client_for(&self, call: &Call) -> Result<&Client, NetError> {
        if call.link_local && is_link_local(&call.url) {
            return Ok(&self.direct);
        }
        let bad = |why: String| NetError::Unreachable { place: call.place().into(), why };
        let place: WebUrl = call.place().parse().map_err(|error: crate::basis::url::BadUrl| bad(error.to_string()))?;
        Ok(if place.is_loopback() { &self.direct } else { &self.proxied })
    }
}

async fn reply(place: &str, mut response: Response) -> Result<Reply, NetError> {
    let status = response.status().as_u16();
    if status == 407 {
        return Err(NetError::Proxy { place: place.into(), why: "it asks for a password".into() });
    }
    let headers = headers::of_reply(response.headers());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| trouble::sorted(place, TOTAL, &error))? {
        if body.len() + chunk.len() > LARGEST_BODY {
            return Err(NetError::TooLarge { place: place.into() });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply { status, headers, body: SecretBytes::new(body) })
}

fn plain_builder() -> ClientBuilder {
    // Whoever came first has installed the same provider.
    _ = rustls::crypto::ring::default_provider().install_default();
    ClientBuilder::new()
        .user_agent(concat!("bitbucket-sso-broker/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(CONNECT)
        .timeout(TOTAL)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(16)
}

fn is_link_local(url: &str) -> bool {
    let parsed = url::Url::parse(url);
    let bare = |url: &url::Url| url.scheme() == "http" && url.username().is_empty() && url.password().is_none();
    parsed.is_ok_and(|url| bare(&url) && matches!(url.host(), Some(url::Host::Ipv4(ip)) if ip.is_link_local()))
}

impl Call {
    /// `GET`.
    pub fn get(url: impl Into<String>) -> Self {
        Self { method: Method::Get, url: url.into(), headers: Vec::new(), body: None, link_local: false }
    }

    /// `POST` of a form.
    pub fn form<'a>(url: impl Into<String>, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let body = SecretBytes::new(form.finish().into_bytes());
        let body = Some(("application/x-www-form-urlencoded", body));
        Self { method: Method::Post, body, ..Self::get(url) }
    }

    /// A call with a JSON body.
    pub fn json(method: Method, url: impl Into<String>, body: &impl serde::Serialize) -> Self {
        let body = Some(("application/json", SecretBytes::json(body)));
        Self { method, body, ..Self::get(url) }
    }

    /// The same call with one more header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name, SecretBytes::new(value.into())));
        self
    }

    /// The same call, which may go in clear to a link-local address.
    #[must_use]
    pub fn to_link_local(self) -> Self {
        Self { link_local: true, ..self }
    }

    /// Scheme, host and path, for messages.
    pub fn place(&self) -> &str {
        self.url.split(['?', '#']).next().unwrap_or_default()
    }
}

impl From<Method> for reqwest::Method {
    fn from(method: Method) -> Self {
        match method {
            Method::Get => Self::GET,
            Method::Post => Self::POST,
            Method::Put => Self::PUT,
            Method::Delete => Self::DELETE,
        }
    }
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Call({:?} {})", self.method, self.place())
    }
}

const CONNECT: Duration = Duration::from_secs(5);
/// From the first byte sent to the last byte read.
const TOTAL: Duration = Duration::from_secs(20);
const IDLE: Duration = Duration::from_secs(60);
const METADATA: &str = "http://169.254.169.254";

#[cfg(test)]
mod tests;
