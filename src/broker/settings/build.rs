//! Checked tables to settings: what is needed is there, and what does not go together is said.

mod hosts;
mod issuers;

use crate::basis::secret::ClientSecret;
use crate::basis::url::WebUrl;
use crate::broker::settings::document::{self, At, Table, Value};
use crate::broker::settings::error::Problem;
use crate::broker::settings::files::Files;
use crate::broker::settings::{
    Audit, Front, Host, Issuer, IssuerKind, Limits, PolicyAt, Sealing, Settings, SignIn, StoreAt,
};
use std::net::SocketAddr;

/// Everything that a file says.
pub fn settings(top: &Table, files: &Files<'_>) -> At<Settings> {
    let listen = listen(top)?;
    let issuers = issuers::issuers(top, files)?;
    let hosts = hosts::hosts(top, files)?;
    let service_users = hosts::service_users(top, &hosts)?;
    let front = front(top, listen, files)?;
    Ok(Settings {
        listen,
        public_url: public_url(top, &front)?,
        front,
        store: store(needed(top, "store")?, files)?,
        sealing: sealing(needed(top, "sealing")?, files)?,
        policy: policy(needed(top, "policy")?, files)?,
        audit: audit(needed(top, "audit")?, files)?,
        limits: limits(top),
        ca_file: files.path(top, "ca_file"),
        sign_in: sign_in(top, files, &issuers, &hosts)?,
        issuers,
        hosts,
        service_users,
        bootstrap: files.path(top, "bootstrap"),
        metrics_from: match top.value("metrics_from") {
            Some(Value::Networks(from)) => from,
            _ => Vec::new(),
        },
    })
}

fn needed<'a>(top: &'a Table, name: &str) -> At<&'a Table> {
    top.table(name).ok_or_else(|| (0, Problem::Missing(format!("[{name}]"))))
}

fn listen(top: &Table) -> At<SocketAddr> {
    match top.value("listen") {
        Some(Value::Socket(address)) => Ok(address),
        _ => Err(top.missing("listen")),
    }
}

fn front(top: &Table, listen: SocketAddr, files: &Files<'_>) -> At<Front> {
    match (top.table("tls"), top.table("proxy")) {
        (Some(_), Some(proxy)) => Err((proxy.line, Problem::Clash("`[tls]` and `[proxy]` exclude each other".into()))),
        (Some(tls), None) => {
            let (certificate, key) = (files.need(tls, "certificate")?, files.need(tls, "key")?);
            files.check_secret(tls, "key", &key)?;
            Ok(Front::Tls { certificate, key })
        }
        (None, Some(proxy)) => match proxy.value("from") {
            Some(Value::Networks(from)) if from.iter().any(|network| network.bits == 0) => {
                Err(proxy.bad("from", "must not name everybody: whoever connects would be believed to be the proxy"))
            }
            Some(Value::Networks(from)) if !from.is_empty() => Ok(Front::Proxy { from }),
            Some(_) => Err(proxy.bad("from", "must name at least one network")),
            None => Err(proxy.missing("from")),
        },
        (None, None) if listen.ip().is_loopback() => Ok(Front::Loopback),
        (None, None) => Err((top.line_of("listen"), Problem::Clash(PLAIN.into()))),
    }
}

fn public_url(top: &Table, front: &Front) -> At<WebUrl> {
    let url = top.need_url("public_url")?;
    if !url.path().is_empty() {
        return Err(top.bad("public_url", "must have no path"));
    }
    if *front != Front::Loopback && url.scheme() != "https" {
        return Err(top.bad("public_url", "must be https behind TLS"));
    }
    Ok(url)
}

fn store(table: &Table, files: &Files<'_>) -> At<StoreAt> {
    let url = match (table.text("url"), table.has("url_file")) {
        (Some(_), true) => return Err(table.bad("url_file", "and `store.url` exclude each other")),
        (None, false) => return Err(table.missing("url")),
        (None, true) => files.secret(table, "url_file")?,
        (Some(url), false) => ClientSecret::new(url),
    };
    let name = if table.has("url") { "url" } else { "url_file" };
    let text = url.expose();
    let url = if let Some(path) = text.strip_prefix("sqlite:") {
        if path.is_empty() || path.starts_with("//") || path.contains(['?', ':']) {
            return Err(table.bad(name, "must be `sqlite:PATH`"));
        }
        ClientSecret::new(format!("sqlite:{}", files.beside.join(path).display()))
    } else if let Some(rest) = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://")) {
        let user = rest.split_once('@').map_or("", |(user, _)| user);
        if user.contains(':') && name == "url" {
            return Err(table.bad(name, "holds a password: put the URL into a file and name it in `store.url_file`"));
        }
        url
    } else if files.with_secrets || name == "url" {
        return Err(table.bad(name, "must begin with `sqlite:` or `postgres://`"));
    } else {
        url
    };
    Ok(StoreAt { url, connections: u32::try_from(table.number("connections")).unwrap_or(u32::MAX) })
}

