//! A web address that is safe to send a secret to: https anywhere, http on this machine only.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An absolute https URL, or http on a loopback address; no user name, password, query or fragment.
/// The host is lower-case without a trailing dot, a default port is dropped, the path has no trailing `/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WebUrl {
    scheme: Scheme,
    host: String,
    port: Option<u16>,
    path: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Scheme {
    Https,
    Http,
}

/// Why a text is no [`WebUrl`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// Not an absolute URL at all.
    #[error("`{0}` is no absolute URL")]
    NotAbsolute(String),
    /// Neither https nor http.
    #[error("`{0}:` is not allowed; only https is")]
    Scheme(String),
    /// Plain http to another machine.
    #[error("plain http to `{0}` is not allowed; only https is (http for 127.0.0.1, [::1] and localhost)")]
    PlainHttp(String),
    /// User name, password, query or fragment present.
    #[error("a user name, password, query or fragment is not allowed in this URL")]
    Extras,
}

impl WebUrl {
    /// `https` or `http`.
    pub fn scheme(&self) -> &'static str {
        match self.scheme {
            Scheme::Https => "https",
            Scheme::Http => "http",
        }
    }

    /// The host name, lower-case; an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port if it is not the scheme's default.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The port that is connected to.
    pub fn effective_port(&self) -> u16 {
        self.port.unwrap_or(match self.scheme {
            Scheme::Https => 443,
            Scheme::Http => 80,
        })
    }

    /// The path without a trailing slash: empty, or starting with `/`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// `host` or `host:port`, as git writes it.
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// The same place with `more` (which starts with `/`) added to the path.
    pub fn join(&self, more: &str) -> String {
        format!("{self}{more}")
    }

    /// Whether two addresses are one server: same scheme, host and port.
    pub fn same_origin(&self, other: &Self) -> bool {
        self.scheme == other.scheme && self.host == other.host && self.port == other.port
    }

    /// Whether the address is this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }
}

impl FromStr for WebUrl {
    type Err = BadUrl;

    fn from_str(text: &str) -> Result<Self, BadUrl> {
        if let Some(plain) = plain(text) {
            return Ok(plain);
        }
        let url = url::Url::parse(text).map_err(|_| BadUrl::NotAbsolute(crate::basis::text::clean(text)))?;
        let scheme = match url.scheme() {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            other => return Err(BadUrl::Scheme(other.to_owned())),
        };
        let host = url.host_str().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
        if host.is_empty() {
            return Err(BadUrl::NotAbsolute(crate::basis::text::clean(text)));
        }
        if scheme == Scheme::Http && !is_loopback(&host) {
            return Err(BadUrl::PlainHttp(host));
        }
        let bare = url.username().is_empty() && url.password().is_none();
        if !bare || url.query().is_some() || url.fragment().is_some() {
            return Err(BadUrl::Extras);
        }
        let path = url.path().trim_end_matches('/').to_owned();
        Ok(Self { scheme, host, port: url.port(), path })
    }
}

impl TryFrom<String> for WebUrl {
    type Error = BadUrl;

    fn try_from(text: String) -> Result<Self, BadUrl> {
        text.parse()
    }
}

impl From<WebUrl> for String {
    fn from(url: WebUrl) -> Self {
        url.to_string()
    }
}

impl fmt::Display for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme(), self.authority(), self.path)
    }
}

