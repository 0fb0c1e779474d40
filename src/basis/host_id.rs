//! Names of what is kept and locked: digests of everything that changes the thing they name.

use crate::basis::digest;
use std::fmt;

/// Names one Entra account of this operating-system user: authority, tenant, client and profile.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(String);

impl AccountId {
    /// `tenant` is the tenant as configured (GUID or domain, lower-case).
    pub fn new(authority: &str, tenant: &str, client_id: &str, profile: &str) -> Self {
        Self(digest::of_fields(["account", authority, tenant, client_id, profile]))
    }
}

/// Names one credential: the account and everything of a host that changes the token it gives.
/// Two configurations that differ anywhere never share a token.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(String);

impl HostId {
    /// `terms` are the host's own settings (source, client, scopes, audience …), in a fixed order.
    pub fn new<'a>(account: &'a AccountId, url: &'a str, terms: impl IntoIterator<Item = &'a str>) -> Self {
        let fixed = ["host", account.0.as_str(), url];
        Self(digest::of_fields(fixed.into_iter().chain(terms)))
    }

    /// The same host narrowed to one repository path (`per_repository`).
    pub fn with_path(&self, path: &str) -> Self {
        Self(digest::of_fields(["path", &self.0, path]))
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(short(&self.0))
    }
}

impl fmt::Display for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(short(&self.0))
    }
}

/// 128 bits are plenty for a name, and keep keyring entries and file names short.
fn short(digest: &str) -> &str {
    digest.get(..32).unwrap_or(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_term_changes_the_name() {
        let account = AccountId::new("https://login", "t", "c", "default");
        let one = HostId::new(&account, "https://h", ["exchange", "a"]);
        assert_ne!(one, HostId::new(&account, "https://h", ["exchange", "b"]));
        assert_ne!(one, HostId::new(&AccountId::new("https://login", "t", "c", "x"), "https://h", ["exchange", "a"]));
        assert_ne!(one, one.with_path("ws/repo.git"));
        assert_eq!(one.to_string().len(), 32);
    }
}
