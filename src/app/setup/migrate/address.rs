//! Addresses in a line of text: https ones with what stands before the `@`, and SSH ones with their https form.

use super::host_of;
use crate::config::settings::{Host, Settings, Source};
use std::ops::Range;

/// An address of a configured host that names a user.
#[derive(Debug, PartialEq, Eq)]
pub struct Named<'a> {
    /// Where user, password and `@` stand in the line.
    pub userinfo: Range<usize>,
    pub user: &'a str,
    /// Characters of the password; `None` without one.
    pub secret: Option<usize>,
    pub host: String,
}

/// Every https address of a configured host in the line that names a user.
pub fn named<'a>(line: &'a str, settings: &Settings) -> Vec<Named<'a>> {
    line.match_indices("://").filter_map(|(at, _)| one(line, at, settings)).collect()
}

fn one<'a>(line: &'a str, at: usize, settings: &Settings) -> Option<Named<'a>> {
    let scheme =
        ["https", "http"].into_iter().find(|scheme| line.get(..at).is_some_and(|head| head.ends_with(scheme)))?;
    let start = at + 3;
    let rest = line.get(start..)?;
    let rest = rest.get(..rest.find(|c: char| c.is_whitespace() || "\"'<>]".contains(c)).unwrap_or(rest.len()))?;
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (userinfo, server) = authority.rsplit_once('@')?;
    let (user, secret) = match userinfo.split_once(':') {
        Some((user, secret)) => (user, Some(secret.chars().count())),
        None => (userinfo, None),
    };
    let path = path.trim_matches('/');
    let host = host_of(settings, scheme, server, (!path.is_empty()).then_some(path))?;
    Some(Named { userinfo: start..start + userinfo.len() + 1, user, secret: secret.filter(|length| *length > 0), host })
}

/// An SSH address of a configured host.
#[derive(Debug, PartialEq, Eq)]
pub struct Ssh {
    pub host: String,
    /// The same repository by https; `None` where nobody can tell from the address alone.
    pub https: Option<String>,
}

/// Reads `ssh://git@HOST[:PORT]/PATH` and `git@HOST:PATH`.
pub fn ssh(text: &str, settings: &Settings) -> Option<Ssh> {
    let (server, port, path) = parts(text)?;
    let name = if server == "altssh.bitbucket.org" { "bitbucket.org" } else { server };
    let mut here = settings.hosts.iter().filter(|host| host.url.host().eq_ignore_ascii_case(name));
    let first = here.next()?;
    let alone = here.all(|other| other.url == first.url);
    let https = if alone { https(first, port, path) } else { None };
    Some(Ssh { host: first.url.to_string(), https })
}

fn parts(text: &str) -> Option<(&str, Option<&str>, &str)> {
    if let Some(rest) = text.strip_prefix("ssh://").or_else(|| text.strip_prefix("git+ssh://")) {
        let (authority, path) = rest.split_once('/')?;
        let server = authority.rsplit_once('@').map_or(authority, |(_, server)| server);
        let (server, port) = server.split_once(':').map_or((server, None), |(server, port)| (server, Some(port)));
        return Some((server, port, path));
    }
    let (authority, path) = text.split_once(':').filter(|(authority, _)| !authority.contains('/'))?;
    (!path.starts_with("//")).then(|| (authority.rsplit_once('@').map_or(authority, |(_, s)| s), None, path))
}

/// Cloud has the same path for both; Data Center has `/scm` before it and 7999 as its SSH port (an installation may
/// choose another: then the source tells).
fn https(host: &Host, port: Option<&str>, path: &str) -> Option<String> {
    let path = path.trim_start_matches('/');
    let cloud = host.url.host() == "bitbucket.org" || matches!(host.source, Source::CloudOauth(_));
    let data_center = matches!(host.source, Source::DataCenterOauth(_)) || port == Some("7999");
    match (cloud, data_center) {
        (true, _) => Some(format!("{}/{path}", host.url)),
        (false, true) => Some(format!("{}/scm/{path}", host.url)),
        _ => None,
    }
}
