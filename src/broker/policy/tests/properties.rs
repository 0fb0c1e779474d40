//! What holds for every policy, caller and ask.

use super::generator::{Dice, Draft};
use super::world::{NOW, around};
use crate::broker::ground::ask::Ask;
use crate::broker::ground::right::Right;
use crate::broker::ground::subject::Subject;
use crate::broker::policy::{Permit, Policy, compile};
use std::time::Duration;

const CASES: u64 = 1_500;

/// Everything about one throw.
struct Throw {
    dice: Dice,
    draft: Draft,
    policy: Policy,
    who: Subject,
    groups: Option<Vec<String>>,
    ask: Ask,
}

/// Throws until a property has been looked at [`CASES`] times; names the seed where it fails.
fn always(property: impl Fn(&mut Throw) -> bool) {
    let mut granted = 0;
    for seed in 0..CASES {
        let mut dice = Dice(seed);
        let draft = dice.draft();
        let Some(policy) = draft.policy() else { continue };
        let (who, groups, ask) = (dice.subject(), dice.groups(), dice.ask());
        let mut throw = Throw { dice, draft, policy, who, groups, ask };
        granted += usize::from(throw.permit(&throw.ask).is_some());
        assert!(
            property(&mut throw),
            "seed {seed}: {:?} asks {:?} of {:#?}",
            throw.who.claims.0,
            throw.ask,
            throw.draft
        );
    }
    assert!(granted > 150, "only {granted} of the cases granted anything");
}

impl Throw {
    fn permit(&self, ask: &Ask) -> Option<Permit> {
        permit(&self.policy, self, ask)
    }
}

fn permit(policy: &Policy, throw: &Throw, ask: &Ask) -> Option<Permit> {
    policy.decide(&throw.who, throw.groups.as_deref(), ask, NOW).outcome.ok()
}

/// How long each right can be had: the longest of every way to ask.
fn obtainable(policy: &Policy, throw: &Throw) -> [Duration; 2] {
    let asks =
        [None, Some(Right::Read), Some(Right::Write)].map(|right| Ask { right, life: None, ..throw.ask.clone() });
    let permits: Vec<Permit> = asks.iter().filter_map(|ask| permit(policy, throw, ask)).collect();
    [Right::Read, Right::Write].map(|right| {
        let lives = permits.iter().filter(|permit| permit.right >= right).map(|permit| permit.life);
        lives.max().unwrap_or_default()
    })
}

fn no_wider(policy: &Policy, throw: &Throw) -> bool {
    let (after, before) = (obtainable(policy, throw), obtainable(&throw.policy, throw));
    after.iter().zip(before).all(|(after, before)| *after <= before)
}

#[test]
fn a_further_condition_never_widens() {
    always(|throw| {
        let at = throw.dice.roll(throw.draft.rules.len());
        let condition = throw.dice.condition();
        let mut draft = throw.draft.clone();
        let when = &mut draft.rules[at].when;
        if when.iter().all(|(claim, _)| *claim != condition.0) {
            when.push(condition);
        }
        draft.policy().is_some_and(|policy| no_wider(&policy, throw))
    });
}

#[test]
fn a_further_deny_never_widens() {
    always(|throw| {
        let mut draft = throw.draft.clone();
        draft.denies.push(throw.dice.deny(99));
        draft.policy().is_some_and(|policy| no_wider(&policy, throw))
    });
}

#[test]
fn a_field_of_the_request_never_widens() {
    always(|throw| {
        let Some(with) = throw.permit(&throw.ask) else { return true };
        let bare = Ask { right: None, life: None, ..throw.ask.clone() };
        let most = throw.permit(&bare).map(|permit| permit.right);
        let longest = throw.permit(&Ask { right: Some(with.right), ..bare }).map(|permit| permit.life);
        Some(with.right) <= most
            && Some(with.life) <= longest
            && throw.ask.right.is_none_or(|asked| with.right <= asked)
            && throw.ask.life.is_none_or(|asked| with.life <= asked)
    });
}

#[test]
fn nothing_is_beyond_the_ceiling() {
    always(|throw| {
        let Some(permit) = throw.permit(&throw.ask) else { return true };
        let life = Duration::from_secs(throw.draft.life * 60);
        let whole_host = throw.ask.resource.repository.is_none();
        let barred = throw.draft.protected && (whole_host || throw.ask.resource.name().ends_with("/PAY/web"));
        let limit = if throw.draft.right == "write" && !barred { Right::Write } else { Right::Read };
        permit.right <= limit && permit.life <= life && !permit.life.is_zero()
    });
}

#[test]
fn the_order_of_rules_and_files_does_not_matter() {
    always(|throw| {
        let mut parts = throw.draft.parts();
        throw.dice.shuffle(&mut parts);
        let cut = throw.dice.roll(parts.len());
        let files = [("x".to_owned(), parts[..cut].concat()), ("y".to_owned(), parts[cut..].concat())];
        let other = compile(&files, around()).unwrap();
        let groups = throw.groups.as_deref();
        let [mine, its] = [&throw.policy, &other].map(|policy| policy.decide(&throw.who, groups, &throw.ask, NOW));
        mine == its && throw.policy.groups_to_ask(&throw.who, &throw.ask) == other.groups_to_ask(&throw.who, &throw.ask)
    });
}

#[test]
fn groups_that_nobody_asked_for_never_widen_and_those_not_worth_asking_change_nothing() {
    always(|throw| {
        let unasked = throw.policy.decide(&throw.who, None, &throw.ask, NOW);
        let asked = throw.dice.groups().unwrap_or_default();
        let answered = throw.policy.decide(&throw.who, Some(&asked), &throw.ask, NOW);
        let worth = throw.policy.groups_to_ask(&throw.who, &throw.ask);
        let overage = throw.who.claims.get("_claim_names").is_some_and(|names| names.get("groups").is_some());
        if !overage {
            return worth.is_empty() || throw.who.claims.get("_claim_names").is_some();
        }
        // A deny counts the group in once it is known: only what denies nothing is compared.
        let wider = unasked.outcome.is_ok() && answered.outcome.is_err();
        !wider && (!worth.is_empty() || unasked.outcome.is_ok() == answered.outcome.is_ok())
    });
}
