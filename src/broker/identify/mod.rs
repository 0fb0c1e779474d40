//! Who asks: a token is believed, or refused with the reason.

use crate::basis::clock::Timestamp;
use crate::basis::secret::Assertion;
use crate::broker::ground::ask::Refusal;
use crate::broker::ground::subject::Subject;

/// The issuers of the configuration and their keys, fetched when needed.
pub struct Issuers {}

impl Issuers {
    /// Believes `token` or says why not. `kind` is the request's `subject_token_type`.
    pub async fn identify(&self, _token: &Assertion, _kind: &str, _now: Timestamp) -> Result<Subject, Refusal> {
        Err(Refusal::GrantType)
    }

    /// Which of `candidates` (group object ids) the subject is in, where its token does not say (group overage).
    /// Fails closed: an error is a refusal.
    pub async fn member_of(
        &self,
        _subject: &Subject,
        _candidates: &[String],
        _now: Timestamp,
    ) -> Result<Vec<String>, Refusal> {
        Err(Refusal::GrantType)
    }

    /// Which issuers' keys are at hand or can be had, for `/readyz`: the name and what is wrong, if something is.
    pub async fn health(&self, _now: Timestamp) -> Vec<(String, Option<String>)> {
        Vec::new()
    }
}
