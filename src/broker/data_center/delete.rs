//! Ends a token at Data Center.

use super::{CenterHost, Repository};
use crate::broker::ground::issued::IssueError;
use crate::broker::outward::oauth::{self, senseless};
use crate::broker::outward::{Call, Method};
use crate::broker::store::Minted;
use crate::broker::store::renew::closed;
use serde::Deserialize;

/// The id of a token: documented as text of digits, seen as a number.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Id {
    Text(String),
    Number(u64),
}

impl CenterHost {
    /// Deletes a token that was minted and forgets it. That it is gone already is as good.
    pub async fn end(&self, minted: &Minted) -> Result<(), IssueError> {
        let repository = Repository { project: minted.project.clone(), slug: minted.repository.clone() };
        self.delete(&repository, &minted.token_id).await?;
        self.store.forget_minted(&minted.host, &minted.token_id).await.map_err(closed)
    }

    pub(super) async fn delete(&self, repository: &Repository, id: &str) -> Result<(), IssueError> {
        let mut call = Call::get(format!("{}/{id}", self.tokens_of(repository)));
        call.method = Method::Delete;
        let place = call.place().to_owned();
        let reply = oauth::send(&self.outward, self.signed(call)).await?;
        match reply.status {
            200..300 | 404 | 410 => Ok(()),
            401 | 403 => {
                Err(IssueError::Misconfigured("Bitbucket does not let the service account delete its token".into()))
            }
            status => Err(senseless(&place, &format!("status {status}"))),
        }
    }
}

impl Id {
    /// As a segment of a path; `None` where it cannot be one.
    pub(super) fn plain(self) -> Option<String> {
        let text = match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
        };
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        plain.then_some(text)
    }
}
