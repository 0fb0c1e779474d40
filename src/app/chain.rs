//! Whether git asks us first, and who else is told our token: the chain replayed for one host.

use crate::app::setup::chain::Verdict;
use crate::app::setup::{self, Surroundings, owned_by_us};
use crate::app::wanted::Wanted;
use crate::app::words;
use crate::app::world::World;
use crate::basis::env::Env;
use crate::basis::failure::Failure;
use crate::config::Places;
use std::path::{Path, PathBuf};

/// What is wrong with the chain of a host, in words; empty where all is well or git is not there to ask.
pub fn complaints(world: &World, wanted: &Wanted<'_>) -> Vec<String> {
    let Ok(include) = include_file(&world.places, false) else { return Vec::new() };
    match setup::replay(&surroundings(&world.env, &world.exe, &include), wanted.host) {
        Ok(chain) if chain.verdict == Verdict::First && chain.narrower.is_empty() => Vec::new(),
        Ok(chain) => setup::words::chain(wanted.host, &chain).lines().map(str::to_owned).collect(),
        Err(_) => Vec::new(),
    }
}

/// Where our lines for git are kept: the user's, or one that everybody can read.
pub fn include_file(places: &Places, system: bool) -> Result<PathBuf, Failure> {
    let everybody = || places.managed_dir.with_file_name("gitconfig");
    let place = if system { Some(everybody()) } else { places.git_include.clone() };
    place.ok_or_else(words::no_home)
}

/// What registration needs to know of the machine.
pub fn surroundings<'a>(env: &'a Env, exe: &'a Path, include_file: &'a Path) -> Surroundings<'a> {
    Surroundings { env, exe, include_file, euid_owner_check: owned_by_us }
}
