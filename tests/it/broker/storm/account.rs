//! The account of a storm: a refresh for every end of a token, and none besides but for a reason.

use crate::practice::bitbucket::Refreshed;
use bitbucket_sso::basis::digest;
use std::collections::{BTreeMap, HashSet};

/// Something that may cost a refresh of each grant: who was asking Bitbucket when it happened could not keep the answer.
#[derive(Clone, Copy, Debug)]
pub struct Blow {
    pub from_ms: i64,
    pub to_ms: i64,
}

/// What the refreshes came to.
#[derive(Debug, Default)]
pub struct Sum {
    pub grants: usize,
    pub refreshes: usize,
    /// Refreshes whose token nobody had used up yet.
    pub surplus: usize,
}

/// `life` and `margin` of the access tokens in seconds. A blow excuses one surplus refresh of each grant, at that time.
pub fn settle(refreshes: &[Refreshed], handed: &HashSet<String>, blows: &[Blow], (life, margin): (i64, i64)) -> Sum {
    let mut grants: BTreeMap<_, Vec<&Refreshed>> = BTreeMap::new();
    for one in refreshes {
        grants.entry(&one.grant).or_default().push(one);
    }
    let mut sum = Sum { grants: grants.len(), refreshes: refreshes.len(), surplus: 0 };
    for (grant, all) in grants {
        let mut left = blows.to_vec();
        for pair in all.windows(2) {
            let [first, second] = pair else { unreachable!() };
            // Whole seconds at the broker: one may be missing. And a token that nobody got was for nothing.
            let early = second.at_ms - first.at_ms < (life - margin - 1) * 1000;
            let unused = !handed.contains(&digest::of(first.access.as_bytes()));
            if !early && !unused && first.sent != second.sent {
                continue;
            }
            sum.surplus += 1;
            let excused = left.iter().position(|blow| blow.from_ms <= second.at_ms && first.at_ms - SLOW <= blow.to_ms);
            let excused = excused.unwrap_or_else(|| {
                panic!(
                    "{grant:?} was refreshed {} ms after the last time, early: {early}, its token unused: {unused}, \
                     with the same token: {}; at {}, and the blows are {blows:?}",
                    second.at_ms - first.at_ms,
                    first.sent == second.sent,
                    second.at_ms,
                )
            });
            left.remove(excused);
        }
    }
    sum
}

/// What may lie between a blow and the request that it meets.
const SLOW: i64 = 500;
