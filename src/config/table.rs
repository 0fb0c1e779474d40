//! THE settings table: every key, once. Parsing, environment names, defaults, documentation and schema
//! are all read from here.

mod rows;

pub use rows::TABLE;

/// The tables of a configuration file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    Entra,
    Host,
    Storage,
    Network,
    Token,
    Ui,
    Audit,
    Saml,
    Fleet,
}

impl Section {
    /// All, in the order of the documentation.
    pub const ALL: [Self; 9] = [
        Self::Entra,
        Self::Host,
        Self::Storage,
        Self::Network,
        Self::Token,
        Self::Ui,
        Self::Audit,
        Self::Saml,
        Self::Fleet,
    ];

    /// The name in a file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Entra => "entra",
            Self::Host => "host",
            Self::Storage => "storage",
            Self::Network => "network",
            Self::Token => "token",
            Self::Ui => "ui",
            Self::Audit => "audit",
            Self::Saml => "saml",
            Self::Fleet => "fleet",
        }
    }

    /// The section of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.name() == name)
    }

    /// Its keys, in the order of the documentation.
    pub fn keys(self) -> impl Iterator<Item = &'static Key> {
        let place = self as usize;
        TABLE.get(BORDERS[place]..BORDERS[place + 1]).unwrap_or_default().iter()
    }
}

/// What a value must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Tenant GUID or verified domain; never one of Entra's shared tenants.
    Tenant,
    Guid,
    Text,
    /// https, or http on a loopback address.
    Url,
    /// The same with a query, kept as written.
    Address,
    /// An http URL on a loopback address, kept as written.
    Redirect,
    Choice(&'static [&'static str]),
    /// Seconds allowed, both ends included.
    Duration {
        least: u64,
        most: u64,
    },
    TimeOfDay,
    Flag,
    /// A list of words; separated by white space outside TOML.
    Words,
    /// A program and its arguments.
    Command,
    /// An absolute path.
    Path,
    Secret,
    /// A version of this program, `1.4.0`.
    Version,
    /// A list of SSH public keys.
    Keys,
}

/// Which layers may set a key. Policy always may, and thereby locks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// Every layer.
    Anyone,
    /// A trust key: environment and command line only where no file sets any trust key.
    Trust,
    /// A trust key that names a program: policy and the user file.
    PolicyOrUser,
    /// Files: neither environment nor command line, whatever the files say.
    Files,
    /// Policy.
    Policy,
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    pub section: Section,
    pub name: &'static str,
    pub kind: Kind,
    /// One sentence.
    pub doc: &'static str,
    pub rights: Rights,
    /// Whether there must be a value (for the sources of `sources`).
    pub needed: bool,
    /// Whether `""` may be written, for "nothing".
    pub empty: bool,
    /// The host sources that know it; empty for all.
    pub sources: &'static [&'static str],
    /// Built-in values: the host source (`""` for any) and the text.
    pub defaults: &'static [(&'static str, &'static str)],
}

impl Key {
    /// `section.name`.
    pub fn path(&self) -> String {
        format!("{}.{}", self.section.name(), self.name)
    }

    /// The environment variable; `None` for keys that the environment can never set.
    pub fn variable(&self) -> Option<String> {
        let mut name = String::new();
        self.write_variable(&mut name).then_some(name)
    }

    /// Writes the environment variable over `name`; whether there is one.
    pub fn write_variable(&self, name: &mut String) -> bool {
        let infix = match self.section {
            Section::Host => "HOST_",
            Section::Audit => "AUDIT_",
            _ => "",
        };
        name.clear();
        for part in [PREFIX, infix, self.name] {
            name.push_str(part);
        }
        name.make_ascii_uppercase();
        matches!(self.rights, Rights::Anyone | Rights::Trust)
    }

    /// Whether it decides whom we trust.
    pub fn is_trust(&self) -> bool {
        matches!(self.rights, Rights::Trust | Rights::PolicyOrUser)
    }

    /// Whether a host of that source may have it.
    pub fn fits(&self, source: &str) -> bool {
        self.sources.is_empty() || self.sources.contains(&source)
    }

