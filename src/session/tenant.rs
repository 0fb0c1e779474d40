//! Where a tenant's endpoints are, and what it is really called.

use super::refusal::Moment;
use super::{Entra, SessionError, cache};
use crate::basis::url::WebUrl;
use serde::Deserialize;

/// A tenant as its metadata describes it. Every endpoint is on the authority's own host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// The tenant's GUID, whatever it is called in the configuration.
    pub tid: String,
    /// What its tokens must name, byte for byte.
    pub issuer: String,
    pub authorize: WebUrl,
    pub token: WebUrl,
    /// Absent where the authority knows no device codes.
    pub device: Option<WebUrl>,
    pub(super) keys: WebUrl,
}

/// Reads the tenant's metadata (`facts/entra.md` 1.2), at most once a day. A tenant given as a domain gets its
/// GUID from the issuer; one given as a GUID must be confirmed by it. Entra supports PKCE without saying so.
pub fn discover(entra: &Entra<'_>) -> Result<Tenant, SessionError> {
    let path = format!("/{}/v2.0/.well-known/openid-configuration", entra.profile.tenant);
    let url = entra.profile.authority.join(&path);
    cache::fetched(entra, &url, cache::Age::of(cache::DAY), |body| read(entra, body), Moment::Metadata)
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: WebUrl,
    token_endpoint: WebUrl,
    device_authorization_endpoint: Option<WebUrl>,
    jwks_uri: WebUrl,
}

fn read(entra: &Entra<'_>, body: &[u8]) -> Result<Tenant, SessionError> {
    let bad = |_| SessionError::Metadata("a member is missing or no https URL".into());
    let document: Document = serde_json::from_slice(body).map_err(bad)?;
    let Document { issuer, authorization_endpoint, token_endpoint, device_authorization_endpoint, jwks_uri } = document;
    let tid = tid_of(entra, &issuer)?;
    let keys = at_home(entra, jwks_uri)?;
    let device = device_authorization_endpoint.map(|url| at_home(entra, url)).transpose()?;
    let (authorize, token) = (at_home(entra, authorization_endpoint)?, at_home(entra, token_endpoint)?);
    Ok(Tenant { tid, issuer, authorize, token, device, keys })
}

/// The GUID in `{authority}/{GUID}/v2.0`.
fn tid_of(entra: &Entra<'_>, issuer: &str) -> Result<String, SessionError> {
    let profile = entra.profile;
    let rest = issuer.strip_prefix(&profile.authority.join("/"));
    let tid = rest.and_then(|rest| rest.strip_suffix("/v2.0")).filter(|tid| is_guid(tid));
    let foreign = || format!("its issuer is `{}`", crate::basis::text::clean(issuer));
    let tid = tid.ok_or_else(|| SessionError::Metadata(foreign()))?.to_ascii_lowercase();
    if is_guid(&profile.tenant) && tid != profile.tenant.to_ascii_lowercase() {
        return Err(SessionError::Metadata(format!("it is of the tenant `{tid}`")));
    }
    Ok(tid)
}

fn at_home(entra: &Entra<'_>, url: WebUrl) -> Result<WebUrl, SessionError> {
    if url.same_origin(&entra.profile.authority) {
        return Ok(url);
    }
    Err(SessionError::Metadata(format!("the endpoint `{url}` is on another host")))
}

fn is_guid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    lengths && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}
