//! A grant of Cloud, had once by browser: where the person consents, what the code is traded for, and whose it is.

use super::{CloudHost, UNSAID, token_call};
use crate::basis::account::BitbucketAccount;
use crate::basis::clock::Timestamp;
use crate::basis::pkce;
use crate::basis::secret::{Code, GitToken, Verifier};
use crate::broker::ground::issued::IssueError;
use crate::broker::ground::right::Right;
use crate::broker::ground::tokens::{Denied, Tokens};
use crate::broker::outward::oauth::{self, senseless, with_query};
use serde::Deserialize;

impl CloudHost<'_> {
    /// Bitbucket's page on which the person consents. The challenge is sent though Cloud may ignore it.
    pub fn authorize_url(
        &self,
        right: Right,
        redirect_uri: &str,
        state: &str,
        verifier: &Verifier,
    ) -> Result<String, IssueError> {
        let scope = match right {
            Right::Read => "repository account email",
            Right::Write => "repository:write account email",
        };
        let challenge = pkce::challenge(verifier);
        let pairs = [
            ("client_id", self.consumer(right)?.client_id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", redirect_uri),
            ("scope", scope),
            ("state", state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        Ok(with_query(&self.host.url.join("/site/oauth2/authorize"), pairs))
    }

    /// Trades the code for tokens. `redirect_uri` is the one of the authorize request, byte for byte.
    pub async fn redeem(
        &self,
        right: Right,
        redirect_uri: &str,
        code: &Code,
        verifier: &Verifier,
        now: Timestamp,
    ) -> Result<Tokens, Denied> {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier.expose()),
        ];
        let call = token_call(&self.token_url(), self.consumer(right).map_err(Denied::Other)?, fields);
        oauth::tokens(self.outward, call, UNSAID, now).await
    }

    /// Whose token it is, and which of the account's addresses are confirmed; none where the consumer may not ask.
    pub async fn account(&self, token: &GitToken) -> Result<BitbucketAccount, IssueError> {
        let user: Option<User> = self.read("/2.0/user", token).await?;
        let lacks = || IssueError::Misconfigured("the consumer lacks the scope `account`".to_owned());
        let user = user.ok_or_else(lacks)?;
        let emails: Option<Page> = self.read("/2.0/user/emails?pagelen=100", token).await?;
        let emails = emails.map(|page| page.values).unwrap_or_default();
        let verified_emails = emails.into_iter().filter(|entry| entry.is_confirmed).map(|entry| entry.email).collect();
        let names = [user.username, user.nickname, user.display_name];
        let name = names.into_iter().flatten().find(|name| !name.is_empty());
        Ok(BitbucketAccount {
            name: name.unwrap_or_else(|| user.account_id.clone()),
            id: user.account_id,
            verified_emails,
        })
    }

    /// `None` where the token may not.
    async fn read<T: for<'a> Deserialize<'a>>(&self, path: &str, token: &GitToken) -> Result<Option<T>, IssueError> {
        let url = self.cloud.api.join(path);
        let place = url.split('?').next().unwrap_or_default().to_owned();
        let reply = oauth::api(self.outward, url, token).await?;
        match reply.status {
            200..300 => serde_json::from_slice(reply.body.expose())
                .map(Some)
                .map_err(|_| senseless(&place, "something that is not its JSON")),
            403 => Ok(None),
            status => Err(senseless(&place, &format!("status {status}"))),
        }
    }
}

#[derive(Deserialize)]
struct User {
    account_id: String,
    username: Option<String>,
    nickname: Option<String>,
    display_name: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    values: Vec<Email>,
}

#[derive(Deserialize)]
struct Email {
    email: String,
    #[serde(default)]
    is_confirmed: bool,
}
