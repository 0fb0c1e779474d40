//! What is in force, as types that cannot be wrong. Built by [`crate::config::load`] only.

mod sections;

pub use crate::config::workload::Workload;
pub use sections::{
    AuditRules, Background, Fleet, Forward, Network, OnFailure, Saml, Storage, StorageChoice, TokenRules, UiRules,
};

pub use crate::basis::account::AccountMatch;
use crate::basis::day::TimeOfDay;
use crate::basis::secret::ClientSecret;
use crate::basis::url::WebUrl;
use std::path::PathBuf;
use std::time::Duration;

/// Everything a run needs to know, all layers merged (DESIGN.md section 5).
#[derive(Clone, Debug)]
pub struct Settings {
    /// `[entra]` is named `default`; `[entra.NAME]` adds more.
    pub profiles: Vec<Profile>,
    pub hosts: Vec<Host>,
    pub storage: Storage,
    pub network: Network,
    /// Where `self update --check` asks; neither environment nor command line set it.
    pub update_url: Option<WebUrl>,
    pub token: TokenRules,
    pub ui: UiRules,
    pub audit: AuditRules,
    pub saml: Saml,
    pub fleet: Fleet,
}

impl Settings {
    /// The profile a host refers to. `load` has checked that it exists.
    pub fn profile(&self, host: &Host) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.name == host.profile)
    }
}

/// One `[entra]` table: a tenant, a client and how to sign in.
#[derive(Clone, Debug)]
pub struct Profile {
    pub name: String,
    /// GUID or verified domain, lower-case; never `common`, `organizations` or `consumers`.
    pub tenant: String,
    /// Application (client) id, lower-case GUID.
    pub client_id: String,
    /// Exactly as registered; the port is free unless one is written.
    pub redirect_uri: String,
    pub authority: WebUrl,
    pub response_mode: ResponseMode,
    pub flow: FlowChoice,
    pub device_code: DeviceCode,
    pub max_session: Duration,
    pub day_starts: TimeOfDay,
    pub reauthenticate: bool,
    pub outage_grace: Duration,
    pub identity: Identity,
    /// What a workload's identity needs besides.
    pub workload: Workload,
}

/// How Entra hands over the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseMode {
    FormPost,
    Query,
}

/// `flow`: how a person signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowChoice {
    Auto,
    Browser,
    DeviceCode,
}

/// `device_code`: who may start a device-code flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceCode {
    Terminal,
    LoginOnly,
    Never,
}

/// `identity`: who asks. Everything but `User` is a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    User,
    ManagedIdentity,
    Workload,
    Pipelines,
    GithubActions,
    Gitlab,
    AzurePipelines,
    Certificate,
    Auto,
}

/// One `[[host]]` table.
#[derive(Clone, Debug)]
pub struct Host {
    pub url: WebUrl,
    /// Name of the profile it uses: `entra = "NAME"`, else `default`.
    pub profile: String,
    pub source: Source,
}

/// How a Bitbucket token is obtained for a host.
#[derive(Clone, Debug)]
pub enum Source {
    CloudOauth(CloudOauth),
    DataCenterOauth(DataCenterOauth),
    Exchange(Exchange),
    Entra(EntraSource),
}

impl Source {
    /// The name in the configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CloudOauth(_) => "cloud-oauth",
            Self::DataCenterOauth(_) => "datacenter-oauth",
            Self::Exchange(_) => "exchange",
            Self::Entra(_) => "entra",
        }
    }

    /// Whether a secret stands in the configuration itself.
    pub fn holds_a_secret(&self) -> bool {
        match self {
            Self::CloudOauth(CloudOauth { client_secret, .. })
            | Self::DataCenterOauth(DataCenterOauth { client_secret, .. }) => {
                matches!(client_secret, SecretSource::Inline(_))
            }
            Self::Exchange(_) | Self::Entra(_) => false,
        }
    }

    /// The Entra scope whose access token the source needs; the OAuth sources need only a live session.
    pub fn entra_scope(&self) -> Option<&str> {
        match self {
            Self::CloudOauth(_) | Self::DataCenterOauth(_) => None,
            Self::Exchange(exchange) => Some(&exchange.scope),
            Self::Entra(entra) => Some(&entra.scope),
        }
    }
}

/// A Bitbucket Cloud consumer (`facts/bitbucket.md` A1).
#[derive(Clone, Debug)]
pub struct CloudOauth {
    pub client_id: String,
    pub client_secret: SecretSource,
    pub redirect_uri: String,
    pub scopes: Vec<String>,
    pub account_match: AccountMatch,
    /// `authorize_url`, default `{url}/site/oauth2/authorize`.
    pub authorize_url: WebUrl,
    /// `token_url`, default `{url}/site/oauth2/access_token`.
    pub token_url: WebUrl,
    /// `api_url`, default `https://api.bitbucket.org` for bitbucket.org, else `{url}`.
    pub api_url: WebUrl,
}

/// A Bitbucket Data Center incoming application link (`facts/bitbucket.md` B1).
#[derive(Clone, Debug)]
pub struct DataCenterOauth {
    pub client_id: String,
    /// Optional with PKCE.
    pub client_secret: SecretSource,
    /// Sent exactly as written.
    pub redirect_uri: String,
    pub scopes: Vec<String>,
    pub account_match: AccountMatch,
    pub auth_scheme: AuthScheme,
}

/// An organisation's token exchange broker (RFC 8693).
#[derive(Clone, Debug)]
pub struct Exchange {
    pub token_endpoint: WebUrl,
    /// Asked of Entra.
    pub scope: String,
    /// Sent to the broker.
    pub audience: Option<String>,
    /// Sent to the broker; with `per_repository` the repository's URL takes its place.
    pub resource: Option<String>,
    /// Asked of the broker.
    pub request_scope: Option<String>,
    pub per_repository: bool,
    pub client_auth: ClientAuth,
    pub auth_scheme: AuthScheme,
}

/// An identity-aware proxy that takes the Entra access token itself.
#[derive(Clone, Debug)]
pub struct EntraSource {
    pub scope: String,
    pub auth_scheme: AuthScheme,
}

/// Where a client secret is read, at the moment it is needed.
#[derive(Clone, Debug)]
pub enum SecretSource {
    None,
    Inline(ClientSecret),
    File(PathBuf),
    /// Program and arguments, run without a shell; only from policy or the user file.
    Command(Vec<String>),
}

/// `auth_scheme`: how git sends the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthScheme {
    Basic,
    Bearer,
}

/// `client_auth` of the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    None,
    /// The Entra access token also goes into the `Authorization` header.
    Entra,
}
