//! The names under which sessions, grants and credentials are kept: everything that changes them counts.

use crate::basis::host_id::{AccountId, HostId};
use crate::config::settings::{CloudOauth, DataCenterOauth, EntraSource, Exchange, Host, Identity, Profile, Source};

/// Names the account of a profile. A workload's is another than a person's.
pub fn account_id(profile: &Profile) -> AccountId {
    let name = match profile.identity {
        Identity::User => profile.name.clone(),
        // No profile name holds a slash.
        identity => format!("{}/{identity:?}/{:?}", profile.name, profile.workload),
    };
    AccountId::new(&profile.authority.to_string(), &profile.tenant, &profile.client_id, &name)
}

/// Names the credential of a host. How a secret is stored, how git sends the token, and how an account is compared
/// change no token and are left out.
pub fn host_id(account: &AccountId, host: &Host) -> HostId {
    let mut terms = vec![host.source.name().to_owned()];
    match &host.source {
        Source::CloudOauth(cloud) => terms.extend(cloud_terms(cloud)),
        Source::DataCenterOauth(data_center) => terms.extend(data_center_terms(data_center)),
        Source::Exchange(exchange) => terms.extend(exchange_terms(exchange)),
        Source::Entra(EntraSource { scope, auth_scheme: _ }) => terms.push(scope.clone()),
    }
    HostId::new(account, &host.url.to_string(), terms.iter().map(String::as_str))
}

fn cloud_terms(cloud: &CloudOauth) -> [String; 5] {
    let CloudOauth {
        client_id,
        client_secret: _,
        redirect_uri: _,
        scopes,
        account_match: _,
        authorize_url,
        token_url,
        api_url,
    } = cloud;
    [client_id.clone(), scopes.join(" "), authorize_url.to_string(), token_url.to_string(), api_url.to_string()]
}

fn data_center_terms(data_center: &DataCenterOauth) -> [String; 2] {
    let DataCenterOauth { client_id, client_secret: _, redirect_uri: _, scopes, account_match: _, auth_scheme: _ } =
        data_center;
    [client_id.clone(), scopes.join(" ")]
}

fn exchange_terms(exchange: &Exchange) -> [String; 7] {
    let Exchange {
        token_endpoint,
        scope,
        audience,
        resource,
        request_scope,
        per_repository,
        client_auth,
        auth_scheme: _,
    } = exchange;
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        token_endpoint.to_string(),
        scope.clone(),
        optional(audience),
        optional(resource),
        optional(request_scope),
        per_repository.to_string(),
        format!("{client_auth:?}"),
    ]
}
