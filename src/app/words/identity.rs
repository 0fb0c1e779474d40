//! Workloads: why one could not show who it is, or was not believed, with both sides where they can be shown.

use crate::app::wanted::Wanted;
use crate::app::words::{self, CONFIG_SHOW, duration};
use crate::app::workload::Standing;
use crate::basis::failure::{Failure, Kind};
use crate::config::settings::{Identity, Workload};
use crate::identity::{Claims, Detected, IdentityError};
use crate::session::SessionError;

/// The two OAuth sources with an identity that is no person.
pub fn person_needed(wanted: &Wanted<'_>) -> Failure {
    let (host, source) = (wanted.host.url.host(), wanted.host.source.name());
    let what = format!(
        "no token for {host}: source = \"{source}\" needs a person who consents in a browser, and identity is a \
         workload's"
    );
    let help = "set source = \"exchange\" for this host in the configuration of workloads, with your broker's \
                token_endpoint";
    Failure::new(Kind::Config, "person-needed", what, help)
}

/// A step's token for a proxy that takes Entra's.
pub fn broker_needed(wanted: &Wanted<'_>) -> Failure {
    let host = wanted.host.url.host();
    let what = format!(
        "no token for {host}: the token of a Bitbucket Pipelines step is for a broker, and source = \"entra\" needs one \
         of Entra"
    );
    Failure::new(Kind::Config, "broker-needed", what, "set source = \"exchange\" for this host, or another identity")
}

/// What a leader does, for those who wait.
pub fn leader_shows(wanted: &Wanted<'_>) -> String {
    format!("showing this workload's identity for {}", wanted.host.url.host())
}

/// A workload needs no sign-in.
pub fn workload_ready(wanted: &Wanted<'_>, who: &str) -> String {
    format!("bitbucket-sso: {} is ready as {who}; a workload needs no sign-in", wanted.host.url.host())
}

/// Which identity this machine has, and by what it was recognised.
pub fn detected_as(detected: &Detected) -> String {
    format!("{} ({}): {}", detected.means.name(), detected.means.service(), detected.why)
}

/// A workload in `status`: its identity, what its token says, and where tokens wait.
pub fn workload_account(profile: &str, workload: &Standing) -> String {
    let name = if profile == "default" { String::new() } else { format!(" [{profile}]") };
    let Standing { identity, claims, storage } = workload;
    let kept = match *storage {
        "nowhere" => "nowhere; each command shows the identity again",
        "memory-file" => "in sealed files in memory; gone with this machine's run",
        _ => "sealed with a key of the system's store",
    };
    let claims: Vec<String> = claims.iter().map(|(name, value)| format!("{name} {value}")).collect();
    let claims = if claims.is_empty() { String::new() } else { format!("  its token says: {}\n", claims.join("; ")) };
    format!("workload{name}: {identity}\n{claims}  kept {kept}\n")
}

/// Why this machine could not show who it is.
pub fn identity(wanted: &Wanted<'_>, error: &IdentityError) -> Failure {
    let why = match error {
        IdentityError::Expired { by } => format!("the token ended {} ago by this machine's clock", duration(*by)),
        IdentityError::NotYetValid { by } => {
            format!("the token begins in {} by this machine's clock", duration(*by))
        }
        IdentityError::NotAssigned { said } => {
            format!("{} is not assigned to this machine: {said}", named(&wanted.profile.workload))
        }
        other => other.to_string(),
    };
    if let IdentityError::Net(error) = error {
        return words::net(wanted, error);
    }
    let (kind, id) = sort(error);
    Failure::new(kind, id, format!("no token for {}: {why}", wanted.host.url.host()), help(wanted, error))
}

