//! May they: deny list, ceiling, rules, request, in that order.

use crate::basis::clock::Timestamp;
use crate::broker::ground::ask::{Ask, Refusal};
use crate::broker::ground::right::Right;
use crate::broker::ground::subject::Subject;
use std::time::Duration;

/// A compiled policy. Immutable; a reload makes another one.
pub struct Policy {}

/// What the policy says about one request.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub outcome: Result<Permit, Refusal>,
    /// The ids of the rules that matched, the deciding one first; of those in `mode = "audit"`, separately.
    pub rules: Vec<String>,
    pub audit_rules: Vec<String>,
    /// Conditions that held and that did not, as `claim operator` (never values of personal data), for the record.
    pub held: Vec<String>,
    pub failed: Vec<String>,
    /// SHA-256 of the compiled policy.
    pub digest: String,
}

/// What is granted, before the back end narrows it further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    pub right: Right,
    pub life: Duration,
    /// The `[[service_user]]` whose grant serves, where a rule names one.
    pub service_user: Option<String>,
}

impl Policy {
    /// Decides. Pure: the same policy, subject, ask and time always give the same verdict. `groups` are further group
    /// ids that are known of the subject (overage resolved), beyond those in its token.
    pub fn decide(&self, _subject: &Subject, _groups: &[String], _ask: &Ask, _now: Timestamp) -> Verdict {
        Verdict {
            outcome: Err(Refusal::GrantType),
            rules: Vec::new(),
            audit_rules: Vec::new(),
            held: Vec::new(),
            failed: Vec::new(),
            digest: String::new(),
        }
    }

    /// The group ids that rules for this ask compare with, if the subject's token leaves its groups out (overage) and
    /// the answer could matter; empty otherwise.
    pub fn groups_to_ask(&self, _subject: &Subject, _ask: &Ask) -> Vec<String> {
        Vec::new()
    }

    /// SHA-256 over the compiled policy, 64 hex digits.
    pub fn digest(&self) -> &str {
        ""
    }
}
