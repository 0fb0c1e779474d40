//! Whether a host is ours, and under which terms.

mod place;

use crate::config::settings::{Host, Settings};
use place::Place;

/// The configured host that a request of git is about; `None` if it is not ours (DESIGN.md section 6 rule 2).
///
/// `protocol`, `host` (with its port) and `path` (without a leading slash) are as git sent them. Scheme, host
/// and port must be equal; a context path must be a prefix of `path` that ends at a `/`, the longest wins. Where
/// git sends no path, the host without a context path is meant, else the only one with that authority.
pub fn find<'a>(settings: &'a Settings, protocol: &str, host: &str, path: Option<&str>) -> Option<&'a Host> {
    let place = Place::sent(protocol, host)?;
    let here = settings.hosts.iter().filter(|host| place.is(&host.url));
    match path {
        Some(path) => here.filter(|host| leads_to(host.url.path(), path)).max_by_key(|host| host.url.path().len()),
        None => alone(here),
    }
}

fn alone<'a>(mut here: impl Iterator<Item = &'a Host>) -> Option<&'a Host> {
    let first = here.next()?;
    if first.url.path().is_empty() {
        return Some(first);
    }
    let mut rest = here.peekable();
    match rest.peek() {
        None => Some(first),
        Some(_) => rest.find(|host| host.url.path().is_empty()),
    }
}

/// Whether `path` lies under `context`, which is empty or starts with `/`. A path with dot segments leaves it:
/// the client resolves them before it sends the token.
fn leads_to(context: &str, path: &str) -> bool {
    let Some(context) = context.strip_prefix('/') else { return true };
    let path = path.trim_start_matches('/');
    let border = path.strip_prefix(context).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    border && !path.split(['/', '\\']).any(|segment| matches!(segment, "." | ".."))
}

#[cfg(test)]
mod tests;
