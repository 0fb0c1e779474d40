//! What git's libsecret helper and Git Credential Manager keep in the Secret Service. It is found by the attributes
//! that they search by themselves; the secrets are not read.

use super::{Found, Left, What, host_of};
use crate::config::settings::Settings;
use crate::vault::others::{self, Foreign};
use std::path::Path;

/// Every entry of a configured host, once.
pub(super) fn stored(settings: &Settings) -> Vec<Found> {
    let mut places: Vec<(&str, &str)> =
        settings.hosts.iter().map(|host| (host.url.scheme(), host.url.host())).collect();
    places.sort_unstable();
    places.dedup();
    let of_git = places.iter().flat_map(|(scheme, server)| others::search(&[("protocol", scheme), ("server", server)]));
    let of_git = of_git.filter_map(|item| libsecret(&item, settings));
    let manager = others::search(&[("xdg:schema", MANAGER)]);
    of_git.chain(manager.iter().filter_map(|item| credential_manager(item, settings))).collect()
}

/// Whether the entry is gone.
pub(super) fn forget(place: &Path) -> bool {
    place.to_str().is_some_and(others::erase)
}

/// `contrib/credential/libsecret/git-credential-libsecret.c`: protocol, server, port, object (the path), user.
fn libsecret(item: &Foreign, settings: &Settings) -> Option<Found> {
    let named = |name: &str| item.attributes.get(name).map(String::as_str);
    let server = named("server")?;
    // 0 where git named none.
    let port = named("port").filter(|port| *port != "0");
    let authority = port.map_or_else(|| server.to_owned(), |port| format!("{server}:{port}"));
    let host = host_of(settings, named("protocol")?, &authority, named("object").map(|path| path.trim_matches('/')))?;
    Some(found(item, host, named("user")))
}

/// Its docs/credstores.md: the service is `NAMESPACE:ADDRESS`; what renews a token stands at `/refresh_token`.
fn credential_manager(item: &Foreign, settings: &Settings) -> Option<Found> {
    let (_, address) = item.attributes.get("service")?.split_once(':')?;
    let (scheme, rest) = address.split_once("://")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = path.trim_matches('/').trim_end_matches("refresh_token").trim_end_matches('/');
    let host = host_of(settings, scheme, authority, (!path.is_empty()).then_some(path))?;
    Some(found(item, host, item.attributes.get("account").map(String::as_str)))
}

fn found(item: &Foreign, host: String, user: Option<&str>) -> Found {
    Found {
        what: What::KeyringItem,
        place: item.path.clone().into(),
        line: 0,
        host,
        user: user.map(str::to_owned),
        length: None,
        left: item.locked.then_some(Left::Locked),
    }
}

/// The schema of Git Credential Manager's entries.
const MANAGER: &str = "com.microsoft.GitCredentialManager";
