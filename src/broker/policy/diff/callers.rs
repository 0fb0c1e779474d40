//! Representative callers: for every rule that could matter, those who have just what it asks for.

use super::NOW;
use crate::broker::ground::subject::{Claims, Kind, Subject};
use crate::broker::policy::Policy;
use crate::broker::policy::canonical::{of_deny, of_rule};
use crate::broker::policy::condition::{Condition, Operator, Value};
use crate::broker::policy::model::{Deny, Rule};
use crate::broker::policy::pattern::Pattern;
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

/// Somebody, and where to try them.
pub(super) struct Caller {
    pub subject: Subject,
    pub resources: Vec<Pattern>,
    /// The rule, and the deny, that it was made of.
    pub rule: String,
}

/// A conjunction as claims: the values of lists, and single values.
type Needs = BTreeMap<String, Need>;

#[derive(Clone, Default)]
struct Need {
    values: Vec<Value>,
    single: bool,
}

impl Caller {
    /// Two callers of one key are decided about alike.
    pub fn key(&self) -> (Kind, String, String, i64) {
        let claims = Json::Object(self.subject.claims.0.clone()).to_string();
        (self.subject.kind, self.subject.issuer.clone(), claims, self.subject.issued.0)
    }
}

/// Everybody worth trying.
pub(super) fn of(old: &Policy, new: &Policy) -> Vec<Caller> {
    let denies = changed_denies(old, new);
    // A changed ceiling or deny concerns the callers of every rule, a changed rule its own.
    let all = old.ceiling != new.ceiling || !denies.is_empty();
    let [old_rules, new_rules] = [old, new].map(|policy| forms(policy, &policy.rules, of_rule));
    let mut callers = Vec::new();
    for (policy, others) in [(old, &new_rules), (new, &old_rules)] {
        for rule in &policy.rules {
            if all || !others.contains(&of_rule(rule, &policy.names, &policy.around)) {
                of_one(rule, policy, [old, new], &denies, &mut callers);
            }
        }
    }
    callers
}

/// The denies that only one of the two has, with the policy that has them.
fn changed_denies<'a>(old: &'a Policy, new: &'a Policy) -> Vec<(&'a Deny, &'a Policy)> {
    let [old_denies, new_denies] = [old, new].map(|policy| forms(policy, &policy.denies, of_deny));
    let only = |policy: &'a Policy, others: HashSet<String>| {
        let is_new = move |deny: &&Deny| !others.contains(&of_deny(deny, &policy.names, &policy.around));
        policy.denies.iter().filter(is_new).map(move |deny| (deny, policy))
    };
    only(old, new_denies).chain(only(new, old_denies)).collect()
}

fn forms<T>(
    policy: &Policy,
    parts: &[T],
    form: fn(&T, &[String], &crate::broker::policy::Surroundings) -> String,
) -> HashSet<String> {
    parts.iter().map(|part| form(part, &policy.names, &policy.around)).collect()
}

/// The callers of one rule: alone, and with what each changed deny asks for.
fn of_one(rule: &Rule, policy: &Policy, both: [&Policy; 2], denies: &[(&Deny, &Policy)], callers: &mut Vec<Caller>) {
    let alone = variants(&rule.when, &policy.names);
    let mut kinds: Vec<(Needs, String)> = alone.iter().map(|needs| (needs.clone(), rule.id.clone())).collect();
    let base = alone.into_iter().next().unwrap_or_default();
    let concerned = denies.iter().filter(|(deny, _)| {
        deny.who.is_none_or(|who| who == rule.who) && deny.issuer.as_ref().is_none_or(|issuer| *issuer == rule.issuer)
    });
    for (deny, owner) in concerned {
        let merged = variants(&deny.when, &owner.names).into_iter().filter_map(|more| merge(&base, &more));
        kinds.extend(merged.map(|needs| (needs, format!("{} with {}", rule.id, deny.id))));
    }
    for (needs, origin) in kinds {
        for (context, age) in sign_ins(rule, both) {
            callers.push(Caller {
                subject: subject(rule, &needs, context.as_deref(), age),
                resources: rule.resources.clone(),
                rule: origin.clone(),
            });
        }
    }
}