/// Most addresses are https or of this machine, in lower case, without anything special; a configuration of ten thousand hosts is
/// read on every call of git. What this does not take is for the real parser, with the same result for the rest.
fn plain(text: &str) -> Option<WebUrl> {
    let (scheme, rest) = match text.strip_prefix("https://") {
        Some(rest) => (Scheme::Https, rest),
        None => (Scheme::Http, text.strip_prefix("http://")?),
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = match authority.split_once(':') {
        Some((host, digits)) if digits.bytes().all(|byte| byte.is_ascii_digit()) => (host, Some(digits.parse().ok()?)),
        Some(_) => return None,
        None => (authority, None),
    };
    let segment = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/');
    let here = scheme == Scheme::Https || host == "localhost";
    if !here || !is_plain_host(host) || !path.bytes().all(segment) {
        return None;
    }
    let usual = if scheme == Scheme::Https { 443 } else { 80 };
    let path = path.trim_end_matches('/').to_owned();
    Some(WebUrl { scheme, host: host.to_owned(), port: port.filter(|port| *port != usual), path })
}

/// Labels of lower-case letters, digits and single hyphens inside (`--` may announce Punycode); a last one that starts
/// with a digit may be part of an IPv4 address. One look at each byte.
fn is_plain_host(host: &str) -> bool {
    let (mut before, mut named) = (b'.', false);
    for byte in host.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' if before == b'.' => named = byte.is_ascii_lowercase(),
            b'a'..=b'z' | b'0'..=b'9' => {}
            b'-' | b'.' if !matches!(before, b'-' | b'.') => {}
            _ => return false,
        }
        before = byte;
    }
    named && !matches!(before, b'-' | b'.')
}

/// RFC 8252 section 7.3 and 8.3: the addresses that never leave the machine.
fn is_loopback(host: &str) -> bool {
    host == "localhost" || host == "[::1]" || host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Result<String, BadUrl> {
        text.parse::<WebUrl>().map(|url| url.to_string())
    }

    #[test]
    fn one_place_has_one_spelling() {
        let want = Ok("https://git.example.com/bitbucket".to_owned());
        assert_eq!(url("https://GIT.example.com:443/bitbucket/"), want);
        assert_eq!(url("https://git.example.com./bitbucket"), want);
        assert_eq!(url("https://git.example.com:8443"), Ok("https://git.example.com:8443".into()));
    }

    #[test]
    fn the_short_way_leads_where_the_long_one_does() {
        let mut taken = 0;
        let hosts =
            ["a", "a.b", "a-b.c9", "git9.example.com", "1.2.3.4", "9a.b", "a.9b", "a.0x9", "xn--a.b", "a--b", "-a"];
        for host in hosts.into_iter().chain([
            "a-",
            "a..b",
            ".a",
            "a.",
            "A.b",
            "a_b",
            "a:8",
            "a:443",
            "a:080",
            "a:",
            "a:70000",
            "a:8:9",
            "a:+8",
            "a@b",
            "a%41",
            "é.b",
            "",
            "[::1]",
            "localhost",
            "localhost:80",
            "localhost:443",
            "localhost.a",
        ]) {
            for path in
                ["", "/", "/a", "/a/", "/a//b//", "//", "/A_b-9", "/.", "/..", "/a/../b", "/a%20", "/a?b", "/a#b"]
            {
                for scheme in ["https", "http"] {
                    let text = format!("{scheme}://{host}{path}");
                    let Some(short) = plain(&text) else { continue };
                    let long = url::Url::parse(&text).unwrap();
                    let place = (long.scheme(), long.host_str().unwrap(), long.path().trim_end_matches('/'));
                    assert_eq!((short.scheme(), short.host(), short.path()), place);
                    assert!(short.port() == long.port() && long.username().is_empty(), "{text}");
                    assert!(scheme == "https" || short.is_loopback(), "{text}");
                    taken += 1;
                }
            }
        }
        assert!(taken > 30, "{taken}");
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        assert!(
            url("http://localhost:8080").is_ok() && url("http://127.0.0.1").is_ok() && url("http://[::1]:9").is_ok()
        );
        for bad in ["http://bitbucket.org", "http://127.0.0.1.evil.example", "http://localhost.evil.example"] {
            assert!(matches!(url(bad), Err(BadUrl::PlainHttp(_))), "{bad}");
        }
    }

    #[test]
    fn nothing_rides_along() {
        for bad in ["https://u@h", "https://u:p@h", "https://h?x=1", "https://h#x"] {
            assert_eq!(url(bad), Err(BadUrl::Extras), "{bad}");
        }
        assert!(matches!(url("ftp://h"), Err(BadUrl::Scheme(_))));
        assert!(matches!(url("bitbucket.org"), Err(BadUrl::NotAbsolute(_))));
    }
}
