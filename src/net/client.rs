//! The one client of this program: reqwest over rustls, built when the first call is sent.

mod pin;
pub mod roots;
mod ways;

use crate::basis::secret::SecretBytes;
use crate::basis::url::WebUrl;
use crate::config::settings::Network;
use crate::net::{Call, Flaw, Http, LARGEST_BODY, Method, NetError, Reply, Way};
use reqwest::blocking::{Client as Reqwest, ClientBuilder, Response};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
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
        request = request.timeout(ways::longest(&call.way, self.network.timeout)).headers(headers(call)?);
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
        let named = |(name, value): (&HeaderName, &HeaderValue)| Some((name.to_string(), value.to_str().ok()?.into()));
        let headers = response.headers().iter().filter_map(named).collect();
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

    /// Finds what really went wrong: the causes are looked through, outermost first.
    fn sorted(&self, call: &Call, error: &(dyn Error + 'static)) -> NetError {
        let place = call.place().to_owned();
        let causes = causes(error);
        if let Some(tls) = causes.iter().find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
            return match tls {
                rustls::Error::InvalidCertificate(why) => certificate(place, why),
                other => NetError::Tls { place, why: other.to_string(), flaw: Flaw::Other },
            };
        }
        let why = if causes.iter().any(|cause| cut_off(*cause)) {
            "the connection ended in the middle of the answer".to_owned()
        } else {
            causes.last().map(ToString::to_string).unwrap_or_default()
        };
        let text = causes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        if text.contains("tunnel error") || text.contains("proxy authoriz") {
            return NetError::Proxy { place, why };
        }
        if causes.iter().any(|cause| timed_out(*cause)) {
            return NetError::TimedOut { place, after: ways::longest(&call.way, self.network.timeout) };
        }
        if text.contains("dns error") {
            return NetError::Unreachable { place, why: format!("its name cannot be resolved ({why})") };
        }
        NetError::Unreachable { place, why }
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
        builder.build().map_err(|error| NetError::Trust { why: last_cause(&error) })
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

fn headers(call: &Call) -> Result<HeaderMap, NetError> {
    let mut map = HeaderMap::new();
    map.insert("accept", HeaderValue::from_static("application/json"));
    if call.form.is_some() {
        map.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
    }
    for (name, value) in &call.headers {
        let bad = || unreachable_place(call, format!("the header `{name}` cannot be sent"));
        let mut value = HeaderValue::from_bytes(value.expose()).map_err(|_| bad())?;
        value.set_sensitive(true);
        map.insert(HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?, value);
    }
    Ok(map)
}

fn unreachable_place(call: &Call, why: String) -> NetError {
    NetError::Unreachable { place: call.place().into(), why }
}

/// An error and its causes. `io::Error` hides the error it wraps from `source`, so it is opened.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    let mut all = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next.filter(|_| all.len() < 32) {
        all.push(cause);
        let wrapped = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = match wrapped {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => cause.source(),
        };
    }
    all
}

/// The innermost cause: the outer ones repeat the URL.
fn last_cause(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

fn timed_out(cause: &(dyn Error + 'static)) -> bool {
    let reqwest = cause.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_timeout);
    let io = cause.downcast_ref::<std::io::Error>();
    reqwest || io.is_some_and(|io| io.kind() == std::io::ErrorKind::TimedOut)
}

fn cut_off(cause: &(dyn Error + 'static)) -> bool {
    let io = cause.downcast_ref::<std::io::Error>();
    io.is_some_and(|io| io.kind() == std::io::ErrorKind::UnexpectedEof)
}

fn certificate(place: String, why: &rustls::CertificateError) -> NetError {
    use rustls::CertificateError as Bad;
    let (flaw, why) = match why {
        Bad::UnknownIssuer | Bad::BadSignature => (Flaw::Issuer, "nobody this machine trusts has issued it".into()),
        Bad::Expired | Bad::ExpiredContext { .. } => (Flaw::Dates, "it has expired".into()),
        Bad::NotValidYet | Bad::NotValidYetContext { .. } => (Flaw::Dates, "it is not valid yet".into()),
        Bad::NotValidForName | Bad::NotValidForNameContext { .. } => (Flaw::Name, "it is for another name".into()),
        Bad::Revoked => (Flaw::Other, "it has been revoked".into()),
        Bad::ApplicationVerificationFailure => (Flaw::Pin, "it is not the one that the platform announced".into()),
        other => (Flaw::Other, other.to_string()),
    };
    NetError::Tls { place, why, flaw }
}

const CONNECT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
