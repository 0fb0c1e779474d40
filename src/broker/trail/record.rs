//! What is written of a decision. Digests, never tokens.

use serde::Serialize;

/// One decision, granted or refused.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Record {
    /// RFC 3339, UTC.
    pub time: String,
    /// `exchange`, `credentials`, `revoke`, `explain`, `connect`, `panic`, `start`.
    pub event: &'static str,
    /// `ok`, or the error's name.
    pub outcome: String,
    /// Why not, or what the decision rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Our name for the request, which its answer has as `X-Request-Id`; and the name that the caller has given.
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_id: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub peer: String,
    /// The caller's program and version, as it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// `entra:TID:OID`, or `ISSUER:SUB`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Entra's name of the subject token in its sign-in log, and the program that asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_token_sha256: Option<String>,
    /// What was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_seconds: Option<u64>,
    /// What the policy says: the rules, the deciding one first; conditions that held and that did not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audit_rules: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// What was handed out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub granted: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_sha256: Option<String>,
    /// Data Center's id of the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_id: Option<String>,
    /// The Bitbucket account that acts with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// It was issued before.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
}
