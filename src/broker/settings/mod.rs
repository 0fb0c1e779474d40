//! The broker's one TOML file, as types that cannot be wrong.

mod build;
mod document;
mod error;
mod files;
pub mod issuer;
mod network;
pub mod place;
pub mod probe;
mod reference;
mod table;

pub use error::{Problem, SettingsError};
pub use issuer::{Issuer, IssuerKind};
pub use network::Network;
pub use place::{Cloud, Consumer, DataCenter, Grants, Host, HostTerms, ServiceUser, Tokens};

pub use reference::reference;

use crate::basis::url::WebUrl;
use files::Files;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Reads the file and the secrets that it names. Files beside it may be named by relative paths.
pub fn read(path: &Path) -> Result<Settings, SettingsError> {
    read_file(path, true)
}

/// Reads the file alone, away from its machine: no secret is looked for, and none is in what is returned.
pub fn read_without_secrets(path: &Path) -> Result<Settings, SettingsError> {
    read_file(path, false)
}

fn read_file(path: &Path, with_secrets: bool) -> Result<Settings, SettingsError> {
    let wrong = |(line, problem)| SettingsError { file: path.to_owned(), line, problem };
    let text = std::fs::read_to_string(path).map_err(|error| wrong((0, Problem::Unreadable(error.to_string()))))?;
    let top = document::parse(&text).map_err(wrong)?;
    let beside = path.parent().unwrap_or(Path::new(""));
    build::settings(&top, &Files { beside, with_secrets }).map_err(wrong)
}

/// Everything that the file says, with defaults filled in and secrets read from the files it names.
#[derive(Clone, Debug)]
pub struct Settings {
    pub listen: SocketAddr,
    /// How clients reach the broker: `issuer` of its metadata, base of every URL it prints.
    pub public_url: WebUrl,
    pub front: Front,
    pub store: StoreAt,
    pub sealing: Sealing,
    pub policy: PolicyAt,
    pub audit: Audit,
    pub limits: Limits,
    /// PEM file added to the system's roots for every outgoing call.
    pub ca_file: Option<PathBuf>,
    /// The broker's own web sign-in for `/connect`; `None` where no host needs a person's grant.
    pub sign_in: Option<SignIn>,
    pub issuers: Vec<Issuer>,
    pub hosts: Vec<Host>,
    pub service_users: Vec<ServiceUser>,
    /// The document of `/.well-known/git-credential-bitbucket-sso.json`, if there is one.
    pub bootstrap: Option<PathBuf>,
    /// Who may read `/metrics`.
    pub metrics_from: Vec<Network>,
}

/// Who ends TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Front {
    /// We do, with these PEM files; read again when they change.
    Tls { certificate: PathBuf, key: PathBuf },
    /// A proxy at one of these networks, whose `X-Forwarded-*` is believed; everybody else is turned away.
    Proxy { from: Vec<Network> },
    /// Nobody: only on a loopback address, for tries.
    Loopback,
}

/// Where grants and issued tokens are kept.
#[derive(Clone, Debug)]
pub struct StoreAt {
    /// `sqlite:PATH` or `postgres://…`; may hold a password, so it is a secret.
    pub url: crate::basis::secret::ClientSecret,
    pub connections: u32,
}

/// Where the key that seals the store comes from.
#[derive(Clone, Debug)]
pub enum Sealing {
    /// Files with 32 bytes in base64 each; the first seals, all open. Mounted secrets are files as well.
    Files(Vec<PathBuf>),
    /// Azure Key Vault: `https://VAULT/keys/NAME[/VERSION]`, wrapping a data key that lies in the store; `identity` is
    /// the client id of a user-assigned managed identity.
    KeyVault { key: WebUrl, identity: Option<String> },
}

/// Where the policy lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyAt {
    /// A file, or a directory whose `*.toml` are read in byte order.
    pub path: PathBuf,
    /// How long the last good policy holds when the files are broken or gone; then the door closes.
    pub keep: Duration,
}

/// Where the record goes.
#[derive(Clone, Debug)]
pub struct Audit {
    pub file: PathBuf,
    /// 32 bytes in base64: the key that seals each line.
    pub key_file: Option<PathBuf>,
    /// OTLP over HTTP, JSON: `https://collector:4318/v1/logs`.
    pub otlp: Option<WebUrl>,
}

/// Bounds on what callers can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Decisions per subject and minute.
    pub per_subject: u32,
    /// Tokens per rule and minute, of all subjects together.
    pub per_rule: Option<u32>,
    pub connections: usize,
    pub header_timeout: Duration,
    pub request_timeout: Duration,
    /// How long running requests may take after SIGTERM.
    pub grace: Duration,
}

/// The application registration that `/connect` signs people in with (a web application).
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The `name` of an `[[issuer]]` of kind `entra`.
    pub issuer: String,
    pub client_id: String,
    pub client_secret: crate::basis::secret::ClientSecret,
    /// Entra object ids (lower case) of the people who may connect service users.
    pub administrators: Vec<String>,
}

#[cfg(test)]
mod tests;
