//! Tokens for the machine's own identity, from the cloud's metadata service (`facts/entra.md` 6.2).

use super::{Call, Outward};
use crate::basis::secret::AccessToken;
use crate::net::NetError;
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

/// An access token of the broker itself for another service.
#[derive(Clone, Debug)]
pub struct Token {
    pub token: AccessToken,
    /// How long it holds from now on.
    pub life: Duration,
}

impl Outward {
    /// A token of a managed identity for `resource` (no `/.default`). `client_id` chooses a user-assigned one.
    pub async fn managed_identity(&self, resource: &str, client_id: Option<&str>) -> Result<Token, NetError> {
        let url = format!("{}/metadata/identity/oauth2/token?{}", self.metadata, query(resource, client_id));
        let call = Call::get(url).header("metadata", "true").to_link_local();
        let place = call.place().to_owned();
        let reply = self.send(call).await?;
        let token = Token::of_answer(reply.body.expose()).filter(|_| reply.status == 200);
        let why = || format!("it has no token for this machine's identity (status {})", reply.status);
        token.ok_or_else(|| NetError::Unreachable { place, why: why() })
    }
}

/// What the metadata service wants to know. Apart from the call, because a serializer cannot wait on another thread.
fn query(resource: &str, client_id: Option<&str>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("api-version", "2018-02-01").append_pair("resource", resource);
    if let Some(client_id) = client_id {
        query.append_pair("client_id", client_id);
    }
    query.finish()
}

impl Token {
    /// The answer of a token endpoint (RFC 6749 section 5.1); the metadata service writes its numbers as text.
    pub fn of_answer(json: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Answer {
            access_token: AccessToken,
            expires_in: Value,
        }
        let Answer { access_token: token, expires_in } = serde_json::from_slice(json).ok()?;
        let seconds = expires_in.as_u64().or_else(|| expires_in.as_str()?.parse().ok())?;
        (!token.expose().is_empty()).then_some(Self { token, life: Duration::from_secs(seconds.min(LONGEST)) })
    }
}

/// Entra's longest is a day and four hours.
const LONGEST: u64 = 28 * 3600;
