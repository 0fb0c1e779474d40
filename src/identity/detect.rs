//! Which identity a machine has, told by its variables and files alone; nobody is asked.

use crate::basis::env::Env;
use crate::config::settings::{Identity, Profile};
use crate::identity::IdentityError;
use std::path::Path;

/// How a workload shows who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    Managed(Platform),
    Workload,
    GithubActions,
    Gitlab,
    AzurePipelines,
    Pipelines,
    Certificate,
}

/// Whose service gives tokens to a managed identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    ServiceFabric,
    /// Also Functions and Container Apps.
    AppService,
    AzureMl,
    Arc,
    CloudShell,
    Imds,
}

impl Means {
    /// The value of `identity` that stands for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Managed(_) => "managed-identity",
            Self::Workload => "workload",
            Self::GithubActions => "github-actions",
            Self::Gitlab => "gitlab",
            Self::AzurePipelines => "azure-pipelines",
            Self::Pipelines => "pipelines",
            Self::Certificate => "certificate",
        }
    }

    /// The service behind it, for people.
    pub fn service(self) -> &'static str {
        match self {
            Self::Managed(Platform::ServiceFabric) => "Service Fabric",
            Self::Managed(Platform::AppService) => "App Service, Functions or Container Apps",
            Self::Managed(Platform::AzureMl) => "Azure Machine Learning",
            Self::Managed(Platform::Arc) => "Azure Arc",
            Self::Managed(Platform::CloudShell) => "Azure Cloud Shell",
            Self::Managed(Platform::Imds) => "the metadata service of an Azure machine",
            Self::Workload => "Kubernetes",
            Self::GithubActions => "GitHub Actions",
            Self::Gitlab => "GitLab",
            Self::AzurePipelines => "Azure Pipelines",
            Self::Pipelines => "Bitbucket Pipelines",
            Self::Certificate => "a certificate of the application",
        }
    }
}

/// What was found, and by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detected {
    pub means: Means,
    /// A clause that names the variables or the file.
    pub why: &'static str,
}

/// The identity of this machine. `auto` takes the first that its variables name: the job's own, then a pod's, then the
/// certificate that is configured, then a managed identity in the order of `facts/entra.md` 6.1. The metadata service
/// is last, and is not asked whether it is there.
pub fn detect(env: &Env, root: &Path, profile: &Profile) -> Result<Detected, IdentityError> {
    let fixed = |means| Ok(Detected { means, why: "identity names it" });
    match profile.identity {
        Identity::User => Err(IdentityError::Setting("identity = \"user\" is a person".into())),
        Identity::ManagedIdentity => platform(env, root),
        Identity::Workload => fixed(Means::Workload),
        Identity::Pipelines => fixed(Means::Pipelines),
        Identity::GithubActions => fixed(Means::GithubActions),
        Identity::Gitlab => fixed(Means::Gitlab),
        Identity::AzurePipelines => fixed(Means::AzurePipelines),
        Identity::Certificate => fixed(Means::Certificate),
        Identity::Auto => named(env, profile).map_or_else(|| platform(env, root), Ok),
    }
}

fn named(env: &Env, profile: &Profile) -> Option<Detected> {
    let set = |name: &str| env.os(name).is_some();
    let found = |means, why| Some(Detected { means, why });
    match () {
        () if set("BITBUCKET_STEP_OIDC_TOKEN") => found(Means::Pipelines, "BITBUCKET_STEP_OIDC_TOKEN is set"),
        () if set("ACTIONS_ID_TOKEN_REQUEST_URL") => found(Means::GithubActions, "ACTIONS_ID_TOKEN_REQUEST_URL is set"),
        () if set("SYSTEM_OIDCREQUESTURI") => found(Means::AzurePipelines, "SYSTEM_OIDCREQUESTURI is set"),
        () if set("GITLAB_CI") && set(&profile.workload.id_token_variable) => {
            found(Means::Gitlab, "GITLAB_CI and the ID token are set")
        }
        () if set("AZURE_FEDERATED_TOKEN_FILE") => found(Means::Workload, "AZURE_FEDERATED_TOKEN_FILE is set"),
        () if profile.workload.certificate_file.is_some() => found(Means::Certificate, "certificate_file is set"),
        () => None,
    }
}

fn platform(env: &Env, root: &Path) -> Result<Detected, IdentityError> {
    let set = |name: &str| env.os(name).is_some();
    let found = |platform, why| Ok(Detected { means: Means::Managed(platform), why });
    let half = |set, missing| Err(IdentityError::HalfSet { set, missing });
    let endpoint = set("IDENTITY_ENDPOINT");
    match (endpoint, set("IDENTITY_HEADER"), set("IDENTITY_SERVER_THUMBPRINT")) {
        (true, true, true) => {
            return found(
                Platform::ServiceFabric,
                "IDENTITY_ENDPOINT, IDENTITY_HEADER and IDENTITY_SERVER_THUMBPRINT are set",
            );
        }
        (true, true, false) => return found(Platform::AppService, "IDENTITY_ENDPOINT and IDENTITY_HEADER are set"),
        (false, true, _) => return half("IDENTITY_HEADER", "IDENTITY_ENDPOINT"),
        (_, false, true) => return half("IDENTITY_SERVER_THUMBPRINT", "IDENTITY_HEADER"),
        (_, false, false) => {}
    }
    match (set("MSI_ENDPOINT"), set("MSI_SECRET")) {
        (true, true) => return found(Platform::AzureMl, "MSI_ENDPOINT and MSI_SECRET are set"),
        (false, true) => return half("MSI_SECRET", "MSI_ENDPOINT"),
        (_, false) => {}
    }
    match (endpoint, set("IMDS_ENDPOINT")) {
        (true, true) => return found(Platform::Arc, "IDENTITY_ENDPOINT and IMDS_ENDPOINT are set"),
        (true, false) => return half("IDENTITY_ENDPOINT", "IDENTITY_HEADER or IMDS_ENDPOINT"),
        (false, true) => return half("IMDS_ENDPOINT", "IDENTITY_ENDPOINT"),
        (false, false) => {}
    }
    if agent(env, root) {
        return found(Platform::Arc, "the agent of Azure Arc is installed");
    }
    if set("MSI_ENDPOINT") {
        return found(Platform::CloudShell, "MSI_ENDPOINT is set");
    }
    found(Platform::Imds, "no variable names another service")
}

/// Azure Arc's agent is there.
fn agent(env: &Env, root: &Path) -> bool {
    let windows = || env.os("ProgramFiles").map(|dir| Path::new(&dir).join("AzureConnectedMachineAgent/himds.exe"));
    let path = if cfg!(windows) { windows() } else { Some(root.join("opt/azcmagent/bin/himds")) };
    path.is_some_and(|path| path.exists())
}
