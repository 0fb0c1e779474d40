//! The files to deploy: for each a name, its text, and no secret.

use super::{AdminError, Plan, Site, application};
use crate::app::setup::replace::{Lock, Readers};
use crate::app::setup::words;
use crate::app::setup::{SetupError, target};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub name: &'static str,
    pub text: String,
}

/// What became of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub path: PathBuf,
    /// Whether it was there already, the same.
    pub unchanged: bool,
}

/// All of them, once everything is known that they must say.
pub fn files(plan: &Plan) -> Result<Vec<File>, AdminError> {
    let file = |name, text: String| File { name, text };
    let mut files = vec![
        file("policy.d/50-organisation.toml", format!("{}{}", words::POLICY_HEAD, organisation(plan, true)?)),
        file("entra-application.json", format!("{:#}\n", application(plan))),
        file("message.txt", words::message(plan)),
    ];
    // A Cloud consumer works with its secret only, and what is published holds none.
    if !plan.hosts.iter().any(|site| site.source == CLOUD) {
        files.push(file("organisation.toml", organisation(plan, false)?));
        files.push(file("git-credential-bitbucket-sso.json", format!("{:#}\n", document(plan))));
    }
    Ok(files)
}

/// Writes what is new, or nothing where a file says otherwise. `validate` sees each configuration before it holds.
pub fn write(
    out: &Path,
    files: &[File],
    dry_run: bool,
    validate: &dyn Fn(&Path) -> Result<(), String>,
) -> Result<Vec<Written>, AdminError> {
    let mut planned = Vec::new();
    for file in files {
        let target = target::look(&out.join(file.name))?;
        let unchanged = target.bytes.as_deref() == Some(file.text.as_bytes());
        if !unchanged && (target.bytes.is_some() || target.blocked.is_some()) {
            return Err(AdminError::Differs(target.path));
        }
        planned.push((file, Written { path: target.path, unchanged }));
    }
    for (file, written) in planned.iter().filter(|(_, written)| !written.unchanged && !dry_run) {
        let mut lock = Lock::take(&written.path, Readers::Everybody)?;
        lock.fill(file.text.as_bytes())?;
        if written.path.extension().is_some_and(|end| end == "toml") {
            validate(lock.path()).map_err(AdminError::Invalid)?;
        }
        lock.commit().map_err(|error: SetupError| AdminError::Write(error))?;
    }
    Ok(planned.into_iter().map(|(_, written)| written).collect())
}

/// The configuration; never a secret, in policy the place of one.
fn organisation(plan: &Plan, policy: bool) -> Result<String, AdminError> {
    let client_id = plan.client_id.as_ref().ok_or(AdminError::Incomplete("entra.client_id"))?;
    let mut text = String::from("[entra]\n");
    let pair = |text: &mut String, key: &str, value: &str| {
        // Writing to a String cannot fail.
        _ = writeln!(text, "{key} = {}", Value::from(value));
    };
    pair(&mut text, "tenant", &plan.tenant);
    pair(&mut text, "client_id", client_id);
    pair(&mut text, "redirect_uri", &plan.redirect_uri);
    for site in &plan.hosts {
        if site.redirect_uri.is_some() && site.consumer.is_none() {
            return Err(AdminError::Incomplete("host.client_id"));
        }
        text.push_str("\n[[host]]\n");
        for (key, value) in pairs(site) {
            pair(&mut text, key, value);
        }
        if !site.scopes.is_empty() {
            _ = writeln!(text, "scopes = {}", Value::from(site.scopes.clone()));
        }
        if policy && site.redirect_uri.is_some() {
            text.push_str(if site.source == CLOUD { words::CLOUD_SECRET } else { words::LINK_SECRET });
        }
    }
    Ok(text)
}

/// The same for `/.well-known/`.
fn document(plan: &Plan) -> Value {
    let host = |site: &Site| {
        let mut host: Map<String, Value> = pairs(site).map(|(key, value)| (key.to_owned(), value.into())).collect();
        if !site.scopes.is_empty() {
            host.insert("scopes".to_owned(), site.scopes.clone().into());
        }
        Value::Object(host)
    };
    let hosts: Vec<Value> = plan.hosts.iter().map(host).collect();
    let entra = json!({ "tenant": plan.tenant, "client_id": plan.client_id, "redirect_uri": plan.redirect_uri });
    json!({ "entra": entra, "host": hosts })
}

fn pairs(site: &Site) -> impl Iterator<Item = (&'static str, &str)> {
    let all = [
        ("url", Some(&site.url)),
        ("source", Some(&site.source)),
        ("client_id", site.consumer.as_ref()),
        ("redirect_uri", site.redirect_uri.as_ref()),
        ("token_endpoint", site.token_endpoint.as_ref()),
        ("scope", site.scope.as_ref()),
    ];
    all.into_iter().filter_map(|(key, value)| Some((key, value?.as_str())))
}

const CLOUD: &str = "cloud-oauth";
