//! Takes single values out of one table's settings, built-in values included.

use crate::basis::day::TimeOfDay;
use crate::basis::url::WebUrl;
use crate::config::error::{ConfigError, Spot};
use crate::config::layers::{Merged, Setting};
use crate::config::settings::SecretSource;
use crate::config::table::{self, Section};
use crate::config::value::{self, Value};
use std::path::PathBuf;
use std::time::Duration;

/// One table: its settings and, for hosts, the source whose built-in values hold.
pub(super) struct Pick<'a> {
    merged: &'a Merged,
    slot: &'a [Setting],
    section: Section,
    source: &'a str,
}

impl<'a> Pick<'a> {
    pub fn new(merged: &'a Merged, slot: &'a [Setting], section: Section, source: &'a str) -> Self {
        Self { merged, slot, section, source }
    }

    pub fn text(&self, name: &str) -> Option<String> {
        match self.value(name)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn url(&self, name: &str) -> Option<WebUrl> {
        match self.value(name)? {
            Value::Url(url) => Some(url),
            _ => None,
        }
    }

    pub fn words(&self, name: &str) -> Vec<String> {
        match self.value(name) {
            Some(Value::Words(words)) => words,
            _ => Vec::new(),
        }
    }

    pub fn path(&self, name: &str) -> Option<PathBuf> {
        match self.value(name)? {
            Value::Path(path) => Some(path),
            _ => None,
        }
    }

    pub fn time(&self, name: &str) -> Option<TimeOfDay> {
        match self.value(name)? {
            Value::Time(time) => Some(time),
            _ => None,
        }
    }

    pub fn flag(&self, name: &str) -> bool {
        matches!(self.value(name), Some(Value::Flag(true)))
    }

    pub fn optional_span(&self, name: &str) -> Option<Duration> {
        match self.value(name)? {
            Value::Span(span) => Some(span),
            _ => None,
        }
    }

    /// For keys with a built-in value.
    pub fn span(&self, name: &str) -> Duration {
        self.optional_span(name).unwrap_or_default()
    }

    /// The meaning of a word, set or built in.
    pub fn choice<T: Copy>(&self, name: &str, words: &'static [(&'static str, T)]) -> T {
        let built_in = || table::find(self.section, name).and_then(|key| key.default_for(self.source));
        let word = match self.setting(name).map(|setting| &setting.entry.value) {
            Some(Value::Text(word)) => Some(word.as_str()),
            _ => built_in(),
        };
        let known = words.iter().find(|(known, _)| Some(*known) == word);
        known.unwrap_or(&words[0]).1
    }

    /// Whichever of the three ways is set; `layers` has left at most one.
    pub fn secret(&self) -> SecretSource {
        let set = |name| self.setting(name).map(|setting| setting.entry.value.clone());
        match (set("client_secret"), set("client_secret_file"), set("client_secret_command")) {
            (Some(Value::Secret(secret)), _, _) => SecretSource::Inline(secret),
            (_, Some(Value::Path(path)), _) => SecretSource::File(path),
            (_, _, Some(Value::Words(command))) => SecretSource::Command(command),
            _ => SecretSource::None,
        }
    }

    /// Where a key was set.
    pub fn spot(&self, name: &str) -> Option<Spot> {
        self.merged.spot(self.setting(name)?)
    }

    /// The error that `name` is set nowhere in the table `inside`.
    pub fn missing(&self, inside: &str, name: &str) -> ConfigError {
        let at = self.slot.first().and_then(|setting| self.merged.spot(setting));
        ConfigError::Missing { key: format!("{inside}.{name}"), at }
    }

    fn value(&self, name: &str) -> Option<Value> {
        if let Some(setting) = self.setting(name) {
            return Some(setting.entry.value.clone());
        }
        let key = table::find(self.section, name)?;
        value::from_text(key, key.default_for(self.source)?).ok()
    }

    fn setting(&self, name: &str) -> Option<&'a Setting> {
        self.slot
            .iter()
            .find(|setting| setting.entry.key.section == self.section && table::same(setting.entry.key.name, name))
    }
}
