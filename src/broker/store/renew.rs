//! One refresh of one grant, however many ask for it: under its lock, and durable before it is used.

use super::{Grant, GrantKey, Store, StoreError};
use crate::basis::clock::Timestamp;
use crate::basis::secret::RefreshToken;
use crate::broker::ground::issued::IssueError;
use crate::broker::ground::tokens::{Denied, Tokens};
use std::time::Duration;

/// The grant with an access token that is `good`: the one there is, or a new one by `ask`, which sends the refresh
/// token it is given. The flag says whether it was there. A grant that Bitbucket has ended is removed, nothing else is.
///
/// The refresh goes on when the caller goes away: the rotated token would be lost with it.
pub async fn current<A, F>(
    store: &Store,
    key: &GrantKey,
    good: impl Fn(&Grant) -> bool + Send + Sync + 'static,
    ask: A,
) -> Result<(Grant, bool), IssueError>
where
    A: Fn(RefreshToken) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Tokens, Denied>> + Send,
{
    let there = store.grant(key).await.map_err(closed)?.ok_or(IssueError::NotConnected)?;
    if good(&there) {
        return Ok((there, true));
    }
    let (store, key) = (store.clone(), key.clone());
    let task = tokio::spawn(async move { renewed(&store, &key, good, ask).await });
    task.await.unwrap_or_else(|_| Err(IssueError::Unavailable { reason: "the refresh broke off".into(), after: SOON }))
}

/// More than five minutes are left, or more than a quarter of a life so short that these would eat it.
pub fn fresh(grant: &Grant, now: Timestamp) -> bool {
    now >= grant.issued.before(BACKWARDS) && now.until(grant.expires) > margin(grant)
}

/// What has to be left of the grant's token: with less, it is refreshed.
pub fn margin(grant: &Grant) -> Duration {
    MARGIN.min(grant.issued.until(grant.expires) / 4)
}

async fn renewed<A, F>(
    store: &Store,
    key: &GrantKey,
    good: impl Fn(&Grant) -> bool,
    ask: A,
) -> Result<(Grant, bool), IssueError>
where
    A: Fn(RefreshToken) -> F,
    F: Future<Output = Result<Tokens, Denied>>,
{
    let lock = store.lock_grant(key).await.map_err(closed)?;
    let grant = lock.current.clone().ok_or(IssueError::NotConnected)?;
    if good(&grant) {
        return Ok((grant, true));
    }
    match twice(&grant, ask).await {
        Ok(tokens) => {
            let next = grant.clone().with(tokens);
            // Nobody else has it: the store does not give up at once.
            lock.replace(&next).await.map_err(closed)?;
            Ok((next, false))
        }
        Err(Denied::Grant) => {
            lock.remove().await.map_err(closed)?;
            Err(IssueError::NotConnected)
        }
        Err(Denied::Silence(error) | Denied::Other(error)) => Err(error),
    }
}

/// An answer that got lost is asked for again: Cloud takes the old token for ten minutes more. And one refusal alone is
/// no proof that a grant is over (`facts/bitbucket.md` A1).
pub async fn twice<A, F>(grant: &Grant, ask: A) -> Result<Tokens, Denied>
where
    A: Fn(RefreshToken) -> F,
    F: Future<Output = Result<Tokens, Denied>>,
{
    match ask(grant.refresh_token.clone()).await {
        Err(Denied::Grant | Denied::Silence(_)) => ask(grant.refresh_token.clone()).await,
        other => other,
    }
}

/// A store that does not do it: try again.
#[expect(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
pub fn closed(error: StoreError) -> IssueError {
    IssueError::Later { reason: error.to_string(), after: SOON }
}

impl Grant {
    /// The grant after a refresh. What the answer leaves out holds on (RFC 6749 section 6).
    #[must_use]
    pub fn with(self, tokens: Tokens) -> Self {
        let Tokens { access_token, refresh_token, issued, expires, scopes } = tokens;
        let refresh_token = refresh_token.unwrap_or(self.refresh_token);
        let scopes = if scopes.is_empty() { self.scopes } else { scopes };
        Self { refresh_token, access_token, issued, expires, scopes, ..self }
    }
}

/// What is left of a token that is handed out.
const MARGIN: Duration = Duration::from_secs(300);
/// Clocks of replicas may differ by this much.
const BACKWARDS: Duration = Duration::from_secs(300);
const SOON: Duration = Duration::from_secs(5);
