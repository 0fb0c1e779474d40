//! The `[[host]]` tables, each as the source it names.

use super::{Pick, Words, profile_of};
use crate::basis::url::WebUrl;
use crate::config::document::source_of;
use crate::config::error::ConfigError;
use crate::config::layers::{Merged, Setting};
use crate::config::settings::{
    AccountMatch, AuthScheme, ClientAuth, CloudOauth, DataCenterOauth, EntraSource, Exchange, Host, SecretSource,
    Source,
};
use crate::config::table::Section;

/// All hosts, in the order in which they were first named.
pub(super) fn hosts(merged: &Merged) -> Result<Vec<Host>, ConfigError> {
    merged.hosts.iter().map(|(url, slot)| host(merged, url, slot)).collect()
}

/// As [`hosts`], leaving out what another layer must add: the source, and the profile that is named.
pub(super) fn check_alone(merged: &Merged) -> Result<(), ConfigError> {
    for (url, slot) in &merged.hosts {
        if let Some(name) = source_of(slot.iter().map(|setting| &setting.entry)) {
            source(&Pick::new(merged, slot, Section::Host, name), url, name)?;
        }
    }
    Ok(())
}

fn host(merged: &Merged, url: &WebUrl, slot: &[Setting]) -> Result<Host, ConfigError> {
    let name = source_of(slot.iter().map(|setting| &setting.entry));
    let pick = Pick::new(merged, slot, Section::Host, name.unwrap_or_default());
    let name = name.ok_or_else(|| missing(&pick, url, "source"))?;
    Ok(Host { url: url.clone(), profile: profile_of(merged, &pick)?, source: source(&pick, url, name)? })
}

fn source(pick: &Pick<'_>, url: &WebUrl, name: &str) -> Result<Source, ConfigError> {
    Ok(match name {
        "cloud-oauth" => Source::CloudOauth(cloud(pick, url)?),
        "datacenter-oauth" => Source::DataCenterOauth(data_center(pick, url)?),
        "exchange" => Source::Exchange(exchange(pick, url)?),
        _ => Source::Entra(entra(pick, url)?),
    })
}

fn cloud(pick: &Pick<'_>, url: &WebUrl) -> Result<CloudOauth, ConfigError> {
    let client_secret = pick.secret();
    if matches!(client_secret, SecretSource::None) {
        return Err(missing(pick, url, "client_secret"));
    }
    let below = |path: &str| url.join(path).parse().ok();
    let api = || if url.host() == CLOUD_HOST { CLOUD_API.parse().ok() } else { Some(url.clone()) };
    Ok(CloudOauth {
        client_id: text(pick, url, "client_id")?,
        client_secret,
        redirect_uri: text(pick, url, "redirect_uri")?,
        scopes: pick.words("scopes"),
        account_match: pick.choice("account_match", ACCOUNT_MATCHES),
        authorize_url: place(pick, url, "authorize_url", || below("/site/oauth2/authorize"))?,
        token_url: place(pick, url, "token_url", || below("/site/oauth2/access_token"))?,
        api_url: place(pick, url, "api_url", api)?,
    })
}

fn data_center(pick: &Pick<'_>, url: &WebUrl) -> Result<DataCenterOauth, ConfigError> {
    Ok(DataCenterOauth {
        client_id: text(pick, url, "client_id")?,
        client_secret: pick.secret(),
        redirect_uri: text(pick, url, "redirect_uri")?,
        scopes: pick.words("scopes"),
        account_match: pick.choice("account_match", ACCOUNT_MATCHES),
        auth_scheme: pick.choice("auth_scheme", AUTH_SCHEMES),
    })
}

fn exchange(pick: &Pick<'_>, url: &WebUrl) -> Result<Exchange, ConfigError> {
    Ok(Exchange {
        token_endpoint: place(pick, url, "token_endpoint", || None)?,
        scope: text(pick, url, "scope")?,
        audience: pick.text("audience"),
        resource: pick.text("resource"),
        request_scope: pick.text("request_scope"),
        per_repository: pick.flag("per_repository"),
        client_auth: pick.choice("client_auth", CLIENT_AUTHS),
        auth_scheme: pick.choice("auth_scheme", AUTH_SCHEMES),
    })
}

fn entra(pick: &Pick<'_>, url: &WebUrl) -> Result<EntraSource, ConfigError> {
    Ok(EntraSource { scope: text(pick, url, "scope")?, auth_scheme: pick.choice("auth_scheme", AUTH_SCHEMES) })
}

fn text(pick: &Pick<'_>, url: &WebUrl, name: &str) -> Result<String, ConfigError> {
    pick.text(name).ok_or_else(|| missing(pick, url, name))
}

fn place(
    pick: &Pick<'_>,
    url: &WebUrl,
    name: &str,
    else_from: impl FnOnce() -> Option<WebUrl>,
) -> Result<WebUrl, ConfigError> {
    pick.url(name).or_else(else_from).ok_or_else(|| missing(pick, url, name))
}

fn missing(pick: &Pick<'_>, url: &WebUrl, name: &str) -> ConfigError {
    pick.missing(&format!("host[{url}]"), name)
}

pub(super) const ACCOUNT_MATCHES: Words<AccountMatch> =
    &[("upn", AccountMatch::Upn), ("confirm", AccountMatch::Confirm), ("off", AccountMatch::Off)];
pub(super) const AUTH_SCHEMES: Words<AuthScheme> = &[("basic", AuthScheme::Basic), ("bearer", AuthScheme::Bearer)];
pub(super) const CLIENT_AUTHS: Words<ClientAuth> = &[("none", ClientAuth::None), ("entra", ClientAuth::Entra)];
/// Bitbucket Cloud, and where its API is (`facts/bitbucket.md` A1).
const CLOUD_HOST: &str = "bitbucket.org";
const CLOUD_API: &str = "https://api.bitbucket.org";
