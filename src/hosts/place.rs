//! Scheme, host name and port as git sends them, brought to the one spelling of `WebUrl`.

use crate::basis::url::WebUrl;

/// Where git is about to send a token.
pub(super) struct Place {
    https: bool,
    host: String,
    port: u16,
}

impl Place {
    /// `None` for anything but http and https, and for a port that is none.
    pub fn sent(protocol: &str, host: &str) -> Option<Self> {
        let https = protocol.eq_ignore_ascii_case("https");
        if !https && !protocol.eq_ignore_ascii_case("http") {
            return None;
        }
        let (name, port) = match host.rsplit_once(':') {
            // The colons of an IPv6 address stand inside its brackets.
            Some((name, port)) if !port.ends_with(']') => (name, number(port)?),
            _ => (host, if https { 443 } else { 80 }),
        };
        let name = name.strip_suffix('.').unwrap_or(name);
        Some(Self { https, host: name.to_ascii_lowercase(), port })
    }

    /// Whether that is the place of `url`, whatever its path. Plain http is only ever on this machine:
    /// `WebUrl` holds nothing else.
    pub fn is(&self, url: &WebUrl) -> bool {
        self.host == url.host() && self.port == url.effective_port() && self.https == (url.scheme() == "https")
    }
}

/// A port in its plain spelling: no sign, no leading zero.
fn number(port: &str) -> Option<u16> {
    let plain = port.bytes().all(|byte| byte.is_ascii_digit()) && !port.starts_with('0');
    port.parse().ok().filter(|_| plain)
}
