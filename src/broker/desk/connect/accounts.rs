//! Binds a Bitbucket account to an Entra account before a grant is kept (DESIGN section 7).

use super::consent::Onward;
use super::memory::{Memory, Step};
use super::page::{Page, Told};
use super::pickup;
use super::trouble::Trouble;
use super::{Connect, RANDOM};
use crate::basis::account::{AccountMatch, BitbucketAccount, Match, compare};
use crate::basis::clock::Timestamp;
use crate::basis::form::Fields;
use crate::basis::random;
use crate::basis::session::Who;
use crate::broker::ground::issued::Holder;
use crate::broker::ground::right::Right;
use crate::broker::settings::{Grants, Host, HostTerms, ServiceUser};
use crate::broker::store::carried::Carried;
use crate::broker::store::{Grant, GrantKey};

/// A grant that has come, and for whom.
pub(super) struct Came<'a> {
    pub memory: &'a Memory,
    pub host: &'a Host,
    pub who: &'a Who,
    pub right: Right,
    pub rest: &'a [Right],
    /// The account that the same visit has bound for another right.
    pub known: Option<&'a str>,
    pub account: BitbucketAccount,
    pub grant: Grant,
}

/// How the browser goes on: from a GET it may be redirected, from our own form not.
#[derive(Clone, Copy)]
enum By {
    Redirect,
    Page,
}

impl Connect<'_> {
    /// Keeps the grant if the accounts are one person's, or the service user's; asks where it cannot be told.
    pub(super) async fn came(&self, came: Came<'_>, now: Timestamp) -> Result<Page, Trouble> {
        if let Some(name) = &came.memory.service {
            let user = self.service_user(came.host, name)?;
            if came.account.id != user.account_id {
                let (wanted, account) = (user.account_id.clone(), named(&came.account));
                return Err(Trouble::NotTheService { wanted, account });
            }
            return self.keep(&came, By::Redirect, now).await;
        }
        let known = self.known_account(&came).await?;
        match compare(came.who, &came.account, AccountMatch::Confirm) {
            Match::Same => self.keep(&came, By::Redirect, now).await,
            // The person has said so before, or a minute ago for the other right.
            Match::Unclear if known => self.keep(&came, By::Redirect, now).await,
            Match::Unclear => self.ask(&came, now).await,
            Match::Different => {
                Err(Trouble::AccountsDiffer { who: came.who.to_string(), account: named(&came.account) })
            }
        }
    }

    /// The answer to our question.
    pub(super) async fn of_person(&self, fields: &Fields, memory: &Memory, now: Timestamp) -> Result<Page, Trouble> {
        let Step::Confirm { who, right, rest, grant } = &memory.step else { return Err(Trouble::Malformed) };
        if fields.get("answer") != Some("yes") {
            return Err(Trouble::NotConfirmed { who: who.to_string(), account: grant.account.clone() });
        }
        let account =
            BitbucketAccount { id: grant.account_id.clone(), name: grant.account.clone(), verified_emails: Vec::new() };
        let (host, grant) = (self.remembered_host(memory)?, Grant::from(grant.clone()));
        let came = Came { memory, host, who, right: *right, rest, known: None, account, grant };
        self.known_account(&came).await?;
        self.keep(&came, By::Page, now).await
    }

    pub(super) fn service_user(&self, host: &Host, name: &str) -> Result<&ServiceUser, Trouble> {
        let mut users = self.settings.service_users.iter();
        users.find(|user| user.name == name && user.host == host.url).ok_or(Trouble::UnknownService)
    }

    /// Whether the holder has a grant of that very account on the host; one of another account is refused, naming both.
    async fn known_account(&self, came: &Came<'_>) -> Result<bool, Trouble> {
        let grants = self.store.grants_of(&came.holder()).await.map_err(|error| Trouble::store(&error))?;
        let host = came.host.url.to_string();
        let mut known = came.known == Some(came.account.id.as_str());
        for (_, grant) in grants.into_iter().filter(|(key, _)| key.host == host) {
            came.same_as(&grant)?;
            known = true;
        }
        Ok(known)
    }

    async fn ask(&self, came: &Came<'_>, now: Timestamp) -> Result<Page, Trouble> {
        let state = random::token(RANDOM);
        let (who, rest, grant) = (came.who.clone(), came.rest.to_vec(), Carried::from(&came.grant));
        let step = Step::Confirm { who, right: came.right, rest, grant };
        self.remember(state.clone(), &came.memory.next(step), now).await?;
        // The name alone is one that somebody has chosen.
        let account = named(&came.account);
        let mut facts = came.facts();
        facts.iter_mut().filter(|(name, _)| *name == BITBUCKET).for_each(|(_, value)| *value = &account);
        Ok(Page::question(&facts, &state))
    }

    /// Under the grant's lock: a refresh that is under way cannot put the old grant back.
    async fn keep(&self, came: &Came<'_>, by: By, now: Timestamp) -> Result<Page, Trouble> {
        let key = GrantKey { holder: came.holder(), host: came.host.url.to_string(), right: came.right };
        if came.memory.service.is_none() && is_sealed(came.host) {
            let put = pickup::put(self.store, &key, &came.grant, now).await;
            put.map_err(|error| Trouble::store(&error))?;
        } else {
            let lock = self.store.lock_grant(&key).await.map_err(|error| Trouble::store(&error))?;
            if let (Some(grant), None) = (&lock.current, &came.memory.service) {
                came.same_as(grant)?;
            }
            lock.replace(&came.grant).await.map_err(|error| Trouble::store(&error))?;
        }
        let told = Told { account: Some(came.account.id.clone()), ..Told::of("connected", came.memory) };
        Ok(Page { told: Some(told), ..self.onward(came, by, now).await? })
    }

    /// To the next consumer, to the helper's page, or to our own last one.
    async fn onward(&self, came: &Came<'_>, by: By, now: Timestamp) -> Result<Page, Trouble> {
        let known = Some(came.account.id.as_str());
        let next = self.next_consent(came.memory, Onward { who: came.who, rights: came.rest, known }, now).await?;
        let next = next.or_else(|| came.memory.back.as_ref().map(super::memory::Back::url));
        Ok(match (next, by) {
            (Some(url), By::Redirect) => Page::redirect(url),
            (Some(url), By::Page) => Page::onward(&url),
            (None, _) => Page::connected(&came.facts()),
        })
    }
}

