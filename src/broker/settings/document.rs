//! TOML to checked tables: every key known, every value of its kind, every error with its line.

use crate::basis::nearest::nearest;
use crate::basis::text::clean;
use crate::basis::url::WebUrl;
use crate::broker::settings::error::Problem;
use crate::broker::settings::network::Network;
use crate::broker::settings::table::{self, Key, Kind, full};
use std::net::SocketAddr;
use std::time::Duration;
use toml::de::{DeTable, DeValue};

/// A table as it was read.
#[derive(Clone, Debug)]
pub struct Table {
    pub name: &'static str,
    pub line: usize,
    entries: Vec<Entry>,
    inner: Vec<Table>,
}

#[derive(Clone, Debug)]
struct Entry {
    key: &'static Key,
    line: usize,
    value: Value,
}

/// A value of its key's kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Text(String),
    Url(WebUrl),
    Words(Vec<String>),
    Flag(bool),
    Number(u64),
    Duration(Duration),
    Socket(SocketAddr),
    Networks(Vec<Network>),
}

/// What is wrong, and in which line.
pub type At<T> = Result<T, (usize, Problem)>;

/// Reads the text of a whole file.
pub fn parse(text: &str) -> At<Table> {
    let line = |at: usize| text.get(..at).map_or(1, |before| before.matches('\n').count() + 1);
    let root = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        (line(at), Problem::Syntax(clean(error.message())))
    })?;
    read("", 0, root.get_ref(), &line)
}

fn read(name: &'static str, at: usize, toml: &DeTable<'_>, line: &dyn Fn(usize) -> usize) -> At<Table> {
    let mut table = Table { name, line: at, entries: Vec::new(), inner: Vec::new() };
    for (word, item) in toml {
        let (at, value) = (line(word.span().start), item.get_ref());
        let whole = full(name, word.get_ref());
        if let Some(inner) = table::inner(name).find(|inner| *inner == whole) {
            table.inner.extend(tables(inner, at, value, line)?);
        } else if let Some(key) = table::find(name, word.get_ref()) {
            let value = of_kind(key.kind, value).map_err(|why| (at, Problem::Bad { key: key.path(), why }))?;
            table.entries.push(Entry { key, line: at, value });
        } else {
            return Err((at, unknown(name, word.get_ref())));
        }
    }
    Ok(table)
}

fn tables(name: &'static str, at: usize, value: &DeValue<'_>, line: &dyn Fn(usize) -> usize) -> At<Vec<Table>> {
    let wrong = |what: &str| (at, Problem::Bad { key: name.to_owned(), why: format!("must be {what}") });
    match value {
        DeValue::Table(table) if !table::is_list(name) => Ok(vec![read(name, at, table, line)?]),
        DeValue::Array(list) if table::is_list(name) => {
            let one = |item: &toml::Spanned<DeValue<'_>>| match item.get_ref() {
                DeValue::Table(table) => read(name, line(item.span().start), table, line),
                _ => Err(wrong("a list of tables")),
            };
            list.iter().map(one).collect()
        }
        _ if table::is_list(name) => Err(wrong(&format!("a list of tables, `[[{name}]]`"))),
        _ => Err(wrong(&format!("a table, `[{name}]`"))),
    }
}

fn unknown(table: &'static str, word: &str) -> Problem {
    let keys = table::KEYS.iter().filter(|key| key.table == table).map(|key| key.name);
    let tables = table::inner(table).filter_map(|name| name.rsplit('.').next());
    let nearest = nearest(word, keys.chain(tables)).map(str::to_owned);
    Problem::Unknown { key: clean(&full(table, word)), nearest }
}

/// The reasons quote no value: it may be a secret in the wrong place.
fn of_kind(kind: Kind, value: &DeValue<'_>) -> Result<Value, String> {
    let text = || value.as_str().filter(|text| !text.is_empty() && !text.contains(char::is_control));
    let text = || text().ok_or_else(|| "must be a text that is not empty".to_owned());
    match kind {
        Kind::Text | Kind::Path => Ok(Value::Text(text()?.to_owned())),
        Kind::Guid => guid(text()?).map(Value::Text).ok_or_else(|| "must be a GUID".into()),
        Kind::Url => text()?.parse().map(Value::Url).map_err(|error: crate::basis::url::BadUrl| error.to_string()),
        Kind::Choice(words) if words.contains(&text()?) => Ok(Value::Text(text()?.to_owned())),
        Kind::Choice(words) => Err(format!("must be one of {}", words.join(", "))),
        Kind::Words | Kind::Paths => words(value).map(Value::Words),
        Kind::Networks => {
            let network = |word: &String| word.parse::<Network>().map_err(|()| NO_NETWORKS.to_owned());
            words(value)?.iter().map(network).collect::<Result<_, _>>().map(Value::Networks)
        }
        Kind::Flag => value.as_bool().map(Value::Flag).ok_or_else(|| "must be true or false".into()),
        Kind::Socket => text()?.parse().map(Value::Socket).map_err(|_| "must be ADDRESS:PORT".into()),
        Kind::Number(least, most) => number(value)
            .filter(|number| (least..=most).contains(number))
            .map(Value::Number)
            .ok_or_else(|| format!("must be a whole number from {least} to {most}")),
        Kind::Duration(least, most) => duration(text()?)
            .filter(|span| (least..=most).contains(&span.as_secs()))
            .map(Value::Duration)
            .ok_or_else(|| format!("must be a time from {least}s to {most}s, such as \"90s\", \"15m\", \"1h\"")),
    }
}