fn sort(error: &IdentityError) -> (Kind, &'static str) {
    match error {
        IdentityError::HalfSet { .. } => (Kind::Config, "identity-half-set"),
        IdentityError::NotHere(_) => (Kind::Config, "identity-not-here"),
        IdentityError::Setting(_) => (Kind::Config, "identity-setting"),
        IdentityError::TokenFile { .. } | IdentityError::NoToken(_) => (Kind::Config, "identity-token-file"),
        IdentityError::Expired { .. } | IdentityError::NotYetValid { .. } => (Kind::Config, "identity-token-time"),
        IdentityError::Audience { .. } => (Kind::Config, "identity-audience"),
        IdentityError::Challenge(_) | IdentityError::Key(_) => (Kind::Config, "arc-challenge"),
        IdentityError::Thumbprint { .. } => (Kind::Declined, "identity-thumbprint"),
        IdentityError::Certificate { .. } => (Kind::Config, "identity-certificate"),
        IdentityError::Foreign { .. } => (Kind::Upstream, "identity-service-foreign"),
        IdentityError::Several => (Kind::Config, "identity-several"),
        IdentityError::NotAssigned { .. } => (Kind::Config, "identity-not-assigned"),
        IdentityError::Refused { .. } => (Kind::Denied, "identity-refused"),
        IdentityError::Busy { .. } => (Kind::Network, "identity-service-busy"),
        IdentityError::Silent(_) | IdentityError::Net(_) => (Kind::Network, "identity-service-silent"),
    }
}

/// The one next step, for whoever looks after the pipeline at night.
fn help(wanted: &Wanted<'_>, error: &IdentityError) -> String {
    let scope = wanted.host.source.entra_scope().unwrap_or_default();
    match error {
        IdentityError::HalfSet { set, missing } => half(set, missing),
        IdentityError::NotHere(variable) => absent(variable),
        IdentityError::Setting(_) => format!("{CONFIG_SHOW}    (it says where each value comes from; correct that one)"),
        IdentityError::TokenFile { path, .. } => {
            format!("ls -lL {}    (this user must be able to read it; whoever runs this pod or job puts it there)", path.display())
        }
        IdentityError::NoToken(_) => "ask whoever runs this pod or job what it puts there; it must be one signed token".into(),
        IdentityError::Expired { .. } => {
            "date -u    (if that is right, ask whoever runs this pod or job why its token is not renewed)".into()
        }
        IdentityError::NotYetValid { .. } => {
            "date -u    (if that is right, the clock of whoever issues the token is ahead)".into()
        }
        IdentityError::Audience { wants, .. } => format!(
            "request the token for {wants} in this job or pod, or set federated_audience in [entra] to what the \
             federated credential names"
        ),
        IdentityError::Challenge(_) => {
            "ask whoever runs this machine what listens there instead of Azure Arc's agent; nothing was sent to it".into()
        }
        IdentityError::Key(_) => "sudo usermod -aG himds \"$USER\"    (then start a new session)".into(),
        IdentityError::Thumbprint { .. } => "ask whoever runs this cluster; nothing was sent to that service".into(),
        IdentityError::Certificate { path, why } => certificate(wanted, &path.display().to_string(), why),
        IdentityError::Foreign { place, .. } => format!(
            "curl -i --noproxy '*' {place}    (that answers; if this is no machine of that platform, set identity in \
             [entra])"
        ),
        IdentityError::Several => "set managed_client_id in [entra] to the client id of one of them".into(),
        IdentityError::NotAssigned { .. } => {
            "ask your Azure administrator to assign it to this machine or app, or correct its id in [entra]".into()
        }
        IdentityError::Refused { .. } => {
            format!("ask your Azure administrator whether this identity may have tokens for {scope}")
        }
        IdentityError::Busy { after, .. } => {
            format!("run the command again in {}", after.map_or_else(|| "a minute".to_owned(), duration))
        }
        IdentityError::Silent(_) | IdentityError::Net(_) if wanted.profile.identity == Identity::Auto => {
            "give this job its token (Bitbucket `oidc: true`, GitHub `id-token: write`, GitLab `id_tokens`): no variable \
             of a job, pod or platform is set, so that only an Azure machine was left"
                .into()
        }
        IdentityError::Silent(_) | IdentityError::Net(_) => {
            "set identity in [entra] to what this machine has; if it is one of Azure's, ask your Azure administrator to \
             assign a managed identity"
                .into()
        }
    }
}

/// Variables of which only some are set.
fn half(set: &str, missing: &str) -> String {
    match missing {
        "SYSTEM_ACCESSTOKEN" => "add to `env` of this step: SYSTEM_ACCESSTOKEN: $(System.AccessToken)".into(),
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN" => {
            "hand ACTIONS_ID_TOKEN_REQUEST_TOKEN on to where git runs, as its URL was (docker run --env NAME)".into()
        }
        _ => {
            format!("unset {set}    (if it is left over; else ask whoever runs this machine why {missing} is not set)")
        }
    }
}

