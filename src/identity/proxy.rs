//! The token proxy of a Kubernetes cluster: stands in front of Entra's token endpoint (`facts/entra.md` 6.4).

use crate::identity::{Here, IdentityError, Statement};
use crate::net::{Anchor, Way};
use url::Url;

/// The statement as it is, or addressed to the proxy that the cluster names.
pub(super) fn before(here: &Here<'_>, statement: Statement) -> Result<Statement, IdentityError> {
    let Some(proxy) = here.env.text(PROXY) else {
        let alone = REST.into_iter().find(|name| here.env.os(name).is_some());
        return match alone {
            Some(set) => Err(IdentityError::HalfSet { set, missing: PROXY }),
            None => Ok(statement),
        };
    };
    let endpoint = endpoint(&proxy, &statement.endpoint)
        .ok_or_else(|| IdentityError::Setting(format!("{PROXY} is no https URL without query and user name")))?;
    let way = match roots(here)? {
        Some(roots) => Way::Anchored(Box::new(Anchor { roots, name: here.env.text(REST[0]) })),
        None if here.env.os(REST[0]).is_some() => {
            return Err(IdentityError::HalfSet { set: REST[0], missing: REST[1] });
        }
        None => Way::Usual,
    };
    Ok(Statement { endpoint, way, ..statement })
}

/// The proxy's host and path, then the path of the real endpoint.
fn endpoint(proxy: &str, real: &str) -> Option<String> {
    let proxy = Url::parse(proxy).ok().filter(|url| url.scheme() == "https" && url.username().is_empty())?;
    let bare = proxy.password().is_none() && proxy.query().is_none() && proxy.fragment().is_none();
    let real = Url::parse(real).ok()?;
    bare.then(|| format!("{}{}", proxy.as_str().trim_end_matches('/'), real.path()))
}

/// The authority that vouches for the proxy, PEM.
fn roots(here: &Here<'_>) -> Result<Option<Vec<u8>>, IdentityError> {
    match (here.env.os(REST[1]), here.env.text(REST[2])) {
        (Some(_), Some(_)) => {
            Err(IdentityError::Setting(format!("only one of {} and {} may be set", REST[1], REST[2])))
        }
        (Some(file), None) => fs_err::read(std::path::Path::new(&file))
            .map(Some)
            .map_err(|error| IdentityError::TokenFile { path: file.into(), why: format!("cannot be read: {error}") }),
        (None, data) => Ok(data.map(String::into_bytes)),
    }
}

const PROXY: &str = "AZURE_KUBERNETES_TOKEN_PROXY";
const REST: [&str; 3] = ["AZURE_KUBERNETES_SNI_NAME", "AZURE_KUBERNETES_CA_FILE", "AZURE_KUBERNETES_CA_DATA"];
