//! `[[issuer]]`.

use super::{doubled, forbid, name};
use crate::basis::url::WebUrl;
use crate::broker::ground::subject::Kind;
use crate::broker::settings::document::{At, Table, guid};
use crate::broker::settings::error::Problem;
use crate::broker::settings::files::Files;
use crate::broker::settings::issuer::{Graph, Issuer, IssuerKind};

/// All issuers, at least one.
pub fn issuers(top: &Table, files: &Files<'_>) -> At<Vec<Issuer>> {
    let tables: Vec<&Table> = top.list("issuer").collect();
    let issuers = tables.iter().map(|table| issuer(table, files)).collect::<At<Vec<_>>>()?;
    if issuers.is_empty() {
        return Err((0, Problem::Missing("[[issuer]]".into())));
    }
    let names: Vec<&str> = issuers.iter().map(|issuer| issuer.name.as_str()).collect();
    doubled(&tables, &names, "name")?;
    let first: Vec<Option<&String>> = issuers.iter().map(|issuer| issuer.issuers.first()).collect();
    doubled(&tables, &first, if tables.iter().all(|table| table.has("tenant")) { "tenant" } else { "issuer" })?;
    Ok(issuers)
}

fn issuer(table: &Table, files: &Files<'_>) -> At<Issuer> {
    let (name, kind) = (name(table)?, table.need("kind")?);
    let audiences = table.words("audiences").ok_or_else(|| table.missing("audiences"))?;
    if audiences.is_empty() {
        return Err(table.bad("audiences", "must name at least one"));
    }
    match kind.as_str() {
        "entra" => entra(table, files, name, audiences),
        "pipelines" => jobs(table, name, Kind::Pipelines, audiences),
        "github-actions" => jobs(table, name, Kind::GithubActions, audiences),
        "gitlab" => jobs(table, name, Kind::Gitlab, audiences),
        _ => jobs(table, name, Kind::Kubernetes, audiences),
    }
}

/// `facts/entra.md` 1.3 and 1.4.
fn entra(table: &Table, files: &Files<'_>, name: String, audiences: Vec<String>) -> At<Issuer> {
    forbid(table, &["issuer"], "an issuer of kind `entra`")?;
    let tenant = table.need("tenant")?;
    let authority = table.need_url("authority")?;
    let keys =
        table.url("keys").map_or_else(|| join(table, &authority, &format!("/{tenant}/discovery/v2.0/keys")), Ok)?;
    let clients = table.words("clients").unwrap_or_default();
    let clients = clients.iter().map(|client| guid(client)).collect::<Option<Vec<_>>>();
    Ok(Issuer {
        name,
        issuers: [authority.join(&format!("/{tenant}/v2.0"))]
            .into_iter()
            .chain(old_issuer(&authority).map(|host| format!("https://{host}/{tenant}/")))
            .collect(),
        keys,
        audiences,
        kind: IssuerKind::Entra {
            tenant,
            authority,
            clients: clients.ok_or_else(|| table.bad("clients", "must be GUIDs"))?,
            scope: table.need("scope")?,
            role: table.need("role")?,
            graph: table.table("issuer.graph").map(|graph| self::graph(graph, files)).transpose()?,
        },
    })
}

/// Who issues tokens of version 1, which an API has unless its registration asks for version 2.
fn old_issuer(authority: &WebUrl) -> Option<&'static str> {
    match authority.host() {
        "login.microsoftonline.com" | "login.microsoftonline.us" => Some("sts.windows.net"),
        "login.partner.microsoftonline.cn" => Some("sts.chinacloudapi.cn"),
        _ => None,
    }
}

fn graph(table: &Table, files: &Files<'_>) -> At<Graph> {
    let client_secret_file = files.path(table, "client_secret_file");
    client_secret_file.iter().try_for_each(|path| files.check_secret(table, "client_secret_file", path))?;
    Ok(Graph { url: table.need_url("url")?, client_id: table.need("client_id")?, client_secret_file })
}

/// `facts/entra.md` 6.5; the paths of keys are those that each kind's own documentation names.
fn jobs(table: &Table, name: String, kind: Kind, audiences: Vec<String>) -> At<Issuer> {
    let of = format!("an issuer of kind `{kind}`");
    forbid(table, &["tenant", "authority", "clients", "scope", "role"], &of)?;
    if let Some(graph) = table.table("issuer.graph") {
        return Err((graph.line, Problem::Clash(format!("`[issuer.graph]` does not belong to {of}"))));
    }
    // Keys of callers begin with their issuer's name, or with `entra` for Entra's.
    if name == "entra" {
        return Err(table.bad("name", "cannot be `entra` for another kind"));
    }
    let known = match kind {
        Kind::GithubActions => Some("https://token.actions.githubusercontent.com"),
        Kind::Gitlab => Some("https://gitlab.com"),
        _ => None,
    };
    let issuer = match (table.url("issuer"), known) {
        (Some(issuer), _) => issuer,
        (None, Some(known)) => known.parse().map_err(|_| table.missing("issuer"))?,
        (None, None) => return Err(table.missing("issuer")),
    };
    let path = match kind {
        Kind::Pipelines => "/keys.json",
        Kind::Gitlab => "/oauth/discovery/keys",
        Kind::Kubernetes => "/openid/v1/jwks",
        _ => "/.well-known/jwks",
    };
    let keys = table.url("keys").map_or_else(|| join(table, &issuer, path), Ok)?;
    Ok(Issuer { name, kind: IssuerKind::Jobs(kind), issuers: vec![issuer.to_string()], keys, audiences })
}

fn join(table: &Table, base: &WebUrl, path: &str) -> At<WebUrl> {
    base.join(path).parse().map_err(|_| table.bad("issuer", "cannot be joined with the path of its keys"))
}
