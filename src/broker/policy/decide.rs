//! One decision: deny list, ceiling, matching rules, request, smallest life.

use crate::basis::clock::Timestamp;
use crate::broker::ground::ask::{Ask, Refusal, StepUp};
use crate::broker::ground::right::Right;
use crate::broker::ground::subject::Subject;
use crate::broker::policy::condition::{Condition, Held, OPERATORS};
use crate::broker::policy::model::{Deny, Rule};
use crate::broker::policy::pattern::{Part, Pattern, Target};
use crate::broker::policy::view::View;
use crate::broker::policy::{Permit, Policy, Verdict};
use std::time::Duration;

/// One subject, one ask.
pub(super) struct Case<'a> {
    pub policy: &'a Policy,
    pub subject: &'a Subject,
    pub ask: &'a Ask,
    pub now: Timestamp,
    pub view: View<'a>,
}

/// How a rule whose resources fit stands to a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Matches,
    /// It would match, but for a newer or stronger sign-in.
    StepUp,
    Fails,
}

/// Conditions by what came of them: for each claim name, which operators.
struct Conditions {
    held: Vec<[bool; OPERATORS.len()]>,
    failed: Vec<[bool; OPERATORS.len()]>,
}

impl<'a> Case<'a> {
    pub fn new(
        policy: &'a Policy,
        subject: &'a Subject,
        groups: Option<&'a [String]>,
        ask: &'a Ask,
        now: Timestamp,
    ) -> Self {
        Self { policy, subject, ask, now, view: View::new(&policy.names, subject, groups) }
    }

    /// Decides.
    pub fn verdict(&self) -> Verdict {
        let none = vec![[false; OPERATORS.len()]; self.policy.names.len()];
        let mut conditions = Conditions { held: none.clone(), failed: none };
        let Some(target) = self.policy.target(self.ask) else {
            return self.closed(Refusal::Target(beyond(self.ask)), Vec::new(), &conditions);
        };
        let denies: Vec<&Deny> = self.denies(target).collect();
        if let Some(deny) = denies.iter().find(|deny| deny.held(&self.view) == Held::Yes) {
            self.note(&deny.when, &mut conditions);
            return self.closed(denied_by(deny), vec![deny.id.clone()], &conditions);
        }
        if !self.policy.ceiling.resources.iter().any(|pattern| pattern.covers_target(target)) {
            let refusal = Refusal::Denied { reason: beyond(self.ask), contact: None };
            return self.closed(refusal, Vec::new(), &conditions);
        }
        if let Some(deny) = denies.iter().find(|deny| deny.held(&self.view) == Held::Unknown) {
            return self.closed(groups_unknown(), vec![deny.id.clone()], &conditions);
        }
        self.by_rules(target, &mut conditions)
    }

