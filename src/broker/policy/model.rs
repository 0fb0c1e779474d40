//! A compiled policy's parts. What is here was checked; nothing else can make one.

use crate::broker::ground::ask::StepUp;
use crate::broker::ground::right::Right;
use crate::broker::ground::subject::{Kind, Subject};
use crate::broker::policy::condition::{Condition, Held};
use crate::broker::policy::pattern::Pattern;
use crate::broker::policy::view::View;
use std::time::Duration;

/// What no rule can go beyond.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ceiling {
    pub right: Right,
    pub life: Duration,
    pub resources: Vec<Pattern>,
    /// Positions of hosts, sorted.
    pub account_wide: Vec<usize>,
    pub protected: Vec<Pattern>,
}

/// Who gets nothing, whatever the rules say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Deny {
    pub id: String,
    pub who: Option<Kind>,
    pub issuer: Option<String>,
    /// Empty: everyone.
    pub when: Vec<Condition>,
    /// Empty: everything.
    pub resources: Vec<Pattern>,
    pub reason: String,
    pub contact: Option<String>,
}

/// Who gets what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub id: String,
    pub who: Kind,
    pub issuer: String,
    /// Empty: everyone whom the issuer vouches for.
    pub when: Vec<Condition>,
    pub resources: Vec<Pattern>,
    pub right: Right,
    pub life: Duration,
    pub account_wide: bool,
    /// Its name and the position of its host.
    pub service_user: Option<(String, usize)>,
    pub step_up: StepUp,
    /// `false`: recorded, grants nothing.
    pub enforced: bool,
    pub contact: Option<String>,
}

impl Deny {
    /// Whether it is about callers like this one at all.
    pub fn is_about(&self, subject: &Subject) -> bool {
        self.who.is_none_or(|kind| kind == subject.kind)
            && self.issuer.as_ref().is_none_or(|issuer| *issuer == subject.issuer)
    }

    /// Whether it holds. A claim of the wrong type counts as fulfilled here: a door stays shut rather than open.
    pub fn held(&self, view: &View<'_>) -> Held {
        all(&self.when, view, Held::Yes)
    }

    /// Whether whoever the rule lets in is kept out by this.
    pub fn swallows(&self, rule: &Rule) -> bool {
        let same = self.who.is_none_or(|kind| kind == rule.who)
            && self.issuer.as_ref().is_none_or(|issuer| *issuer == rule.issuer);
        let everywhere = |pattern: &Pattern| self.resources.iter().any(|mine| mine.covers(pattern));
        same && self.when.is_empty() && (self.resources.is_empty() || rule.resources.iter().all(everywhere))
    }
}

impl Rule {
    /// Whether its conditions hold; step-up apart.
    pub fn held(&self, view: &View<'_>) -> Held {
        all(&self.when, view, Held::No)
    }
}

impl Ceiling {
    /// Whether nothing may write there.
    pub fn protects(&self, target: super::pattern::Target<'_>) -> bool {
        self.protected.iter().any(|pattern| pattern.is_touched_by(target))
    }
}

/// The conjunction: a plain no wins over a group that is not known.
fn all(when: &[Condition], view: &View<'_>, wrong_type: Held) -> Held {
    let mut together = Held::Yes;
    for condition in when {
        let held = match condition.held(view) {
            Held::WrongType => wrong_type,
            held => held,
        };
        match held {
            Held::Yes => {}
            Held::Unknown => together = Held::Unknown,
            Held::No | Held::WrongType => return Held::No,
        }
    }
    together
}
