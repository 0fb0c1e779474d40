//! One table of a file, key by key. Whatever is wrong is reported and reading goes on.

use crate::basis::nearest::nearest;
use crate::basis::text::clean;
use crate::broker::policy::error::PolicyError;
use crate::broker::policy::spelling::duration;
use std::cell::RefCell;
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub(super) type Item<'i> = Spanned<DeValue<'i>>;

/// Where problems are gathered.
#[derive(Default)]
pub(super) struct Report {
    pub problems: RefCell<Vec<PolicyError>>,
}

/// A file, for finding lines.
pub(super) struct Source<'a> {
    pub name: &'a str,
    line_ends: Vec<usize>,
}

/// A table, with the keys it may have.
#[derive(Clone)]
pub(super) struct Fields<'r, 'i> {
    pub report: &'r Report,
    pub source: &'r Source<'r>,
    pub table: &'r DeTable<'i>,
    /// Where it begins.
    pub at: usize,
    /// The `id` in it, for messages.
    pub id: Option<String>,
}

impl<'a> Source<'a> {
    pub fn new(name: &'a str, text: &str) -> Self {
        let line_ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
        Self { name, line_ends }
    }

    /// The line of an offset, from 1.
    pub fn line(&self, at: usize) -> usize {
        self.line_ends.partition_point(|end| *end < at) + 1
    }
}

impl Report {
    pub fn add(&self, problem: PolicyError) {
        self.problems.borrow_mut().push(problem);
    }

    pub fn is_empty(&self) -> bool {
        self.problems.borrow().is_empty()
    }
}

impl<'r, 'i> Fields<'r, 'i> {
    pub fn new(report: &'r Report, source: &'r Source<'r>, table: &'r DeTable<'i>, at: usize) -> Self {
        let id = table.get("id").and_then(|item| item.get_ref().as_str()).map(clean);
        Self { report, source, table, at, id }
    }

    /// Reports a problem at an offset of this file.
    pub fn wrong(&self, at: usize, what: impl Into<String>, why: impl Into<String>) {
        self.add(at, what.into(), why.into(), None);
    }

    /// Reports a name that is not known.
    pub fn unknown<'k>(&self, at: usize, what: &str, name: &str, known: impl IntoIterator<Item = &'k str>) {
        let known: Vec<&str> = known.into_iter().collect();
        let near = nearest(name, known.iter().copied()).map(str::to_owned);
        let why = if known.is_empty() { String::new() } else { format!("known: {}", shown(&known)) };
        self.add(at, format!("{what} `{}`", clean(name)), why, near);
    }

    /// Reports a resource that cannot be read, with the host that was probably meant.
    pub fn bad_resource(&self, at: usize, what: &str, why: &str, text: &str, hosts: &[String]) {
        let host = text.rsplitn(3, '/').last().unwrap_or_default();
        let known = hosts.iter().any(|name| text.starts_with(name.as_str()));
        let near = nearest(host, hosts.iter().map(String::as_str)).filter(|_| !known);
        self.add(at, clean(what), clean(why), near.map(str::to_owned));
    }

    /// Reports every key that is not among `known`.
    pub fn only(&self, known: &[&str]) {
        for key in self.table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            self.unknown(key.span().start, "unknown key", key.get_ref(), known.iter().copied());
        }
    }

    /// Reports that a key is not there.
    pub fn missing(&self, key: &str, why: &str) {
        self.wrong(self.at, format!("`{key}` is missing"), why);
    }

    pub fn item(&self, key: &str) -> Option<&'r Item<'i>> {
        self.table.get(key)
    }

    /// Where a key's value stands; the table's begin if it has none.
    pub fn place(&self, key: &str) -> usize {
        self.item(key).map_or(self.at, |item| item.span().start)
    }

    /// One line of text of at most 200 characters, not empty.
    pub fn text(&self, key: &str) -> Option<&'r str> {
        let item = self.item(key)?;
        let text = item.get_ref().as_str().filter(|text| is_plain(text));
        if text.is_none() {
            self.wrong(
                item.span().start,
                format!("`{key}` is no text"),
                "write one line of 1 to 200 characters in quotes",
            );
        }
        text
    }

    /// A text of a closed list.
    pub fn word<'k>(&self, key: &str, known: &[&'k str]) -> Option<&'k str> {
        let text = self.text(key)?;
        let found = known.iter().copied().find(|word| *word == text);
        if found.is_none() {
            self.unknown(self.place(key), &format!("`{key}` cannot be"), text, known.iter().copied());
        }
        found
    }

    pub fn flag(&self, key: &str) -> Option<bool> {
        let item = self.item(key)?;
        let flag = item.get_ref().as_bool();
        if flag.is_none() {
            self.wrong(item.span().start, format!("`{key}` is neither true nor false"), "write it without quotes");
        }
        flag
    }

    /// `90s`, `15m`, `1h`: from one second to a day.
    pub fn duration(&self, key: &str) -> Option<Duration> {
        let text = self.text(key)?;
        let read = duration(text).filter(|span| *span <= LONGEST && !span.is_zero());
        if read.is_none() {
            let why = "write a whole number and `s`, `m` or `h`, from `1s` to `24h`";
            self.wrong(self.place(key), format!("`{key}` is no duration: `{}`", clean(text)), why);
        }
        read
    }

    /// A list of texts, each with its place. `None` if the key is missing or no list.
    pub fn texts(&self, key: &str) -> Option<Vec<(&'r str, usize)>> {
        let item = self.item(key)?;
        let why = "write [\"…\", \"…\"]";
        let Some(list) = item.get_ref().as_array() else {
            self.wrong(item.span().start, format!("`{key}` is no list"), why);
            return None;
        };
        let mut texts = Vec::new();
        for one in list {
            match one.get_ref().as_str().filter(|text| is_plain(text)) {
                Some(text) => texts.push((text, one.span().start)),
                None => self.wrong(one.span().start, format!("`{key}` has something else than texts"), why),
            }
        }
        Some(texts)
    }

    fn add(&self, at: usize, what: String, why: String, nearest: Option<String>) {
        let (file, line, rule) = (self.source.name.to_owned(), self.source.line(at), self.id.clone());
        self.report.add(PolicyError { file, line, rule, what, why, nearest });
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && clean(text) == text
}

/// A few names in backquotes.
fn shown(names: &[&str]) -> String {
    let mut text: Vec<String> = names.iter().take(20).map(|name| format!("`{name}`")).collect();
    text.extend((names.len() > 20).then(|| "…".to_owned()));
    text.join(", ")
}

/// Tokens are meant to be short-lived, and Data Center counts their lives in days.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
