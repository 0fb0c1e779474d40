//! From what was written to a value that cannot be wrong.

mod shapes;

use crate::basis::day::TimeOfDay;
use crate::basis::digest;
use crate::basis::nearest::nearest;
use crate::basis::secret::ClientSecret;
use crate::basis::text::breaks_git;
use crate::basis::url::WebUrl;
use crate::basis::version::Version;
use crate::config::error::Reason;
use crate::config::table::{Key, Kind};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What was written, before its key says what it means.
pub(super) enum Raw<'a> {
    Text(&'a str),
    Flag(bool),
    Words(Vec<&'a str>),
    /// Nothing that any key takes; its name in TOML.
    Other(&'static str),
}

/// A checked value.
#[derive(Clone)]
pub(super) enum Value {
    /// `""`, where it may be written.
    Empty,
    Text(String),
    Secret(ClientSecret),
    Flag(bool),
    Span(Duration),
    Time(TimeOfDay),
    Url(WebUrl),
    Words(Vec<String>),
    Path(PathBuf),
}

impl Value {
    /// Whether both say the same. Secrets are compared by digest.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Secret(a), Self::Secret(b)) => {
                digest::of(a.expose().as_bytes()) == digest::of(b.expose().as_bytes())
            }
            (Self::Secret(_), _) | (_, Self::Secret(_)) => false,
            _ => self.shown() == other.shown(),
        }
    }

    /// For people; a secret is masked.
    pub fn shown(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Secret(_) => "[redacted]".into(),
            Self::Flag(flag) => flag.to_string(),
            Self::Span(span) => shapes::span_text(*span),
            Self::Time(time) => time.to_string(),
            Self::Url(url) => url.to_string(),
            Self::Words(words) => words.join(" "),
            Self::Path(path) => path.display().to_string(),
        }
    }
}

/// Checks what a file says against what the key takes.
pub(super) fn read(key: &Key, raw: Raw<'_>) -> Result<Value, Reason> {
    match (key.kind, raw) {
        (Kind::Flag, Raw::Flag(flag)) => Ok(Value::Flag(flag)),
        (Kind::Keys, Raw::Words(list)) if list.iter().any(|key| !shapes::is_key(key)) => Err(Reason::SigningKey),
        (Kind::Words | Kind::Command | Kind::Keys, Raw::Words(list)) => words(list),
        (Kind::Flag | Kind::Words | Kind::Command | Kind::Keys, Raw::Text(_)) => Err(unlike(key, "a string")),
        (_, Raw::Text("")) if key.empty => Ok(Value::Empty),
        (_, Raw::Text("")) => Err(Reason::Empty),
        (_, Raw::Text(text)) if breaks_git(text) => Err(Reason::ControlCharacter),
        (_, Raw::Text(text)) => one(key, text),
        (_, Raw::Flag(_)) => Err(unlike(key, "a boolean")),
        (_, Raw::Words(_)) => Err(unlike(key, "an array")),
        (_, Raw::Other(found)) => Err(unlike(key, found)),
    }
}

/// Checks what a variable, a flag or a built-in default says.
pub(super) fn from_text(key: &Key, text: &str) -> Result<Value, Reason> {
    match (key.kind, text) {
        (Kind::Flag, "true" | "1") => Ok(Value::Flag(true)),
        (Kind::Flag, "false" | "0") => Ok(Value::Flag(false)),
        (Kind::Words, _) => words(text.split_whitespace().collect()),
        _ => read(key, Raw::Text(text)),
    }
}

fn one(key: &Key, text: &str) -> Result<Value, Reason> {
    match key.kind {
        Kind::Tenant => shapes::tenant(text).map(Value::Text),
        Kind::Guid => shapes::guid(text).map(Value::Text).ok_or(Reason::Guid),
        Kind::Url => text.parse().map(Value::Url).map_err(Reason::Url),
        Kind::Address => shapes::address(text).map(Value::Text),
        Kind::Redirect => shapes::redirect(text).map(Value::Text),
        Kind::Choice(allowed) if allowed.contains(&text) => Ok(Value::Text(text.to_owned())),
        Kind::Choice(allowed) => Err(Reason::NotAllowed { allowed, nearest: nearest(text, allowed.iter().copied()) }),
        Kind::Duration { least, most } => shapes::span(text, least, most).map(Value::Span),
        Kind::TimeOfDay => text.parse().map(Value::Time).map_err(|_| Reason::TimeOfDay),
        Kind::Path if Path::new(text).is_absolute() => Ok(Value::Path(text.into())),
        Kind::Path => Err(Reason::RelativePath),
        Kind::Secret => Ok(Value::Secret(ClientSecret::new(text.to_owned()))),
        Kind::Version if text.parse::<Version>().is_err() => Err(Reason::Version),
        Kind::Text | Kind::Version | Kind::Flag | Kind::Words | Kind::Command | Kind::Keys => {
            Ok(Value::Text(text.to_owned()))
        }
    }
}

fn words(list: Vec<&str>) -> Result<Value, Reason> {
    if list.is_empty() || list.iter().any(|word| word.is_empty()) {
        return Err(Reason::Empty);
    }
    if list.iter().any(|word| breaks_git(word)) {
        return Err(Reason::ControlCharacter);
    }
    Ok(Value::Words(list.into_iter().map(str::to_owned).collect()))
}

fn unlike(key: &Key, found: &'static str) -> Reason {
    let expected = match key.kind {
        Kind::Flag => "true or false",
        Kind::Words | Kind::Command | Kind::Keys => "an array of strings",
        _ => "a string",
    };
    Reason::Type { expected, found }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::table::{Section, find};

    fn shown(section: Section, name: &str, text: &str) -> Result<String, Reason> {
        from_text(find(section, name).unwrap(), text).map(|value| value.shown())
    }

    #[test]
    fn bounds_hold_at_both_ends() {
        assert_eq!(shown(Section::Token, "margin", "120s"), Ok("2m".into()));
        assert_eq!(shown(Section::Token, "margin", "119s"), Err(Reason::TooShort(120)));
        assert_eq!(shown(Section::Entra, "entra_outage_grace", "8h"), Ok("8h".into()));
        assert_eq!(shown(Section::Entra, "entra_outage_grace", "481m"), Err(Reason::TooLong(28_800)));
    }

    #[test]
    fn a_wrong_word_names_the_right_ones() {
        let Err(Reason::NotAllowed { allowed, nearest }) = shown(Section::Entra, "flow", "device_code") else {
            panic!("accepted");
        };
        assert_eq!((allowed.len(), nearest), (3, Some("device-code")));
    }

    #[test]
    fn empty_is_a_value_only_where_it_means_something() {
        assert_eq!(shown(Section::Network, "ca_file", ""), Ok(String::new()));
        assert_eq!(shown(Section::Host, "audience", ""), Err(Reason::Empty));
        assert_eq!(shown(Section::Host, "scopes", " "), Err(Reason::Empty));
    }

    #[test]
    fn nothing_that_breaks_a_line_gets_in() {
        assert_eq!(shown(Section::Host, "audience", "a\nb"), Err(Reason::ControlCharacter));
        assert_eq!(shown(Section::Network, "ca_file", "etc/ca.pem"), Err(Reason::RelativePath));
    }

    #[test]
    fn a_secret_shows_only_that_it_is_one() {
        let key = find(Section::Host, "client_secret").unwrap();
        let (a, b) = (from_text(key, "canary-1").unwrap(), from_text(key, "canary-2").unwrap());
        assert_eq!(a.shown(), b.shown());
        assert!(!a.same(&b) && a.same(&a.clone()));
    }
}
