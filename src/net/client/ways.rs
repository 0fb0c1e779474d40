//! Calls that go another way than the usual one: to the platform this machine runs on, past every proxy.

use super::{pin, trouble, unreachable_place};
use crate::net::{Anchor, Call, NetError, Way};
use reqwest::blocking::{Client as Reqwest, ClientBuilder};
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::time::Duration;
use url::{Host, Url};

/// A client for this one call, and the URL to ask it for.
pub(super) fn prepared(call: &Call, way: &Way, builder: ClientBuilder) -> Result<(Reqwest, String), NetError> {
    let url = Url::parse(&call.url).map_err(|_| unreachable_place(call, "its address is no URL".into()))?;
    if url.scheme() != "https" && !(*way == Way::Local && url.scheme() == "http" && stays_near(&url)) {
        return Err(unreachable_place(call, "plain http is allowed on this machine and its own network only".into()));
    }
    let builder = builder.no_proxy();
    let (builder, url) = match way {
        // In clear there is nobody to vouch for.
        Way::Local if url.scheme() == "http" => (builder.connect_timeout(CONNECT).tls_certs_only([]), url),
        Way::Usual | Way::Local => (builder.connect_timeout(CONNECT), url),
        Way::Pinned(thumbprint) => {
            let tls = pin::config(*thumbprint).map_err(|error| NetError::Trust { why: error.to_string() })?;
            (builder.connect_timeout(CONNECT).tls_backend_preconfigured(tls), url)
        }
        Way::Anchored(anchor) => anchored(call, anchor, builder, url)?,
    };
    let client = builder.build().map_err(|error| NetError::Trust { why: trouble::last_cause(&error) })?;
    Ok((client, url.into()))
}

/// How long a call may take: what is on this machine answers soon or never.
pub(super) fn longest(way: &Way, timeout: Duration) -> Duration {
    match way {
        Way::Local | Way::Pinned(_) => timeout.min(LONGEST),
        Way::Usual | Way::Anchored(_) => timeout,
    }
}

/// Loopback, link-local and private addresses; names only if they mean this machine.
fn stays_near(url: &Url) -> bool {
    let near = |ip: Ipv4Addr| ip.is_loopback() || ip.is_link_local() || ip.is_private();
    match url.host() {
        Some(Host::Ipv4(ip)) => near(ip),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Only the anchor's authorities count. Its name goes into the URL, so that TLS asks for it, and leads to the address
/// of the host that was named.
fn anchored(
    call: &Call,
    anchor: &Anchor,
    builder: ClientBuilder,
    mut url: Url,
) -> Result<(ClientBuilder, Url), NetError> {
    let bad = |why: &str| NetError::Trust { why: why.to_owned() };
    let roots = reqwest::Certificate::from_pem_bundle(&anchor.roots).ok().filter(|roots| !roots.is_empty());
    let roots = roots.ok_or_else(|| bad("the authority of the token proxy is no certificate in PEM form"))?;
    let mut builder = builder.tls_certs_only(roots);
    if let Some(name) = &anchor.name {
        let addresses = addresses(&url).map_err(|why| unreachable_place(call, why))?;
        builder = builder.resolve_to_addrs(name, &addresses);
        url.set_host(Some(name)).map_err(|_| bad("the name of the token proxy is no host name"))?;
    }
    Ok((builder, url))
}

fn addresses(url: &Url) -> Result<Vec<SocketAddr>, String> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = url.port_or_known_default().unwrap_or(443);
    let found = (host, port).to_socket_addrs().map_err(|error| format!("its name cannot be resolved ({error})"))?;
    Ok(found.collect())
}

const CONNECT: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_near() {
        for near in ["http://169.254.169.254/x", "http://localhost:40342", "http://127.0.0.1:1", "http://10.0.0.1"] {
            assert!(stays_near(&Url::parse(near).unwrap()), "{near}");
        }
        for far in ["http://example.com", "http://8.8.8.8", "http://localhost.evil.example", "http://[2001:db8::1]"] {
            assert!(!stays_near(&Url::parse(far).unwrap()), "{far}");
        }
    }

    #[test]
    fn what_leaves_the_machine_in_clear_is_not_sent() {
        let builder = || super::super::plain_builder(Duration::from_secs(1));
        let call = |url: &str| Call::get(url).by(Way::Local);
        for bad in ["http://example.com/token", "ftp://127.0.0.1/", "nonsense"] {
            let refused = prepared(&call(bad), &Way::Local, builder());
            assert!(matches!(refused, Err(NetError::Unreachable { .. })), "{bad}");
        }
        let pinned = prepared(&call("http://127.0.0.1/"), &Way::Pinned([0; 20]), builder());
        assert!(matches!(pinned, Err(NetError::Unreachable { .. })), "a pin needs TLS");
    }
}
