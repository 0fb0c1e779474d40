//! The one client of this program: reqwest over rustls, built when the first call is sent.

pub mod headers;
mod pin;
pub mod roots;
pub mod trouble;
mod ways;

use crate::basis::secret::SecretBytes;
use crate::basis::url::WebUrl;
use crate::config::settings::Network;
use crate::net::{Call, Flaw, Http, LARGEST_BODY, Method, NetError, Reply, Way};
use reqwest::blocking::{Client as Reqwest, ClientBuilder, Response};
use reqwest::header::HeaderMap;
use std::error::Error;
use std::io::Read;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

/// Sends calls over TLS that is always verified. Making one costs nothing; the first call builds what it needs
/// (1 to 4 ms, docs/performance.md).
pub struct Client {
    network: Network,
    from_git: FromGit,
    /// `SSL_CERT_FILE`, where it is for us to read.
    only_roots: Option<PathBuf>,
    bundle: Option<PathBuf>,
    /// They trust what the bundle holds.
    quick: Routes,
    /// They trust everything that this machine does.
    full: Routes,
}

/// To other machines, and to this one.
#[derive(Default)]
struct Routes {
    proxied: OnceLock<Reqwest>,
    direct: OnceLock<Reqwest>,
}

/// What git was told about the network outside of any repository.
#[derive(Clone, Debug, Default)]
pub struct FromGit {
    /// `http.proxy`; it goes before the proxies of the system, as in git.
    pub proxy: Option<String>,
    /// `http.sslCAInfo`; added to the roots.
    pub ca_file: Option<PathBuf>,
}

/// A client for the settings. `HTTPS_PROXY`, `NO_PROXY` and the system's proxies hold, except for this
/// machine itself: plain http is allowed to loopback addresses because it never leaves the machine.
pub fn client(network: &Network) -> Client {
    let (from_git, quick, full) = (FromGit::default(), Routes::default(), Routes::default());
    Client { network: network.clone(), from_git, only_roots: None, bundle: None, quick, full }
}

impl Client {
    /// The same client with what git was told.
    #[must_use]
    pub fn told_by_git(self, from_git: FromGit) -> Self {
        Self { from_git, ..self }
    }

    /// The same client with `SSL_CERT_FILE`: its certificates take the place of the system's roots, as with OpenSSL.
    /// Only where the system itself verifies (Windows, macOS); elsewhere the TLS library reads the variable.
    #[must_use]
    pub fn with_only_roots(self, only_roots: Option<PathBuf>) -> Self {
        Self { only_roots, ..self }
    }

    /// The same client, which looks for an authority in this file first ([`roots::bundle`]), and in all places of
    /// this machine where that is not enough.
    #[must_use]
    pub fn reading_first(self, bundle: Option<PathBuf>) -> Self {
        Self { bundle, ..self }
    }
}

impl Http for Client {
    fn send(&self, call: &Call) -> Result<Reply, NetError> {
        if call.way != Way::Usual {
            let (client, url) = ways::prepared(call, &call.way, plain_builder(self.network.timeout))?;
            return self.ask(&client, url, call);
        }
        let place = call.place().parse::<WebUrl>();
        let place = place.map_err(|error| unreachable_place(call, error.to_string()))?;
        let proxied = !place.is_loopback();
        if let Some(client) = self.quick(proxied) {
            match self.ask(client, call.url.clone(), call) {
                // We refused the certificate, so nothing of the call was sent.
                Err(NetError::Tls { flaw: Flaw::Issuer | Flaw::Dates, .. }) => {}
                outcome => return outcome,
            }
        }
        self.ask(self.full(proxied)?, call.url.clone(), call)
    }
}

impl Client {
    /// `None` where there is no such file, or it cannot be used, or was not enough before.
    fn quick(&self, proxied: bool) -> Option<&Reqwest> {
        let bundle = self.bundle.as_ref().filter(|_| self.full.of(proxied).get().is_none())?;
        let built = self.quick.of(proxied);
        if built.get().is_none() {
            let builder = plain_builder(self.network.timeout).tls_certs_only(roots::of_file(bundle).ok()?);
            _ = built.set(self.build(builder, proxied).ok()?);
        }
        built.get()
    }

