//! One source of settings as it was read: a file, the environment, the command line, managed preferences.

use crate::basis::url::WebUrl;
use crate::config::error::{ConfigError, Layer, Origin, Reason, Spot};
use crate::config::table::{Key, Rights};
use crate::config::value::Value;

/// A checked source. Every value is of its key's kind; nothing is merged yet.
pub(super) struct Document {
    pub layer: Layer,
    pub source: Source,
    /// The tables that are no list and have no names.
    pub fixed: Vec<Entry>,
    /// `[entra]` is named [`DEFAULT`].
    pub profiles: Vec<(String, Vec<Entry>)>,
    pub hosts: Vec<HostTable>,
}

/// One `[[host]]`; its `url` is also among the entries.
pub(super) struct HostTable {
    pub url: WebUrl,
    pub at: usize,
    pub entries: Vec<Entry>,
}

/// One key with its value. `at` is where in the source.
#[derive(Clone)]
pub(super) struct Entry {
    pub key: &'static Key,
    pub value: Value,
    pub at: usize,
}

/// What a document was read from.
pub(super) struct Source {
    pub origin: Origin,
    /// Offsets of the line ends; empty for sources without lines.
    line_ends: Option<Vec<usize>>,
    /// The variables or flags, where there are no lines; `at` is an index into it.
    names: Vec<Origin>,
}

impl Source {
    /// A source with lines.
    pub fn text(origin: Origin, text: &[u8]) -> Self {
        let ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at).collect();
        Self { origin, line_ends: Some(ends), names: Vec::new() }
    }

    /// A source of named values.
    pub fn named(origin: Origin, names: Vec<Origin>) -> Self {
        Self { origin, line_ends: None, names }
    }

    /// The place that `at` stands for.
    pub fn spot(&self, at: usize) -> Spot {
        let Some(ends) = &self.line_ends else {
            return Spot { origin: self.names.get(at).unwrap_or(&self.origin).clone(), line: 0, column: 0 };
        };
        let line = ends.partition_point(|end| *end < at);
        let start = line.checked_sub(1).and_then(|before| ends.get(before)).map_or(0, |end| end + 1);
        let count = |number: usize| u32::try_from(number + 1).unwrap_or(u32::MAX);
        Spot { origin: self.origin.clone(), line: count(line), column: count(at - start) }
    }
}

impl Document {
    /// An empty document.
    pub fn new(layer: Layer, source: Source) -> Self {
        Self { layer, source, fixed: Vec::new(), profiles: Vec::new(), hosts: Vec::new() }
    }

    /// All entries of all tables.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        let profiles = self.profiles.iter().flat_map(|(_, entries)| entries);
        let hosts = self.hosts.iter().flat_map(|host| &host.entries);
        self.fixed.iter().chain(profiles).chain(hosts)
    }

    /// Whether it says whom to trust.
    pub fn sets_trust(&self) -> bool {
        self.entries().any(|entry| entry.key.is_trust())
    }

    /// What can be told of it alone: no host twice, every key known to its host's source, one secret.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.check_doubles()?;
        for host in &self.hosts {
            self.check_source(&host.entries)?;
            self.check_secret(&host.entries)?;
        }
        Ok(())
    }

    /// Whether its layer may set what it sets.
    pub fn check_rights(&self) -> Result<(), ConfigError> {
        let layer = self.layer;
        let wrong = |entry: &&Entry| match entry.key.rights {
            Rights::Anyone | Rights::Trust => false,
            Rights::Files => matches!(layer, Layer::CommandLine | Layer::Environment),
            Rights::PolicyOrUser => !matches!(layer, Layer::Policy | Layer::User),
            Rights::Policy => layer != Layer::Policy,
        };
        match self.entries().find(wrong) {
            None => Ok(()),
            Some(entry) => {
                Err(ConfigError::WrongLayer { at: self.source.spot(entry.at), key: entry.key.path(), layer })
            }
        }
    }

    /// Ten thousand hosts are sorted sooner than they are put into a map one by one.
    fn check_doubles(&self) -> Result<(), ConfigError> {
        let mut sorted: Vec<&HostTable> = self.hosts.iter().collect();
        sorted.sort_by_key(|host| &host.url);
        let pairs = sorted.iter().zip(sorted.iter().skip(1));
        let double = pairs.filter(|(one, next)| one.url == next.url).min_by_key(|(_, next)| next.at);
        let Some((first, again)) = double else { return Ok(()) };
        let (at, first) = (self.source.spot(again.at), self.source.spot(first.at).line);
        Err(ConfigError::DuplicateHost { at, url: again.url.to_string(), first })
    }

    fn check_source(&self, entries: &[Entry]) -> Result<(), ConfigError> {
        let Some(source) = source_of(entries) else { return Ok(()) };
        match entries.iter().find(|entry| !entry.key.fits(source)) {
            None => Ok(()),
            Some(entry) => Err(ConfigError::WrongSource {
                at: self.source.spot(entry.at),
                key: entry.key.path(),
                source_name: source.to_owned(),
                sources: entry.key.sources,
            }),
        }
    }

    fn check_secret(&self, entries: &[Entry]) -> Result<(), ConfigError> {
        let mut secrets = entries.iter().filter(|entry| is_secret(entry.key));
        match (secrets.next(), secrets.next()) {
            (Some(first), Some(second)) => Err(ConfigError::BadValue {
                at: self.source.spot(second.at),
                key: second.key.path(),
                reason: Reason::Excludes(first.key.name),
            }),
            _ => Ok(()),
        }
    }
}

/// The `source` among a host's entries.
pub(super) fn source_of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Option<&'a str> {
    entries.into_iter().find_map(|entry| match &entry.value {
        Value::Text(source) if entry.key.name == "source" => Some(source.as_str()),
        _ => None,
    })
}

/// Whether the key is one of the three ways to give a client secret.
pub(super) fn is_secret(key: &Key) -> bool {
    key.name.starts_with("client_secret")
}

/// The name of `[entra]`.
pub(super) const DEFAULT: &str = "default";
