//! Whether the account behind a token may write to what no token of this broker may write to. A token of Cloud cannot be
//! kept off a repository, so the account's own right decides (`facts/bitbucket.md` A4).

use super::CloudHost;
use super::permission::{Answer, Permissions, Repository, Said};
use crate::basis::clock::Timestamp;
use crate::basis::secret::GitToken;
use crate::broker::ground::issued::{Holder, IssueError, Issued};
use crate::broker::ground::right::Right;
use crate::broker::outward::oauth::{self, senseless};

impl CloudHost<'_> {
    /// The first of `places` (workspace and repository, or all of a workspace) that the holder of a token had for
    /// writing may write to. Asked with that token, a minute old at most. What cannot be told is an error, never a no.
    pub async fn writes_to<'p>(
        &self,
        permissions: &Permissions,
        (holder, issued): (&Holder, &Issued),
        places: &'p [(String, Option<String>)],
        now: Timestamp,
    ) -> Result<Option<&'p (String, Option<String>)>, IssueError> {
        for place in places {
            let (workspace, slug) = place;
            let name = slug.as_deref().unwrap_or("*");
            let key = format!("protected {} {} {workspace}/{name}", holder.key(), self.host.url);
            let right = match permissions.get(&key, now) {
                Some(answer) => answer.right,
                None => match self.right_on(&issued.token, workspace, slug.as_deref()).await? {
                    Said::Right(right) => {
                        permissions.put(key, Answer { right, asked: now });
                        right
                    }
                    Said::Refused => return Err(self.replace(holder, Right::Write, issued, now).await?),
                },
            };
            if right == Some(Right::Write) {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    async fn right_on(&self, token: &GitToken, workspace: &str, slug: Option<&str>) -> Result<Said, IssueError> {
        let listed = match slug {
            Some(slug) => {
                self.has_not_moved(token, &format!("{workspace}/{slug}")).await?;
                self.effective(token, workspace, slug).await
            }
            None => self.first(token, workspace, None, |one| one.right() == Some(Right::Write)).await,
        };
        match listed {
            // Not a workspace of theirs.
            Err(IssueError::NoTarget(_)) => Ok(Said::Right(None)),
            other => other,
        }
    }

    /// Under another name it would not be protected any more. That it is not shown is as good: the list decides.
    async fn has_not_moved(&self, token: &GitToken, name: &str) -> Result<(), IssueError> {
        let url = self.cloud.api.join(&format!("/2.0/repositories/{name}"));
        let reply = oauth::api(self.outward, url.clone(), token).await?;
        let here = match reply.status {
            200..300 => serde_json::from_slice::<Repository>(reply.body.expose())
                .map_err(|_| senseless(&url, "something that is not its JSON"))?
                .full_name
                .eq_ignore_ascii_case(name),
            401 | 403 | 404 => true,
            300..=399 | 410 => false,
            status => return Err(senseless(&url, &format!("status {status}"))),
        };
        let moved = || IssueError::Misconfigured(format!("the policy protects `{name}`, which has another name now"));
        if here { Ok(()) } else { Err(moved()) }
    }
}
