//! Who a machine is: the identity of a workload, found in its surroundings and shown without a stored secret
//! (`facts/entra.md` 6). No call here waits for a person.

mod certificate;
mod claims;
mod detect;
mod federated;
mod jobs;
mod managed;
mod pkcs12;
mod proxy;
mod reply;

pub use claims::Claims;
pub use detect::{Detected, Means, Platform, detect};

use crate::basis::clock::{Clock, Timestamp};
use crate::basis::credential::Subject;
use crate::basis::env::Env;
use crate::basis::secret::{AccessToken, Assertion};
use crate::config::settings::Profile;
use crate::net::{Http, NetError, Way};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What an identity is looked for in.
#[derive(Clone, Copy)]
pub struct Here<'a> {
    pub http: &'a dyn Http,
    pub clock: &'a dyn Clock,
    pub env: &'a Env,
    /// `/`; challenge files and agents are looked for below it.
    pub root: &'a Path,
    pub profile: &'a Profile,
    /// The host's scope; of a scope for people (`api://app/name`) only the application counts.
    pub scope: &'a str,
}

/// How the workload shows who it is.
#[derive(Debug)]
pub enum Shown {
    /// A token that is ready to be used.
    Token { token: AccessToken, subject: Subject, expires: Timestamp },
    /// A statement that Entra turns into a token.
    Statement(Statement),
}

/// Whom Entra is to believe, and where it is asked.
#[derive(Debug)]
pub struct Statement {
    pub assertion: Assertion,
    pub client_id: String,
    /// The token endpoint, or the proxy in front of it.
    pub endpoint: String,
    pub way: Way,
}

/// Shows who this workload is. No token is asked for twice; only a platform's own service is, by its own rules.
pub fn show(here: &Here<'_>, means: Means) -> Result<Shown, IdentityError> {
    let statement = match means {
        Means::Managed(platform) => return managed::token(here, platform),
        Means::Pipelines => return jobs::pipelines(here),
        Means::Workload => federated::kubernetes(here)?,
        Means::GithubActions => federated::job(here, jobs::github(here)?)?,
        Means::Gitlab => federated::job(here, jobs::gitlab(here)?)?,
        Means::AzurePipelines => federated::job(here, jobs::azure_pipelines(here)?)?,
        Means::Certificate => certificate::statement(here)?,
    };
    Ok(Shown::Statement(statement))
}

/// `api://app/.default` of any scope of `api://app`.
pub fn app_scope(scope: &str) -> String {
    format!("{}/.default", resource(scope))
}

/// The application that a scope belongs to.
fn resource(scope: &str) -> &str {
    let start = scope.find("://").map_or(0, |at| at + 3);
    match scope.rsplit_once('/') {
        Some((app, _)) if app.len() > start => app,
        _ => scope,
    }
}

/// Why a workload could not show who it is; named for who can change it. Texts of servers are cleaned and cut.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The platform's variables contradict each other.
    #[error("{set} is set, but {missing} is not")]
    HalfSet { set: &'static str, missing: &'static str },
    /// The variable by which a job or pod has the identity that is configured is not set.
    #[error("{0} is not set")]
    NotHere(String),
    /// A setting is missing, or is one too many.
    #[error("{0}")]
    Setting(String),
    /// The file with the token cannot be used.
    #[error("the token file {} {why}", .path.display())]
    TokenFile { path: PathBuf, why: String },
    /// What stands for a token is none.
    #[error("{0} holds no token (JWT)")]
    NoToken(&'static str),
    /// Over, by our clock, for longer than clocks differ.
    #[error("the token ended {} seconds ago by this machine's clock", .by.as_secs())]
    Expired { by: Duration },
    /// Not begun, by our clock.
    #[error("the token begins in {} seconds by this machine's clock", .by.as_secs())]
    NotYetValid { by: Duration },
    /// The token is for somebody else than Entra.
    #[error("the token is for the audience `{has}`, and Entra wants `{wants}`")]
    Audience { has: String, wants: String },
    /// Whoever answers is not the platform's own service.
    #[error("what answers at {place} is not the identity service of this platform: {why}")]
    Foreign { place: String, why: String },
    /// Nobody answers.
    #[error("no identity service answers on this machine: {0}")]
    Silent(NetError),
    /// Several identities are assigned, and none is named.
    #[error("several managed identities are assigned to this machine, and none is named")]
    Several,
    /// The identity that is asked for is not assigned.
    #[error("the identity is not assigned to this machine: {said}")]
    NotAssigned { said: String },
    /// The service says no.
    #[error("{place} refused with status {status}: {said}")]
    Refused { place: String, status: u16, said: String },
    /// The service asks to wait, or was still being updated after all tries.
    #[error("{place} cannot answer now (status {status})")]
    Busy { place: String, status: u16, after: Option<Duration> },
    /// Azure Arc's challenge breaks its rules.
    #[error("the challenge of Azure Arc is refused: {0}")]
    Challenge(String),
    /// Azure Arc's key is where it should be, but not to be read.
    #[error("the key of Azure Arc's agent {0}")]
    Key(String),
    /// The certificate of Service Fabric's service is not the one it announced.
    #[error("the certificate of {place} is not the one of IDENTITY_SERVER_THUMBPRINT")]
    Thumbprint { place: String },
    /// The certificate of the application cannot be used.
    #[error("the certificate {} {why}", .path.display())]
    Certificate { path: PathBuf, why: String },
    /// The line to the issuer of a job's token is broken.
    #[error(transparent)]
    Net(NetError),
}

#[cfg(test)]
mod tests;
