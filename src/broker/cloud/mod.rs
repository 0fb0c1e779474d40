//! Bitbucket Cloud: tokens of a person's own grant, or of a service user's (`facts/bitbucket.md` A1, E3). A consumer's
//! own tokens (`client_credentials`) reach a whole workspace: there is no way here to have one.

pub mod consent;
pub mod permission;
mod protected;
mod scopes;
pub mod sealed;

use crate::basis::clock::Timestamp;
use crate::basis::credential::TOKEN_USER;
use crate::basis::secret::RefreshToken;
use crate::broker::ground::issued::{Holder, IssueError, Issued};
use crate::broker::ground::right::Right;
use crate::broker::ground::tokens::{Denied, Tokens};
use crate::broker::outward::oauth::{self, basic};
use crate::broker::outward::{Call, Outward};
use crate::broker::settings::{Cloud, Consumer, Host};
use crate::broker::store::renew::{self, fresh};
use crate::broker::store::{Grant, GrantKey, Store};
use std::pin::Pin;
use std::time::Duration;

pub use scopes::no_more_than;

/// One Bitbucket Cloud, with what is needed to have tokens there.
#[derive(Clone, Copy)]
pub struct CloudHost<'a> {
    pub store: &'a Store,
    pub outward: &'a Outward,
    pub host: &'a Host,
    pub cloud: &'a Cloud,
}

impl CloudHost<'_> {
    /// The holder's token of exactly that right, refreshed if it is about to end; one refresh however many ask, here or
    /// on other replicas. The token itself lives two hours and cannot be cut: `until` is what its receiver is told.
    pub async fn issue(
        &self,
        holder: &Holder,
        right: Right,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Issued, IssueError> {
        let key = self.key(holder, right);
        let ask = self.refreshing(right, now)?;
        let (grant, again) = renew::current(self.store, &key, move |grant| fresh(grant, now), ask).await?;
        issued(right, grant, until, again)
    }

    /// Which grant that is.
    pub fn key(&self, holder: &Holder, right: Right) -> GrantKey {
        GrantKey { holder: holder.clone(), host: self.host.url.to_string(), right }
    }

    /// Has another token in place of one that Bitbucket has just refused: either there is a newer one, or the grant is
    /// over and gone.
    async fn replace(
        &self,
        holder: &Holder,
        right: Right,
        refused: &Issued,
        now: Timestamp,
    ) -> Result<IssueError, IssueError> {
        let refused = refused.token.clone();
        let other = move |grant: &Grant| grant.access_token.expose() != refused.expose();
        renew::current(self.store, &self.key(holder, right), other, self.refreshing(right, now)?).await?;
        let reason = "Bitbucket refused the stored token; there is a new one".to_owned();
        Ok(IssueError::Later { reason, after: Duration::from_secs(1) })
    }

    /// The consumer of exactly that right: a token of the other one would be able to do more, or less.
    fn consumer(&self, right: Right) -> Result<&Consumer, IssueError> {
        let consumer = match right {
            Right::Read => &self.cloud.read,
            Right::Write => &self.cloud.write,
        };
        let missing = || IssueError::Misconfigured(format!("{} has no consumer for {right}", self.host.url));
        consumer.as_ref().ok_or_else(missing)
    }

    fn refreshing(
        &self,
        right: Right,
        now: Timestamp,
    ) -> Result<impl Fn(RefreshToken) -> Asked + Send + Sync + use<>, IssueError> {
        let (outward, consumer) = (self.outward.clone(), self.consumer(right)?.clone());
        let url = self.token_url();
        Ok(move |token: RefreshToken| -> Asked {
            let fields = [("grant_type", "refresh_token"), ("refresh_token", token.expose())];
            let call = token_call(&url, &consumer, fields);
            let outward = outward.clone();
            Box::pin(async move { oauth::tokens(&outward, call, UNSAID, now).await })
        })
    }

    fn token_url(&self) -> String {
        self.host.url.join("/site/oauth2/access_token")
    }
}

fn issued(right: Right, grant: Grant, until: Timestamp, again: bool) -> Result<Issued, IssueError> {
    no_more_than(right, &grant.scopes)?;
    Ok(Issued {
        token: grant.access_token,
        username: TOKEN_USER.to_owned(),
        expires: until.min(grant.expires),
        scopes: grant.scopes,
        token_id: None,
        account: Some(grant.account),
        again,
    })
}

/// A token request under way.
type Asked = Pin<Box<dyn Future<Output = Result<Tokens, Denied>> + Send>>;

/// A token request of a consumer, authenticated as its documentation says: HTTP Basic.
fn token_call<'a>(url: &str, consumer: &Consumer, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Call {
    Call::form(url, fields).header("Authorization", basic(&consumer.client_id, &consumer.client_secret))
}

/// Cloud has always said how long: 7200 seconds, 3600 in its older documentation. Should it stop, the shorter of
/// the two is safe.
const UNSAID: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests;
