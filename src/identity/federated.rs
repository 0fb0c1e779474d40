//! Tokens of other issuers, which Entra takes as a statement about an application (`facts/entra.md` 6.4).

use crate::basis::secret::Assertion;
use crate::basis::url::WebUrl;
use crate::config::settings::Profile;
use crate::identity::{Claims, Here, IdentityError, Statement, proxy};
use crate::net::Way;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The service account of a pod. Its token is replaced every hour, so the file is read each time.
pub(super) fn kubernetes(here: &Here<'_>) -> Result<Statement, IdentityError> {
    let file = here.env.os("AZURE_FEDERATED_TOKEN_FILE").map(PathBuf::from);
    let file = file.ok_or_else(|| IdentityError::NotHere("AZURE_FEDERATED_TOKEN_FILE".into()))?;
    let token = token_file(&file)?;
    let statement = statement(here, token, "AZURE_FEDERATED_TOKEN_FILE")?;
    proxy::before(here, statement)
}

/// The token of a job.
pub(super) fn job(here: &Here<'_>, (token, from): (Assertion, &'static str)) -> Result<Statement, IdentityError> {
    statement(here, token, from)
}

fn statement(here: &Here<'_>, assertion: Assertion, from: &'static str) -> Result<Statement, IdentityError> {
    let claims = Claims::of(assertion.expose()).ok_or(IdentityError::NoToken(from))?;
    claims.in_time(here.clock.now())?;
    let (client_id, authority, tenant) = application(here)?;
    claims.is_for(&audience(here.profile, &authority))?;
    Ok(Statement { assertion, client_id, endpoint: endpoint(&authority, &tenant), way: Way::Usual })
}

/// Client, authority and tenant: as configured, else as the platform says.
pub(super) fn application(here: &Here<'_>) -> Result<(String, WebUrl, String), IdentityError> {
    let Here { env, profile, .. } = here;
    let either = |set: &str, variable: &str, key: &str| match (set, env.text(variable)) {
        ("", None) => Err(IdentityError::Setting(format!("{key} is not set in [entra], nor {variable}"))),
        ("", Some(text)) => Ok(text),
        (set, _) => Ok(set.to_owned()),
    };
    let client_id = either(&profile.client_id, "AZURE_CLIENT_ID", "client_id")?;
    let tenant = either(&profile.tenant, "AZURE_TENANT_ID", "tenant")?;
    let plain = |text: &String| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    if !plain(&client_id) || !plain(&tenant) {
        return Err(IdentityError::Setting("AZURE_CLIENT_ID or AZURE_TENANT_ID is no id".into()));
    }
    Ok((client_id, authority(here)?, tenant))
}

/// Where no file names an authority the platform may, but only one of Microsoft's own.
fn authority(here: &Here<'_>) -> Result<WebUrl, IdentityError> {
    let Here { env, profile, .. } = here;
    let Some(said) = env.text("AZURE_AUTHORITY_HOST").filter(|_| !profile.workload.authority_set) else {
        return Ok(profile.authority.clone());
    };
    let known = said.parse::<WebUrl>().ok().filter(|url| CLOUDS.contains(&url.host()) && url.port().is_none());
    known.ok_or_else(|| {
        IdentityError::Setting("AZURE_AUTHORITY_HOST is no cloud of Microsoft's; set authority in [entra]".into())
    })
}

pub(super) fn endpoint(authority: &WebUrl, tenant: &str) -> String {
    authority.join(&format!("/{tenant}/oauth2/v2.0/token"))
}

/// What the federated credential is recommended to name in each cloud.
pub(super) fn audience(profile: &Profile, authority: &WebUrl) -> String {
    let of_cloud = match authority.host() {
        "login.microsoftonline.us" | "login.usgovcloudapi.net" => "api://AzureADTokenExchangeUSGov",
        "login.partner.microsoftonline.cn" | "login.chinacloudapi.cn" => "api://AzureADTokenExchangeChina",
        _ => "api://AzureADTokenExchange",
    };
    profile.workload.federated_audience.clone().unwrap_or_else(|| of_cloud.to_owned())
}

fn token_file(path: &Path) -> Result<Assertion, IdentityError> {
    let wrong = |why: String| IdentityError::TokenFile { path: path.to_owned(), why };
    let mut text = String::with_capacity(MOST);
    let read = std::fs::File::open(path).and_then(|file| file.take(MOST as u64).read_to_string(&mut text));
    read.map_err(|error| wrong(format!("cannot be read: {error}")))?;
    match text.trim() {
        "" => Err(wrong("is empty".into())),
        token if Claims::of(token).is_none() => Err(wrong("holds no token (JWT)".into())),
        token => Ok(Assertion::new(token.to_owned())),
    }
}

/// No token comes near it.
const MOST: usize = 64 * 1024;

/// `facts/entra.md` 1.6.
const CLOUDS: [&str; 10] = [
    "login.microsoftonline.com",
    "login.windows.net",
    "login.microsoft.com",
    "login.microsoftonline.us",
    "login.usgovcloudapi.net",
    "login.partner.microsoftonline.cn",
    "login.chinacloudapi.cn",
    "login.sovcloud-identity.fr",
    "login.sovcloud-identity.de",
    "login.sovcloud-identity.sg",
];
