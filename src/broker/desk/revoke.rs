//! Ending a token before its time (RFC 7009). Whoever has a token may end it; a subject token, where one comes along,
//! must be of the subject that it was issued to.

use crate::basis::digest;
use crate::basis::secret::{Assertion, GitToken};
use crate::broker::desk::Desk;
use crate::broker::desk::caller::Caller;
use crate::broker::desk::exchange::Refused;
use crate::broker::ground::ask::Refusal;
use crate::broker::ground::issued::{Holder, IssueError};
use crate::broker::ground::subject::{Kind, Subject};
use crate::broker::store::GrantKey;
use crate::broker::store::renew::closed;
use crate::broker::trail::Record;

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Deleted at Data Center.
    Token,
    /// The person's grant that it came from is forgotten; the token itself lives to its end, which Cloud cannot change.
    Grant,
    /// It is none of ours, or not the caller's: nothing is said about which.
    Nothing,
}

impl Desk {
    /// Ends `token`. `by` is the subject token of the caller, with its type.
    pub async fn revoke(
        &self,
        caller: &Caller,
        token: Result<GitToken, Refusal>,
        by: Option<Assertion>,
    ) -> Result<Ended, Refused> {
        let mut record = caller.record("revoke", self.clock.now().rfc3339());
        let ended = match token {
            Ok(token) => self.ended(&mut record, &token, by).await,
            Err(refusal) => Err(refusal),
        };
        record.outcome = ended.as_ref().map_or_else(|refusal| refusal.name().to_owned(), |_| "ok".to_owned());
        record.reason = Some(match &ended {
            Ok(Ended::Token) => "the token is deleted".to_owned(),
            Ok(Ended::Grant) => "the grant is forgotten".to_owned(),
            Ok(Ended::Nothing) => "nothing to end".to_owned(),
            Err(refusal) => refusal.description(),
        });
        self.recorded(record).await?;
        ended.map_err(|refusal| Refused { refusal, digest: None })
    }

    async fn ended(&self, record: &mut Record, token: &GitToken, by: Option<Assertion>) -> Result<Ended, Refusal> {
        let now = self.clock.now();
        let sha256 = digest::of(token.expose().as_bytes());
        record.token_sha256 = Some(sha256.clone());
        let subject = match by {
            Some(token) => {
                record.subject_token_sha256 = Some(digest::of(token.expose().as_bytes()));
                let subject = self.issuers.identify(&token, JWT, now).await?;
                record.subject = Some(subject.key());
                Some(subject)
            }
            None => None,
        };
        let outcome = match self.store.minted_by_digest(&sha256).await.map_err(closed) {
            Ok(Some(minted)) if subject.as_ref().is_none_or(|subject| subject.key() == minted.subject) => {
                record.token_id = Some(minted.token_id.clone());
                record.resource = Some(format!("{}/{}/{}", minted.host, minted.project, minted.repository));
                match self.centers.iter().find(|center| center.host() == minted.host) {
                    Some(center) => center.end(&minted).await.map(|()| Ended::Token),
                    None => Ok(Ended::Nothing),
                }
            }
            Ok(Some(_)) => Ok(Ended::Nothing),
            Ok(None) => match subject {
                Some(subject) => self.grant_ended(record, &subject, &sha256).await,
                None => Ok(Ended::Nothing),
            },
            Err(error) => Err(error),
        };
        outcome.map_err(unended)
    }

    async fn grant_ended(&self, record: &mut Record, subject: &Subject, sha256: &str) -> Result<Ended, IssueError> {
        let (Kind::Person, Some(tid)) = (subject.kind, &subject.tid) else { return Ok(Ended::Nothing) };
        let holder = Holder::Person { tid: tid.clone(), oid: subject.id.clone() };
        let grants = self.store.grants_of(&holder).await.map_err(closed)?;
        let of_token = |(_, grant): &(GrantKey, crate::broker::store::Grant)| {
            digest::of(grant.access_token.expose().as_bytes()) == sha256
        };
        let Some((key, grant)) = grants.into_iter().find(of_token) else { return Ok(Ended::Nothing) };
        record.account = Some(grant.account);
        record.resource = Some(key.host.clone());
        self.store.lock_grant(&key).await.map_err(closed)?.remove().await.map_err(closed)?;
        Ok(Ended::Grant)
    }
}

fn unended(error: IssueError) -> Refusal {
    match error {
        IssueError::Throttled { after } => Refusal::SlowDown { after },
        IssueError::Unavailable { reason, after } | IssueError::Later { reason, after } => {
            Refusal::Unavailable { reason, after }
        }
        other => Refusal::Unavailable { reason: other.to_string(), after: std::time::Duration::from_secs(60) },
    }
}

/// The type of a subject token that comes in a header, where nobody says its type: people's and jobs' alike.
pub const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
