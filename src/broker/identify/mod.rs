//! Who asks: a token is believed, or refused with the reason.
//!
//! An unverified `iss` only chooses a line of the issuer table; keys come from that line's URL, never from the token.

mod entra;
mod graph;
mod groups;
mod jobs;
mod keys;
mod read;

use crate::basis::clock::Timestamp;
use crate::basis::secret::Assertion;
use crate::basis::{base64, digest, text};
use crate::broker::ground::ask::Refusal;
use crate::broker::ground::subject::Subject;
use crate::broker::outward::Outward;
use crate::broker::settings::{Issuer, IssuerKind};
use crate::idtoken::{self, IdTokenError, KeySet};
use groups::Groups;
use keys::Keys;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// The issuers of the configuration and their keys, fetched when needed.
pub struct Issuers {
    table: Vec<Entry>,
}

/// How an issuer is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The `name` of the `[[issuer]]`.
    pub name: String,
    /// How old its keys are; `None`: there are none, or they are too old to be believed.
    pub age: Option<Duration>,
    /// What went wrong when it was last asked for its keys.
    pub trouble: Option<String>,
}

struct Entry {
    issuer: Issuer,
    keys: Arc<Keys>,
    groups: Option<Groups>,
}

impl Issuers {
    /// The table; nothing is fetched yet. Where two lines have an `iss` in common, the first counts.
    pub fn new(issuers: &[Issuer], outward: Outward) -> Self {
        let entry = move |issuer: &Issuer| Entry {
            keys: Arc::new(Keys::new(&issuer.keys, outward.clone())),
            groups: Groups::of(&issuer.kind, &outward),
            issuer: issuer.clone(),
        };
        Self { table: issuers.iter().map(entry).collect() }
    }

    /// Believes `token` or says why not. `kind` is the request's `subject_token_type`.
    pub async fn identify(&self, token: &Assertion, kind: &str, now: Timestamp) -> Result<Subject, Refusal> {
        let entry = self.of_token(token)?;
        accepts(&entry.issuer.kind, kind)?;
        let keys = entry.keys.at_hand(now).await?;
        let claims = match signed(&entry.issuer, &keys, token) {
            Err(IdTokenError::UnknownKey(_)) => signed(&entry.issuer, &*entry.keys.newer(now).await?, token),
            other => other,
        };
        judged(&entry.issuer, claims.map_err(|error| unsigned(&error))?, token, now)
    }

    /// Which of `candidates` (group object ids) the subject is in, where its token does not say (group overage).
    /// Fails closed: an error is a refusal.
    pub async fn member_of(
        &self,
        subject: &Subject,
        candidates: &[String],
        now: Timestamp,
    ) -> Result<Vec<String>, Refusal> {
        if !groups::left_out(&subject.claims) {
            return Ok(groups::among(candidates, &groups::in_token(&subject.claims)));
        }
        let groups = self.named(&subject.issuer).and_then(|entry| entry.groups.as_ref());
        let reason = "your token leaves your groups out, and this broker has no way to ask for them".to_owned();
        let groups = groups.ok_or(Refusal::Denied { reason, contact: None })?;
        groups.member_of(subject, candidates, now).await
    }

    /// Which issuers' keys are at hand or can be had, for `/readyz`: the name and what is wrong, if something is.
    /// Asks issuers that were not heard of for a while.
    pub async fn health(&self, now: Timestamp) -> Vec<(String, Option<String>)> {
        let ask = |entry: &Entry| {
            let keys = Arc::clone(&entry.keys);
            tokio::spawn(async move { keys.check(now).await })
        };
        let asked: Vec<_> = self.table.iter().map(ask).collect();
        let mut all = Vec::new();
        for (entry, answer) in self.table.iter().zip(asked) {
            let wrong = answer.await.unwrap_or_else(|_| Some("its keys cannot be looked at".to_owned()));
            all.push((entry.issuer.name.clone(), wrong));
        }
        all
    }

    /// Ages of the keys and the last troubles, as far as known: asks nobody.
    pub fn conditions(&self, now: Timestamp) -> Vec<Condition> {
        let condition = |entry: &Entry| {
            let (age, trouble) = entry.keys.condition(now);
            Condition { name: entry.issuer.name.clone(), age, trouble }
        };
        self.table.iter().map(condition).collect()
    }

