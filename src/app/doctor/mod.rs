//! `doctor`: looks at everything that a sign-in needs, and says of each thing how it is and what helps. It works
//! where nothing else does: every check stands alone, and none needs what another one looks at.

mod certificate;
mod configuration;
mod finding;
mod git;
mod identity;
mod metadata;
mod network;
mod policy;
mod registration;
mod repair;
mod saml;
mod session;
mod state;
mod storage;
mod surroundings;
mod trail;

use crate::app::world::{self, World};
use crate::basis::clock::Clock;
use crate::basis::env::Env;
use finding::{Finding, Severity};
use std::sync::Arc;

/// `doctor` as typed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish {
    pub json: bool,
    /// No network call is made.
    pub offline: bool,
    /// What is safe is repaired first.
    pub fix: bool,
}

/// What is printed, and whether nothing is in the way of a sign-in.
#[derive(Clone, Debug)]
pub struct Report {
    pub text: String,
    pub healthy: bool,
}

/// Examines this machine.
pub fn doctor(env: &Env, flags: Vec<(String, String)>, clock: &Arc<dyn Clock>, wish: Wish) -> Report {
    let mut findings = Vec::new();
    let world = match world::real(env.clone(), flags, Arc::clone(clock)) {
        Ok(world) => Some(world),
        Err(failure) => {
            findings.push(Finding::failed("configuration", &failure));
            world::unconfigured(env.clone(), Arc::clone(clock)).ok()
        }
    };
    if let Some(world) = &world {
        if wish.fix {
            findings.extend(repair::repair(world));
        }
        if findings.iter().all(|finding| finding.check != "configuration") {
            findings.extend(configuration::check(world));
        }
    }
    findings.extend(git::check(env));
    if let Some(world) = &world {
        findings.extend(checks(world, wish.offline));
    }
    let healthy = findings.iter().all(|finding| finding.severity < Severity::Error);
    let text = if wish.json { finding::json(&findings, wish.offline) } else { finding::text(&findings) };
    Report { text, healthy }
}

fn checks(world: &World, offline: bool) -> Vec<Finding> {
    let mut findings = policy::check(world);
    findings.extend(registration::check(world));
    findings.extend(state::check(world));
    findings.extend(storage::check(world));
    findings.extend(surroundings::check(world));
    findings.extend(network::check(world, offline));
    findings.extend(saml::check(world, offline));
    findings.extend(session::check(world));
    findings.extend(identity::check(world, offline));
    findings.extend(trail::check(world));
    findings
}

/// This program, as people call it.
const OURS: &str = "git credential-bitbucket-sso";
