//! Which rules can matter for an ask, without looking at all of them.

use crate::broker::ground::subject::{Kind, Subject};
use crate::broker::policy::model::Rule;
use crate::broker::policy::pattern::{Part, Target};
use std::collections::HashMap;

/// Positions of rules by kind of caller and host, then by workspace or project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    shelves: HashMap<(Kind, usize), Shelf>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Shelf {
    /// Rules about the whole host.
    all: Vec<usize>,
    containers: HashMap<String, Vec<usize>>,
}

impl Index {
    pub fn of(rules: &[Rule]) -> Self {
        let mut index = Self::default();
        for (at, rule) in rules.iter().enumerate() {
            for pattern in &rule.resources {
                let shelf = index.shelves.entry((rule.who, pattern.host)).or_default();
                let place = match &pattern.part {
                    Part::All => &mut shelf.all,
                    Part::Container(container) | Part::Repository(container, _) => {
                        shelf.containers.entry(container.clone()).or_default()
                    }
                };
                // A rule may name several repositories of one container.
                if place.last() != Some(&at) {
                    place.push(at);
                }
            }
        }
        index
    }

    /// The rules whose kind, issuer and resources fit, in order of their ids.
    pub fn fitting<'r>(&self, rules: &'r [Rule], subject: &Subject, target: Target<'_>) -> Vec<&'r Rule> {
        let Some(shelf) = self.shelves.get(&(subject.kind, target.0)) else { return Vec::new() };
        let named = target.1.and_then(|(container, _)| shelf.containers.get(container));
        let mut positions: Vec<usize> = shelf.all.iter().chain(named.into_iter().flatten()).copied().collect();
        positions.sort_unstable();
        positions.dedup();
        let rules = positions.into_iter().filter_map(|at| rules.get(at));
        let fits = |rule: &&Rule| {
            rule.issuer == subject.issuer && rule.resources.iter().any(|pattern| pattern.covers_target(target))
        };
        rules.filter(fits).collect()
    }
}
