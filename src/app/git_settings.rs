//! What git itself is told about proxies, certificates and prompting, asked for on a miss only.

use crate::app::setup::git;
use crate::app::world::World;
use crate::basis::env::Env;
use crate::net::client::FromGit;
use std::path::PathBuf;

/// git's own settings that hold for us too, from system, global and command scope.
#[derive(Clone, Debug, Default)]
pub struct GitSettings {
    interactive: Option<String>,
    pub network: FromGit,
}

impl GitSettings {
    /// Asks git once.
    pub fn read(env: &Env) -> Self {
        let values = git::values_outside_repositories(env, KEYS);
        let last = |key: &str| values.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.clone());
        let filled = |key: &str| last(key).filter(|value| !value.is_empty());
        let network = FromGit { proxy: filled("http.proxy"), ca_file: filled("http.sslcainfo").map(PathBuf::from) };
        Self { interactive: last("credential.interactive"), network }
    }

    /// `credential.interactive=false|never` (DESIGN.md section 6 rule 8).
    pub fn interaction_forbidden(&self) -> bool {
        self.interactive.as_deref().is_some_and(is_no)
    }
}

/// `GIT_TERMINAL_PROMPT=0` forbids terminal prompts, nothing else.
pub fn prompts_forbidden(world: &World) -> bool {
    world.env.text("GIT_TERMINAL_PROMPT").is_some_and(|value| is_no(&value))
}

/// How git spells "no".
fn is_no(value: &str) -> bool {
    ["false", "never", "no", "off", "0"].iter().any(|no| value.eq_ignore_ascii_case(no))
}

/// git prints the names of keys in lower case.
const KEYS: &str = r"^(credential\.interactive|http\.(proxy|sslcainfo))$";
