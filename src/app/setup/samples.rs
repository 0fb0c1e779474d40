//! Hosts for the tests of this folder.

use crate::config::settings::{AuthScheme, ClientAuth, EntraSource, Exchange, Host, Source};

pub fn host(url: &str) -> Host {
    let source = Source::Entra(EntraSource { scope: "api://x/.default".into(), auth_scheme: AuthScheme::Basic });
    Host { url: url.parse().unwrap(), profile: "default".into(), source }
}

pub fn exchange(url: &str, per_repository: bool) -> Host {
    let source = Source::Exchange(Exchange {
        token_endpoint: "https://sso.example.com/token".parse().unwrap(),
        scope: "api://b/t".into(),
        audience: None,
        resource: None,
        request_scope: None,
        per_repository,
        client_auth: ClientAuth::None,
        auth_scheme: AuthScheme::Basic,
    });
    Host { source, ..host(url) }
}
