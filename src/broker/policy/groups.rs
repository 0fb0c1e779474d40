//! Group overage: which groups are worth asking Entra about.

use crate::basis::clock::Timestamp;
use crate::broker::ground::ask::Ask;
use crate::broker::ground::subject::Subject;
use crate::broker::policy::Policy;
use crate::broker::policy::condition::{Condition, Held, Value};
use crate::broker::policy::decide::Case;
use crate::broker::policy::guid::spelled;
use crate::broker::policy::view::leaves_groups_out;
use std::collections::BTreeSet;

/// The candidates of rules and denies that hang on nothing but groups. See [`Policy::groups_to_ask`].
pub(super) fn to_ask(policy: &Policy, subject: &Subject, ask: &Ask) -> Vec<String> {
    let Some(target) = policy.target(ask).filter(|_| leaves_groups_out(&subject.claims)) else { return Vec::new() };
    let case = Case::new(policy, subject, None, ask, Timestamp(0));
    let denied = case.denies(target).any(|deny| deny.held(&case.view) == Held::Yes);
    if denied || !policy.ceiling.resources.iter().any(|pattern| pattern.covers_target(target)) {
        return Vec::new();
    }
    let denies = case.denies(target).filter(|deny| deny.held(&case.view) == Held::Unknown).map(|deny| &deny.when);
    let rules = policy.index.fitting(&policy.rules, subject, target);
    let rules = rules.into_iter().filter(|rule| rule.held(&case.view) == Held::Unknown).map(|rule| &rule.when);
    let unknown = |condition: &&Condition| condition.held(&case.view) == Held::Unknown;
    let values = denies.chain(rules).flatten().filter(unknown).flat_map(|condition| &condition.values);
    let ids: BTreeSet<u128> = values.filter_map(guid).collect();
    ids.into_iter().map(spelled).collect()
}

fn guid(value: &Value) -> Option<u128> {
    match value {
        Value::Guid(id) => Some(*id),
        _ => None,
    }
}