    fn full(&self, proxied: bool) -> Result<&Reqwest, NetError> {
        let built = self.full.of(proxied);
        if let Some(ready) = built.get() {
            return Ok(ready);
        }
        let fresh = self.build(plain_builder(self.network.timeout), proxied)?;
        Ok(built.get_or_init(|| fresh))
    }

    fn ask(&self, client: &Reqwest, url: String, call: &Call) -> Result<Reply, NetError> {
        let mut request = match call.method {
            Method::Get => client.get(url),
            Method::Post => client.post(url),
        };
        request = request.timeout(ways::longest(&call.way, self.network.timeout)).headers(headers_of(call)?);
        if let Some(form) = &call.form {
            request = request.body(form.expose().to_vec());
        }
        let response = request.send().map_err(|error| self.sorted(call, &error))?;
        self.reply(call, response)
    }

    fn reply(&self, call: &Call, response: Response) -> Result<Reply, NetError> {
        let status = response.status().as_u16();
        if status == 407 {
            return Err(NetError::Proxy { place: call.place().into(), why: "it asks for a password".into() });
        }
        let headers = headers::of_reply(response.headers());
        let mut body = Vec::new();
        let most = LARGEST_BODY as u64 + 1;
        let read = response.take(most).read_to_end(&mut body);
        let body = SecretBytes::new(body);
        read.map_err(|error| self.sorted(call, &error))?;
        if body.expose().len() > LARGEST_BODY {
            return Err(NetError::TooLarge { place: call.place().into() });
        }
        Ok(Reply { status, headers, body })
    }

    fn sorted(&self, call: &Call, error: &(dyn Error + 'static)) -> NetError {
        trouble::sorted(call.place(), ways::longest(&call.way, self.network.timeout), error)
    }
}

impl Client {
    fn build(&self, mut builder: ClientBuilder, proxied: bool) -> Result<Reqwest, NetError> {
        builder = match (&self.from_git.proxy, proxied) {
            (_, false) => builder.no_proxy(),
            (Some(proxy), true) => builder.proxy(git_proxy(proxy)?),
            (None, true) => builder,
        };
        let named = [&self.only_roots, &self.network.ca_file, &self.from_git.ca_file];
        let roots =
            named.into_iter().flatten().map(|path| roots::of_file(path)).collect::<Result<Vec<_>, _>>()?.concat();
        builder = match &self.only_roots {
            Some(_) => builder.tls_certs_only(roots),
            None => builder.tls_certs_merge(roots),
        };
        builder.build().map_err(|error| NetError::Trust { why: trouble::last_cause(&error) })
    }
}

impl Routes {
    fn of(&self, proxied: bool) -> &OnceLock<Reqwest> {
        if proxied { &self.proxied } else { &self.direct }
    }
}

/// What holds whatever the way: no redirects, no second tries, no referrer.
fn plain_builder(timeout: Duration) -> ClientBuilder {
    // Whoever came first has installed the same provider.
    _ = rustls::crypto::ring::default_provider().install_default();
    ClientBuilder::new()
        .user_agent(concat!("git-credential-bitbucket-sso/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(CONNECT.min(timeout))
}

/// A proxy's address may hold a password, so no message quotes it.
fn git_proxy(address: &str) -> Result<reqwest::Proxy, NetError> {
    let bad = |_| NetError::Proxy { place: "the network".into(), why: "git's http.proxy is no address".into() };
    Ok(reqwest::Proxy::all(address).map_err(bad)?.no_proxy(reqwest::NoProxy::from_env()))
}

fn headers_of(call: &Call) -> Result<HeaderMap, NetError> {
    let form = call.form.as_ref().map(|_| "application/x-www-form-urlencoded");
    headers::of_call(call.place(), form, &call.headers)
}

fn unreachable_place(call: &Call, why: String) -> NetError {
    NetError::Unreachable { place: call.place().into(), why }
}

const CONNECT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
