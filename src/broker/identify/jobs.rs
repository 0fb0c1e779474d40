//! Tokens of jobs and pods: Bitbucket Pipelines, GitHub Actions, GitLab, Kubernetes (`facts/entra.md` 6.5,
//! `facts/bitbucket.md` A6).

use super::read::{NotBefore, Read};
use super::refused;
use crate::basis::clock::Timestamp;
use crate::basis::text;
use crate::broker::ground::ask::Refusal;
use crate::broker::ground::subject::{Claims, Kind, Subject};
use crate::broker::settings::Issuer;
use serde_json::{Map, Value};

/// The caller, if the claims say what they must. The signature was checked before.
pub fn judged(
    issuer: &Issuer,
    kind: Kind,
    claims: Map<String, Value>,
    token_sha256: String,
    now: Timestamp,
) -> Result<Subject, Refusal> {
    let read = Read(&claims);
    read.from(issuer)?;
    for_us(&read, issuer)?;
    let (issued, expires) = read.in_time(NotBefore::IfThere, now)?;
    for name in texts(kind) {
        read.maybe_text(name)?;
    }
    let id = read.text("sub")?;
    if id.len() > LONGEST || id.chars().any(char::is_control) {
        return Err(refused("`sub` of the token is no name"));
    }
    Ok(Subject {
        kind,
        issuer: issuer.name.clone(),
        tid: None,
        id: id.to_owned(),
        name: text::clean(name(kind, &claims).unwrap_or(id)),
        email: None,
        issued,
        expires,
        token_sha256,
        uti: None,
        client: None,
        claims: Claims(claims),
    })
}

/// `aud` is a text or a list (RFC 7519 section 4.1.3): Kubernetes always makes a list of it.
fn for_us(read: &Read<'_>, issuer: &Issuer) -> Result<(), Refusal> {
    let audiences = match read.0.get("aud") {
        Some(Value::Array(_)) => read.texts("aud")?,
        _ => vec![read.text("aud")?],
    };
    if !audiences.iter().any(|audience| issuer.audiences.iter().any(|ours| ours == audience)) {
        let first = text::clean(audiences.first().unwrap_or(&""));
        return Err(refused(format!("the token is for the audience `{first}`, not for this broker")));
    }
    Ok(())
}

fn name(kind: Kind, claims: &Map<String, Value>) -> Option<&str> {
    match kind {
        Kind::Pipelines => claims.get("repositoryUuid")?.as_str(),
        Kind::GithubActions => claims.get("repository")?.as_str(),
        Kind::Gitlab => claims.get("project_path")?.as_str(),
        Kind::Kubernetes => claims.get("kubernetes.io")?.get("serviceaccount")?.get("name")?.as_str(),
        Kind::Person | Kind::App => None,
    }
}

/// What rules are likely to compare with is text in all of these.
fn texts(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Pipelines => &[
            "accountUuid",
            "branchName",
            "deploymentEnvironmentUuid",
            "pipelineUuid",
            "repositoryUuid",
            "stepUuid",
            "workspaceUuid",
        ],
        Kind::GithubActions => &[
            "actor",
            "actor_id",
            "environment",
            "event_name",
            "job_workflow_ref",
            "ref",
            "ref_type",
            "repository",
            "repository_id",
            "repository_owner",
            "repository_owner_id",
            "repository_visibility",
            "workflow_ref",
        ],
        Kind::Gitlab => &[
            "ci_config_ref_uri",
            "environment",
            "namespace_id",
            "namespace_path",
            "project_id",
            "project_path",
            "ref",
            "ref_protected",
            "ref_type",
            "user_id",
            "user_login",
        ],
        Kind::Kubernetes | Kind::Person | Kind::App => &[],
    }
}

/// Bitbucket's are three UUIDs, GitHub's a path and a branch.
const LONGEST: usize = 1024;
