//! Microsoft Graph's `checkMemberGroups`, as the broker's own application.

use crate::basis::clock::Timestamp;
use crate::basis::secret::{AccessToken, ClientSecret};
use crate::basis::text;
use crate::basis::url::WebUrl;
use crate::broker::outward::{Call, Method, Outward, Token};
use crate::broker::settings::issuer;
use crate::net::Reply;
use serde::Deserialize;
use serde_json::json;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// One tenant's Graph.
pub struct Graph {
    settings: issuer::Graph,
    token_url: String,
    outward: Outward,
    /// Held while a token is fetched: one at a time.
    token: tokio::sync::Mutex<Option<(AccessToken, Timestamp)>>,
    /// Tries to fetch one.
    tries: AtomicU64,
    /// Graph or Entra asked for silence until then.
    quiet: Mutex<Option<Timestamp>>,
}

/// Why Graph has no answer, named for what comes next.
#[derive(Debug, PartialEq, Eq)]
pub enum GraphError {
    /// The account does not exist (404).
    Gone,
    /// Not before `after`.
    Wait { after: Duration },
    /// Anything else.
    Failed(String),
}

impl Graph {
    pub fn new(settings: &issuer::Graph, authority: &WebUrl, tenant: &str, outward: Outward) -> Self {
        let token_url = authority.join(&format!("/{tenant}/oauth2/v2.0/token"));
        let (token, tries, quiet) = (tokio::sync::Mutex::default(), AtomicU64::new(0), Mutex::default());
        Self { settings: settings.clone(), token_url, outward, token, tries, quiet }
    }

    /// Which of `ids` (20 at most) the account `oid` is in, directly or through other groups. `collection` is `users` or
    /// `servicePrincipals`; `oid` is a GUID.
    pub async fn check(
        &self,
        collection: &str,
        oid: &str,
        ids: &[String],
        now: Timestamp,
    ) -> Result<Vec<String>, GraphError> {
        self.patience(now)?;
        let url = self.settings.url.join(&format!("/v1.0/{collection}/{oid}/checkMemberGroups"));
        let ask = async |token: AccessToken| {
            let call = Call::json(Method::Post, url.as_str(), &json!({ "groupIds": ids }));
            let call = call.header("authorization", format!("Bearer {}", token.expose()));
            self.outward.send(call).await.map_err(|error| failed(&error.to_string()))
        };
        let mut reply = ask(self.token(now).await?).await?;
        if reply.status == 401 {
            // The token was taken back: another one, once.
            *self.token.lock().await = None;
            reply = ask(self.token(now).await?).await?;
        }
        self.read(&reply, now)
    }

    fn read(&self, reply: &Reply, now: Timestamp) -> Result<Vec<String>, GraphError> {
        #[derive(Deserialize)]
        struct Answer {
            value: Vec<String>,
        }
        match reply.status {
            200 => serde_json::from_slice::<Answer>(reply.body.expose())
                .map(|answer| answer.value)
                .map_err(|_| failed("Microsoft Graph's answer is no list")),
            404 => Err(GraphError::Gone),
            403 => Err(failed("the broker's application lacks GroupMember.Read.All and User.ReadBasic.All on Graph")),
            _ => Err(self.refused("Microsoft Graph", reply, now)),
        }
    }

    /// The application's own token, until shortly before its end. Who waited for a try that failed does not try again.
    async fn token(&self, now: Timestamp) -> Result<AccessToken, GraphError> {
        let seen = self.tries.load(Ordering::SeqCst);
        let mut kept = self.token.lock().await;
        if let Some((token, _)) = kept.as_ref().filter(|(_, until)| now < *until && *until <= now.after(LONGEST)) {
            return Ok(token.clone());
        }
        if self.tries.load(Ordering::SeqCst) != seen {
            return Err(failed("the broker itself has no token for Microsoft Graph"));
        }
        self.tries.fetch_add(1, Ordering::SeqCst);
        let Token { token, life } = self.fetch_token(now).await?;
        *kept = Some((token.clone(), now.after(life.saturating_sub(EARLY).min(LONGEST))));
        Ok(token)
    }

    async fn fetch_token(&self, now: Timestamp) -> Result<Token, GraphError> {
        let client_id = self.settings.client_id.as_str();
        let Some(file) = &self.settings.client_secret_file else {
            let resource = self.settings.url.to_string();
            let chosen = Some(client_id).filter(|id| !id.is_empty());
            let token = self.outward.managed_identity(&resource, chosen).await;
            return token.map_err(|error| failed(&error.to_string()));
        };
        let secret = secret(file).await?;
        let scope = self.settings.url.join("/.default");
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", client_id),
            ("client_secret", secret.expose()),
            ("scope", &scope),
        ];
        let reply = self.outward.send(Call::form(self.token_url.as_str(), fields)).await;
        let reply = reply.map_err(|error| failed(&error.to_string()))?;
        let token = Token::of_answer(reply.body.expose()).filter(|_| reply.status == 200);
        token.ok_or_else(|| self.refused("Entra", &reply, now))
    }

    fn refused(&self, who: &str, reply: &Reply, now: Timestamp) -> GraphError {
        let wait = reply.retry_after().or((reply.status == 429).then_some(PATIENCE));
        match wait.filter(|_| matches!(reply.status, 429 | 503)) {
            Some(after) => {
                *self.quiet.lock().unwrap_or_else(PoisonError::into_inner) = Some(now.after(after));
                GraphError::Wait { after }
            }
            None => failed(&format!("{who} answers with status {}", reply.status)),
        }
    }

    fn patience(&self, now: Timestamp) -> Result<(), GraphError> {
        let quiet = *self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        let after = quiet.map(|until| now.until(until)).filter(|after| !after.is_zero() && *after <= LONGEST);
        after.map_or(Ok(()), |after| Err(GraphError::Wait { after }))
    }
}

/// Read when it is needed, so that a new one serves at once.
async fn secret(file: &std::path::Path) -> Result<ClientSecret, GraphError> {
    let text = tokio::fs::read_to_string(file).await;
    let mut text = text.map_err(|_| failed("the broker's own secret for Entra cannot be read"))?;
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    Ok(ClientSecret::new(text))
}

fn failed(why: &str) -> GraphError {
    GraphError::Failed(text::clean(why))
}

/// A token is not used in its last minutes.
const EARLY: Duration = Duration::from_secs(300);
const LONGEST: Duration = Duration::from_secs(24 * 3600);
const PATIENCE: Duration = Duration::from_secs(10);
