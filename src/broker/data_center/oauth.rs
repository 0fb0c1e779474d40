//! The person's own grant at Data Center: an incoming application link with PKCE (`facts/bitbucket.md` B1).

use crate::basis::account::BitbucketAccount;
use crate::basis::clock::Timestamp;
use crate::basis::credential::TOKEN_USER;
use crate::basis::pkce;
use crate::basis::secret::{Code, GitToken, RefreshToken, Verifier};
use crate::basis::text;
use crate::broker::ground::issued::{Holder, IssueError, Issued};
use crate::broker::ground::right::{HostKind, Right};
use crate::broker::ground::tokens::{Denied, Tokens};
use crate::broker::outward::oauth::{self, senseless, with_query};
use crate::broker::outward::{Call, Outward};
use crate::broker::settings::{Consumer, Host};
use crate::broker::store::renew::{self, fresh, margin};
use crate::broker::store::{GrantKey, Store};
use std::pin::Pin;
use std::time::Duration;

/// One Data Center whose people have connected, with what is needed to have tokens there.
#[derive(Clone, Copy)]
pub struct OAuthHost<'a> {
    pub store: &'a Store,
    pub outward: &'a Outward,
    pub host: &'a Host,
    pub link: &'a Consumer,
    /// As registered with the link: Data Center compares it to the letter, at every refresh too.
    pub redirect_uri: &'a str,
}

impl OAuthHost<'_> {
    /// The holder's token of exactly that right. A refresh ends the token that was handed out before at once, so nobody
    /// is told that a token lives as long as it does: all are told an end that lies before the first refresh.
    pub async fn issue(
        &self,
        holder: &Holder,
        right: Right,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Issued, IssueError> {
        let key = GrantKey { holder: holder.clone(), host: self.host.url.to_string(), right };
        let ask = self.refreshing(now);
        let (grant, again) = renew::current(self.store, &key, move |grant| fresh(grant, now), ask).await?;
        no_more_than(right, &grant.scopes)?;
        Ok(Issued {
            expires: until.min(grant.expires.before(margin(&grant))),
            token: grant.access_token,
            username: TOKEN_USER.to_owned(),
            scopes: grant.scopes,
            token_id: None,
            account: Some(grant.account),
            again,
        })
    }

    /// Bitbucket's page on which the person consents.
    pub fn authorize_url(&self, right: Right, state: &str, verifier: &Verifier) -> String {
        let challenge = pkce::challenge(verifier);
        let pairs = [
            ("client_id", self.link.client_id.as_str()),
            ("redirect_uri", self.redirect_uri),
            ("response_type", "code"),
            ("state", state),
            ("scope", right.scope(HostKind::DataCenter)),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        with_query(&self.host.url.join("/rest/oauth2/latest/authorize"), pairs)
    }

    /// Trades the code for tokens, at once: it lives ten seconds by default.
    pub async fn redeem(
        &self,
        right: Right,
        code: &Code,
        verifier: &Verifier,
        now: Timestamp,
    ) -> Result<Tokens, Denied> {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", self.redirect_uri),
            ("code_verifier", verifier.expose()),
        ];
        let tokens = oauth::tokens(self.outward, self.token_call(&fields), UNSAID, now).await?;
        // RFC 6749 section 5.1: as it was asked for where the server does not say.
        let asked =
            |scopes: String| if scopes.is_empty() { right.scope(HostKind::DataCenter).to_owned() } else { scopes };
        Ok(Tokens { scopes: asked(tokens.scopes), ..tokens })
    }

    /// Whose token it is: Data Center names the user in a header of any answer. Its e-mail addresses are verified by
    /// nobody, so none is reported.
    pub async fn account(&self, token: &GitToken) -> Result<BitbucketAccount, IssueError> {
        let url = self.host.url.join("/rest/api/latest/application-properties");
        let reply = oauth::api(self.outward, url.clone(), token).await?;
        let name = reply.header("x-ausername").filter(|name| !name.is_empty() && reply.status == 200);
        let name = name.ok_or_else(|| senseless(&url, "no name of the account (X-AUSERNAME)"))?;
        let name = text::clean(name);
        Ok(BitbucketAccount { id: name.clone(), name, verified_emails: Vec::new() })
    }

    fn refreshing(
        &self,
        now: Timestamp,
    ) -> impl Fn(RefreshToken) -> Pin<Box<dyn Future<Output = Result<Tokens, Denied>> + Send>> + Send + Sync + use<>
    {
        let (outward, link, url) = (self.outward.clone(), self.link.clone(), self.token_url());
        let redirect_uri = self.redirect_uri.to_owned();
        move |token: RefreshToken| {
            let fields = [
                ("grant_type", "refresh_token"),
                ("refresh_token", token.expose()),
                ("redirect_uri", redirect_uri.as_str()),
            ];
            let call = client_call(&url, &link, &fields);
            let outward = outward.clone();
            Box::pin(async move { oauth::tokens(&outward, call, UNSAID, now).await })
        }
    }

    fn token_call(&self, fields: &[(&str, &str)]) -> Call {
        client_call(&self.token_url(), self.link, fields)
    }

    fn token_url(&self) -> String {
        self.host.url.join("/rest/oauth2/latest/token")
    }
}

/// Passes a token that may do what the right says and no more.
pub fn no_more_than(right: Right, scopes: &str) -> Result<(), IssueError> {
    let allowed: &[&str] = match right {
        Right::Read => &["PUBLIC_REPOS", "REPO_READ"],
        Right::Write => &["PUBLIC_REPOS", "REPO_READ", "REPO_WRITE"],
    };
    let needed = right.scope(HostKind::DataCenter);
    let mut words = scopes.split([' ', ',']).filter(|word| !word.is_empty());
    let more = words.clone().find(|word| !allowed.contains(word));
    match more {
        Some(more) => {
            Err(IssueError::Misconfigured(format!("the application link gives `{more}`, which is more than {right}")))
        }
        None if words.any(|word| word == needed) => Ok(()),
        None => Err(IssueError::Misconfigured(format!("the application link does not give `{needed}`"))),
    }
}

/// The client authenticates in the form, as Data Center documents it.
fn client_call(url: &str, link: &Consumer, fields: &[(&str, &str)]) -> Call {
    let client = [("client_id", link.client_id.as_str()), ("client_secret", link.client_secret.expose())];
    Call::form(url, fields.iter().copied().chain(client))
}

/// The administrator sets how long a token lives, an hour by default, anything in practice: never assumed.
const UNSAID: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests;
