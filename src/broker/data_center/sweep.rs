//! Deletes tokens whose end has come. Any replica may do it, several at a time: the store gives each token to one.

use super::{CenterHost, Repository};
use crate::basis::clock::{Clock, Timestamp};
use crate::broker::ground::issued::IssueError;
use crate::broker::outward::Call;
use crate::broker::outward::oauth::{self, senseless};
use crate::broker::store::renew::closed;
use crate::broker::store::{Minted, Store};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// What a round did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Tokens deleted, by their record and by their name.
    pub deleted: u32,
    /// What went wrong, once for each host; what is left is tried again a minute later.
    pub failed: Vec<String>,
}

/// One round over everything that is over at `now`.
pub async fn sweep_once(store: &Store, centers: &[CenterHost], now: Timestamp) -> Swept {
    let mut swept = Swept::default();
    let mut silent: Vec<String> = Vec::new();
    for _ in 0..ROUNDS {
        let over = match store.take_over(now, BATCH).await {
            Ok(over) => over,
            Err(error) => {
                swept.failed.push(error.to_string());
                break;
            }
        };
        for minted in &over {
            // A host that has just failed is left alone for this round.
            if !silent.contains(&minted.host) {
                let ended = end(store, centers, minted, now).await;
                if !swept.count(ended) {
                    silent.push(minted.host.clone());
                }
            }
        }
        if over.len() < BATCH as usize {
            break;
        }
    }
    for center in centers.iter().filter(|center| !silent.contains(&center.host())) {
        for repository in center.listings.take(now) {
            swept.listed(center, &repository, now).await;
        }
    }
    swept
}

/// A round every `every`, until the task is dropped. `told` learns what each did.
pub async fn sweep_always(
    store: Store,
    centers: Vec<CenterHost>,
    clock: Arc<dyn Clock>,
    every: Duration,
    told: impl Fn(Swept) + Send + Sync,
) {
    loop {
        told(sweep_once(&store, &centers, clock.now()).await);
        tokio::time::sleep(every).await;
    }
}

impl CenterHost {
    /// Deletes the tokens of a repository that are ours by their name and over by it, and says how many.
    pub(super) async fn sweep_repository(&self, repository: &Repository, now: Timestamp) -> Result<u32, IssueError> {
        let mut deleted = 0;
        for (id, end) in self.ours(repository).await? {
            if end <= now {
                self.delete(repository, &id).await?;
                self.store.forget_minted(&self.host(), &id).await.map_err(closed)?;
                deleted += 1;
            } else {
                self.listings.due(repository, end);
            }
        }
        Ok(deleted)
    }

    /// Ids and real ends of the tokens that we have named.
    async fn ours(&self, repository: &Repository) -> Result<Vec<(String, Timestamp)>, IssueError> {
        let mut ours = Vec::new();
        let mut start = 0;
        for _ in 0..PAGES {
            let url = format!("{}?limit=100&start={start}", self.tokens_of(repository));
            let place = self.tokens_of(repository);
            let reply = oauth::send(&self.outward, self.signed(Call::get(url))).await?;
            let page: Page = match reply.status {
                200 => serde_json::from_slice(reply.body.expose())
                    .map_err(|_| senseless(&place, "something that is not its JSON"))?,
                // Gone with all its tokens.
                404 | 410 => return Ok(Vec::new()),
                status => return Err(senseless(&place, &format!("status {status}"))),
            };
            for token in page.values {
                let end = self.namer.end(&self.account.prefix, &self.host(), repository, &token.name);
                ours.extend(token.id.plain().zip(end));
            }
            match page.next {
                Some(next) if !page.is_last && next > start => start = next,
                _ => break,
            }
        }
        Ok(ours)
    }
}

impl Swept {
    fn count(&mut self, ended: Result<bool, IssueError>) -> bool {
        match ended {
            Ok(deleted) => self.deleted += u32::from(deleted),
            Err(error) => {
                self.failed.push(error.to_string());
                return false;
            }
        }
        true
    }

    async fn listed(&mut self, center: &CenterHost, repository: &Repository, now: Timestamp) {
        match center.sweep_repository(repository, now).await {
            Ok(deleted) => self.deleted += deleted,
            Err(error) => {
                self.failed.push(error.to_string());
                center.listings.due(repository, now.after(LATER));
            }
        }
    }
}

/// Whether it was deleted; `false` where it is only forgotten, because Data Center has ended it by itself.
async fn end(store: &Store, centers: &[CenterHost], minted: &Minted, now: Timestamp) -> Result<bool, IssueError> {
    let center = centers.iter().find(|center| center.host() == minted.host);
    let outcome = match center {
        Some(center) => {
            let repository = Repository { project: minted.project.clone(), slug: minted.repository.clone() };
            center.listings.known(&repository, now);
            center.end(minted).await.map(|()| true)
        }
        None => Err(IssueError::Misconfigured(format!("{} has tokens here and is not configured", minted.host))),
    };
    if outcome.is_err() && minted.expires.after(TWO_DAYS) <= now {
        store.forget_minted(&minted.host, &minted.token_id).await.map_err(closed)?;
        return Ok(false);
    }
    outcome
}

#[derive(Deserialize)]
struct Page {
    values: Vec<Token>,
    #[serde(default, rename = "isLastPage")]
    is_last: bool,
    #[serde(rename = "nextPageStart")]
    next: Option<u64>,
}

#[derive(Deserialize)]
struct Token {
    id: super::delete::Id,
    name: String,
}

/// Tokens taken at a time, and how often in a round: five thousand in all.
const BATCH: u32 = 100;
const ROUNDS: u32 = 50;
/// Pages of a hundred tokens that are looked through.
const PAGES: u32 = 50;
/// When a repository that could not be listed is tried again.
const LATER: Duration = Duration::from_secs(60);
/// `expiryDays` is 1, counted in whole days: after two, a token is over without us.
const TWO_DAYS: Duration = Duration::from_secs(2 * 86_400);
