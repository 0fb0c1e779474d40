//! What the remaining commands print: status, whoami, setup and configuration, as text or JSON.

use crate::app::chain;
use crate::app::setup;
use crate::app::setup::bootstrap::{self, Consent, Kept, Offer, Origin};
use crate::app::status::{self, Status};
use crate::app::words;
use crate::app::world::{self, World};
use crate::basis::env::Env;
use crate::basis::failure::Failure;
use crate::config::{self, Places, ShownValue};
use std::io::Read;
use std::path::Path;
use std::time::Duration;

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
        said.push_str(&take(world, wish, &origin, stdin)?);
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

/// Fetches, shows, asks once, writes.
fn take(world: &World, wish: &SetupWish, origin: &Origin, stdin: &mut dyn Read) -> Result<String, Failure> {
    let fail = |error: &bootstrap::BootstrapError| setup::words::bootstrap_failure(error);
    let offer = bootstrap::fetch(origin, world.http.get(), stdin, &config::toml_value).map_err(|error| fail(&error))?;
    let shown = setup::words::offer(&offer);
    if wish.dry_run {
        return Ok(shown);
    }
    let consent = bootstrap::consent(&offer, wish.yes, wish.sha256.as_deref()).map_err(|error| fail(&error))?;
    if consent == Consent::Ask {
        ask(world, &offer, &shown)?;
    }
    let user_file = world.places.user_file.clone().ok_or_else(words::no_home)?;
    let check = |path: &Path| config::validate(path).map_err(|error| without_place(path, &error.to_string()));
    let kept = bootstrap::keep(&offer, &user_file, &check, &config::toml_value).map_err(|error| fail(&error))?;
    Ok(match kept {
        Kept::Written => format!("{} written\n", user_file.display()),
        Kept::Unchanged => format!("{} already says so\n", user_file.display()),
    })
}

fn ask(world: &World, offer: &Offer, shown: &str) -> Result<(), Failure> {
    world.ui.show(shown);
    let answer = world.ui.ask(setup::words::question(Consent::Ask).unwrap_or_default(), ANSWER_WITHIN);
    match answer {
        Some(line) if matches!(line.trim(), "y" | "Y" | "yes" | "Yes") => Ok(()),
        Some(_) => Err(setup::words::declined()),
        None => Err(setup::words::nobody_to_ask(offer)),
    }
}

/// A flaw of an offered document, without the place of our copy of it.
fn without_place(path: &Path, flaw: &str) -> String {
    let rest = flaw.strip_prefix(&*path.to_string_lossy()).and_then(|rest| rest.split_once(": "));
    rest.map_or(flaw, |(_line, why)| why).to_owned()
}

const ANSWER_WITHIN: Duration = Duration::from_secs(300);