/// The least claims that fulfil all conditions; of an `any_in`, each value in turn.
fn variants(when: &[Condition], names: &[String]) -> Vec<Needs> {
    let claims = |turn: Option<(usize, &Value)>| {
        let mut needs = Needs::new();
        for (at, condition) in when.iter().enumerate() {
            let Some(name) = names.get(condition.claim) else { continue };
            let need = needs.entry(name.clone()).or_default();
            let picked = turn.filter(|(turn, _)| *turn == at).map(|(_, value)| value);
            match condition.operator {
                Operator::AllIn => need.values.extend(condition.values.iter().cloned()),
                Operator::AnyIn => need.values.extend(picked.or(condition.values.first()).cloned()),
                Operator::Eq => *need = Need { values: condition.values.clone(), single: true },
            }
        }
        needs
    };
    let turns = when.iter().enumerate().filter(|(_, condition)| condition.operator == Operator::AnyIn);
    let turns = turns.flat_map(|(at, condition)| condition.values.iter().skip(1).map(move |value| (at, value)));
    std::iter::once(claims(None)).chain(turns.map(|turn| claims(Some(turn)))).collect()
}

/// Both at once, if one caller can have both.
fn merge(one: &Needs, other: &Needs) -> Option<Needs> {
    let mut both = one.clone();
    for (name, more) in other {
        let need = both.entry(name.clone()).or_default();
        let is_list = LISTS.contains(&name.as_str());
        if (need.single || more.single || !is_list) && !need.values.is_empty() && need.values != more.values {
            return None;
        }
        need.single |= more.single;
        need.values.extend(more.values.iter().cloned());
    }
    Some(both)
}

/// Which sign-ins make a difference to a rule of this id in either policy: authentication context, age of the token.
fn sign_ins(rule: &Rule, both: [&Policy; 2]) -> BTreeSet<(Option<String>, Duration)> {
    let namesakes = both.into_iter().flat_map(|policy| policy.rules.iter().filter(|other| other.id == rule.id));
    let (mut contexts, mut ages) = (BTreeSet::from([None]), BTreeSet::from([Duration::ZERO]));
    for step_up in namesakes.map(|rule| &rule.step_up) {
        contexts.insert(step_up.acrs.clone());
        ages.extend(step_up.max_age);
        ages.extend(step_up.max_age.map(|age| age + Duration::from_secs(1)));
    }
    contexts.iter().flat_map(|context| ages.iter().map(|age| (context.clone(), *age))).collect()
}

fn subject(rule: &Rule, needs: &Needs, context: Option<&str>, age: Duration) -> Subject {
    let mut claims = Map::new();
    for (name, need) in needs {
        let values: BTreeSet<&Value> = need.values.iter().collect();
        let mut values: Vec<Json> = values.into_iter().map(Value::json).collect();
        let single = need.single || (values.len() == 1 && !LISTS.contains(&name.as_str()));
        let claim = if single { values.pop().unwrap_or_default() } else { Json::Array(values) };
        claims.insert(name.clone(), claim);
    }
    if let Some(context) = context {
        claims.insert("acrs".into(), context.into());
    }
    Subject {
        kind: rule.who,
        issuer: rule.issuer.clone(),
        tid: None,
        id: String::new(),
        name: String::new(),
        email: None,
        claims: Claims(claims),
        issued: NOW.before(age),
        expires: NOW.after(Duration::from_secs(3600)),
        token_sha256: String::new(),
        uti: None,
        client: None,
    }
}

/// Claims of which one caller has several values.
const LISTS: [&str; 4] = ["groups", "wids", "roles", "acrs"];
