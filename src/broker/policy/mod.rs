//! May they: deny list, ceiling, rules, request, in that order.

mod canonical;
mod compile;
mod condition;
mod decide;
pub mod diff;
pub mod error;
pub mod explain;
mod files;
pub mod fixtures;
mod groups;
mod guid;
mod index;
pub mod live;
mod model;
mod pattern;
pub mod show;
mod spelling;
pub mod surroundings;
mod view;

#[cfg(test)]
mod tests;

pub use compile::{LARGEST_FILE, compile};
pub use error::{PolicyError, listed};
pub use explain::{Explanation, explain};
pub use surroundings::{KnownHost, KnownIssuer, KnownUser, Surroundings};

use crate::basis::clock::Timestamp;
use crate::broker::ground::ask::{Ask, Refusal};
use crate::broker::ground::right::Right;
use crate::broker::ground::subject::Subject;
use std::time::Duration;

/// A compiled policy. Immutable; a reload makes another one. Only [`compile`] makes one.
#[derive(Clone, Debug)]
pub struct Policy {
    ceiling: model::Ceiling,
    /// Sorted by id, as are the rules.
    denies: Vec<model::Deny>,
    rules: Vec<model::Rule>,
    /// The claim names that conditions point at.
    names: Vec<String>,
    index: index::Index,
    digest: String,
    around: Surroundings,
}

/// What the policy says about one request.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub outcome: Result<Permit, Refusal>,
    /// The ids of the rules that matched, the deciding one first; after a refusal the id of the deny that holds, or of
    /// the rule that asks for another sign-in. Of those in `mode = "audit"`, separately.
    pub rules: Vec<String>,
    pub audit_rules: Vec<String>,
    /// Conditions that held and that did not, as `claim operator` (never values of personal data), for the record. The
    /// same words can be in both, of different rules.
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
    /// Container and repository, or all of a container, which the account behind the token must not be able to write to:
    /// the token would be as well. Empty where tokens reach one repository, or can only read.
    pub protected: Vec<(String, Option<String>)>,
}

impl Policy {
    /// Decides. Pure: the same policy, subject, ask and time always give the same verdict. `groups` are the group ids
    /// that are known of the subject beyond those in its token, once [`groups_to_ask`](Self::groups_to_ask) was
    /// answered; `None` where nobody was asked, which refuses whatever a deny by group could forbid.
    pub fn decide(&self, subject: &Subject, groups: Option<&[String]>, ask: &Ask, now: Timestamp) -> Verdict {
        decide::Case::new(self, subject, groups, ask, now).verdict()
    }

    /// The group ids that rules and denies for this ask compare with, if the subject's token leaves its groups out
    /// (overage) and the answer could matter; empty otherwise. Sorted, lower-case.
    pub fn groups_to_ask(&self, subject: &Subject, ask: &Ask) -> Vec<String> {
        groups::to_ask(self, subject, ask)
    }

    /// SHA-256 over the compiled policy, 64 hex digits: the same for the same meaning, however it is written down.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}
