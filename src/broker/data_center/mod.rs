//! Bitbucket Data Center: HTTP access tokens of one repository each, made by a service account and deleted at their end
//! (`facts/bitbucket.md` B3, E3); or the person's own OAuth grant (B1).

mod delete;
mod listings;
mod mint;
mod name;
pub mod oauth;
pub mod sweep;

pub use mint::Wanted;
pub use name::Namer;

use crate::basis::secret::ClientSecret;
use crate::basis::url::WebUrl;
use crate::broker::outward::oauth::basic;
use crate::broker::outward::{Call, Outward};
use crate::broker::settings::{Host, HostTerms, Tokens};
use crate::broker::store::Store;
use listings::Listings;
use std::sync::Arc;

/// One Data Center whose tokens are minted, with what is needed to make and to delete them. Cheap to clone.
#[derive(Clone)]
pub struct CenterHost {
    store: Store,
    outward: Outward,
    account: Arc<Account>,
    namer: Namer,
    listings: Arc<Listings>,
}

/// Its service account, and how the names of tokens begin.
struct Account {
    /// The host's URL as configured.
    base: WebUrl,
    user: String,
    password: ClientSecret,
    prefix: String,
}

/// One repository of Data Center, in the spelling of `Resource`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Repository {
    pub project: String,
    pub slug: String,
}

impl CenterHost {
    /// `None` for a host whose tokens are not minted.
    pub fn new(store: Store, outward: Outward, host: &Host, namer: Namer) -> Option<Self> {
        let HostTerms::DataCenter(terms) = &host.terms else { return None };
        let Tokens::Minted { user, password, prefix } = &terms.tokens else { return None };
        let (base, user, password, prefix) = (host.url.clone(), user.clone(), password.clone(), prefix.clone());
        let account = Arc::new(Account { base, user, password, prefix });
        Some(Self { store, outward, account, namer, listings: Arc::default() })
    }

    /// The host's URL, as tokens are kept under.
    pub fn host(&self) -> String {
        self.account.base.to_string()
    }

    /// Where the tokens of a repository are. Both names hold letters, digits and `-_.~` only (`Resource::parse`).
    fn tokens_of(&self, repository: &Repository) -> String {
        let Repository { project, slug } = repository;
        self.account.base.join(&format!("/rest/access-tokens/latest/projects/{project}/repos/{slug}"))
    }

    /// With the password, because an HTTP access token can make no other (`facts/bitbucket.md` B3).
    fn signed(&self, call: Call) -> Call {
        call.header("Authorization", basic(&self.account.user, &self.account.password))
    }
}

#[cfg(test)]
mod tests;
