//! `setup --admin`: what an organisation enters in Entra and Bitbucket, and the files it deploys.

mod deploy;
mod entra;

pub use deploy::{File, Written, files, write};
pub use entra::{application, json};

use crate::app::setup::SetupError;
use crate::basis::url::WebUrl;
use crate::config::settings::{Settings, Source};
use std::path::PathBuf;

/// As typed.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    pub domain: Option<String>,
    pub tenant: Option<String>,
    pub client_id: Option<String>,
    pub host: Option<String>,
    pub source: Option<String>,
    pub scope: Option<String>,
    pub token_endpoint: Option<String>,
    pub consumer: Option<String>,
    pub out: Option<PathBuf>,
    pub dry_run: bool,
    pub json: bool,
}

/// An organisation: one tenant, one application, its Bitbucket hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Where the configuration will be published.
    pub domain: Option<String>,
    pub tenant: String,
    /// Known only once the application is registered.
    pub client_id: Option<String>,
    pub redirect_uri: String,
    pub hosts: Vec<Site>,
}

/// One Bitbucket host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    pub url: String,
    /// The source's name in the configuration.
    pub source: String,
    pub scope: Option<String>,
    pub token_endpoint: Option<String>,
    pub consumer: Option<String>,
    pub redirect_uri: Option<String>,
    pub scopes: Vec<String>,
}

/// Why there is no plan, or no file.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// A key without which nothing works.
    #[error("{0} is missing")]
    Incomplete(&'static str),
    /// Our own check refuses it.
    #[error("{0}")]
    Invalid(String),
    /// A file of that name says otherwise.
    #[error("{0} differs")]
    Differs(PathBuf),
    /// The file system refuses.
    #[error(transparent)]
    Write(#[from] SetupError),
}

/// From what was typed, else from the configuration in force (its first tenant).
pub fn plan(settings: &Settings, wish: &Wish) -> Result<Plan, AdminError> {
    if let Some(tenant) = &wish.tenant {
        let site = typed(wish)?;
        let client_id = wish.client_id.clone();
        let domain = wish.domain.clone();
        return Ok(Plan {
            domain,
            tenant: tenant.clone(),
            client_id,
            redirect_uri: LOOPBACK.into(),
            hosts: vec![site],
        });
    }
    let profile = settings.profiles.first().ok_or(AdminError::Incomplete("entra.tenant"))?;
    let ours = settings.hosts.iter().filter(|host| host.profile == profile.name);
    let hosts: Vec<Site> = ours.map(|host| site(&host.url, &host.source)).collect();
    if hosts.is_empty() {
        return Err(AdminError::Incomplete("host.host"));
    }
    Ok(Plan {
        domain: wish.domain.clone(),
        tenant: profile.tenant.clone(),
        client_id: Some(wish.client_id.clone().unwrap_or_else(|| profile.client_id.clone())),
        redirect_uri: profile.redirect_uri.clone(),
        hosts,
    })
}

fn typed(wish: &Wish) -> Result<Site, AdminError> {
    let needed = |value: &Option<String>, key| value.clone().ok_or(AdminError::Incomplete(key));
    let url: WebUrl =
        needed(&wish.host, "host.host")?.parse().map_err(|error| AdminError::Invalid(format!("--host: {error}")))?;
    let source = needed(&wish.source, "host.source")?;
    let (scope, token_endpoint) = match source.as_str() {
        "exchange" => {
            (Some(needed(&wish.scope, "host.scope")?), Some(needed(&wish.token_endpoint, "host.token_endpoint")?))
        }
        "entra" => (Some(needed(&wish.scope, "host.scope")?), None),
        _ => (None, None),
    };
    let (redirect_uri, scopes): (_, &[&str]) = match source.as_str() {
        "cloud-oauth" => (Some(CLOUD_CALLBACK), &["repository:write", "account", "email"]),
        "datacenter-oauth" => (Some(DATA_CENTER_CALLBACK), &["REPO_WRITE"]),
        _ => (None, &[]),
    };
    let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    let consumer = redirect_uri.and(wish.consumer.clone());
    let redirect_uri = redirect_uri.map(str::to_owned);
    Ok(Site { url: url.to_string(), source, scope, token_endpoint, consumer, redirect_uri, scopes })
}

fn site(url: &WebUrl, source: &Source) -> Site {
    let bare = Site {
        url: url.to_string(),
        source: source.name().to_owned(),
        scope: source.entra_scope().map(str::to_owned),
        token_endpoint: None,
        consumer: None,
        redirect_uri: None,
        scopes: Vec::new(),
    };
    let oauth = |id: &str, redirect: &str, scopes: &[String], bare: Site| Site {
        consumer: Some(id.to_owned()),
        redirect_uri: Some(redirect.to_owned()),
        scopes: scopes.to_vec(),
        ..bare
    };
    match source {
        Source::CloudOauth(cloud) => oauth(&cloud.client_id, &cloud.redirect_uri, &cloud.scopes, bare),
        Source::DataCenterOauth(link) => oauth(&link.client_id, &link.redirect_uri, &link.scopes, bare),
        Source::Exchange(broker) => Site { token_endpoint: Some(broker.token_endpoint.to_string()), ..bare },
        Source::Entra(_) => bare,
    }
}

const LOOPBACK: &str = "http://localhost";
const CLOUD_CALLBACK: &str = "http://127.0.0.1/callback";
const DATA_CENTER_CALLBACK: &str = "http://localhost:34107/callback";
