//! TOML to a [`Document`]: every table and key known, every value of its kind, every error with its line.

mod plain;

use crate::basis::text::clean;
use crate::basis::url::WebUrl;
use crate::config::document::{DEFAULT, Document, Entry, HostTable, Source};
use crate::config::error::{ConfigError, Layer, Origin, Reason};
use crate::config::nearest::nearest;
use crate::config::table::{self, Section};
use crate::config::value::{self, Raw, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Reads one file's text. Errors name the place and quote nothing that was written as a value.
pub(super) fn parse(text: &[u8], origin: Origin, layer: Layer) -> Result<Document, ConfigError> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut document = Document::new(layer, Source::text(origin, text));
    let text = std::str::from_utf8(text).map_err(|error| syntax(&document, error.valid_up_to(), "is not UTF-8"))?;
    match plain::read(text) {
        Some(plain::Tables { fixed, profiles, hosts }) => document = Document { fixed, profiles, hosts, ..document },
        None => take_any(&mut document, text)?,
    }
    document.check()?;
    Ok(document)
}

/// The long way, which finds every error.
#[cold]
#[inline(never)]
fn take_any(document: &mut Document, text: &str) -> Result<(), ConfigError> {
    let root = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        syntax(document, at, &clean(error.message()))
    })?;
    // By value, so that what is read makes room for what is kept.
    for (name, item) in root.into_inner() {
        take_section(document, name.get_ref(), name.span().start, item)?;
    }
    Ok(())
}

type Item<'i> = Spanned<DeValue<'i>>;

fn take_section(document: &mut Document, name: &str, at: usize, item: Item<'_>) -> Result<(), ConfigError> {
    match Section::named(name) {
        None => Err(unknown(document, at, name, Section::ALL.iter().map(|section| section.name()))),
        Some(Section::Entra) => take_profiles(document, table_of(document, name, &item)?),
        Some(Section::Host) => take_hosts(document, item),
        Some(section) => {
            let entries = entries(document, section, table_of(document, name, &item)?)?;
            document.fixed.extend(entries);
            Ok(())
        }
    }
}

/// Keys of `[entra]` and tables `[entra.NAME]` come in one TOML table; a known key is never a name.
fn take_profiles(document: &mut Document, table: &DeTable<'_>) -> Result<(), ConfigError> {
    let mut own = Vec::new();
    for (name, item) in table {
        let (at, name) = (name.span().start, name.get_ref());
        match item.get_ref() {
            DeValue::Table(named) if table::find(Section::Entra, name).is_none() => {
                if !is_profile_name(name) {
                    let key = format!("entra.{}", clean(name));
                    let at = document.source.spot(at);
                    return Err(ConfigError::BadValue { at, key, reason: Reason::ProfileName });
                }
                let entries = entries(document, Section::Entra, named)?;
                document.profiles.push((name.to_string(), entries));
            }
            _ => own.push(entry(document, Section::Entra, name, at, item)?),
        }
    }
    document.profiles.push((DEFAULT.to_owned(), own));
    Ok(())
}

fn take_hosts(document: &mut Document, item: Item<'_>) -> Result<(), ConfigError> {
    if !matches!(item.get_ref(), DeValue::Array(_)) {
        return Err(not_a(document, "host", &item, "an array of tables, `[[host]]`"));
    }
    let DeValue::Array(list) = item.into_inner() else { return Ok(()) };
    document.hosts.reserve_exact(list.len());
    for item in list {
        let at = item.span().start;
        let entries = entries(document, Section::Host, table_of(document, "host", &item)?)?;
        let url = url_of(&entries)
            .cloned()
            .ok_or_else(|| ConfigError::Missing { key: "host.url".into(), at: Some(document.source.spot(at)) })?;
        document.hosts.push(HostTable { url, at, entries });
    }
    Ok(())
}

fn entries(document: &Document, section: Section, table: &DeTable<'_>) -> Result<Vec<Entry>, ConfigError> {
    table.iter().map(|(name, item)| entry(document, section, name.get_ref(), name.span().start, item)).collect()
}

fn entry(document: &Document, section: Section, name: &str, at: usize, item: &Item<'_>) -> Result<Entry, ConfigError> {
    let Some(key) = table::find(section, name) else {
        return Err(unknown(document, at, name, section.keys().map(|key| key.name)));
    };
    let value = value::read(key, raw(item.get_ref()));
    let value = value.map_err(|reason| {
        let at = document.source.spot(item.span().start);
        ConfigError::BadValue { at, key: key.path(), reason }
    })?;
    Ok(Entry { key, value, at })
}

fn raw<'a>(value: &'a DeValue<'_>) -> Raw<'a> {
    match value {
        DeValue::String(text) => Raw::Text(text),
        DeValue::Boolean(flag) => Raw::Flag(*flag),
        DeValue::Array(list) => {
            let words = list.iter().map(|item| item.get_ref().as_str()).collect::<Option<Vec<_>>>();
            words.map_or(Raw::Other("an array of other things"), Raw::Words)
        }
        DeValue::Integer(_) => Raw::Other("an integer"),
        DeValue::Float(_) => Raw::Other("a float"),
        DeValue::Datetime(_) => Raw::Other("a date or time"),
        DeValue::Table(_) => Raw::Other("a table"),
    }
}

fn table_of<'a, 'i>(document: &Document, name: &str, item: &'a Item<'i>) -> Result<&'a DeTable<'i>, ConfigError> {
    match item.get_ref() {
        DeValue::Table(table) => Ok(table),
        _ => Err(not_a(document, name, item, "a table")),
    }
}

/// The `url` among a host's entries.
pub(super) fn url_of(entries: &[Entry]) -> Option<&WebUrl> {
    entries.iter().find_map(|entry| match &entry.value {
        Value::Url(url) if entry.key.name == "url" => Some(url),
        _ => None,
    })
}

fn is_profile_name(name: &str) -> bool {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    plain && !name.is_empty() && name != DEFAULT
}

fn unknown<'a>(document: &Document, at: usize, name: &str, known: impl Iterator<Item = &'a str>) -> ConfigError {
    let nearest = nearest(name, known).map(str::to_owned);
    ConfigError::UnknownKey { at: document.source.spot(at), key: clean(name), nearest }
}

fn not_a(document: &Document, name: &str, item: &Item<'_>, expected: &'static str) -> ConfigError {
    let found = match raw(item.get_ref()) {
        Raw::Text(_) => "a string",
        Raw::Flag(_) => "a boolean",
        Raw::Words(_) => "an array",
        Raw::Other(found) => found,
    };
    let at = document.source.spot(item.span().start);
    ConfigError::BadValue { at, key: name.to_owned(), reason: Reason::Type { expected, found } }
}

fn syntax(document: &Document, at: usize, why: &str) -> ConfigError {
    ConfigError::Syntax { at: document.source.spot(at), why: why.to_owned() }
}

#[cfg(test)]
mod tests;
