//! What the remaining commands print: status, whoami, setup and configuration, as text or JSON.

use crate::app::setup;
use crate::app::setup::bootstrap::Origin;
use crate::app::status::{self, Status};
use crate::app::words;
use crate::app::world::{self, World};
use crate::app::{chain, organisation};
use crate::basis::env::Env;
use crate::basis::failure::Failure;
use crate::config::{self, Places, ShownValue};
use std::io::Read;
use std::path::Path;

/// `setup` as typed.
#[derive(Clone, Debug, Default)]
pub struct SetupWish {
    pub domain: Option<String>,
    pub from: Option<String>,
    pub system: bool,
    pub dry_run: bool,
    pub yes: bool,
    pub sha256: Option<String>,
}

/// `config validate FILE`.
pub fn validate(file: &Path) -> Result<String, Failure> {
    config::validate(file).map_err(|error| words::config(&error))?;
    Ok(format!("{}: valid\n", file.display()))
}

/// `config schema`.
pub fn schema(markdown: bool) -> String {
    if markdown { config::reference() } else { format!("{:#}\n", config::schema()) }
}

/// `config show`.
pub fn config_show(world: &World, json: bool) -> String {
    let shown = config::show(&world.loaded);
    if json {
        let one = |ShownValue { key, value, layer, file }: &ShownValue| serde_json::json!({ "key": key, "value": value, "layer": layer.name(), "file": file });
        return format!("{:#}\n", shown.iter().map(one).collect::<serde_json::Value>());
    }
    words::shown_values(&shown)
}

/// `status`.
pub fn status(world: &World, json: bool) -> Result<String, Failure> {
    let status = status::status(world, &|wanted| chain::complaints(world, wanted))?;
    if json {
        return Ok(format!("{:#}\n", serde_json::json!(status)));
    }
    Ok(words::status(world, &status))
}

/// `whoami`: exit code 4 if nobody is signed in.
pub fn whoami(world: &World, json: bool) -> Result<String, Failure> {
    let Status { accounts, .. } = status::status(world, &|_| Vec::new())?;
    if !accounts.iter().any(|account| account.signed_in) {
        return Err(words::nobody_signed_in());
    }
    if json {
        return Ok(format!("{:#}\n", words::whoami_json(&accounts)));
    }
    Ok(words::whoami(&accounts))
}

/// `setup`: the organisation's configuration first, if one is named, then the registration with git.
pub fn setup(world: &World, wish: &SetupWish, stdin: &mut dyn Read) -> Result<String, Failure> {
    let mut said = String::new();
    let include = chain::include_file(&world.places, wish.system)?;
    let surroundings = chain::surroundings(&world.env, &world.exe, &include);
    if !wish.system {
        setup::check_home(&surroundings).map_err(|error| setup::words::failure(&error))?;
    }
    let origin = match (&wish.domain, &wish.from) {
        (Some(domain), _) => Some(Origin::domain(domain)),
        (_, Some(from)) => Some(Origin::from(from)),
        _ => None,
    };
    if let Some(origin) = origin {
        let origin = origin.map_err(|error| setup::words::bootstrap_failure(&error))?;
        said.push_str(&organisation::take(world, wish, &origin, stdin)?);
        if wish.dry_run {
            return Ok(said);
        }
    }
    let loaded = world.reloaded()?;
    if loaded.settings.hosts.is_empty() {
        return Err(words::no_hosts());
    }
    let hosts = &loaded.settings.hosts;
    let plan = if wish.system { setup::system(&surroundings, hosts) } else { setup::plan(&surroundings, hosts) };
    let plan = plan.map_err(|error| setup::words::failure(&error))?;
    if wish.dry_run {
        return Ok(said + &setup::words::plan(&plan));
    }
    let report = setup::apply(&plan).map_err(|error| setup::words::failure(&error))?;
    said.push_str(&setup::words::report(&report));
    for host in hosts {
        let chain = setup::replay(&surroundings, host).map_err(|error| setup::words::failure(&error))?;
        said.push_str(&setup::words::chain(host, &chain));
    }
    Ok(said)
}

/// `unsetup`: it needs no configuration, so that a broken one can be left behind.
pub fn unsetup(env: &Env, system: bool) -> Result<String, Failure> {
    let include = chain::include_file(&Places::of(env), system)?;
    let exe = world::own_path();
    let surroundings = chain::surroundings(env, &exe, &include);
    let report = if system { setup::undo_system(&surroundings) } else { setup::undo(&surroundings) };
    report.map(|report| setup::words::report(&report)).map_err(|error| setup::words::failure(&error))
}
