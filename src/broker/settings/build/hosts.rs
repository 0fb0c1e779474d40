//! `[[host]]` and `[[service_user]]`.

use super::{doubled, forbid, name};
use crate::broker::settings::document::{At, Table};
use crate::broker::settings::error::Problem;
use crate::broker::settings::files::Files;
use crate::broker::settings::place::{Cloud, Consumer, DataCenter, Grants, Host, HostTerms, ServiceUser, Tokens};
use std::time::Duration;

/// All hosts, at least one.
pub fn hosts(top: &Table, files: &Files<'_>) -> At<Vec<Host>> {
    let tables: Vec<&Table> = top.list("host").collect();
    let hosts = tables.iter().map(|table| host(table, files)).collect::<At<Vec<_>>>()?;
    if hosts.is_empty() {
        return Err((0, Problem::Missing("[[host]]".into())));
    }
    let urls: Vec<_> = hosts.iter().map(|host| &host.url).collect();
    doubled(&tables, &urls, "url")?;
    Ok(hosts)
}

/// All service users.
pub fn service_users(top: &Table, hosts: &[Host]) -> At<Vec<ServiceUser>> {
    let tables: Vec<&Table> = top.list("service_user").collect();
    let users = tables.iter().map(|table| service_user(table, hosts)).collect::<At<Vec<_>>>()?;
    let names: Vec<_> = users.iter().map(|user| &user.name).collect();
    doubled(&tables, &names, "name")?;
    Ok(users)
}

fn host(table: &Table, files: &Files<'_>) -> At<Host> {
    let url = table.need_url("url")?;
    let max_life = table.duration("max_life");
    let terms = match table.need("kind")?.as_str() {
        "cloud" => HostTerms::Cloud(cloud(table, files)?),
        _ => HostTerms::DataCenter(data_center(table, files)?),
    };
    if matches!(terms, HostTerms::Cloud(_)) && max_life > CLOUD_LIFE {
        return Err(table.bad("max_life", "can be 2h at most on Cloud, whose tokens live no longer"));
    }
    Ok(Host { url, max_life, terms })
}

fn cloud(table: &Table, files: &Files<'_>) -> At<Cloud> {
    forbid(table, &["tokens", "user", "password_file", "prefix"], "a host of kind `cloud`")?;
    forbid_table(table, &["host.link"], "a host of kind `cloud`")?;
    let read = consumer(table, files, "host.read")?;
    let write = consumer(table, files, "host.write")?;
    if read.is_none() && write.is_none() {
        return Err((table.line, Problem::Missing("[host.read] or [host.write]".into())));
    }
    let public = table.url("url").is_some_and(|url| url.host() == "bitbucket.org");
    let api = match table.url("api") {
        None if public => "https://api.bitbucket.org".parse().map_err(|_| table.missing("api"))?,
        api => api.ok_or_else(|| table.missing("api"))?,
    };
    let sealed = table.text("grants").as_deref() == Some("sealed");
    let grants = if sealed { Grants::Sealed } else { Grants::Stored };
    Ok(Cloud { api, read, write, grants, check_permission: table.flag("check_permission") })
}

fn data_center(table: &Table, files: &Files<'_>) -> At<DataCenter> {
    let of = "a host of kind `data-center`";
    forbid(table, &["api", "grants", "check_permission"], of)?;
    forbid_table(table, &["host.read", "host.write"], of)?;
    if table.text("tokens").as_deref() == Some("oauth") {
        forbid(table, &["user", "password_file", "prefix"], "a host with `tokens = \"oauth\"`")?;
        let link = consumer(table, files, "host.link")?;
        let link = link.ok_or_else(|| (table.line, Problem::Missing("[host.link]".into())))?;
        return Ok(DataCenter { tokens: Tokens::OAuth { link } });
    }
    forbid_table(table, &["host.link"], "a host with `tokens = \"minted\"`")?;
    let prefix = table.need("prefix")?;
    let plain = prefix.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !plain || !(3..=24).contains(&prefix.len()) {
        return Err(table.bad("prefix", "must be 3 to 24 lower-case letters, digits and `-`"));
    }
    let password = files.secret(table, "password_file")?;
    Ok(DataCenter { tokens: Tokens::Minted { user: table.need("user")?, password, prefix } })
}

fn consumer(table: &Table, files: &Files<'_>, name: &str) -> At<Option<Consumer>> {
    let Some(table) = table.table(name) else { return Ok(None) };
    let client_secret = files.secret(table, "client_secret_file")?;
    Ok(Some(Consumer { client_id: table.need("client_id")?, client_secret }))
}

fn forbid_table(table: &Table, names: &[&str], of: &str) -> At<()> {
    match names.iter().find_map(|name| table.table(name)) {
        Some(inner) => Err((inner.line, Problem::Clash(format!("`[{}]` does not belong to {of}", inner.name)))),
        None => Ok(()),
    }
}

/// Workloads act by somebody's OAuth grant wherever tokens are not minted.
fn service_user(table: &Table, hosts: &[Host]) -> At<ServiceUser> {
    let host = table.need_url("host")?;
    let terms = hosts.iter().find(|known| known.url == host).map(|known| &known.terms);
    match terms {
        None => return Err(table.bad("host", "is the `url` of no host")),
        Some(HostTerms::DataCenter(DataCenter { tokens: Tokens::Minted { .. } })) => {
            return Err(table.bad("host", "mints tokens and needs no service user"));
        }
        Some(_) => {}
    }
    Ok(ServiceUser { name: name(table)?, host, account_id: table.need("account_id")? })
}

/// `facts/bitbucket.md` A1.
const CLOUD_LIFE: Duration = Duration::from_secs(2 * 3600);
