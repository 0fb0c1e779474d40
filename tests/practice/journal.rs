//! What the emulators saw and gave away, for tests to count and to search for leaks.

use super::codec::{self, Pairs};
use super::http::{Reply, Request};
use std::sync::Mutex;

/// The common log of all emulators of one `Practice`.
#[derive(Debug, Default)]
pub struct Journal {
    entries: Mutex<Vec<Entry>>,
    secrets: Mutex<Vec<String>>,
}

/// One request and what came of it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// `entra`, `cloud`, `datacenter`, `broker`, `proxy`, `platform`, `issuers`, `key-vault`.
    pub server: &'static str,
    pub method: String,
    pub path: String,
    pub query: String,
    /// 0 where the connection was dropped without an answer.
    pub status: u16,
    /// `error` of a JSON answer.
    pub error: Option<String>,
    pub grant_type: Option<String>,
    pub scope: Option<String>,
    /// As they came; some hold secrets.
    pub headers: Pairs,
    /// The whole form, where the body was one. It holds secrets.
    pub form: Pairs,
    pub client_request_id: Option<String>,
    pub user_agent: Option<String>,
    /// Kind and user of the credential that was presented: `Basic x-token-auth`, `Bearer`.
    pub authorization: Option<String>,
}

impl Journal {
    /// All requests so far.
    pub fn entries(&self) -> Vec<Entry> {
        self.entries.lock().unwrap().clone()
    }

    /// How many requests satisfy the condition.
    pub fn count(&self, condition: impl Fn(&Entry) -> bool) -> usize {
        self.entries.lock().unwrap().iter().filter(|entry| condition(entry)).count()
    }

    /// How many token requests of this grant a server answered with this status.
    pub fn grants(&self, server: &str, grant_type: &str, status: u16) -> usize {
        self.count(|entry| {
            entry.server == server && entry.grant_type.as_deref() == Some(grant_type) && entry.status == status
        })
    }

    /// Forgets the requests, not the secrets.
    pub fn clear(&self) {
        self.entries.lock().unwrap().clear();
    }

    /// Every token, code and client secret that was ever issued or configured.
    pub fn secrets(&self) -> Vec<String> {
        self.secrets.lock().unwrap().clone()
    }

    /// The secrets that occur in the text, in any of the forms in which they may travel.
    pub fn leaks(&self, text: &str) -> Vec<String> {
        let secrets = self.secrets();
        secrets.into_iter().filter(|secret| forms(secret).iter().any(|form| text.contains(form))).collect()
    }

    /// Remembers a secret and hands it on.
    pub fn secret(&self, secret: String) -> String {
        self.secrets.lock().unwrap().push(secret.clone());
        secret
    }

    pub(super) fn note(&self, server: &'static str, request: &Request, reply: &Reply) {
        let form = request.form().unwrap_or_default();
        let (status, error) = outcome(reply);
        let entry = Entry {
            server,
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            status,
            error,
            grant_type: codec::value(&form, "grant_type").map(str::to_owned),
            scope: codec::value(&form, "scope").map(str::to_owned),
            headers: request.headers.clone(),
            form,
            client_request_id: request.header("client-request-id").map(str::to_owned),
            user_agent: request.header("user-agent").map(str::to_owned),
            authorization: request.authorization().map(|presented| presented.kind()),
        };
        self.entries.lock().unwrap().push(entry);
    }
}

/// A secret as it is, as base64 of a Basic header, and as a form writes it.
fn forms(secret: &str) -> Vec<String> {
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let basic = codec::base64(format!("x-token-auth:{secret}").as_bytes());
    vec![secret.to_owned(), form, basic]
}

fn outcome(reply: &Reply) -> (u16, Option<String>) {
    let Some(response) = reply.response() else { return (0, None) };
    let json: Option<serde_json::Value> = serde_json::from_slice(&response.body).ok();
    let error = json.and_then(|json| json.get("error")?.as_str().map(str::to_owned));
    (response.status, error)
}
