//! From merged values to [`Settings`]: built-in values filled in, nothing missing, every name resolved.

mod hosts;
mod pick;

use crate::basis::nearest::nearest;
use crate::basis::version::Version;
use crate::config::document::DEFAULT;
use crate::config::error::ConfigError;
use crate::config::layers::Merged;
use crate::config::settings::{
    AuditRules, Background, DeviceCode, Fleet, FlowChoice, Forward, Host, Identity, Network, OnFailure, Profile,
    ResponseMode, Saml, Settings, Storage, StorageChoice, TokenRules, UiRules, Workload,
};
use crate::config::table::Section;
use pick::Pick;

/// Everything in force. Fails for what no layer sets and for names that lead nowhere.
pub(super) fn compile(merged: &Merged) -> Result<Settings, ConfigError> {
    let hosts = hosts::hosts(merged)?;
    let profiles = profiles(merged, &hosts)?;
    let of = |section| Pick::new(merged, &merged.fixed, section, "");
    let (network, token, ui, audit) = (of(Section::Network), of(Section::Token), of(Section::Ui), of(Section::Audit));
    Ok(Settings {
        profiles,
        hosts,
        storage: Storage { refresh_tokens: of(Section::Storage).choice("refresh_tokens", STORES) },
        network: Network { ca_file: network.path("ca_file"), timeout: network.span("timeout") },
        update_url: network.url("update_url"),
        token: TokenRules {
            margin: token.span("margin"),
            max_life: token.span("max_life"),
            max_cached_age: token.optional_span("max_cached_age"),
        },
        ui: UiRules {
            browser: ui.text("browser").unwrap_or_default(),
            background: ui.choice("background", BACKGROUNDS),
            on_failure: ui.choice("on_failure", FAILURES),
        },
        audit: AuditRules { file: audit.path("file"), forward: audit.choice("forward", FORWARDS) },
        saml: Saml { metadata_url: of(Section::Saml).text("metadata_url") },
        fleet: fleet(&of(Section::Fleet)),
    })
}

fn fleet(pick: &Pick<'_>) -> Fleet {
    let least: Option<Version> = pick.text("min_version").and_then(|text| text.parse().ok());
    Fleet {
        wanted_version: least.filter(|least| *least > Version::own()),
        signers: pick.words("signers").iter().filter_map(|line| line.parse().ok()).collect(),
    }
}

/// As far as one file can be judged without the others: hosts with a source are complete.
pub(super) fn check_alone(merged: &Merged) -> Result<(), ConfigError> {
    hosts::check_alone(merged)
}

/// Every profile that is named, used or has a client; `[entra]` with habits alone is none.
fn profiles(merged: &Merged, hosts: &[Host]) -> Result<Vec<Profile>, ConfigError> {
    let mut profiles = Vec::new();
    for (name, slot) in &merged.profiles {
        let started = slot.iter().any(|setting| setting.entry.key.is_trust());
        if name != DEFAULT || started || hosts.iter().any(|host| host.profile == *name) {
            profiles.push(profile(name, &Pick::new(merged, slot, Section::Entra, ""))?);
        }
    }
    Ok(profiles)
}

fn profile(name: &str, pick: &Pick<'_>) -> Result<Profile, ConfigError> {
    let inside = if name == DEFAULT { "entra".to_owned() } else { format!("entra.{name}") };
    let identity = pick.choice("identity", IDENTITIES);
    // Workloads may learn both from their platform, or need neither.
    let needed = |key: &str| match pick.text(key) {
        None if identity != Identity::User => Ok(String::new()),
        text => text.ok_or_else(|| pick.missing(&inside, key)),
    };
    Ok(Profile {
        name: name.to_owned(),
        tenant: needed("tenant")?,
        client_id: needed("client_id")?,
        redirect_uri: needed("redirect_uri")?,
        authority: pick.url("authority").ok_or_else(|| pick.missing(&inside, "authority"))?,
        response_mode: pick.choice("response_mode", RESPONSE_MODES),
        flow: pick.choice("flow", FLOWS),
        device_code: pick.choice("device_code", DEVICE_CODES),
        max_session: pick.span("max_session"),
        day_starts: pick.time("day_starts").ok_or_else(|| pick.missing(&inside, "day_starts"))?,
        reauthenticate: pick.flag("reauthenticate"),
        outage_grace: pick.span("entra_outage_grace"),
        identity,
        workload: if identity == Identity::User { Workload::default() } else { workload(pick) },
    })
}

