//! What a token may do, ordered: "no more than" is a comparison.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Read or write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Right {
    Read,
    Write,
}

/// Which Bitbucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostKind {
    Cloud,
    DataCenter,
}

/// A scope that no right stands for.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the scope `{0}` is not known here")]
pub struct UnknownScope(pub String);

impl Right {
    /// The highest right that a scope list of a request names (RFC 6749 section 3.3; `facts/bitbucket.md` A1 and B1);
    /// `None` where the list is empty. One unknown word makes the list unknown: nothing is guessed.
    pub fn asked(kind: HostKind, scopes: &str) -> Result<Option<Self>, UnknownScope> {
        let mut highest = None;
        for word in scopes.split(' ').filter(|word| !word.is_empty()) {
            let right = match (kind, word) {
                (HostKind::Cloud, "repository") | (HostKind::DataCenter, "REPO_READ") => Self::Read,
                (HostKind::Cloud, "repository:write") | (HostKind::DataCenter, "REPO_WRITE") => Self::Write,
                _ => return Err(UnknownScope(crate::basis::text::clean(word))),
            };
            highest = highest.max(Some(right));
        }
        Ok(highest)
    }

    /// The scope that says so, as Bitbucket spells it.
    pub fn scope(self, kind: HostKind) -> &'static str {
        match (kind, self) {
            (HostKind::Cloud, Self::Read) => "repository",
            (HostKind::Cloud, Self::Write) => "repository:write",
            (HostKind::DataCenter, Self::Read) => "REPO_READ",
            (HostKind::DataCenter, Self::Write) => "REPO_WRITE",
        }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_scope_counts_and_an_unknown_one_spoils_the_list() {
        let cloud = |text| Right::asked(HostKind::Cloud, text);
        assert_eq!(cloud(""), Ok(None));
        assert_eq!(cloud("repository"), Ok(Some(Right::Read)));
        assert_eq!(cloud("repository:write repository"), Ok(Some(Right::Write)));
        assert_eq!(cloud("repository REPO_WRITE"), Err(UnknownScope("REPO_WRITE".into())));
        assert_eq!(Right::asked(HostKind::DataCenter, "REPO_READ"), Ok(Some(Right::Read)));
        assert!(Right::asked(HostKind::DataCenter, "REPO_ADMIN").is_err());
    }
}
