//! The registration with git of what was installed.

use super::Wish;
use crate::app::setup::{self, Plan, SetupError, Surroundings};
use crate::app::world::{self, World};
use crate::app::{chain, words};
use crate::basis::clock::Clock;
use crate::basis::env::Env;
use crate::basis::failure::Failure;
use crate::basis::lock;
use crate::config::Places;
use crate::config::settings::Host;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Refuses a home that is unset or somebody else's, before anything is written to it.
pub fn check_home(env: &Env) -> Result<(), Failure> {
    let include = chain::include_file(&Places::of(env), false)?;
    let surroundings = chain::surroundings(env, Path::new("/"), &include);
    setup::check_home(&surroundings).map_err(|error| setup::words::failure(&error))
}

/// Makes git call the program for the configured hosts; without any, says what comes next.
pub fn register(env: &Env, clock: &Arc<dyn Clock>, program: &Path, wish: &Wish) -> Result<String, Failure> {
    let world = world::real(env.clone(), Vec::new(), Arc::clone(clock))?;
    let World { places, loaded, .. } = &world;
    let hosts = &loaded.settings.hosts;
    if hosts.is_empty() {
        return Ok(words::installed_next(program));
    }
    let include = chain::include_file(places, wish.system)?;
    let surroundings = chain::surroundings(env, program, &include);
    let done = if wish.dry_run {
        plan(&surroundings, hosts, wish.system).map(|plan| setup::words::plan(&plan))
    } else {
        apply(&surroundings, hosts, wish.system, &**clock)
    };
    done.map_err(|error| setup::words::failure(&error))
}

/// Others may be at it: six installations at once, or git itself.
fn apply(surroundings: &Surroundings, hosts: &[Host], system: bool, clock: &dyn Clock) -> Result<String, SetupError> {
    let end = clock.steady() + PATIENCE;
    let mut pause = lock::SHORTEST;
    loop {
        let done = plan(surroundings, hosts, system).and_then(|plan| setup::apply(&plan));
        match done {
            Err(SetupError::Locked { .. } | SetupError::ChangedMeanwhile { .. }) if clock.steady() < end => {}
            done => return done.map(|report| setup::words::report(&report)),
        }
        clock.sleep(pause);
        pause = lock::next(pause);
    }
}

fn plan(surroundings: &Surroundings, hosts: &[Host], system: bool) -> Result<Plan, SetupError> {
    if system { setup::system(surroundings, hosts) } else { setup::plan(surroundings, hosts) }
}

const PATIENCE: Duration = Duration::from_secs(10);