fn workload(pick: &Pick<'_>) -> Workload {
    Workload {
        managed_client_id: pick.text("managed_client_id"),
        managed_object_id: pick.text("managed_object_id"),
        managed_resource_id: pick.text("managed_resource_id"),
        federated_audience: pick.text("federated_audience"),
        id_token_variable: pick.text("id_token_variable").unwrap_or_default(),
        service_connection: pick.text("service_connection"),
        certificate_file: pick.path("certificate_file"),
        certificate_password_file: pick.path("certificate_password_file"),
        authority_set: pick.spot("authority").is_some(),
        job: String::new(),
    }
}

/// The profile that a host names; it must exist, `default` must only be complete.
fn profile_of(merged: &Merged, pick: &Pick<'_>) -> Result<String, ConfigError> {
    let Some(name) = pick.text("entra") else { return Ok(DEFAULT.to_owned()) };
    match (merged.names.contains(&name), pick.spot("entra")) {
        (false, Some(at)) => {
            let nearest = nearest(&name, merged.names.iter().map(String::as_str)).map(str::to_owned);
            Err(ConfigError::UnknownProfile { at, name, nearest })
        }
        _ => Ok(name),
    }
}

type Words<T> = &'static [(&'static str, T)];

const STORES: Words<StorageChoice> = &[
    ("auto", StorageChoice::Auto),
    ("keyring", StorageChoice::Keyring),
    ("kernel", StorageChoice::Kernel),
    ("memory-file", StorageChoice::MemoryFile),
];
const BACKGROUNDS: Words<Background> = &[("once", Background::Once), ("never", Background::Never)];
const FAILURES: Words<OnFailure> = &[("stop", OnFailure::Stop), ("pass", OnFailure::Pass)];
const FORWARDS: Words<Forward> =
    &[("none", Forward::None), ("syslog", Forward::Syslog), ("journald", Forward::Journald)];
const RESPONSE_MODES: Words<ResponseMode> = &[("form_post", ResponseMode::FormPost), ("query", ResponseMode::Query)];
const FLOWS: Words<FlowChoice> =
    &[("auto", FlowChoice::Auto), ("browser", FlowChoice::Browser), ("device-code", FlowChoice::DeviceCode)];
const DEVICE_CODES: Words<DeviceCode> =
    &[("terminal", DeviceCode::Terminal), ("login-only", DeviceCode::LoginOnly), ("never", DeviceCode::Never)];
const IDENTITIES: Words<Identity> = &[
    ("user", Identity::User),
    ("managed-identity", Identity::ManagedIdentity),
    ("workload", Identity::Workload),
    ("pipelines", Identity::Pipelines),
    ("github-actions", Identity::GithubActions),
    ("gitlab", Identity::Gitlab),
    ("azure-pipelines", Identity::AzurePipelines),
    ("certificate", Identity::Certificate),
    ("auto", Identity::Auto),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::table::find;

    fn same<T>(section: Section, name: &str, words: Words<T>) {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        assert_eq!(find(section, name).unwrap().choices(), words, "{name}");
    }

    #[test]
    fn every_allowed_word_has_a_meaning() {
        same(Section::Storage, "refresh_tokens", STORES);
        same(Section::Ui, "background", BACKGROUNDS);
        same(Section::Ui, "on_failure", FAILURES);
        same(Section::Audit, "forward", FORWARDS);
        same(Section::Entra, "response_mode", RESPONSE_MODES);
        same(Section::Entra, "flow", FLOWS);
        same(Section::Entra, "device_code", DEVICE_CODES);
        same(Section::Entra, "identity", IDENTITIES);
        same(Section::Host, "account_match", hosts::ACCOUNT_MATCHES);
        same(Section::Host, "auth_scheme", hosts::AUTH_SCHEMES);
        same(Section::Host, "client_auth", hosts::CLIENT_AUTHS);
    }
}
