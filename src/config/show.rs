//! The effective configuration, each value with its origin.

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
