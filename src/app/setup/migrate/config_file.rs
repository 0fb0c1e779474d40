//! git's configuration files, line by line: passwords in URLs, headers that authenticate, SSH addresses. Nothing is
//! parsed that is not changed, so that everything else stays as it was written.

use super::{Edit, Found, Length, Spot, What, address, host_of, lines};
use crate::config::settings::Settings;
use std::ops::Range;
use std::path::Path;

/// What is found in one file.
pub(super) fn spots(file: &Path, bytes: &[u8], settings: &Settings) -> Vec<Spot> {
    let mut section = Section::default();
    let mut spots = Vec::new();
    for (number, range, line) in lines(bytes) {
        let line = Line { file, number, range, text: line, settings };
        if let Some(header) = Section::header(line.text) {
            section = header;
            spots.extend(line.base(&section));
        }
        let passwords = line.passwords();
        if passwords.is_empty() {
            spots.extend(line.value(&section));
        }
        spots.extend(passwords);
    }
    spots
}

/// `[remote "origin"]`: the word in lower case, and the text between the quotes.
#[derive(Default)]
struct Section {
    word: String,
    name: String,
}

impl Section {
    fn header(line: &str) -> Option<Self> {
        let inner = line.trim().strip_prefix('[')?;
        let inner = inner.get(..inner.rfind(']')?)?;
        let (word, name) = inner.split_once('"').unwrap_or((inner, ""));
        let name = name.strip_suffix('"').unwrap_or(name);
        Some(Self { word: word.trim().to_ascii_lowercase(), name: name.to_owned() })
    }
}

struct Line<'a> {
    file: &'a Path,
    number: usize,
    /// In the file, the line end included.
    range: Range<usize>,
    text: &'a str,
    settings: &'a Settings,
}

impl Line<'_> {
    fn passwords(&self) -> Vec<Spot> {
        let named = address::named(self.text, self.settings).into_iter();
        let spot = |named: address::Named<'_>| {
            let length = Length::of(named.secret?);
            let found = self.found(What::UrlPassword, named.host);
            let found = Found { user: Some(named.user.to_owned()), length: Some(length), ..found };
            Some(Spot { found, edit: Some(self.edit(&named.userinfo, String::new())) })
        };
        named.filter_map(spot).collect()
    }

    /// `[url "git@bitbucket.org:"]`: with an https base, what was rewritten to SSH stays https.
    fn base(&self, section: &Section) -> Option<Spot> {
        if section.word != "url" {
            return None;
        }
        self.ssh(What::SshBase, &section.name)
    }

    fn value(&self, section: &Section) -> Option<Spot> {
        let (key, value) = self.text.split_once('=')?;
        let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
        match (section.word.as_str(), key.as_str()) {
            ("remote" | "submodule", "url" | "pushurl") => self.ssh(What::SshRemote, value),
            ("http", "extraheader") => self.header(&section.name, value),
            _ => None,
        }
    }

    fn ssh(&self, what: What, text: &str) -> Option<Spot> {
        let ssh = address::ssh(text, self.settings)?;
        // Quotes, escapes and comments are left to whoever wrote them.
        let plain = !text.contains(['"', '\\', '#', ';']);
        let at = self.text.find(text)?;
        let edit = ssh.https.filter(|_| plain).map(|https| self.edit(&(at..at + text.len()), https));
        Some(Spot { found: self.found(what, ssh.host), edit })
    }

    /// A header for all hosts is not ours to judge.
    fn header(&self, url: &str, value: &str) -> Option<Spot> {
        let (scheme, rest) = url.split_once("://")?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let path = path.trim_matches('/');
        let host = host_of(self.settings, scheme, authority, (!path.is_empty()).then_some(path))?;
        let value = value.trim_matches('"');
        let (name, secret) = value.split_once(':')?;
        if !name.trim().eq_ignore_ascii_case("authorization") {
            return None;
        }
        let secret = secret.split_whitespace().last().unwrap_or_default();
        let found = Found { length: Some(Length::of(secret.chars().count())), ..self.found(What::Header, host) };
        let edit = Edit { at: self.range.clone(), with: String::new() };
        Some(Spot { found, edit: (!value.ends_with('\\')).then_some(edit) })
    }

    fn found(&self, what: What, host: String) -> Found {
        let place = self.file.to_owned();
        Found { what, place, line: self.number, host, user: None, length: None, left: None }
    }

    fn edit(&self, at: &Range<usize>, with: String) -> Edit {
        Edit { at: self.range.start + at.start..self.range.start + at.end, with }
    }
}
