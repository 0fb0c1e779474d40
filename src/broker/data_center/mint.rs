//! Makes a token of one repository, or hands out one that was made for the same subject, policy, resource and right.

use super::name::whom;
use super::{CenterHost, Repository};
use crate::basis::clock::Timestamp;
use crate::basis::credential::TOKEN_USER;
use crate::basis::secret::GitToken;
use crate::basis::text;
use crate::broker::ground::issued::{IssueError, Issued};
use crate::broker::ground::right::{HostKind, Right};
use crate::broker::outward::oauth::{self, senseless};
use crate::broker::outward::{Call, Method};
use crate::broker::store::Minted;
use crate::broker::store::renew::closed;
use crate::net::Reply;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What was granted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// SHA-256 over subject, policy digest, resource and right.
    pub cache_key: String,
    /// `Subject::key()`.
    pub subject: String,
    pub repository: Repository,
    pub right: Right,
    pub until: Timestamp,
}

/// Why no token was made.
enum NotMade {
    /// 400: as far as we know, because the repository has as many as it may have.
    Full,
    Other(IssueError),
}

impl CenterHost {
    /// A token for exactly that repository and right; durable in the store before anybody has it. It is finished even if
    /// the caller goes away, so that no token is forgotten.
    pub async fn mint(&self, wanted: Wanted, now: Timestamp) -> Result<Issued, IssueError> {
        let wanted = Wanted { until: wanted.until.min(now.after(LONGEST)), ..wanted };
        let margin = MARGIN.min(now.until(wanted.until) / 4).max(Duration::from_secs(1));
        let there = self.store.minted(&wanted.cache_key, now.after(margin)).await.map_err(closed)?;
        if let Some(minted) = there {
            return Ok(issued(minted, &wanted, true));
        }
        let host = self.clone();
        let task = tokio::spawn(async move { host.made(&wanted, now).await });
        let broken =
            |_| Err(IssueError::Unavailable { reason: "the request to Bitbucket broke off".into(), after: SOON });
        task.await.unwrap_or_else(broken)
    }

    async fn made(&self, wanted: &Wanted, now: Timestamp) -> Result<Issued, IssueError> {
        let repository = &wanted.repository;
        let created = match self.create(wanted).await {
            Err(NotMade::Full) => {
                self.sweep_repository(repository, now).await?;
                self.create(wanted).await
            }
            other => other,
        };
        let created = created.map_err(|error| match error {
            NotMade::Full => {
                let reason = "Bitbucket makes no more tokens for this repository".to_owned();
                IssueError::Later { reason, after: Duration::from_secs(60) }
            }
            NotMade::Other(error) => error,
        })?;
        let minted = Minted {
            cache_key: wanted.cache_key.clone(),
            subject: wanted.subject.clone(),
            host: self.host(),
            project: repository.project.clone(),
            repository: repository.slug.clone(),
            token_id: created.id,
            token: created.token,
            expires: wanted.until,
        };
        if let Err(error) = self.store.put_minted(&minted).await {
            // Nobody would know of it. If it cannot be deleted either, its name tells the sweeper.
            if self.delete(repository, &minted.token_id).await.is_err() {
                self.listings.due(repository, wanted.until);
            }
            return Err(closed(error));
        }
        self.listings.known(repository, now);
        Ok(issued(minted, wanted, false))
    }

    async fn create(&self, wanted: &Wanted) -> Result<Created, NotMade> {
        let Wanted { subject, repository, right, until, .. } = wanted;
        let name = self.namer.name(&self.account.prefix, &self.host(), repository, &whom(subject), *until);
        let name = name.map_err(|error| unavailable(error.to_string()))?;
        let permission = right.scope(HostKind::DataCenter);
        let body = Body { name: &name, permissions: [permission], expiry_days: 1 };
        let call = self.signed(Call::json(Method::Put, self.tokens_of(repository), &body));
        let place = call.place().to_owned();
        let reply = oauth::send(&self.outward, call).await.map_err(|error| {
            // It may have been made all the same.
            self.listings.due(repository, *until);
            NotMade::Other(error)
        })?;
        refused(&reply, wanted)?;
        let created = Created::read(&reply);
        match created {
            Some(created) if created.permissions == [permission] && !odd(created.token.expose()) => Ok(created),
            created => {
                self.listings.due(repository, *until);
                if let Some(Created { id, .. }) = created {
                    // Listed for later if that fails.
                    _ = self.delete(repository, &id).await;
                }
                Err(NotMade::Other(senseless(&place, "another token than was asked for")))
            }
        }
    }
}

fn issued(minted: Minted, wanted: &Wanted, again: bool) -> Issued {
    Issued {
        token: minted.token,
        username: TOKEN_USER.to_owned(),
        expires: wanted.until.min(minted.expires),
        scopes: wanted.right.scope(HostKind::DataCenter).to_owned(),
        token_id: Some(minted.token_id),
        account: None,
        again,
    }
}

/// Passes a reply that may hold a token (`facts/bitbucket.md` B3, B5).
fn refused(reply: &Reply, wanted: &Wanted) -> Result<(), NotMade> {
    let Repository { project, slug } = &wanted.repository;
    let wrong = |text: String| Err(NotMade::Other(IssueError::Misconfigured(text)));
    let captcha = reply.header("x-authentication-denied-reason").is_some_and(|why| why.contains("CAPTCHA"));
    match reply.status {
        200 | 201 => Ok(()),
        400 => Err(NotMade::Full),
        401 | 403 if captcha => {
            wrong("Bitbucket wants the service account to solve a CAPTCHA: its password was wrong too often".into())
        }
        401 => wrong(format!("the service account may not make tokens for {project}/{slug}, or its password is wrong")),
        403 => wrong("Bitbucket does not take the service account's password; basic authentication may be off".into()),
        404 | 410 => Err(NotMade::Other(IssueError::NoTarget(format!("{project}/{slug}")))),
        status => Err(unavailable(format!("Bitbucket answers with status {status}"))),
    }
}

fn unavailable(reason: String) -> NotMade {
    NotMade::Other(IssueError::Unavailable { reason, after: SOON })
}

fn odd(token: &str) -> bool {
    token.is_empty() || text::breaks_git(token)
}

#[derive(Serialize)]
struct Body<'a> {
    name: &'a str,
    permissions: [&'a str; 1],
    #[serde(rename = "expiryDays")]
    expiry_days: u8,
}

/// A token that was made.
struct Created {
    id: String,
    permissions: Vec<String>,
    token: GitToken,
}

impl Created {
    fn read(reply: &Reply) -> Option<Self> {
        #[derive(Deserialize)]
        struct Read {
            id: super::delete::Id,
            permissions: Vec<String>,
            token: GitToken,
        }
        let Read { id, permissions, token } = serde_json::from_slice(reply.body.expose()).ok()?;
        Some(Self { id: id.plain()?, permissions, token })
    }
}

/// What is left of a token that is handed out again.
const MARGIN: Duration = Duration::from_secs(300);
const SOON: Duration = Duration::from_secs(10);
/// Data Center ends the token itself after a day, counted in its own way.
const LONGEST: Duration = Duration::from_secs(20 * 3600);
