//! Workloads: why one could not show who it is, or was not believed, with both sides where they can be shown.

use crate::app::wanted::Wanted;
use crate::app::words::{self, CONFIG_SHOW, duration};
use crate::app::workload::Standing;
use crate::basis::failure::{Failure, Kind};
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
    let fail = |kind, id, help: &str| {
        Failure::new(kind, id, format!("no token for {}: {error}", wanted.host.url.host()), help)
    };
    match error {
        IdentityError::HalfSet { .. } => fail(
            Kind::Config,
            "identity-half-set",
            "set both or none of these variables, or name another identity in [entra]",
        ),
        IdentityError::NotHere(_) => fail(
            Kind::Config,
            "identity-not-here",
            "set that up for this job or pod, or name another identity in [entra]",
        ),
        IdentityError::Setting(_) => fail(Kind::Config, "identity-setting", CONFIG_SHOW),
        IdentityError::TokenFile { .. } | IdentityError::NoToken(_) => fail(
            Kind::Config,
            "identity-token-file",
            "ask whoever runs this pod or job where its token is; it must hold one signed token",
        ),
        IdentityError::Expired { .. } | IdentityError::NotYetValid { .. } => fail(
            Kind::Config,
            "identity-token-time",
            "date -u    (if that is right, ask whoever runs this pod or job why its token is not renewed)",
        ),
        IdentityError::Audience { .. } => fail(
            Kind::Config,
            "identity-audience",
            "request the token for that audience in the job or pod, or set federated_audience in [entra]",
        ),
        IdentityError::Challenge(_) => fail(
            Kind::Config,
            "arc-challenge",
            "sudo usermod -aG himds \"$USER\"    (if the file is right; else ask whoever runs this machine what listens \
             there)",
        ),
        IdentityError::Thumbprint { .. } => fail(
            Kind::Declined,
            "identity-thumbprint",
            "ask whoever runs this cluster; nothing was sent to that service",
        ),
        IdentityError::Certificate { .. } => fail(
            Kind::Config,
            "identity-certificate",
            "openssl x509 -noout -dates -fingerprint -in FILE    (for the file of certificate_file)",
        ),
        other => service(wanted, other),
    }
}

/// The platform's own service.
fn service(wanted: &Wanted<'_>, error: &IdentityError) -> Failure {
    let fail = |kind, id, help: &str| {
        Failure::new(kind, id, format!("no token for {}: {error}", wanted.host.url.host()), help)
    };
    match error {
        IdentityError::Foreign { .. } => fail(
            Kind::Upstream,
            "identity-service-foreign",
            "look what answers at that address; if this is no machine of that platform, name another identity in [entra]",
        ),
        IdentityError::Several => {
            fail(Kind::Config, "identity-several", "set managed_client_id in [entra] to the client id of one of them")
        }
        IdentityError::NotAssigned { .. } => fail(
            Kind::Config,
            "identity-not-assigned",
            "ask your Azure administrator to assign the managed identity to this machine or app",
        ),
        IdentityError::Refused { .. } => fail(
            Kind::Denied,
            "identity-refused",
            "ask your Azure administrator whether the identity may have tokens for the application of this scope",
        ),
        IdentityError::Busy { after, .. } => {
            let wait = after.map_or_else(|| "a minute".to_owned(), duration);
            fail(Kind::Network, "identity-service-busy", &format!("run the command again in {wait}"))
        }
        IdentityError::Net(error) => words::net(wanted, error),
        // Every other case has its own words above.
        _ => fail(
            Kind::Network,
            "identity-service-silent",
            "if this machine has no managed identity, name another identity in [entra]",
        ),
    }
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
        (Some(700_027), _) => format!("ask {admin} to add this certificate to application {client_id}"),
        (_, Kind::SignInNeeded) => format!("ask {admin}; they need the ids below"),
        _ => failure.help.clone(),
    };
    let detail = failure.detail.clone().unwrap_or_default();
    Failure { kind, help, detail: Some(format!("{detail}{sides}")), ..failure }
}
