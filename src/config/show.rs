//! The effective configuration, each value with its origin.

use crate::basis::digest;
use crate::config::error::Layer;
use crate::config::layers::{Merged, Setting};
use crate::config::table::Section;
use crate::config::{Loaded, document, table::Key};

/// Where every effective value came from.
pub struct Origins(Merged);

/// One line of `config show`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownValue {
    /// `entra.tenant`, `entra.NAME.tenant`, `host[URL].scope`, `token.margin`.
    pub key: String,
    /// Secrets are masked.
    pub value: String,
    pub layer: Layer,
    /// File and line, variable or flag; `None` for built-in values.
    pub file: Option<String>,
}

impl Origins {
    pub(super) fn new(merged: Merged) -> Self {
        Self(merged)
    }
}

/// Whether policy has set a key of a profile.
pub fn is_locked(loaded: &Loaded, profile: &str, name: &str) -> bool {
    let Origins(merged) = &loaded.origins;
    let slot = merged.profiles.iter().find(|(known, _)| known == profile).map(|(_, slot)| slot);
    let mut set = slot.into_iter().flatten().filter(|setting| setting.entry.key.name == name);
    set.any(|setting| merged.layer(setting) == Layer::Policy)
}

/// How many values policy has set, and the SHA-256 of them all: equal where the same policy is in force, whatever its
/// files are called. Secrets count as set, not by what they are.
pub fn policy_digest(loaded: &Loaded) -> (usize, String) {
    let mut lines: Vec<String> = show(loaded)
        .into_iter()
        .filter(|value| value.layer == Layer::Policy)
        .map(|ShownValue { key, value, .. }| format!("{key} = {value}\n"))
        .collect();
    lines.sort();
    (lines.len(), digest::of(lines.concat().as_bytes()))
}

/// Every value in force, in the order of the documentation; keys without any value are left out.
pub fn show(loaded: &Loaded) -> Vec<ShownValue> {
    let Origins(merged) = &loaded.origins;
    let mut shown = Vec::new();
    for profile in &loaded.settings.profiles {
        let slot = merged.profiles.iter().find(|(name, _)| *name == profile.name).map(|(_, slot)| slot);
        let prefix = match profile.name.as_str() {
            document::DEFAULT => "entra".to_owned(),
            name => format!("entra.{name}"),
        };
        shown.extend(table(merged, slot.map_or(&[], Vec::as_slice), Section::Entra, "", &prefix));
    }
    for host in &loaded.settings.hosts {
        let slot = merged.hosts.iter().find(|(url, _)| *url == host.url).map(|(_, slot)| slot);
        let prefix = format!("host[{}]", host.url);
        shown.extend(table(merged, slot.map_or(&[], Vec::as_slice), Section::Host, host.source.name(), &prefix));
    }
    for section in Section::ALL.into_iter().filter(|section| !matches!(section, Section::Entra | Section::Host)) {
        shown.extend(table(merged, &merged.fixed, section, "", section.name()));
    }
    shown
}

fn table<'a>(
    merged: &'a Merged,
    slot: &'a [Setting],
    section: Section,
    source: &'a str,
    prefix: &'a str,
) -> impl Iterator<Item = ShownValue> + 'a {
    section.keys().filter_map(move |key| match slot.iter().find(|setting| setting.entry.key == key) {
        Some(setting) => Some(ShownValue {
            key: format!("{prefix}.{}", key.name),
            value: setting.entry.value.shown(),
            layer: merged.layer(setting),
            file: merged.spot(setting).map(|spot| spot.to_string()),
        }),
        None => built_in(key, source, prefix),
    })
}

fn built_in(key: &Key, source: &str, prefix: &str) -> Option<ShownValue> {
    let value = key.default_for(source).filter(|_| key.fits(source) || source.is_empty())?.to_owned();
    Some(ShownValue { key: format!("{prefix}.{}", key.name), value, layer: Layer::BuiltIn, file: None })
}
