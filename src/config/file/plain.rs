//! The short way through a file of plain lines, which most are: `[section]`, `[[host]]`, and `key = value` with a
//! string, a boolean or an array of strings that needs no more than its line. A hundred hosts are read at every call of
//! git, and this takes a third of the real parser's time. What it does not take is for the real parser, with the same
//! result for the rest; it never refuses.

use super::{is_profile_name, url_of};
use crate::config::document::{DEFAULT, Entry, HostTable};
use crate::config::table::{self, Section};
use crate::config::value::{self, Raw};

/// What a document consists of, in the order of the real parser: by name, but hosts as they were written.
#[derive(Default)]
pub(super) struct Tables {
    pub fixed: Vec<Entry>,
    pub profiles: Vec<(String, Vec<Entry>)>,
    pub hosts: Vec<HostTable>,
}

/// `None` for anything that is not plain, or not right.
pub(super) fn read(text: &str) -> Option<Tables> {
    let mut reader = Reader::default();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        reader.take(line, at)?;
        at += line.len();
    }
    reader.end()
}

#[derive(Default)]
struct Reader<'t> {
    tables: Tables,
    /// The table that is open, and its header's offset.
    open: Option<(Header<'t>, usize)>,
    entries: Vec<Entry>,
    /// Which sections have had a table, in the order of [`Section::ALL`].
    seen: [bool; Section::ALL.len()],
    /// The keys of `[entra]`.
    usual: Option<Vec<Entry>>,
}

#[derive(Clone, Copy)]
enum Header<'t> {
    Fixed(Section),
    Profile(&'t str),
    Host,
}

impl<'t> Reader<'t> {
    fn take(&mut self, line: &'t str, start: usize) -> Option<()> {
        let line = line.strip_suffix("\r\n").or_else(|| line.strip_suffix('\n')).unwrap_or(line);
        let rest = unindented(line);
        let at = start + line.len() - rest.len();
        match rest.as_bytes().first() {
            Some(b'[') => {
                self.close()?;
                self.open = Some((header(rest)?, at));
                self.entries.reserve(USUAL_KEYS);
                Some(())
            }
            None | Some(b'#') => ends(rest),
            Some(_) => {
                let entry = entry(self.open?.0.section(), rest, at)?;
                self.entries.push(entry);
                Some(())
            }
        }
    }

    /// Puts the table that was open where it belongs.
    fn close(&mut self) -> Option<()> {
        let mut entries = std::mem::take(&mut self.entries);
        entries.sort_unstable_by_key(|entry| entry.key.name);
        if entries.iter().zip(entries.iter().skip(1)).any(|(one, next)| one.key == next.key) {
            return None;
        }
        match self.open.take() {
            None => {}
            Some((Header::Host, at)) => {
                let url = url_of(&entries)?.clone();
                self.tables.hosts.push(HostTable { url, at, entries });
            }
            Some((Header::Profile(name), _)) => self.tables.profiles.push((name.to_owned(), entries)),
            Some((Header::Fixed(section), _)) => {
                if std::mem::replace(&mut self.seen[section as usize], true) {
                    return None;
                }
                if section == Section::Entra { self.usual = Some(entries) } else { self.tables.fixed.extend(entries) }
            }
        }
        Some(())
    }

    fn end(mut self) -> Option<Tables> {
        self.close()?;
        let Self { mut tables, usual, .. } = self;
        tables.fixed.sort_by_key(|entry| entry.key.section.name());
        tables.profiles.sort_by(|(one, _), (other, _)| one.cmp(other));
        if tables.profiles.iter().zip(tables.profiles.iter().skip(1)).any(|((one, _), (next, _))| one == next) {
            return None;
        }
        if usual.is_some() || !tables.profiles.is_empty() {
            tables.profiles.push((DEFAULT.to_owned(), usual.unwrap_or_default()));
        }
        Some(tables)
    }
}

impl Header<'_> {
    fn section(self) -> Section {
        match self {
            Self::Fixed(section) => section,
            Self::Profile(_) => Section::Entra,
            Self::Host => Section::Host,
        }
    }
}

fn header(line: &str) -> Option<Header<'_>> {
    if let Some(rest) = line.strip_prefix("[[host]]") {
        return ends(rest).map(|()| Header::Host);
    }
    let (name, rest) = line.strip_prefix('[')?.split_once(']')?;
    ends(rest)?;
    match name.strip_prefix("entra.") {
        Some(name) if is_profile_name(name) && table::find(Section::Entra, name).is_none() => {
            Some(Header::Profile(name))
        }
        Some(_) => None,
        None => Section::named(name).filter(|section| *section != Section::Host).map(Header::Fixed),
    }
}

fn entry(section: Section, line: &str, at: usize) -> Option<Entry> {
    let name = &line[..line.bytes().take_while(|byte| is_of_names(*byte)).count()];
    let key = table::find(section, name)?;
    let rest = unindented(unindented(&line[name.len()..]).strip_prefix('=')?);
    let (raw, rest) = raw(rest)?;
    ends(rest)?;
    Some(Entry { key, value: value::read(key, raw).ok()?, at })
}

fn raw(text: &str) -> Option<(Raw<'_>, &str)> {
    match text.as_bytes().first()? {
        b'"' | b'\'' => string(text).map(|(word, rest)| (Raw::Text(word), rest)),
        b'[' => words(&text[1..]).map(|(list, rest)| (Raw::Words(list), rest)),
        _ => {
            let mut flags = [("true", true), ("false", false)].into_iter();
            flags.find_map(|(word, flag)| Some((Raw::Flag(flag), text.strip_prefix(word)?)))
        }
    }
}

/// A string that means what is written, and what follows it. Three quotation marks are an empty one with something
/// behind it that [`ends`] does not take.
fn string(text: &str) -> Option<(&str, &str)> {
    let quote = *text.as_bytes().first().filter(|byte| matches!(byte, b'"' | b'\''))?;
    let inner = &text[1..];
    let length =
        inner.bytes().position(|byte| byte == quote || (byte == b'\\' && quote == b'"') || is_control(byte))?;
    let closed = inner.as_bytes()[length] == quote;
    closed.then(|| (&inner[..length], &inner[length + 1..]))
}

/// The rest of an array, with or without a comma at its end.
fn words(text: &str) -> Option<(Vec<&str>, &str)> {
    let (mut list, mut rest) = (Vec::new(), unindented(text));
    loop {
        if let Some(rest) = rest.strip_prefix(']') {
            return Some((list, rest));
        }
        let (word, behind) = string(rest)?;
        list.push(word);
        rest = unindented(behind);
        match rest.strip_prefix(',') {
            Some(more) => rest = unindented(more),
            None if rest.starts_with(']') => {}
            None => return None,
        }
    }
}

/// Nothing but a comment may follow.
fn ends(rest: &str) -> Option<()> {
    let rest = unindented(rest);
    let comment = rest.starts_with('#') && !rest.bytes().any(is_control);
    (rest.is_empty() || comment).then_some(())
}

fn unindented(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

fn is_of_names(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte == b'_'
}

/// What TOML allows neither in strings nor in comments; and the tab, which it does.
fn is_control(byte: u8) -> bool {
    byte < b' ' || byte == 0x7f
}

/// Room for the keys of a host.
const USUAL_KEYS: usize = 6;

#[cfg(test)]
mod tests;
