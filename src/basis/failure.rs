//! An error as a person reads it: what was being done, why it failed, what helps, and who is to blame.

use std::fmt;

/// Why the run cannot go on; named for what the caller does next (STYLE.md section 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Our invariant broke.
    Bug,
    /// Typed wrong.
    Usage,
    /// A file or a setting is wrong.
    Config,
    /// A person is needed and none can be asked.
    SignInNeeded,
    /// The person, or Entra for this person, said no.
    Declined,
    /// Broker or Bitbucket policy refuses this identity or scope.
    Denied,
    /// Unreachable, throttled, timed out: trying again may help.
    Network,
    /// The other side's answer made no sense.
    Upstream,
    /// Another process holds a lock for too long, or the lock cannot be taken.
    Busy,
    /// The keyring is locked, missing, hanging or broken.
    Vault,
}

impl Kind {
    /// The exit code (DESIGN.md section 4).
    pub fn exit(self) -> u8 {
        match self {
            Self::Bug => 1,
            Self::Usage => 2,
            Self::Config => 3,
            Self::SignInNeeded => 4,
            Self::Declined | Self::Denied => 5,
            Self::Network | Self::Upstream | Self::Busy => 6,
            Self::Vault => 7,
        }
    }

    /// The name under which a waiter of another version reads it.
    pub fn name(self) -> &'static str {
        ALL.iter().find(|(kind, _)| *kind == self).map_or("bug", |(_, name)| name)
    }

    /// The kind of that name; an unknown one is worth another try.
    pub fn named(name: &str) -> Self {
        ALL.iter().find(|(_, known)| *known == name).map_or(Self::Busy, |(kind, _)| *kind)
    }
}

const ALL: [(Kind, &str); 10] = [
    (Kind::Bug, "bug"),
    (Kind::Usage, "usage"),
    (Kind::Config, "config"),
    (Kind::SignInNeeded, "sign-in-needed"),
    (Kind::Declined, "declined"),
    (Kind::Denied, "denied"),
    (Kind::Network, "network"),
    (Kind::Upstream, "upstream"),
    (Kind::Busy, "busy"),
    (Kind::Vault, "vault"),
];

/// One problem, told once: `what` (lower case, no full stop, the cause included), `help` (one command, or
/// one sentence that names who can help), `detail` (codes and correlation ids for a ticket).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub kind: Kind,
    /// Stable identifier in kebab-case, for `explain` and for searching.
    pub id: &'static str,
    pub what: String,
    pub help: String,
    pub detail: Option<String>,
}

impl Failure {
    /// A failure without technical detail.
    pub fn new(kind: Kind, id: &'static str, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { kind, id, what: what.into(), help: help.into(), detail: None }
    }

    /// The same failure with codes and ids for whoever has to look further.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

/// One fact a line; with `{:#}` all of it on one line, for moments in which we may be bothering somebody else's git.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return write!(f, "bitbucket-sso: {} [{}]; do this: {}", self.what, self.id, self.help);
        }
        writeln!(f, "bitbucket-sso: {} [{}]", self.what, self.id)?;
        write!(f, "  do this: {}", self.help)?;
        match &self.detail {
            Some(detail) => write!(f, "\n  detail:  {detail}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_reads_as_problem_remedy_detail() {
        let failure = Failure::new(Kind::Config, "config-syntax", "x is wrong", "git credential-bitbucket-sso doctor");
        let want = "bitbucket-sso: x is wrong [config-syntax]\n  do this: git credential-bitbucket-sso doctor";
        assert_eq!(failure.to_string(), want);
        assert_eq!(format!("{failure:#}"), want.replace("\n  do this", "; do this"));
        assert_eq!(failure.with_detail("AADSTS1").to_string(), format!("{want}\n  detail:  AADSTS1"));
    }

    #[test]
    fn kinds_survive_their_names() {
        for (kind, name) in ALL {
            assert_eq!(Kind::named(name), kind);
            assert_eq!(kind.name(), name);
        }
        assert_eq!(Kind::named("of a later version"), Kind::Busy);
    }
}
