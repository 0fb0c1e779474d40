//! Representative resources: everything that a pattern names, and one that no pattern names in each container and host.

use crate::broker::ground::resource::Resource;
use crate::broker::policy::Policy;
use crate::broker::policy::pattern::{Part, Pattern};
use std::collections::BTreeSet;

/// The resources that matter to either of two policies, by host.
pub(super) struct Places {
    all: Vec<(usize, Resource)>,
}

impl Places {
    pub fn of(old: &Policy, new: &Policy) -> Self {
        let named: BTreeSet<&Pattern> = [old, new].into_iter().flat_map(patterns).collect();
        let mut all = Vec::new();
        for (at, host) in new.around.hosts.iter().enumerate() {
            let place = |repository| (at, Resource { host: host.url.clone(), kind: host.kind, repository });
            let any = || OTHER.to_owned();
            let mut repositories = BTreeSet::from([(any(), any())]);
            for pattern in named.iter().filter(|pattern| pattern.host == at) {
                match &pattern.part {
                    Part::All => {}
                    Part::Container(container) => drop(repositories.insert((container.clone(), any()))),
                    Part::Repository(container, repository) => {
                        repositories.insert((container.clone(), any()));
                        repositories.insert((container.clone(), repository.clone()));
                    }
                }
            }
            all.push(place(None));
            all.extend(repositories.into_iter().map(|repository| place(Some(repository))));
        }
        Self { all }
    }

    /// Those that patterns cover.
    pub fn of_rule(&self, patterns: &[Pattern]) -> Vec<Resource> {
        let covered = |(host, place): &&(usize, Resource)| {
            let segments = place.repository.as_ref().map(|(one, two)| (one.as_str(), two.as_str()));
            patterns.iter().any(|pattern| pattern.covers_target((*host, segments)))
        };
        self.all.iter().filter(covered).map(|(_, place)| place.clone()).collect()
    }
}

fn patterns(policy: &Policy) -> impl Iterator<Item = &Pattern> {
    let rules = policy.rules.iter().flat_map(|rule| &rule.resources);
    let denies = policy.denies.iter().flat_map(|deny| &deny.resources);
    rules.chain(denies).chain(&policy.ceiling.resources).chain(&policy.ceiling.protected)
}

/// Stands for every name that no pattern names; itself the name of nothing.
const OTHER: &str = "*";
