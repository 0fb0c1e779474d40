//! How a host is called in our own addresses.

use crate::basis::url::WebUrl;
use crate::broker::settings::Host;

/// The segment of a host: its authority, and its context path with `~` for `/`: `git.example.com:8443~bitbucket`.
pub fn segment(host: &WebUrl) -> String {
    format!("{}{}", host.authority(), host.path().replace('/', "~"))
}

/// Where Bitbucket sends the browser back to: to be registered with each consumer and application link.
pub fn redirect_uri(public_url: &WebUrl, host: &WebUrl) -> String {
    public_url.join(&format!("/connect/{}/callback", segment(host)))
}

/// The host of a segment; the authority alone is enough where it means one host only.
pub(super) fn find<'a>(hosts: &'a [Host], wanted: &str) -> Option<&'a Host> {
    let exact = hosts.iter().find(|host| segment(&host.url).eq_ignore_ascii_case(wanted));
    let mut on = hosts.iter().filter(|host| host.url.authority().eq_ignore_ascii_case(wanted));
    exact.or_else(|| on.next().filter(|_| on.next().is_none()))
}
