//! Azure Arc with the real network and real files. Its agent's directory belongs to root, so that the room is called
//! with another root than `/`.

use super::Machine;
use crate::practice::Source;
use bitbucket_sso::basis::clock::SystemClock;
use bitbucket_sso::basis::env::Env;
use bitbucket_sso::config::settings::{Network, Workload};
use bitbucket_sso::config::{self, Places, Sources};
use bitbucket_sso::identity::{Here, Means, Platform, Shown, detect, show};
use bitbucket_sso::net::client::client;
use std::path::Path;
use std::time::Duration;

#[test]
fn the_agent_of_azure_arc_gives_a_token_to_who_can_read_its_file() {
    let machine = Machine::with("managed-identity", "", Source::Exchange).on("arc");
    let root = machine.desk.path("root");
    machine.platform.knobs().arc_dir = root.join("var/opt/azcmagent/tokens");
    let given = asked(&machine, &root).unwrap();
    assert!(machine.practice.journal.secrets().contains(&given));
    assert_eq!(machine.asked(), [2, 0, 0], "the challenge, then the token");
    let outside = machine.desk.path("secret.key");
    std::fs::write(&outside, "not for everybody").unwrap();
    machine.platform.knobs().arc_file = Some(outside);
    assert!(asked(&machine, &root).unwrap_err().contains("outside the agent's directory"));
    assert_eq!(machine.asked(), [3, 0, 0], "nothing of it was sent");
}

fn asked(machine: &Machine, root: &Path) -> Result<String, String> {
    let env = Env::fixed(machine.variables.iter().map(|(name, value)| (*name, value.as_str())));
    let home = machine.desk.home();
    let places = Places::of(&Env::fixed([("HOME", home.to_str().unwrap())]));
    let sources = Sources { places, env: env.clone(), flags: Vec::new() };
    let loaded = config::load(&sources).unwrap_or_else(|error| panic!("{error}"));
    let profile = &loaded.settings.profiles[0];
    assert_ne!(profile.workload, Workload::default(), "told apart from other jobs");
    let http = client(&Network { ca_file: None, timeout: Duration::from_secs(5) });
    let scope = "api://bitbucket-broker/token.issue";
    let here = Here { http: &http, clock: &SystemClock, env: &env, root, profile, scope };
    let found = detect(&env, root, profile).unwrap();
    assert_eq!(found.means, Means::Managed(Platform::Arc));
    match show(&here, found.means) {
        Ok(Shown::Token { token, .. }) => Ok(token.expose().to_owned()),
        Ok(Shown::Statement(_)) => panic!("the agent gives tokens"),
        Err(error) => Err(error.to_string()),
    }
}
