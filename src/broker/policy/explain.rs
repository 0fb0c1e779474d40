//! What a caller's own token could get, and what is missing.

use crate::basis::clock::Timestamp;
use crate::broker::ground::ask::{Ask, Refusal};
use crate::broker::ground::right::Right;
use crate::broker::ground::subject::Subject;
use crate::broker::policy::Policy;
use crate::broker::policy::condition::{Condition, Held};
use crate::broker::policy::decide::{Case, Fit};
use crate::broker::policy::model::Rule;
use serde::Serialize;

/// The answer of `/v1/explain`: about the caller's own token only. Claims are named, their values and those that rules
/// compare with are not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// SHA-256 of the policy.
    pub policy: String,
    pub resource: String,
    pub outcome: Outcome,
    /// Whom to ask for more.
    pub contact: Option<String>,
    /// What stands between the caller and the rules that are nearest, `RULE: CLAIM OPERATOR`.
    pub missing: Vec<String>,
    /// The rules about callers of this kind and this resource, those that match first.
    pub rules: Vec<RuleSeen>,
    /// How many more there are.
    pub left_out: usize,
}

/// What a request would be answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Outcome {
    Granted {
        right: Right,
        /// Seconds.
        life: u64,
        service_user: Option<String>,
    },
    StepUp {
        acrs: Option<String>,
        /// Seconds.
        max_age: Option<u64>,
    },
    Refused {
        reason: String,
    },
}

/// One rule as it stands to the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleSeen {
    pub id: String,
    pub matches: Match,
    pub right: Right,
    /// Seconds.
    pub life: u64,
    /// In `mode = "audit"` it grants nothing.
    pub enforced: bool,
    /// `CLAIM OPERATOR` of each condition that does not hold.
    pub failed: Vec<String>,
    pub contact: Option<String>,
}

/// Whether a rule matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Match {
    Yes,
    /// But for a newer or stronger sign-in.
    AfterStepUp,
    No,
}

/// Explains what [`Policy::decide`] says with the same arguments.
pub fn explain(
    policy: &Policy,
    subject: &Subject,
    groups: Option<&[String]>,
    ask: &Ask,
    now: Timestamp,
) -> Explanation {
    let case = Case::new(policy, subject, groups, ask, now);
    let fitting = policy.target(ask).map(|target| policy.index.fitting(&policy.rules, subject, target));
    let mut rules: Vec<RuleSeen> = fitting.unwrap_or_default().into_iter().map(|rule| seen(&case, rule)).collect();
    rules.sort_by_key(|rule| (rule.matches, !rule.enforced, rule.failed.len()));
    let (outcome, contact) = outcome(case.verdict().outcome);
    let contact = contact.or_else(|| rules.iter().find(|rule| rule.enforced)?.contact.clone());
    let left_out = rules.len().saturating_sub(SHOWN);
    rules.truncate(SHOWN);
    let missing = missing(&rules);
    let (policy, resource) = (policy.digest.clone(), ask.resource.name());
    Explanation { policy, resource, outcome, contact, missing, rules, left_out }
}

fn seen(case: &Case<'_>, rule: &Rule) -> RuleSeen {
    let matches = match case.fit(rule) {
        Fit::Matches => Match::Yes,
        Fit::StepUp => Match::AfterStepUp,
        Fit::Fails => Match::No,
    };
    let failed = rule.when.iter().filter_map(|condition| failed(case, condition)).collect();
    RuleSeen {
        id: rule.id.clone(),
        matches,
        right: rule.right,
        life: rule.life.as_secs(),
        enforced: rule.enforced,
        failed,
        contact: rule.contact.clone(),
    }
}

fn failed(case: &Case<'_>, condition: &Condition) -> Option<String> {
    let why = match condition.held(&case.view) {
        Held::Yes => return None,
        Held::No => "",
        Held::WrongType => " (the claim has another type)",
        Held::Unknown => " (not in the token)",
    };
    let name = case.policy.names.get(condition.claim)?;
    Some(format!("{name} {}{why}", condition.operator.word()))
}

fn outcome(decided: Result<super::Permit, Refusal>) -> (Outcome, Option<String>) {
    match decided {
        Ok(permit) => {
            let (right, life, service_user) = (permit.right, permit.life.as_secs(), permit.service_user);
            (Outcome::Granted { right, life, service_user }, None)
        }
        Err(Refusal::StepUp(step)) => {
            (Outcome::StepUp { acrs: step.acrs, max_age: step.max_age.map(|age| age.as_secs()) }, None)
        }
        Err(Refusal::Denied { reason, contact }) => (Outcome::Refused { reason }, contact),
        Err(Refusal::Target(reason) | Refusal::Unavailable { reason, .. }) => (Outcome::Refused { reason }, None),
        Err(_) => (Outcome::Refused { reason: "no token is issued".into() }, None),
    }
}

/// Of the rules that would grant something, those with the fewest conditions that fail.
fn missing(rules: &[RuleSeen]) -> Vec<String> {
    let failing = || rules.iter().filter(|rule| rule.enforced && rule.matches == Match::No);
    let fewest = failing().map(|rule| rule.failed.len()).min().unwrap_or_default();
    let nearest = failing().filter(|rule| rule.failed.len() == fewest);
    nearest.flat_map(|rule| rule.failed.iter().map(|failed| format!("{}: {failed}", rule.id))).collect()
}

/// At most this many rules are listed.
const SHOWN: usize = 50;