fn sealing(table: &Table, files: &Files<'_>) -> At<Sealing> {
    let keys = files.paths(table, "key_files");
    match (table.url("key_vault"), keys.is_empty()) {
        (Some(_), false) => Err(table.bad("key_vault", "and `sealing.key_files` exclude each other")),
        (None, true) => Err(table.missing("key_files")),
        (Some(key), true) => Ok(Sealing::KeyVault { key, identity: table.text("identity") }),
        (None, false) => {
            keys.iter().try_for_each(|path| files.check_secret(table, "key_files", path))?;
            Ok(Sealing::Files(keys))
        }
    }
}

fn policy(table: &Table, files: &Files<'_>) -> At<PolicyAt> {
    Ok(PolicyAt { path: files.need(table, "path")?, keep: table.duration("keep") })
}

fn audit(table: &Table, files: &Files<'_>) -> At<Audit> {
    let key_file = files.path(table, "key_file");
    key_file.iter().try_for_each(|path| files.check_secret(table, "key_file", path))?;
    Ok(Audit { file: files.need(table, "file")?, key_file, otlp: table.url("otlp") })
}

fn limits(top: &Table) -> Limits {
    let table = top.table("limits").map_or_else(|| Table::empty("limits"), Table::clone);
    Limits {
        per_subject: u32::try_from(table.number("per_subject")).unwrap_or(u32::MAX),
        per_rule: table.has("per_rule").then(|| u32::try_from(table.number("per_rule")).unwrap_or(u32::MAX)),
        connections: usize::try_from(table.number("connections")).unwrap_or(usize::MAX),
        header_timeout: table.duration("header_timeout"),
        request_timeout: table.duration("request_timeout"),
        grace: table.duration("grace"),
    }
}

/// `/connect` has to know who is in front of the browser; where no host needs a person's grant, nobody comes.
fn sign_in(top: &Table, files: &Files<'_>, issuers: &[Issuer], hosts: &[Host]) -> At<Option<SignIn>> {
    let Some(table) = top.table("sign_in") else {
        return match hosts.iter().find(|host| host.by_grant()) {
            Some(host) => {
                Err((0, Problem::Clash(format!("`[sign_in]` is missing: {} needs people's grants", host.url))))
            }
            None => Ok(None),
        };
    };
    let issuer = table.need("issuer")?;
    let known = issuers.iter().any(|one| one.name == issuer && matches!(one.kind, IssuerKind::Entra { .. }));
    if !known {
        return Err(table.bad("issuer", "names no issuer of kind `entra`"));
    }
    let client_secret = files.secret(table, "client_secret_file")?;
    let administrators = table.words("administrators").unwrap_or_default();
    if administrators.iter().any(|id| document::guid(id).is_none()) {
        return Err(table.bad("administrators", "must be object ids, never names"));
    }
    let administrators = administrators.iter().map(|id| id.to_ascii_lowercase()).collect();
    Ok(Some(SignIn { issuer, client_id: table.need("client_id")?, client_secret, administrators }))
}

/// A name that rules and records use.
fn name(table: &Table) -> At<String> {
    let name = table.need("name")?;
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if plain && name.len() <= 64 {
        Ok(name)
    } else {
        Err(table.bad("name", "must be up to 64 letters, digits, `-` and `_`"))
    }
}

/// A key that does not belong to what the table describes.
fn forbid(table: &Table, names: &[&str], of: &str) -> At<()> {
    match names.iter().find(|name| table.has(name)) {
        Some(name) => Err(table.bad(name, format!("is no key of {of}"))),
        None => Ok(()),
    }
}

/// The first of two entries with the same mark that comes second.
fn doubled<K: PartialEq>(tables: &[&Table], marks: &[K], key: &str) -> At<()> {
    let again = (1..marks.len()).find(|at| marks.get(..*at).is_some_and(|before| before.contains(&marks[*at])));
    match again.and_then(|at| tables.get(at)) {
        Some(table) => Err(table.bad(key, "is there twice")),
        None => Ok(()),
    }
}

const PLAIN: &str = "plain http is for loopback addresses: add `[tls]`, or `[proxy]` with the addresses of the proxy";