    /// The denies that are about this kind of caller and this place.
    pub fn denies(&self, target: Target<'a>) -> impl Iterator<Item = &'a Deny> {
        let subject = self.subject;
        let touched = move |deny: &Deny| {
            deny.resources.is_empty() || deny.resources.iter().any(|pattern| pattern.is_touched_by(target))
        };
        self.policy.denies.iter().filter(move |deny| deny.is_about(subject) && touched(deny))
    }

    /// How a rule stands, once its resources fit.
    pub fn fit(&self, rule: &Rule) -> Fit {
        match rule.held(&self.view) {
            Held::Yes if self.signed_in_for(&rule.step_up) => Fit::Matches,
            Held::Yes => Fit::StepUp,
            _ => Fit::Fails,
        }
    }

    fn by_rules(&self, target: Target<'_>, conditions: &mut Conditions) -> Verdict {
        let fitting = self.policy.index.fitting(&self.policy.rules, self.subject, target);
        let (mut matching, mut stepping, mut audit) = (Vec::new(), Vec::new(), Vec::new());
        for rule in &fitting {
            match self.fit(rule) {
                Fit::Matches if rule.enforced => matching.push(*rule),
                Fit::Matches => audit.push(rule.id.clone()),
                Fit::StepUp if rule.enforced => stepping.push(*rule),
                Fit::StepUp | Fit::Fails => {}
            }
            self.note(&rule.when, conditions);
        }
        let limit = self.policy.limit(target);
        let given = matching.iter().map(|rule| rule.right.min(limit)).max();
        let wanted = self.ask.right.unwrap_or(Right::Write).min(limit);
        let more = |rule: &&&Rule| Some(rule.right.min(wanted)) > given;
        let lacks = self.ask.right.is_some() && given < Some(wanted) || given.is_none();
        let step = stepping.iter().filter(more).max_by_key(|rule| (rule.right, std::cmp::Reverse(&rule.id)));
        let mut verdict = match (step.filter(|_| lacks), given) {
            (Some(rule), _) => self.closed(Refusal::StepUp(rule.step_up.clone()), vec![rule.id.clone()], conditions),
            (None, Some(given)) => self.permit(given.min(wanted), &mut matching, target, conditions),
            (None, None) => self.closed(self.no_rule(&fitting), Vec::new(), conditions),
        };
        verdict.audit_rules = audit;
        verdict
    }

    /// Of the rules that give the right, the one that gives it longest decides; the rest of them add nothing.
    fn permit(&self, right: Right, matching: &mut [&Rule], target: Target<'_>, conditions: &Conditions) -> Verdict {
        matching.sort_by_key(|rule| (rule.right < right, std::cmp::Reverse(rule.life), rule.right));
        let deciding = matching.first();
        let life = deciding.map_or(Duration::ZERO, |rule| rule.life).min(self.policy.ceiling.life);
        let life = self.ask.life.map_or(life, |asked| life.min(asked));
        let user = deciding.and_then(|rule| rule.service_user.as_ref()).filter(|(_, host)| *host == target.0);
        let service_user = user.map(|(name, _)| name.clone());
        let mut verdict =
            self.closed(Refusal::GrantType, matching.iter().map(|rule| rule.id.clone()).collect(), conditions);
        let protected = if right == Right::Write { self.policy.protected_beside(target.0) } else { Vec::new() };
        verdict.outcome = Ok(Permit { right, life, service_user, protected });
        verdict
    }

    fn no_rule(&self, fitting: &[&Rule]) -> Refusal {
        let contact = fitting.iter().filter(|rule| rule.enforced).find_map(|rule| rule.contact.clone());
        Refusal::Denied { reason: format!("no rule gives you anything on `{}`", self.ask.resource), contact }
    }

    fn signed_in_for(&self, needed: &StepUp) -> bool {
        let old = needed.max_age.is_some_and(|most| self.subject.issued.until(self.now) > most);
        !old && needed.acrs.as_ref().is_none_or(|context| self.has_context(context))
    }

    fn has_context(&self, context: &str) -> bool {
        let claim = self.subject.claims.get("acrs");
        let listed = claim.and_then(|claim| claim.as_array()).is_some_and(|list| list.iter().any(|one| one == context));
        listed || claim.is_some_and(|claim| claim == context)
    }

    /// Records what came of each condition.
    fn note(&self, when: &[Condition], conditions: &mut Conditions) {
        for condition in when {
            let held = condition.held(&self.view) == Held::Yes;
            let side = if held { &mut conditions.held } else { &mut conditions.failed };
            if let Some(operators) = side.get_mut(condition.claim) {
                operators[condition.operator as usize] = true;
            }
        }
    }

    fn closed(&self, refusal: Refusal, rules: Vec<String>, conditions: &Conditions) -> Verdict {
        Verdict {
            outcome: Err(refusal),
            rules,
            audit_rules: Vec::new(),
            held: self.policy.labels(&conditions.held),
            failed: self.policy.labels(&conditions.failed),
            digest: self.policy.digest.clone(),
        }
    }
}

impl Policy {
    /// Where an ask points; `None` on a host that this policy was not compiled for.
    pub(super) fn target<'a>(&self, ask: &'a Ask) -> Option<Target<'a>> {
        let host = self.around.hosts.iter().position(|host| host.url == ask.resource.host)?;
        let place = ask.resource.repository.as_ref();
        Some((host, place.map(|(container, repository)| (container.as_str(), repository.as_str()))))
    }

    /// The highest right that anything can end in there: the ceiling's, and only read where writing is barred.
    pub(super) fn limit(&self, target: Target<'_>) -> Right {
        if self.ceiling.protects(target) { Right::Read } else { self.ceiling.right }
    }

    /// What tokens of a host that can write could write to, though nothing may: nothing where they reach one repository.
    fn protected_beside(&self, host: usize) -> Vec<(String, Option<String>)> {
        let confined = self.around.hosts.get(host).is_some_and(|known| known.confined);
        let there = self.ceiling.protected.iter().filter(|pattern| pattern.host == host && !confined);
        // All of a host is a place that no rule can grant write on.
        let place = |pattern: &Pattern| match &pattern.part {
            Part::All => None,
            Part::Container(container) => Some((container.clone(), None)),
            Part::Repository(container, repository) => Some((container.clone(), Some(repository.clone()))),
        };
        there.filter_map(place).collect()
    }

    fn labels(&self, conditions: &[[bool; OPERATORS.len()]]) -> Vec<String> {
        let mut labels = Vec::new();
        for (name, operators) in self.names.iter().zip(conditions) {
            let met = OPERATORS.into_iter().zip(operators).filter(|(_, met)| **met);
            labels.extend(met.map(|(operator, _)| format!("{name} {}", operator.word())));
        }
        labels.sort();
        labels
    }
}

fn denied_by(deny: &Deny) -> Refusal {
    Refusal::Denied { reason: format!("{} (`{}`)", deny.reason, deny.id), contact: deny.contact.clone() }
}

fn beyond(ask: &Ask) -> String {
    format!("this broker has no tokens for `{}`", ask.resource)
}

fn groups_unknown() -> Refusal {
    Refusal::Unavailable { reason: "your groups are not known yet".into(), after: Duration::from_secs(10) }
}