impl Came<'_> {
    fn holder(&self) -> Holder {
        match &self.memory.service {
            Some(name) => Holder::Service(name.clone()),
            None => Holder::Person { tid: self.who.tid.clone(), oid: self.who.oid.clone() },
        }
    }

    fn same_as(&self, kept: &Grant) -> Result<(), Trouble> {
        if kept.account_id == self.account.id {
            return Ok(());
        }
        let (who, kept, account) = (self.who.to_string(), kept.account.clone(), named(&self.account));
        Err(Trouble::OtherAccount { who, kept, account })
    }

    fn facts(&self) -> Vec<(&'static str, &str)> {
        let person = match &self.memory.service {
            Some(name) => ("Service user", name.as_str()),
            None => ("Microsoft account", self.who.username.as_str()),
        };
        vec![person, (BITBUCKET, self.account.name.as_str()), ("Bitbucket", self.host.url.host())]
    }
}

/// Whether people's grants are given back to the helper.
fn is_sealed(host: &Host) -> bool {
    matches!(&host.terms, HostTerms::Cloud(cloud) if cloud.grants == Grants::Sealed)
}

/// Bitbucket's name of an account, with its id where that is another: names can be chosen.
fn named(account: &BitbucketAccount) -> String {
    if account.name == account.id { account.to_string() } else { format!("{account} ({})", account.id) }
}

/// What the page calls the account.
const BITBUCKET: &str = "Bitbucket account";
