//! Configuration's door: the settings in force, where each came from, and what was ignored.

mod compile;
mod document;
mod env;
mod error;
mod file;
mod gather;
mod ids;
mod json;
mod layers;
mod managed;
mod ownership;
mod places;
mod reference;
mod schema;
mod secret_command;
pub mod settings;
mod show;
pub mod table;
mod value;
mod workload;

pub use env::unknown_variables;
pub use error::{ConfigError, Distrust, Finding, Ignored, Layer, Origin, Reason, Spot};
pub use gather::LARGEST_FILE;
pub use ids::{account_id, host_id};
pub use json::toml_value;
pub use places::Places;
pub use reference::reference;
pub use schema::schema;
pub use secret_command::client_secret;
pub use show::{Origins, ShownValue, is_locked, policy_digest, show};

use crate::basis::env::Env;
use document::Document;
use settings::Settings;
use std::path::{Path, PathBuf};

/// What a run's settings are read from.
#[derive(Clone, Debug)]
pub struct Sources {
    pub places: Places,
    pub env: Env,
    /// Key (as in `entra.flow`) and text of every flag that stands for one.
    pub flags: Vec<(String, String)>,
}

/// The settings in force, and what `status`, `doctor` and `config show` say of them.
pub struct Loaded {
    pub settings: Settings,
    pub findings: Vec<Finding>,
    pub origins: Origins,
}

impl Loaded {
    /// Wipes every secret and leaves the rest to the end of the process: a configuration of a hundred hosts takes as long
    /// to take apart as to put together.
    pub fn leave(mut self) {
        self.settings.hosts.retain(|host| !host.source.holds_a_secret());
        std::mem::forget(self);
    }
}

/// Reads every layer. No configuration at all is no error: there are no hosts then.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    let mut findings = Vec::new();
    let mut documents = gather::policy(&sources.places.policy_dir, &mut findings)?;
    documents.extend(managed::policy()?);
    let defaults = gather::defaults(&sources.places.managed_dir, &mut findings);
    let user = user(sources, documents.iter().chain(&defaults), &mut findings)?;
    documents.push(env::command_line(&sources.flags, &mut findings)?);
    documents.push(env::environment(&sources.env, &mut findings)?);
    documents.extend(user);
    documents.extend(defaults);
    let merged = layers::merge(documents, &mut findings);
    let mut settings = compile::compile(&merged)?;
    workload::tell_apart(&mut settings.profiles, &sources.env);
    Ok(Loaded { settings, findings, origins: Origins::new(merged) })
}

/// Checks one file by itself: syntax, keys, values, and that each host with a source is complete. What other
/// layers may add (tenant, profiles) is not asked for, and neither is the layer the file is meant for.
pub fn validate(path: &Path) -> Result<(), ConfigError> {
    let document = gather::alone(path)?;
    compile::check_alone(&layers::merge(vec![document], &mut Vec::new()))
}

/// The user file. `BITBUCKET_SSO_CONFIG` moves it only where no other file sets a trust key.
fn user<'a>(
    sources: &Sources,
    mut managed: impl Iterator<Item = &'a Document>,
    findings: &mut Vec<Finding>,
) -> Result<Option<Document>, ConfigError> {
    let standard = sources.places.user_file.as_deref().map(gather::user).transpose()?.flatten();
    let Some(moved) = sources.env.os(table::CONFIG_VARIABLE).map(PathBuf::from) else { return Ok(standard) };
    let at = Spot { origin: Origin::Variable(table::CONFIG_VARIABLE.into()), line: 0, column: 0 };
    let key = table::CONFIG_VARIABLE.to_owned();
    if sources.places.user_file.as_ref() == Some(&moved) {
        return Ok(standard);
    }
    let trusting = managed.find(|document| document.sets_trust()).or(standard.as_ref().filter(|own| own.sets_trust()));
    if let Some(wins) = trusting.map(|document| document.layer) {
        findings.push(Finding::Ignored { key, at, layer: Layer::Environment, wins, why: Ignored::Trust });
        return Ok(standard);
    }
    // A relative path would be another file in each repository.
    if !moved.is_absolute() {
        return Err(ConfigError::BadValue { at, key, reason: Reason::RelativePath });
    }
    let missing = || ConfigError::Unreadable { file: moved.clone(), why: "there is no such file".into() };
    gather::user(&moved)?.ok_or_else(missing).map(Some)
}

#[cfg(test)]
mod tests;
