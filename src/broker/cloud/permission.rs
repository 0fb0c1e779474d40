//! What Bitbucket itself lets the person do with a repository (`facts/bitbucket.md` A4), asked with their own token.

use super::CloudHost;
use crate::basis::clock::Timestamp;
use crate::basis::secret::GitToken;
use crate::broker::ground::issued::{Holder, IssueError, Issued};
use crate::broker::ground::right::Right;
use crate::broker::outward::oauth::{self, senseless, with_query};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Answers that are a minute old at most.
#[derive(Default)]
pub struct Permissions(Mutex<HashMap<String, Answer>>);

#[derive(Clone, Copy)]
pub(super) struct Answer {
    pub right: Option<Right>,
    pub asked: Timestamp,
}

/// What is asked about: the holder's token, had for `right`, and a repository as `(workspace, slug)`.
#[derive(Clone, Copy)]
pub struct About<'a> {
    pub holder: &'a Holder,
    pub right: Right,
    pub issued: &'a Issued,
    pub repository: &'a (String, String),
}

/// What one call said.
pub(super) enum Said {
    Right(Option<Right>),
    /// 401: the token is not taken.
    Refused,
}

impl CloudHost<'_> {
    /// How much of the right the person has on Bitbucket itself; `None`: nothing. A repository that is not there for
    /// them, or is called otherwise now, is [`IssueError::NoTarget`]. A token that Bitbucket no longer takes is
    /// replaced, or its grant is over: in both cases this request ends with an error.
    pub async fn check_permission(
        &self,
        permissions: &Permissions,
        about: About<'_>,
        now: Timestamp,
    ) -> Result<Option<Right>, IssueError> {
        let About { holder, right, issued, repository: (workspace, slug) } = about;
        let key = format!("{} {right} {} {workspace}/{slug}", holder.key(), self.host.url);
        if let Some(answer) = permissions.get(&key, now) {
            return Ok(answer.right);
        }
        let said = match self.may_read(about).await? {
            Said::Right(Some(Right::Read)) if right == Right::Write => {
                self.effective(&issued.token, workspace, slug).await?
            }
            other => other,
        };
        match said {
            Said::Right(right) => {
                permissions.put(key, Answer { right, asked: now });
                Ok(right)
            }
            Said::Refused => Err(self.replace(holder, right, issued, now).await?),
        }
    }

    /// Whether the repository is there under that very name. A moved one answers with a redirect or another name.
    async fn may_read(&self, about: About<'_>) -> Result<Said, IssueError> {
        let (workspace, slug) = about.repository;
        let name = format!("{workspace}/{slug}");
        let url = self.cloud.api.join(&format!("/2.0/repositories/{name}"));
        let reply = oauth::api(self.outward, url.clone(), &about.issued.token).await?;
        match reply.status {
            200..300 => {
                let found: Repository = serde_json::from_slice(reply.body.expose())
                    .map_err(|_| senseless(&url, "something that is not its JSON"))?;
                let same = found.full_name.eq_ignore_ascii_case(&name);
                if same { Ok(Said::Right(Some(Right::Read))) } else { Err(IssueError::NoTarget(name)) }
            }
            300..=399 | 404 | 410 => Err(IssueError::NoTarget(name)),
            401 => Ok(Said::Refused),
            403 => Ok(Said::Right(None)),
            status => Err(senseless(&url, &format!("status {status}"))),
        }
    }

    /// The effective right, of groups and of the person, as Bitbucket lists it for the person's own token.
    pub(super) async fn effective(&self, token: &GitToken, workspace: &str, slug: &str) -> Result<Said, IssueError> {
        let name = format!("{workspace}/{slug}");
        let query = format!("repository.full_name=\"{name}\"");
        self.first(token, workspace, Some(&query), |one| one.repository.full_name.eq_ignore_ascii_case(&name)).await
    }

    /// The right on the first repository of a workspace's list that fits. Where none does, [`Right::Read`]: a public
    /// repository that the person has no part in is readable, and no more.
    pub(super) async fn first(
        &self,
        token: &GitToken,
        workspace: &str,
        query: Option<&str>,
        fits: impl Fn(&Entry) -> bool,
    ) -> Result<Said, IssueError> {
        let base = self.cloud.api.join(&format!("/2.0/user/workspaces/{workspace}/permissions/repositories"));
        for page in 1..=PAGES {
            let page = page.to_string();
            let pairs = query.map(|query| ("q", query)).into_iter().chain([("pagelen", "100"), ("page", &page)]);
            let reply = oauth::api(self.outward, with_query(&base, pairs), token).await?;
            let listed: Listed = match reply.status {
                200..300 => serde_json::from_slice(reply.body.expose())
                    .map_err(|_| senseless(&base, "something that is not its JSON"))?,
                401 => return Ok(Said::Refused),
                403 if lacks_scope(reply.body.expose()) => {
                    let text = "the consumer lacks the scope `account`, which the permission check needs";
                    return Err(IssueError::Misconfigured(text.to_owned()));
                }
                403 => return Ok(Said::Right(None)),
                404 => return Err(IssueError::NoTarget(workspace.to_owned())),
                410 => return Err(IssueError::Misconfigured(format!("Bitbucket has taken {base} away"))),
                status => return Err(senseless(&base, &format!("status {status}"))),
            };
            match listed.values.iter().find(|one| fits(one)) {
                Some(one) => return Ok(Said::Right(one.right())),
                None if listed.next.is_none() => return Ok(Said::Right(Some(Right::Read))),
                None => {}
            }
        }
        Err(senseless(&base, "more repositories than can be looked through"))
    }
}

impl Permissions {
    pub(super) fn get(&self, key: &str, now: Timestamp) -> Option<Answer> {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.get(key).filter(|answer| answer.holds(now)).copied()
    }

    pub(super) fn put(&self, key: String, answer: Answer) {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= MOST {
            answers.retain(|_, old| old.holds(answer.asked));
        }
        if answers.len() < MOST {
            answers.insert(key, answer);
        }
    }
}

impl Answer {
    fn holds(&self, now: Timestamp) -> bool {
        self.asked <= now && self.asked.until(now) < KEPT
    }
}

#[derive(Deserialize)]
pub(super) struct Repository {
    pub full_name: String,
}

#[derive(Deserialize)]
struct Listed {
    values: Vec<Entry>,
    next: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
pub(super) struct Entry {
    permission: String,
    repository: Repository,
}

impl Entry {
    pub(super) fn right(&self) -> Option<Right> {
        match self.permission.as_str() {
            "read" => Some(Right::Read),
            "write" | "admin" => Some(Right::Write),
            _ => None,
        }
    }
}

/// A 403 that names the scopes it wants is about the consumer, not about the person.
fn lacks_scope(body: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(body).is_ok_and(|said| !said["error"]["detail"]["required"].is_null())
}

const KEPT: Duration = Duration::from_secs(60);
/// Where the filter is ignored, this many pages of a hundred are looked through.
const PAGES: u32 = 20;
/// Of the size of a hundred bytes each.
const MOST: usize = 20_000;
