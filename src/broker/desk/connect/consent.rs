//! Bitbucket's part of the way: its page for each consumer that is needed, the code, whose account it is.

use super::accounts::Came;
use super::memory::{Memory, Step};
use super::page::Page;
use super::trouble::Trouble;
use super::{Connect, RANDOM, place, redirect_uri};
use crate::basis::account::BitbucketAccount;
use crate::basis::clock::Timestamp;
use crate::basis::form::Fields;
use crate::basis::secret::{Code, GitToken, Verifier};
use crate::basis::session::Who;
use crate::basis::{random, text};
use crate::broker::cloud::{self, CloudHost};
use crate::broker::data_center::oauth::{self, OAuthHost};
use crate::broker::ground::issued::IssueError;
use crate::broker::ground::right::Right;
use crate::broker::ground::tokens::{Denied, Tokens};
use crate::broker::settings::{self, Host, HostTerms};
use crate::broker::store::Grant;

/// A Bitbucket whose grants are had by browser.
pub(super) enum Side<'a> {
    Cloud(CloudHost<'a>, &'a str),
    Center(OAuthHost<'a>),
}

/// Who goes on, and what is left to be connected.
#[derive(Clone, Copy)]
pub(super) struct Onward<'a> {
    pub who: &'a Who,
    pub rights: &'a [Right],
    /// The account that was bound for another right.
    pub known: Option<&'a str>,
}

/// Which rights can be connected there: those that there is a consumer for. None where tokens are minted.
pub(super) fn rights_of(host: &Host) -> Vec<Right> {
    match &host.terms {
        HostTerms::Cloud(terms) => {
            let read = terms.read.as_ref().map(|_| Right::Read);
            read.into_iter().chain(terms.write.as_ref().map(|_| Right::Write)).collect()
        }
        HostTerms::DataCenter(terms) => match terms.tokens {
            settings::Tokens::OAuth { .. } => vec![Right::Read, Right::Write],
            settings::Tokens::Minted { .. } => Vec::new(),
        },
    }
}

impl Connect<'_> {
    /// The address of Bitbucket's page for the first of the rights; `None` where none is left.
    pub(super) async fn next_consent(
        &self,
        memory: &Memory,
        onward: Onward<'_>,
        now: Timestamp,
    ) -> Result<Option<String>, Trouble> {
        let Onward { who, rights, known } = onward;
        let Some((right, rest)) = rights.split_first() else { return Ok(None) };
        let host = self.remembered_host(memory)?;
        let (state, verifier) = (random::token(RANDOM), Verifier::new(random::token(48)));
        let uri = redirect_uri(&self.settings.public_url, &host.url);
        let url = self.side(host, &uri)?.authorize_url(*right, &state, &verifier)?;
        let (rest, known) = (rest.to_vec(), known.map(str::to_owned));
        let step = Step::Bitbucket { who: who.clone(), right: *right, rest, known, verifier };
        self.remember(state, &memory.next(step), now).await?;
        Ok(Some(url))
    }

    /// Bitbucket's redirect.
    pub(super) async fn of_bitbucket(
        &self,
        segment: &str,
        fields: &Fields,
        memory: &Memory,
        now: Timestamp,
    ) -> Result<Page, Trouble> {
        let Step::Bitbucket { who, right, rest, known, verifier } = &memory.step else {
            return Err(Trouble::Malformed);
        };
        let host = self.remembered_host(memory)?;
        if place::find(&self.settings.hosts, segment).is_none_or(|of_path| of_path.url != host.url) {
            return Err(Trouble::Malformed);
        }
        let code = code_of(fields)?;
        let uri = redirect_uri(&self.settings.public_url, &host.url);
        let side = self.side(host, &uri)?;
        let tokens = side.redeem(*right, &code, verifier, now).await?;
        side.no_more_than(*right, &tokens.scopes)?;
        let account = side.account(&tokens.access_token).await?;
        let grant = granted(tokens, &account)?;
        self.came(Came { memory, host, who, right: *right, rest, known: known.as_deref(), account, grant }, now).await
    }

    pub(super) fn remembered_host(&self, memory: &Memory) -> Result<&Host, Trouble> {
        let mut hosts = self.settings.hosts.iter();
        hosts.find(|host| host.url.to_string() == memory.host).ok_or(Trouble::UnknownHost)
    }

    fn side<'s>(&'s self, host: &'s Host, redirect_uri: &'s str) -> Result<Side<'s>, Trouble> {
        let (store, outward) = (self.store, self.outward);
        match &host.terms {
            HostTerms::Cloud(cloud) => Ok(Side::Cloud(CloudHost { store, outward, host, cloud }, redirect_uri)),
            HostTerms::DataCenter(terms) => match &terms.tokens {
                settings::Tokens::OAuth { link } => {
                    Ok(Side::Center(OAuthHost { store, outward, host, link, redirect_uri }))
                }
                settings::Tokens::Minted { .. } => Err(Trouble::NotNeeded),
            },
        }
    }
}

impl Side<'_> {
    fn authorize_url(&self, right: Right, state: &str, verifier: &Verifier) -> Result<String, Trouble> {
        match self {
            Self::Cloud(side, uri) => {
                side.authorize_url(right, uri, state, verifier).map_err(|error| Trouble::bitbucket(&error))
            }
            Self::Center(side) => Ok(side.authorize_url(right, state, verifier)),
        }
    }

    async fn redeem(&self, right: Right, code: &Code, verifier: &Verifier, now: Timestamp) -> Result<Tokens, Trouble> {
        let redeemed = match self {
            Self::Cloud(side, uri) => side.redeem(right, uri, code, verifier, now).await,
            Self::Center(side) => side.redeem(right, code, verifier, now).await,
        };
        redeemed.map_err(|denied| match denied {
            Denied::Grant => Trouble::BitbucketRefused("it does not take its own code (any more)".into()),
            Denied::Silence(error) | Denied::Other(error) => Trouble::bitbucket(&error),
        })
    }

    /// A consumer that gives more than its right is noticed here already.
    fn no_more_than(&self, right: Right, scopes: &str) -> Result<(), Trouble> {
        let judged = match self {
            Self::Cloud(..) => cloud::no_more_than(right, scopes),
            Self::Center(_) => oauth::no_more_than(right, scopes),
        };
        judged.map_err(|error| Trouble::bitbucket(&error))
    }

    async fn account(&self, token: &GitToken) -> Result<BitbucketAccount, Trouble> {
        let account: Result<_, IssueError> = match self {
            Self::Cloud(side, _) => side.account(token).await,
            Self::Center(side) => side.account(token).await,
        };
        account.map_err(|error| Trouble::bitbucket(&error))
    }
}

fn code_of(fields: &Fields) -> Result<Code, Trouble> {
    match (fields.get("error"), fields.get("code")) {
        (Some("access_denied"), _) => Err(Trouble::Declined),
        (Some(error), _) => Err(Trouble::BitbucketRefused(text::clean(error))),
        (None, Some(code)) if !code.is_empty() => Ok(Code::new(code.to_owned())),
        (None, _) => Err(Trouble::Malformed),
    }
}

fn granted(tokens: Tokens, account: &BitbucketAccount) -> Result<Grant, Trouble> {
    let Tokens { access_token, refresh_token, issued, expires, scopes } = tokens;
    let none = || Trouble::SetUp("Bitbucket gave no refresh token".into());
    Ok(Grant {
        refresh_token: refresh_token.ok_or_else(none)?,
        access_token,
        issued,
        expires,
        scopes,
        account_id: account.id.clone(),
        account: account.to_string(),
    })
}
