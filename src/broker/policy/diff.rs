//! `policy diff OLD NEW`: whose effective rights change. Representative callers are made of what the rules and denies
//! compare with, representative resources of their patterns, and both policies decide about them.
//!
//! Rules only add to each other and conditions only ask for more, so whoever gains or loses by a changed rule has its
//! least claims, and the callers with just these show it.

mod callers;
mod places;

use crate::basis::clock::Timestamp;
use crate::broker::ground::ask::{Ask, Refusal};
use crate::broker::ground::resource::Resource;
use crate::broker::ground::right::Right;
use crate::broker::policy::Policy;
use crate::broker::policy::files::{compiled, surroundings};
use crate::broker::policy::spelling::span;
use callers::Caller;
use serde::Serialize;
use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

/// What changes from one policy to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// SHA-256 of both.
    pub old: String,
    pub new: String,
    pub changes: Vec<Change>,
    /// Whether anybody gets more than before, or something was not compared: what a pipeline should stop at.
    pub widens: bool,
    /// How many callers were tried at how many resources, and how many more there would have been.
    pub compared: usize,
    pub left_out: usize,
}

/// One right of one representative caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Kind and issuer.
    pub who: String,
    pub claims: serde_json::Value,
    /// `fresh`, or how old the token is, in seconds.
    pub token_age: u64,
    pub resource: String,
    pub right: Right,
    pub before: String,
    pub after: String,
    /// More than before: a right, a longer life, fewer conditions on the sign-in, or another service user.
    pub wider: bool,
    /// The rule of the old or the new policy that led to this caller.
    pub rule: String,
}

/// What a right comes to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cell {
    No,
    StepUp,
    For(Duration, Option<String>),
}

/// Compares the policies at two places. `broker` is a `broker.toml`, of which only hosts, issuers and service users are
/// read. An error lists every problem, a line each.
pub fn run(old: &Path, new: &Path, broker: &Path) -> Result<Diff, String> {
    let around = surroundings(broker)?;
    Ok(compare(&compiled(old, &around)?, &compiled(new, &around)?))
}

/// Compares two policies of the same surroundings.
pub fn compare(old: &Policy, new: &Policy) -> Diff {
    let (mut changes, mut seen, mut left_out) = (Vec::new(), HashSet::new(), 0);
    let places = places::Places::of(old, new);
    for caller in callers::of(old, new) {
        for place in places.of_rule(&caller.resources) {
            if seen.contains(&(caller.key(), place.clone())) {
                continue;
            }
            if seen.len() >= MOST {
                left_out += 1;
                continue;
            }
            for right in [Right::Read, Right::Write] {
                changes.extend(change(old, new, &caller, &place, right));
            }
            seen.insert((caller.key(), place));
        }
    }
    changes.sort_by(|a, b| (!a.wider, &a.who, &a.resource).cmp(&(!b.wider, &b.who, &b.resource)));
    let widens = left_out > 0 || changes.iter().any(|change| change.wider);
    Diff { old: old.digest.clone(), new: new.digest.clone(), changes, widens, compared: seen.len(), left_out }
}

impl Diff {
    /// A line for each change, what widens first.
    pub fn text(&self) -> String {
        let mut text: String = self.changes.iter().map(Change::line).collect();
        if self.changes.is_empty() {
            text += if self.old == self.new { "the two mean the same\n" } else { "nobody's rights change\n" };
        }
        if self.left_out > 0 {
            text.extend([format!("WIDER?  {} pairs of caller and resource were not compared\n", self.left_out)]);
        }
        let wider = self.changes.iter().filter(|change| change.wider).count();
        text + &format!("{} changes, {wider} of them wider; {} pairs compared\n", self.changes.len(), self.compared)
    }
}

impl Change {
    fn line(&self) -> String {
        let mark = if self.wider { "WIDER" } else { "less " };
        let age = match self.token_age {
            0 => String::new(),
            seconds => format!(" with a token of {}", span(Duration::from_secs(seconds))),
        };
        let Self { who, claims, resource, right, before, after, rule, .. } = self;
        format!("{mark}  {who} {claims}{age}: {right} on {resource}: {before} -> {after} ({rule})\n")
    }
}

fn change(old: &Policy, new: &Policy, caller: &Caller, place: &Resource, right: Right) -> Option<Change> {
    let [before, after] = [old, new].map(|policy| cell(policy, caller, place, right));
    let other_user = matches!((&before, &after), (Cell::For(_, one), Cell::For(_, other)) if one != other);
    (before != after).then(|| Change {
        who: format!("{} of {}", caller.subject.kind, caller.subject.issuer),
        claims: serde_json::Value::Object(caller.subject.claims.0.clone()),
        token_age: caller.subject.issued.until(NOW).as_secs(),
        resource: place.name(),
        right,
        wider: after > before || other_user,
        before: before.text(),
        after: after.text(),
        rule: caller.rule.clone(),
    })
}

fn cell(policy: &Policy, caller: &Caller, place: &Resource, right: Right) -> Cell {
    let ask = Ask { resource: place.clone(), right: Some(right), life: None };
    // What is barred is no answer to another sign-in, either.
    if policy.target(&ask).is_none_or(|target| policy.limit(target) < right) {
        return Cell::No;
    }
    match policy.decide(&caller.subject, None, &ask, NOW).outcome {
        Ok(permit) if permit.right >= right => Cell::For(permit.life, permit.service_user),
        Err(Refusal::StepUp(_)) => Cell::StepUp,
        _ => Cell::No,
    }
}

impl Cell {
    fn text(&self) -> String {
        match self {
            Self::No => "no".into(),
            Self::StepUp => "after another sign-in".into(),
            Self::For(life, None) => span(*life),
            Self::For(life, Some(user)) => format!("{} as {user}", span(*life)),
        }
    }
}

/// A moment like any other.
const NOW: Timestamp = Timestamp(1_767_225_600);

/// So many pairs of caller and resource are compared: seconds, not minutes.
const MOST: usize = 50_000;

#[cfg(test)]
mod tests;
