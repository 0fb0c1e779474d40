//! What a workload needs to show who it is, and what tells the jobs of one machine apart: runners of one user share
//! its files, and must not share its tokens.

use crate::basis::digest;
use crate::basis::env::Env;
use crate::config::settings::{Identity, Profile};
use std::path::PathBuf;

/// What tells one workload from another, and where its credentials are; read only where `identity` is no person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workload {
    /// `managed_client_id`, `managed_object_id`, `managed_resource_id`: at most one may be set.
    pub managed_client_id: Option<String>,
    pub managed_object_id: Option<String>,
    pub managed_resource_id: Option<String>,
    pub federated_audience: Option<String>,
    /// The variable with the ID token of a GitLab job.
    pub id_token_variable: String,
    pub service_connection: Option<String>,
    pub certificate_file: Option<PathBuf>,
    pub certificate_password_file: Option<PathBuf>,
    /// Whether a layer sets `authority`; where none does, the platform's own word stands in.
    pub authority_set: bool,
    /// A digest of the variables by which a platform tells its jobs apart: two jobs of one machine share nothing.
    pub job: String,
}

/// Marks each workload's profile with a digest of what its platform hands to this job alone.
pub(super) fn tell_apart(profiles: &mut [Profile], env: &Env) {
    for profile in profiles.iter_mut().filter(|profile| profile.identity != Identity::User) {
        let own = profile.workload.id_token_variable.clone();
        let names = VARIABLES.into_iter().chain([own.as_str()]);
        let values: Vec<String> = names.map(|name| env.text(name).unwrap_or_default()).collect();
        profile.workload.job = digest::of_fields(values.iter().map(String::as_str));
    }
}

/// What differs between jobs, pods and hosts (`facts/entra.md` 6.1, 6.4, 6.5). The digest goes into names only.
const VARIABLES: [&str; 15] = [
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "AZURE_AUTHORITY_HOST",
    "AZURE_CLIENT_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_KUBERNETES_TOKEN_PROXY",
    "AZURE_TENANT_ID",
    "BITBUCKET_STEP_OIDC_TOKEN",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "IMDS_ENDPOINT",
    "MSI_ENDPOINT",
    "MSI_SECRET",
    "SYSTEM_ACCESSTOKEN",
    "SYSTEM_OIDCREQUESTURI",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_job_of_the_same_machine_is_another_account() {
        let of = |token: &str| {
            let sources = crate::config::Sources {
                places: crate::config::Places::of(&Env::fixed([("HOME", "/nowhere-at-all")])),
                env: Env::fixed([
                    ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", token),
                    ("BITBUCKET_SSO_IDENTITY", "github-actions"),
                    ("BITBUCKET_SSO_TENANT", "contoso.example"),
                ]),
                flags: Vec::new(),
            };
            let loaded = crate::config::load(&sources).unwrap_or_else(|error| panic!("{error}"));
            crate::config::account_id(&loaded.settings.profiles[0])
        };
        assert_eq!(of("a"), of("a"));
        assert_ne!(of("a"), of("b"));
    }
}