    fn of_token(&self, token: &Assertion) -> Result<&Entry, Refusal> {
        let iss = claimed_issuer(token.expose())?;
        let entry = self.table.iter().find(|entry| entry.issuer.issuers.contains(&iss));
        entry.ok_or_else(|| refused(format!("tokens of the issuer `{}` are not taken here", text::clean(&iss))))
    }

    fn named(&self, name: &str) -> Option<&Entry> {
        self.table.iter().find(|entry| entry.issuer.name == name)
    }
}

/// Believes `token` by these keys or says why not: [`Issuers::identify`] without the network.
pub fn believe(
    issuer: &Issuer,
    keys: &KeySet,
    token: &Assertion,
    kind: &str,
    now: Timestamp,
) -> Result<Subject, Refusal> {
    accepts(&issuer.kind, kind)?;
    let claims = signed(issuer, keys, token).map_err(|error| unsigned(&error))?;
    judged(issuer, claims, token, now)
}

/// ID tokens are no proof of who may use an API, so Entra's are refused by name as well as by content.
fn accepts(issuer: &IssuerKind, kind: &str) -> Result<(), Refusal> {
    let name = kind.strip_prefix("urn:ietf:params:oauth:token-type:").unwrap_or_default();
    match (issuer, name) {
        (IssuerKind::Entra { .. }, "access_token" | "jwt") | (IssuerKind::Jobs(_), "jwt" | "id_token") => Ok(()),
        (IssuerKind::Entra { .. }, "id_token") => {
            Err(refused("an ID token of Entra is not taken, only an access token"))
        }
        (IssuerKind::Jobs(_), "access_token") => Err(refused("this issuer's tokens are of the type `jwt`")),
        _ => Err(Refusal::Malformed(format!("the subject_token_type `{}` is not known here", text::clean(kind)))),
    }
}

fn signed(issuer: &Issuer, keys: &KeySet, token: &Assertion) -> Result<Map<String, Value>, IdTokenError> {
    let issuers: Vec<&str> = issuer.issuers.iter().map(String::as_str).collect();
    let tid = match &issuer.kind {
        IssuerKind::Entra { tenant, .. } => tenant,
        IssuerKind::Jobs(_) => "",
    };
    idtoken::signed(token.expose(), keys, &issuers, tid)
}

fn judged(issuer: &Issuer, claims: Map<String, Value>, token: &Assertion, now: Timestamp) -> Result<Subject, Refusal> {
    let token_sha256 = digest::of(token.expose().as_bytes());
    match &issuer.kind {
        IssuerKind::Entra { tenant, clients, scope, role, .. } => {
            entra::judged(issuer, &entra::Terms { tenant, clients, scope, role }, claims, token_sha256, now)
        }
        IssuerKind::Jobs(kind) => jobs::judged(issuer, *kind, claims, token_sha256, now),
    }
}

/// What the token says of its issuer, before anybody believes it.
fn claimed_issuer(token: &str) -> Result<String, Refusal> {
    #[derive(Deserialize)]
    struct Claims {
        iss: String,
    }
    if token.len() > LARGEST {
        return Err(refused("the token is larger than 64 KiB"));
    }
    let mut parts = token.split('.');
    let (claims, rest) = (parts.nth(1), (parts.next(), parts.next()));
    let claims = claims.filter(|_| matches!(rest, (Some(_), None))).and_then(base64::from_url);
    let claims: Option<Claims> = claims.and_then(|claims| serde_json::from_slice(&claims).ok());
    claims.map(|claims| claims.iss).ok_or_else(|| refused("the token is no JWT with an issuer"))
}

fn unsigned(error: &IdTokenError) -> Refusal {
    refused(match error {
        IdTokenError::Algorithm(name) => format!("the token is signed with `{name}` instead of RS256"),
        IdTokenError::UnknownKey(kid) => format!("the token is signed with the unknown key `{kid}`"),
        IdTokenError::ForeignKey(kid) => format!("the key `{kid}` may not sign for the token's issuer"),
        IdTokenError::Signature => "the signature of the token is wrong".to_owned(),
        _ => "the token is malformed".to_owned(),
    })
}

fn refused(why: impl Into<String>) -> Refusal {
    Refusal::Subject(why.into())
}

/// Entra's are about 2 KB.
const LARGEST: usize = 64 * 1024;

#[cfg(test)]
mod tests;
