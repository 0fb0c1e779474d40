//! What Bitbucket Cloud and Data Center have in common: accounts, tokens, and who may do what.

mod cloud;
mod cloud_api;
mod cloud_oauth;
mod data_center;
mod data_center_oauth;
mod data_center_tokens;
mod lfs;
mod oauth;

pub use cloud::{Cloud, CloudKnobs, Consumer, Pkce, RedirectRule, Shape, State as CloudState};
pub use cloud_oauth::Refreshed;
pub use data_center::{DataCenter, DataCenterKnobs, State as DataCenterState};
pub use data_center_tokens::Service;

use super::clock::Clock;
use super::codec;
use super::git::Access;
use super::journal::Journal;
use std::collections::HashMap;
use std::sync::Arc;

/// A Bitbucket account.
#[derive(Clone, Debug)]
pub struct Account {
    pub username: String,
    pub display_name: String,
    pub account_id: String,
    /// Without braces.
    pub uuid: String,
    pub email: String,
    pub email_confirmed: bool,
}

/// A live access token.
#[derive(Clone, Debug)]
pub struct Live {
    pub username: String,
    pub scopes: Vec<String>,
    pub expires: i64,
    /// Requests it still serves; `None`: any number.
    pub uses: Option<u32>,
    /// `workspace/name` of the only repository it is good for.
    pub only: Option<String>,
}

/// Why a repository refuses a good token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 403: no access, or there is no such repository.
    NoAccess,
    /// 404.
    NotFound,
    /// 403: the address is not on the allow-list.
    Address,
    /// 403: the workspace wants two-step verification.
    TwoStep,
    /// 410: this kind of credential has been removed.
    Gone,
}

/// Accounts and tokens of one Bitbucket.
pub struct Book {
    pub accounts: Vec<Account>,
    /// Whose browser session there is; `None`: the page asks who signs in.
    pub logged_in: Option<String>,
    /// By `workspace/name`; an empty name stands for all repositories.
    pub refusals: HashMap<String, Refusal>,
    /// What an account may do on a repository, by user name and `workspace/name`: `none`, `read`, `write` or `admin`.
    /// Who is not named may write.
    pub rights: HashMap<(String, String), &'static str>,
    /// New access tokens die after so many requests.
    pub uses: Option<u32>,
    live: HashMap<String, Live>,
    clock: Arc<Clock>,
    journal: Arc<Journal>,
}

impl Book {
    pub(super) fn new(accounts: Vec<Account>, clock: &Arc<Clock>, journal: &Arc<Journal>) -> Self {
        Self {
            accounts,
            logged_in: None,
            refusals: HashMap::new(),
            rights: HashMap::new(),
            uses: None,
            live: HashMap::new(),
            clock: Arc::clone(clock),
            journal: Arc::clone(journal),
        }
    }

    /// Issues an access token of so many letters.
    pub fn issue(&mut self, username: &str, scopes: &[String], life: i64, letters: usize) -> String {
        let token = self.journal.secret(codec::opaque(letters));
        let expires = self.clock.now() + life;
        self.adopt(&token, username, scopes, expires);
        token
    }

    /// Remembers a token that someone else made as a secret.
    pub fn journal_secret(&self, token: &str) {
        self.journal.secret(token.to_owned());
    }

    /// Accepts a token that someone else made.
    pub fn adopt(&mut self, token: &str, username: &str, scopes: &[String], expires: i64) {
        let live = Live { username: username.into(), scopes: scopes.to_vec(), expires, uses: self.uses, only: None };
        self.live.insert(token.into(), live);
    }

    /// Accepts a token for one repository only.
    pub fn adopt_for(&mut self, token: &str, username: &str, scopes: &[String], (expires, slug): (i64, &str)) {
        self.adopt(token, username, scopes, expires);
        self.live.get_mut(token).unwrap().only = Some(slug.to_owned());
    }

    /// What an account may do on a repository: 0 nothing, 1 read, 2 write, 3 administer.
    pub fn right(&self, username: &str, slug: &str) -> usize {
        let word = self.rights.get(&(username.to_owned(), slug.to_owned())).copied().unwrap_or("write");
        RIGHTS.iter().position(|known| *known == word).unwrap()
    }

    /// What a token is good for now; counts the use.
    pub fn check(&mut self, token: &str) -> Option<Live> {
        let now = self.clock.now();
        let live = self.live.get_mut(token).filter(|live| live.expires > now && live.uses != Some(0))?;
        live.uses = live.uses.map(|uses| uses - 1);
        Some(live.clone())
    }

    /// Whether a token was ever issued here and has expired.
    pub fn expired(&self, token: &str) -> bool {
        self.live.get(token).is_some_and(|live| live.expires <= self.clock.now())
    }

    /// Ends one token.
    pub fn revoke(&mut self, token: &str) {
        self.live.remove(token);
    }

    /// Ends all access tokens.
    pub fn revoke_all(&mut self) {
        self.live.clear();
    }

    /// All access tokens that are alive.
    pub fn live_tokens(&self) -> Vec<String> {
        let now = self.clock.now();
        self.live.iter().filter(|(_, live)| live.expires > now).map(|(token, _)| token.clone()).collect()
    }

    /// The account with this user name or e-mail.
    pub fn account(&self, name: &str) -> Option<&Account> {
        let same = |known: &str| known.eq_ignore_ascii_case(name);
        self.accounts.iter().find(|account| same(&account.username) || same(&account.email))
    }

    /// Why a repository refuses everybody, if it does.
    pub fn refusal(&self, slug: &str) -> Option<Refusal> {
        self.refusals.get(slug).or_else(|| self.refusals.get("")).copied()
    }
}

impl Live {
    /// Whether the scopes suffice, in either product's words.
    pub fn allows(&self, access: Access) -> bool {
        let has = |names: &[&str]| self.scopes.iter().any(|scope| names.contains(&scope.as_str()));
        match access {
            Access::Read => has(&["repository", "repository:write", "REPO_READ", "REPO_WRITE", "REPO_ADMIN"]),
            Access::Write => has(&["repository:write", "REPO_WRITE", "REPO_ADMIN"]),
        }
    }
}

/// What there is to have, in order.
pub(super) const RIGHTS: [&str; 4] = ["none", "read", "write", "admin"];

impl Refusal {
    /// Status and text.
    pub(super) fn answer(self) -> (u16, &'static str) {
        match self {
            Self::NoAccess => (403, "The requested repository either does not exist or you do not have access."),
            Self::NotFound => (404, "Repository not found."),
            Self::Address => (403, "To access this repository, an admin must allow your IP address."),
            Self::TwoStep => (403, "This workspace requires two-step verification. Enable it for your account."),
            Self::Gone => (410, "App passwords are deprecated. Use API tokens."),
        }
    }
}
