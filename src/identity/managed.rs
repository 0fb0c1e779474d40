//! Managed identities: each platform's own service, asked as it wants to be asked (`facts/entra.md` 6.2, 6.3).

mod arc;

use crate::basis::env::Env;
use crate::config::settings::Workload;
use crate::identity::detect::Platform;
use crate::identity::{Here, IdentityError, Shown, reply, resource};
use crate::net::{Call, Flaw, NetError, Reply, Way};
use std::time::Duration;

/// A token of the machine's own identity, or of the one that is named.
pub(super) fn token(here: &Here<'_>, platform: Platform) -> Result<Shown, IdentityError> {
    let call = call(here, platform)?;
    let answer = patiently(here, &call, platform)?;
    if platform == Platform::Arc {
        return arc::answered(here, call, &answer);
    }
    reply::token(&call, &answer, here.clock.now())
}

fn call(here: &Here<'_>, platform: Platform) -> Result<Call, IdentityError> {
    let Here { env, profile, .. } = here;
    let variable = |name: &str| env.text(name).unwrap_or_default();
    let resource = resource(here.scope);
    let identity = |names| named(&profile.workload, names);
    let none = || match identity([""; 3])? {
        None => Ok(()),
        Some(_) => Err(IdentityError::Setting(format!("{} knows no user-assigned identities", service(platform)))),
    };
    let get = |base: &str, version: &str, identity: Option<(&str, &str)>| {
        let fixed = [("api-version", version), ("resource", resource)];
        Call::get(with_query(base, fixed.into_iter().chain(identity))).by(Way::Local)
    };
    Ok(match platform {
        Platform::Imds => get(&imds(env), "2018-02-01", identity(IDS)?).header("Metadata", "true"),
        Platform::AppService => {
            let identity = identity(["client_id", "principal_id", "mi_res_id"])?;
            get(&variable("IDENTITY_ENDPOINT"), "2019-08-01", identity)
                .header("X-IDENTITY-HEADER", variable("IDENTITY_HEADER"))
                // Azure Automation sets the same variables, and insists on it.
                .header("Metadata", "true")
        }
        Platform::AzureMl => {
            let identity = identity(["clientid", "", ""])?;
            if identity.is_some_and(|(name, _)| name.is_empty()) {
                let what = "Azure Machine Learning names an identity by managed_client_id only";
                return Err(IdentityError::Setting(what.into()));
            }
            get(&variable("MSI_ENDPOINT"), "2017-09-01", identity).header("secret", variable("MSI_SECRET"))
        }
        Platform::Arc => {
            let base = env.text("IDENTITY_ENDPOINT").unwrap_or_else(|| ARC.to_owned());
            get(&base, "2020-06-01", identity(IDS)?).header("Metadata", "true")
        }
        Platform::ServiceFabric => {
            none()?;
            let pin = thumbprint(&variable("IDENTITY_SERVER_THUMBPRINT"))?;
            get(&variable("IDENTITY_ENDPOINT"), "2019-07-01-preview", None)
                .header("Secret", variable("IDENTITY_HEADER"))
                .by(Way::Pinned(pin))
        }
        Platform::CloudShell => {
            none()?;
            Call::post(variable("MSI_ENDPOINT"), [("resource", resource)]).header("Metadata", "true").by(Way::Local)
        }
    })
}

fn service(platform: Platform) -> &'static str {
    crate::identity::Means::Managed(platform).service()
}

/// The one user-assigned identity that is named, as the platform calls its parameter.
fn named<'a>(
    workload: &'a Workload,
    names: [&'static str; 3],
) -> Result<Option<(&'static str, &'a str)>, IdentityError> {
    let Workload { managed_client_id, managed_object_id, managed_resource_id, .. } = workload;
    let ids = [managed_client_id, managed_object_id, managed_resource_id];
    let mut set = names.into_iter().zip(ids).filter_map(|(name, id)| Some((name, id.as_deref()?)));
    match (set.next(), set.next()) {
        (_, Some(_)) => Err(IdentityError::Setting(
            "only one of managed_client_id, managed_object_id and managed_resource_id may be set".into(),
        )),
        (one, None) => Ok(one),
    }
}

fn imds(env: &Env) -> String {
    let base = env.text("AZURE_POD_IDENTITY_AUTHORITY_HOST").unwrap_or_else(|| "http://169.254.169.254".to_owned());
    format!("{}/metadata/identity/oauth2/token", base.trim_end_matches('/'))
}

fn thumbprint(text: &str) -> Result<[u8; 20], IdentityError> {
    let bad = || IdentityError::Setting("IDENTITY_SERVER_THUMBPRINT is not 40 hexadecimal digits".into());
    let text = text.trim();
    if text.len() != 40 || !text.is_ascii() {
        return Err(bad());
    }
    let mut digest = [0; 20];
    for (byte, at) in digest.iter_mut().zip((0..40).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| bad())?;
    }
    Ok(digest)
}

/// Sends the call until it is answered, as long as the service may be starting or busy. The metadata service is
/// away for up to seventy seconds while it is updated (410); everything else gets three more tries in seven seconds.
fn patiently(here: &Here<'_>, call: &Call, platform: Platform) -> Result<Reply, IdentityError> {
    let mut tries = 0;
    loop {
        let answer = here.http.send(call).map_err(|error| silent(call, error))?;
        let Some(pause) = pause(platform, answer.status, tries) else { return settled(call, platform, answer, tries) };
        let asked = answer.retry_after().unwrap_or_default();
        if asked > LONGEST {
            return Err(busy(call, &answer));
        }
        here.clock.sleep(pause.max(asked));
        tries += 1;
    }
}

/// How long until the next try; `None`: this answer counts.
fn pause(platform: Platform, status: u16, tries: u32) -> Option<Duration> {
    let imds = platform == Platform::Imds;
    let (most, pause) = match status {
        410 if imds => (7, LONGEST),
        // A proxy answers so where no metadata service is.
        502 | 504 if imds => return None,
        404 if imds => (3, Duration::from_secs(1 << tries.min(4))),
        429 | 500.. => (3, Duration::from_secs(1 << tries.min(4))),
        _ => return None,
    };
    (tries < most).then_some(pause)
}

fn settled(call: &Call, platform: Platform, answer: Reply, tries: u32) -> Result<Reply, IdentityError> {
    match answer.status {
        502 | 504 if platform == Platform::Imds => {
            Err(reply::foreign(call, "a proxy answers in its place; it must be reached without one"))
        }
        404 | 410 | 429 | 500.. if tries > 0 => Err(busy(call, &answer)),
        _ => Ok(answer),
    }
}

fn busy(call: &Call, answer: &Reply) -> IdentityError {
    IdentityError::Busy { place: call.place().to_owned(), status: answer.status, after: answer.retry_after() }
}

fn silent(call: &Call, error: NetError) -> IdentityError {
    match error {
        NetError::Tls { flaw: Flaw::Pin, .. } => IdentityError::Thumbprint { place: call.place().to_owned() },
        error => IdentityError::Silent(error),
    }
}

/// A URL with more in its query.
pub(super) fn with_query<'a>(base: &str, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    let mark = if base.contains('?') { '&' } else { '?' };
    format!("{base}{mark}{}", query.finish())
}

/// How the metadata service and Azure Arc call the ids.
const IDS: [&str; 3] = ["client_id", "object_id", "msi_res_id"];
const ARC: &str = "http://localhost:40342/metadata/identity/oauth2/token";
/// The pause of an update; whoever is asked to wait longer is told so.
const LONGEST: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