/// What gives a job or pod the variable.
fn absent(variable: &str) -> String {
    match variable {
        "BITBUCKET_STEP_OIDC_TOKEN" => "add `oidc: true` to this step in bitbucket-pipelines.yml".into(),
        "ACTIONS_ID_TOKEN_REQUEST_URL" => "add `permissions: id-token: write` to this job of the workflow".into(),
        "SYSTEM_OIDCREQUESTURI" => "set identity in [entra] to what this is; it is no job of Azure Pipelines".into(),
        "AZURE_FEDERATED_TOKEN_FILE" => {
            "label the pod azure.workload.identity/use: \"true\", and give its service account the client id".into()
        }
        other => format!("add {other} with its `aud` to `id_tokens` of this job in .gitlab-ci.yml"),
    }
}

fn certificate(wanted: &Wanted<'_>, path: &str, why: &str) -> String {
    match why {
        _ if why.starts_with("cannot be read") => format!("ls -lL {path}    (this user must be able to read it)"),
        _ if why.contains("password") => {
            format!("{CONFIG_SHOW}    (certificate_password_file must hold the password of that file)")
        }
        "has expired" => format!(
            "ask the Entra administrator of {} for a new certificate of the application, and put it there",
            wanted.profile.tenant
        ),
        _ => format!("openssl x509 -noout -subject -dates -in {path}"),
    }
}

/// The managed identity as it is configured.
fn named(workload: &Workload) -> String {
    let Workload { managed_client_id, managed_object_id, managed_resource_id, .. } = workload;
    let ids = [
        ("managed_client_id", managed_client_id),
        ("managed_object_id", managed_object_id),
        ("managed_resource_id", managed_resource_id),
    ];
    let set = ids.into_iter().find_map(|(key, id)| Some(format!("the identity {key} = \"{}\"", id.as_ref()?)));
    set.unwrap_or_else(|| "a managed identity".to_owned())
}

/// Entra did not take what the workload showed. A federated credential that does not fit is shown from both sides.
pub fn statement_refused(wanted: &Wanted<'_>, error: &SessionError, client_id: &str, claims: &Claims) -> Failure {
    let failure = words::session(wanted, error);
    let SessionError::Refused(refusal) = error else { return failure };
    let kind = if failure.kind == Kind::SignInNeeded { Kind::Denied } else { failure.kind };
    let shown = |claim: &Option<String>| claim.clone().unwrap_or_else(|| "none".to_owned());
    let (issuer, subject, audience) = (shown(&claims.issuer), shown(&claims.subject), shown(&claims.audience));
    let sides = match refusal.code {
        Some(70021 | 700_211 | 700_212 | 700_213 | 7_002_137 | 7_002_138 | 700_229) => {
            format!(
                "\n           the token says: issuer {issuer}; subject {subject}; audience {audience}\n           a \
                 federated credential of application {client_id} must say the same, letter by letter"
            )
        }
        Some(700_024) => format!("\n           the token says: issuer {issuer}; check this machine's clock: date -u"),
        _ => String::new(),
    };
    let admin = format!("the Entra administrator of {}", wanted.profile.tenant);
    let help = match (refusal.code, failure.kind) {
        (Some(700_211), _) => format!("ask {admin} to correct the issuer of the federated credential as below"),
        (Some(700_212), _) => format!("ask {admin} to correct the audience of the federated credential as below"),
        (Some(700_213), _) => format!("ask {admin} to correct the subject of the federated credential as below"),
        (Some(70021 | 7_002_137 | 7_002_138), _) => {
            format!("ask {admin} to add the federated credential below; a new one works after a few minutes")
        }
        (Some(700_024), _) => "date -u    (if that is right, start the job again: it needs a new token)".to_owned(),
        (Some(700_027), _) if claims.issuer.as_deref() == Some(client_id) => {
            format!("ask {admin} to add this certificate to application {client_id}")
        }
        (Some(700_027), _) => format!("ask whoever runs {issuer} whether Entra can fetch the keys that it signs with"),
        (_, Kind::SignInNeeded) => format!("ask {admin}; they need the ids below"),
        _ => failure.help.clone(),
    };
    let detail = failure.detail.clone().unwrap_or_default();
    Failure { kind, help, detail: Some(format!("{detail}{sides}")), ..failure }
}