    /// The built-in text for a host source (`""` outside hosts).
    pub fn default_for(&self, source: &str) -> Option<&'static str> {
        self.defaults.iter().find(|(of, _)| of.is_empty() || *of == source).map(|(_, text)| *text)
    }

    /// The allowed words, if the value is one of a list.
    pub fn choices(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::Choice(choices) => choices,
            _ => &[],
        }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.section == other.section && self.name == other.name
    }
}

/// The key of that name in a section.
pub fn find(section: Section, name: &str) -> Option<&'static Key> {
    let looks = look(name);
    let place = section as usize;
    let rows = BORDERS[place]..BORDERS[place + 1];
    let alike = LOOKS.get(rows.clone())?.iter().zip(TABLE.get(rows)?).filter(|(of_row, _)| **of_row == looks);
    alike.map(|(_, key)| key).find(|key| key.name == name)
}

/// Names mostly differ in length or last letter, which is told without a call: ten thousand hosts ask for a million.
#[expect(clippy::inline_always, reason = "built for size it would be the call that it saves")]
#[inline(always)]
pub fn same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.as_bytes().last() == other.as_bytes().last() && one == other
}

/// Length and last letter of a name, which tell most apart.
#[expect(clippy::cast_possible_truncation, reason = "a longer name is no row's, which the comparison finds")]
const fn look(name: &str) -> (u8, u8) {
    match name.as_bytes().last() {
        Some(last) => (name.len() as u8, *last),
        None => (0, 0),
    }
}

/// What each row's name looks like: a search reads this, and not the rows, which are large.
static LOOKS: [(u8, u8); TABLE.len()] = {
    let mut looks = [(0, 0); TABLE.len()];
    let mut row = 0;
    while row < TABLE.len() {
        looks[row] = look(TABLE[row].name);
        row += 1;
    }
    looks
};

/// Where each section begins among the rows, in the order of [`Section::ALL`], and where the last one ends.
const BORDERS: [usize; Section::ALL.len() + 1] = {
    let mut borders = [0; Section::ALL.len() + 1];
    let mut row = 0;
    while row < TABLE.len() {
        borders[TABLE[row].section as usize + 1] = row + 1;
        row += 1;
    }
    borders
};

/// What all our environment variables start with.
pub const PREFIX: &str = "BITBUCKET_SSO_";
/// The variable that moves the user file.
pub const CONFIG_VARIABLE: &str = "BITBUCKET_SSO_CONFIG";

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_and_variables_are_unique() {
        let paths: BTreeSet<String> = TABLE.iter().map(Key::path).collect();
        assert_eq!(paths.len(), TABLE.len());
        let variables: Vec<String> = TABLE.iter().filter_map(Key::variable).collect();
        assert_eq!(variables.iter().collect::<BTreeSet<_>>().len(), variables.len());
        assert!(variables.contains(&"BITBUCKET_SSO_TENANT".into()) && !variables.contains(&CONFIG_VARIABLE.into()));
    }

    #[test]
    fn the_trust_keys_are_those_of_the_design() {
        let trust: BTreeSet<&str> = TABLE.iter().filter(|key| key.is_trust()).map(|key| key.name).collect();
        let want = "api_url audience authority authorize_url ca_file client_id client_secret client_secret_command \
                    client_secret_file redirect_uri resource scope source tenant token_endpoint token_url url";
        assert_eq!(trust.into_iter().collect::<Vec<_>>().join(" "), want);
    }

    #[test]
    fn the_rows_of_a_section_stand_together() {
        let listed: Vec<Key> = Section::ALL.into_iter().flat_map(Section::keys).copied().collect();
        assert_eq!(listed, TABLE);
        for key in TABLE {
            assert_eq!(find(key.section, key.name), Some(key));
        }
    }

    #[test]
    fn every_default_is_a_value_of_its_kind() {
        for key in TABLE {
            for (_, text) in key.defaults {
                assert!(crate::config::value::from_text(key, text).is_ok(), "{} = {text}", key.path());
            }
        }
    }
}
