//! What is known of the claims of each kind of caller.

use crate::broker::ground::subject::Kind;

/// The claims that tokens of a kind are documented to have (`facts/entra.md` 5.1, 6.5); of any kind for `None`.
/// Others can be compared as well, unless they look like a misspelling of one of these.
pub(super) fn known(kind: Option<Kind>) -> Vec<&'static str> {
    let own: &[&[&str]] = match kind {
        Some(Kind::Person | Kind::App) => &[ENTRA],
        Some(Kind::Pipelines) => &[PIPELINES],
        Some(Kind::GithubActions) => &[GITHUB],
        Some(Kind::Gitlab) => &[GITLAB],
        Some(Kind::Kubernetes) => &[],
        None => &[ENTRA, PIPELINES, GITHUB, GITLAB],
    };
    STANDARD.iter().chain(own.iter().copied().flatten()).copied().collect()
}

/// What to compare instead of a claim that people can choose or that is given to somebody else later.
pub(super) fn better(claim: &str) -> Option<&'static str> {
    NAMES.iter().find(|(names, _)| names.contains(&claim)).map(|(_, better)| *better)
}

/// Claims that are always a list.
pub(super) const LISTS: [&str; 4] = ["groups", "wids", "roles", "acrs"];

/// Claims that are always one value.
pub(super) const SINGLES: [&str; 10] =
    ["iss", "sub", "tid", "oid", "azp", "appid", "idtyp", "acct", "repository", "project_path"];

/// "Never authorise on it": DESIGN's word for names, `facts/entra.md` 5.1's for mail addresses.
const NAMES: &[(&[&str], &str)] = &[
    (
        &[
            "name",
            "preferred_username",
            "upn",
            "unique_name",
            "email",
            "given_name",
            "family_name",
            "nickname",
            "verified_primary_email",
        ],
        "`oid`, `groups` or `roles`",
    ),
    (&["app_displayname"], "`azp` or `oid`"),
    (&["actor", "user_login", "user_email", "triggering_actor"], "`repository`, `sub` or an id of the actor"),
    (&["scp"], "nothing: the broker has already checked it"),
];

const STANDARD: &[&str] = &["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

const ENTRA: &[&str] = &[
    "ver",
    "oid",
    "tid",
    "groups",
    "roles",
    "wids",
    "acct",
    "acrs",
    "amr",
    "azp",
    "azpacr",
    "appid",
    "appidacr",
    "idtyp",
    "idp",
    "sid",
    "ctry",
    "tenant_ctry",
    "xms_edov",
    "xms_cc",
    "auth_time",
];

const PIPELINES: &[&str] =
    &["stepUuid", "repositoryUuid", "pipelineUuid", "workspaceUuid", "deploymentEnvironmentUuid", "branchName"];

const GITHUB: &[&str] = &[
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "repository_visibility",
    "ref",
    "ref_type",
    "ref_protected",
    "environment",
    "event_name",
    "workflow",
    "workflow_ref",
    "job_workflow_ref",
    "actor_id",
    "base_ref",
    "head_ref",
    "runner_environment",
    "enterprise",
    "sha",
    "run_id",
];

const GITLAB: &[&str] = &[
    "project_id",
    "project_path",
    "namespace_id",
    "namespace_path",
    "ref",
    "ref_path",
    "ref_type",
    "ref_protected",
    "environment",
    "environment_protected",
    "deployment_tier",
    "pipeline_source",
    "user_id",
    "user_access_level",
    "runner_environment",
    "ci_config_ref_uri",
    "project_visibility",
];
