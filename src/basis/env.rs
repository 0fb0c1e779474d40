//! The environment as a value: read through here, so that a test hands in its own.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// Environment variables: the process's own, read one by one when asked, or a fixed set.
#[derive(Clone, Debug, Default)]
pub enum Env {
    #[default]
    Process,
    Fixed(BTreeMap<String, OsString>),
}

impl Env {
    /// A fixed environment.
    pub fn fixed<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self::Fixed(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect())
    }

    /// The variable as it is; an empty one counts as unset.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn os(&self, name: &str) -> Option<OsString> {
        let value = match self {
            Self::Process => std::env::var_os(name),
            Self::Fixed(all) => all.get(name).cloned(),
        };
        value.filter(|value| !value.is_empty())
    }

    /// The variable as text; one that is not UTF-8 counts as unset.
    pub fn text(&self, name: &str) -> Option<String> {
        self.os(name)?.into_string().ok()
    }

    /// All names that start with `prefix`, sorted.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn names(&self, prefix: &str) -> Vec<String> {
        let named = |name: &OsString| name.as_encoded_bytes().starts_with(prefix.as_bytes());
        let mut names: Vec<String> = match self {
            Self::Process => {
                let all = std::env::vars_os().map(|(name, _)| name);
                all.filter(named).filter_map(|name| name.into_string().ok()).collect()
            }
            Self::Fixed(all) => all.keys().filter(|name| name.starts_with(prefix)).cloned().collect(),
        };
        names.sort();
        names
    }
}
