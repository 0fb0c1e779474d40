//! A grant that the broker does not keep: the helper has it, sealed to the broker's key. It opens for the same person,
//! host and right only, and holds the Bitbucket account that it was bound to.

use super::{CloudHost, issued};
use crate::basis::base64;
use crate::basis::clock::Timestamp;
use crate::basis::secret::SecretBytes;
use crate::broker::ground::issued::{Holder, IssueError, Issued};
use crate::broker::ground::right::Right;
use crate::broker::ground::tokens::Denied;
use crate::broker::sealing::{SealError, Sealer};
use crate::broker::store::carried::Carried;
use crate::broker::store::renew::{fresh, twice};
use crate::broker::store::{Grant, GrantKey};
use std::time::Duration;

impl CloudHost<'_> {
    /// A token by the grant that the helper has brought, and the grant to be brought the next time: the old one dies ten
    /// minutes after a refresh, so that a lost answer can be asked for again until then.
    pub async fn issue_sealed(
        &self,
        sealer: &Sealer,
        key: &GrantKey,
        brought: &str,
        (until, now): (Timestamp, Timestamp),
    ) -> Result<(Issued, SecretBytes), IssueError> {
        let grant = open(sealer, key, brought)?;
        if fresh(&grant, now) {
            let again = SecretBytes::new(brought.as_bytes().to_vec());
            return Ok((issued(key.right, grant, until, true)?, again));
        }
        let next = match twice(&grant, self.refreshing(key.right, now)?).await {
            Ok(tokens) => grant.with(tokens),
            Err(Denied::Grant) => return Err(IssueError::NotConnected),
            Err(Denied::Silence(error) | Denied::Other(error)) => return Err(error),
        };
        let sealed = seal(sealer, key, &next)?;
        Ok((issued(key.right, next, until, false)?, sealed))
    }
}

/// Seals a grant for its holder, host and right.
pub fn seal(sealer: &Sealer, key: &GrantKey, grant: &Grant) -> Result<SecretBytes, IssueError> {
    let sealed = sealer.seal(&about(&key.holder, &key.host, key.right), &SecretBytes::json(&Carried::from(grant)));
    let sealed = sealed.map_err(|error| IssueError::Later { reason: error.to_string(), after: SOON })?;
    Ok(SecretBytes::new(base64::url(&sealed).into_bytes()))
}

/// What was sealed for the same; anything else is no connection.
fn open(sealer: &Sealer, key: &GrantKey, brought: &str) -> Result<Grant, IssueError> {
    let sealed = base64::from_url(brought).ok_or(IssueError::NotConnected)?;
    let opened = sealer.open(&about(&key.holder, &key.host, key.right), &sealed).map_err(|error| match error {
        SealError::Unavailable(reason) => IssueError::Later { reason, after: SOON },
        SealError::UnknownKey(_) | SealError::Broken => IssueError::NotConnected,
    })?;
    let carried: Carried = serde_json::from_slice(opened.expose()).map_err(|_| IssueError::NotConnected)?;
    Ok(Grant::from(carried))
}

fn about(holder: &Holder, host: &str, right: Right) -> String {
    format!("a grant with its helper\n{}\n{host}\n{right}", holder.key())
}

const SOON: Duration = Duration::from_secs(10);
