//! Tokens that CI services give to a job (`facts/entra.md` 6.5).

use crate::basis::credential::Subject;
use crate::basis::secret::{AccessToken, Assertion, SecretBytes};
use crate::identity::managed::with_query;
use crate::identity::{Claims, Here, IdentityError, Shown, federated, reply};
use crate::net::{Call, Reply};
use serde::Deserialize;
use std::time::Duration;

/// Bitbucket Pipelines: one token per step. Its subject changes with every step, so that no federated credential of
/// Entra can name it: it goes to the broker as it is.
pub(super) fn pipelines(here: &Here<'_>) -> Result<Shown, IdentityError> {
    let token = here.env.text(STEP).ok_or_else(|| IdentityError::NotHere(STEP.into()))?;
    let claims = Claims::of(&token).ok_or(IdentityError::NoToken(STEP))?;
    let now = here.clock.now();
    claims.in_time(now)?;
    // A step may run for hours, its token ends sooner.
    let expires = claims.expires.unwrap_or(now.after(Duration::from_secs(3600)));
    Ok(Shown::Token { token: AccessToken::new(token), subject: Subject::Jwt, expires })
}

/// GitHub Actions: asked of the runner's service, for the audience of the federated credential.
pub(super) fn github(here: &Here<'_>) -> Result<(Assertion, &'static str), IdentityError> {
    let no_job = || IdentityError::NotHere("ACTIONS_ID_TOKEN_REQUEST_URL".into());
    let url = here.env.text("ACTIONS_ID_TOKEN_REQUEST_URL").ok_or_else(no_job)?;
    let bearer = bearer(here, "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")?;
    let (_, authority, _) = federated::application(here)?;
    let audience = federated::audience(here.profile, &authority);
    let call = Call::get(with_query(&url, [("audience", audience.as_str())])).header("Authorization", bearer.expose());
    let reply = answered(here, &call)?;
    let Ok(Issued { value: Some(token), .. }) = serde_json::from_slice(reply.body.expose()) else {
        return Err(reply::foreign(&call, "it answers without a token"));
    };
    Ok((token, "the answer of GitHub Actions"))
}

/// GitLab: the job names audience and variable under `id_tokens`.
pub(super) fn gitlab(here: &Here<'_>) -> Result<(Assertion, &'static str), IdentityError> {
    let name = &here.profile.workload.id_token_variable;
    let missing = || IdentityError::NotHere(name.clone());
    Ok((Assertion::new(here.env.text(name).ok_or_else(missing)?), "the ID token of the GitLab job"))
}

/// Azure Pipelines: asked of the service, for one service connection.
pub(super) fn azure_pipelines(here: &Here<'_>) -> Result<(Assertion, &'static str), IdentityError> {
    let no_job = || IdentityError::NotHere("SYSTEM_OIDCREQUESTURI".into());
    let url = here.env.text("SYSTEM_OIDCREQUESTURI").ok_or_else(no_job)?;
    let bearer = bearer(here, "SYSTEM_OIDCREQUESTURI", "SYSTEM_ACCESSTOKEN")?;
    let connection = here.profile.workload.service_connection.as_deref();
    let connection =
        connection.ok_or_else(|| IdentityError::Setting("service_connection is not set in [entra]".into()))?;
    let url = with_query(&url, [("api-version", "7.1"), ("serviceConnectionId", connection)]);
    let call = Call { form: None, ..Call::post(url, []) }
        .header("Content-Type", "application/json")
        .header("X-TFS-FedAuthRedirect", "Suppress")
        .header("Authorization", bearer.expose());
    let reply = answered(here, &call)?;
    let Ok(Issued { oidc_token: Some(token), .. }) = serde_json::from_slice(reply.body.expose()) else {
        return Err(reply::foreign(&call, "it answers without a token"));
    };
    Ok((token, "the answer of Azure Pipelines"))
}

#[derive(Deserialize)]
struct Issued {
    value: Option<Assertion>,
    #[serde(rename = "oidcToken")]
    oidc_token: Option<Assertion>,
}

fn bearer(here: &Here<'_>, set: &'static str, missing: &'static str) -> Result<SecretBytes, IdentityError> {
    let token = here.env.text(missing).ok_or(IdentityError::HalfSet { set, missing })?;
    Ok(SecretBytes::new(["Bearer ", token.trim()].concat().into_bytes()))
}

fn answered(here: &Here<'_>, call: &Call) -> Result<Reply, IdentityError> {
    let reply = here.http.send(call).map_err(IdentityError::Net)?;
    let place = || call.place().to_owned();
    match reply.status {
        200 => Ok(reply),
        status @ (429 | 500..) => Err(IdentityError::Busy { place: place(), status, after: reply.retry_after() }),
        status @ (401 | 403) => {
            Err(IdentityError::Refused { place: place(), status, said: "the job's own token is not accepted".into() })
        }
        _ => Err(reply::refused(call, &reply)),
    }
}

const STEP: &str = "BITBUCKET_STEP_OIDC_TOKEN";
