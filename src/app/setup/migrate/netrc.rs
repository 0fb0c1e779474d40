//! `.netrc`, which curl reads for git where no helper has answered: `machine NAME login USER password SECRET`.

use super::{Edit, Found, Length, Spot, What};
use crate::config::settings::Settings;
use std::ops::Range;
use std::path::Path;

/// The entries of configured hosts. An entry with macros after it is left to its owner.
pub(super) fn spots(file: &Path, bytes: &[u8], settings: &Settings) -> Vec<Spot> {
    let Ok(text) = std::str::from_utf8(bytes) else { return Vec::new() };
    let words = words(text);
    let mut spots = Vec::new();
    let mut at = 0;
    while let Some((_, word)) = words.get(at) {
        at += match *word {
            "machine" => {
                let entry = Entry::read(&words, at);
                spots.extend(entry.spot(file, text, settings));
                entry.length
            }
            _ => 1,
        };
    }
    spots
}

type Word<'a> = (Range<usize>, &'a str);

struct Entry<'a> {
    /// How many words it has.
    length: usize,
    range: Range<usize>,
    machine: &'a str,
    user: Option<&'a str>,
    secret: Option<&'a str>,
    macros: bool,
}

impl<'a> Entry<'a> {
    fn read(words: &[Word<'a>], first: usize) -> Self {
        let word = |at: usize| words.get(at).map(|(_, word)| *word);
        let start = words.get(first).map_or(0, |(range, _)| range.start);
        let mut entry = Self {
            length: 2,
            range: start..start,
            machine: word(first + 1).unwrap_or_default(),
            user: None,
            secret: None,
            macros: false,
        };
        while let Some(key) = word(first + entry.length) {
            let value = word(first + entry.length + 1);
            match key {
                "login" => entry.user = value,
                "password" => entry.secret = value,
                "account" => {}
                _ => {
                    entry.macros = key == "macdef";
                    break;
                }
            }
            entry.length += 2;
        }
        let last = (first + entry.length).min(words.len()).saturating_sub(1);
        entry.range.end = words.get(last).map_or(start, |(range, _)| range.end);
        entry
    }

    fn spot(&self, file: &Path, text: &str, settings: &Settings) -> Option<Spot> {
        // There is no port in it: the entry is for every port of the name.
        let mut hosts = settings.hosts.iter();
        let host = hosts.find(|host| host.url.host().eq_ignore_ascii_case(self.machine))?;
        let line = text.get(..self.range.start)?.matches('\n').count() + 1;
        let edit = Edit { at: whole_lines(text, &self.range), with: String::new() };
        Some(Spot {
            found: Found {
                what: What::Netrc,
                place: file.to_owned(),
                line,
                host: host.url.to_string(),
                user: self.user.map(str::to_owned),
                length: self.secret.map(|secret| Length::of(secret.chars().count())),
                left: None,
            },
            edit: (!self.macros).then_some(edit),
        })
    }
}

/// Words between blanks; a line that begins with `#` is a comment.
fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if !line.trim_start().starts_with('#') {
            let mut end = 0;
            for word in line.split_whitespace() {
                let at = line.get(end..).and_then(|rest| rest.find(word)).unwrap_or(0) + end;
                end = at + word.len();
                words.push((start + at..start + end, word));
            }
        }
        start += line.len();
    }
    words
}

/// With the blanks around it, where nothing else is on its lines.
fn whole_lines(text: &str, range: &Range<usize>) -> Range<usize> {
    let before = text.get(..range.start).unwrap_or_default();
    let after = text.get(range.end..).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let end = after.find('\n').map_or(after.len(), |at| at + 1);
    let blank = |text: Option<&str>| text.is_some_and(|text| text.trim().is_empty());
    if blank(before.get(start..)) && blank(after.get(..end)) { start..range.end + end } else { range.clone() }
}
