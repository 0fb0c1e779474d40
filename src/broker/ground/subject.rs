//! Who asks, once a token of theirs was believed.

use crate::basis::clock::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// What kind of caller a token speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A person: a delegated Entra access token.
    Person,
    /// A service principal or managed identity: an app-only Entra access token (`idtyp` is `app`).
    App,
    /// A step of Bitbucket Pipelines.
    Pipelines,
    /// A job of GitHub Actions.
    GithubActions,
    /// A job of GitLab CI.
    Gitlab,
    /// A pod's service account.
    Kubernetes,
}

/// The claims of a token, as they were signed. Rules read them by name and type.
#[derive(Clone, Default, PartialEq)]
pub struct Claims(pub Map<String, Value>);

/// A caller that was believed. Only `identify` makes one from a token; `policy test` makes them from fixtures.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    pub kind: Kind,
    /// The `name` of the `[[issuer]]` that vouches.
    pub issuer: String,
    /// Entra tenant, lower-case GUID; `None` for other issuers.
    pub tid: Option<String>,
    /// `oid` in lower case for Entra, `sub` for others: with the issuer, the identity. Never a name.
    pub id: String,
    /// What to call it; decides nothing.
    pub name: String,
    /// A verified e-mail address (`xms_edov`), for the comparison of accounts only.
    pub email: Option<String>,
    pub claims: Claims,
    /// `iat`.
    pub issued: Timestamp,
    /// `exp`.
    pub expires: Timestamp,
    /// SHA-256 of the subject token, for the record.
    pub token_sha256: String,
    /// Entra's name for the token in its sign-in log.
    pub uti: Option<String>,
    /// `azp` or `appid`: which program asked for the token.
    pub client: Option<String>,
}

impl Subject {
    /// The identity in one word: `entra:TID:OID` or `ISSUER:SUB`. The key of caches, quotas and records.
    pub fn key(&self) -> String {
        match &self.tid {
            Some(tid) => format!("entra:{tid}:{}", self.id),
            None => format!("{}:{}", self.issuer, self.id),
        }
    }
}

impl Claims {
    /// A claim, whatever its type.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A claim that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// A claim that is a whole number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.as_i64()
    }
}

/// Only the names: values are personal data and may be thousands of group ids.
impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Person => "person",
            Self::App => "app",
            Self::Pipelines => "pipelines",
            Self::GithubActions => "github-actions",
            Self::Gitlab => "gitlab",
            Self::Kubernetes => "kubernetes",
        })
    }
}