fn words(value: &DeValue<'_>) -> Result<Vec<String>, String> {
    let word = |item: &toml::Spanned<DeValue<'_>>| item.get_ref().as_str().map(str::to_owned);
    let list = value.as_array().and_then(|list| list.iter().map(word).collect::<Option<Vec<_>>>());
    list.filter(|words| words.iter().all(|word| !word.is_empty())).ok_or_else(|| "must be a list of texts".into())
}

fn number(value: &DeValue<'_>) -> Option<u64> {
    value.as_integer().and_then(|number| u64::from_str_radix(number.as_str(), number.radix()).ok())
}

fn duration(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse::<u64>().ok().filter(|_| plain)?.checked_mul(unit).map(Duration::from_secs)
}

/// A GUID in lower case.
pub fn guid(text: &str) -> Option<String> {
    let groups = text.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    let digits = text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    (groups && digits).then(|| text.to_ascii_lowercase())
}

impl Table {
    /// A table that the file does not have: every key has its default.
    pub fn empty(name: &'static str) -> Self {
        Self { name, line: 0, entries: Vec::new(), inner: Vec::new() }
    }

    /// The table inside of that name.
    pub fn table(&self, name: &str) -> Option<&Self> {
        self.inner.iter().find(|table| table.name == name)
    }

    /// The tables of a list.
    pub fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.inner.iter().filter(move |table| table.name == name)
    }

    /// Where a key is written; the table's own line where it is not.
    pub fn line_of(&self, name: &str) -> usize {
        self.entry(name).map_or(self.line, |entry| entry.line)
    }

    /// Whether the file says something about a key.
    pub fn has(&self, name: &str) -> bool {
        self.entry(name).is_some()
    }

    /// A value as written, or the default of the settings table.
    pub fn value(&self, name: &str) -> Option<Value> {
        if let Some(entry) = self.entry(name) {
            return Some(entry.value.clone());
        }
        let key = table::find(self.name, name).filter(|key| !key.default.is_empty())?;
        let value = match (key.kind, key.default) {
            (Kind::Number(..), digits) => return digits.parse().ok().map(Value::Number),
            (Kind::Flag, word) => DeValue::Boolean(word == "true"),
            (Kind::Networks, list) => {
                let networks = list.split(", ").map(str::parse).collect::<Result<_, _>>();
                return networks.ok().map(Value::Networks);
            }
            (_, text) => DeValue::String(text.into()),
        };
        of_kind(key.kind, &value).ok()
    }

    /// What is wrong about a key of this table.
    pub fn bad(&self, name: &str, why: impl Into<String>) -> (usize, Problem) {
        (self.line_of(name), Problem::Bad { key: full(self.name, name), why: why.into() })
    }

    /// A key that must be there is not.
    pub fn missing(&self, name: &str) -> (usize, Problem) {
        (self.line, Problem::Missing(full(self.name, name)))
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key.name == name)
    }

    pub fn text(&self, name: &str) -> Option<String> {
        if let Value::Text(text) = self.value(name)? { Some(text) } else { None }
    }

    pub fn url(&self, name: &str) -> Option<WebUrl> {
        if let Value::Url(url) = self.value(name)? { Some(url) } else { None }
    }

    pub fn words(&self, name: &str) -> Option<Vec<String>> {
        if let Value::Words(words) = self.value(name)? { Some(words) } else { None }
    }

    pub fn flag(&self, name: &str) -> bool {
        self.value(name) == Some(Value::Flag(true))
    }

    pub fn number(&self, name: &str) -> u64 {
        if let Some(Value::Number(number)) = self.value(name) { number } else { 0 }
    }

    pub fn duration(&self, name: &str) -> Duration {
        if let Some(Value::Duration(span)) = self.value(name) { span } else { Duration::ZERO }
    }

    /// A text that must be there.
    pub fn need(&self, name: &str) -> At<String> {
        self.text(name).ok_or_else(|| self.missing(name))
    }

    /// A URL that must be there.
    pub fn need_url(&self, name: &str) -> At<WebUrl> {
        self.url(name).ok_or_else(|| self.missing(name))
    }
}

const NO_NETWORKS: &str = "must be a list of networks such as \"10.0.0.0/8\"";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_of_the_table_is_of_its_kind() {
        for key in table::KEYS.iter().filter(|key| !key.default.is_empty()) {
            let table = Table::empty(key.table);
            assert!(table.value(key.name).is_some(), "{}", key.path());
        }
    }

    #[test]
    fn durations_and_guids_have_one_form() {
        assert_eq!(duration("15m"), Some(Duration::from_secs(900)));
        for bad in ["", "s", "+1s", "1", "1d", "1 s", "é", "99999999999999999999h"] {
            assert!(duration(bad).is_none(), "{bad}");
        }
        assert!(guid("72F988BF-0000-4000-8000-2D7CD011DB47").is_some_and(|text| text.starts_with("72f9")));
        assert!(guid("72f988bf00004000-8000-2d7cd011db47").is_none());
    }
}
