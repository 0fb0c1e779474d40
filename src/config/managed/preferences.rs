//! Forced preferences of the device, as macOS writes them for a configuration profile.

use super::tree::{self, Tree};
use crate::config::document::Document;
use crate::config::error::ConfigError;
use plist::Value;

#[cfg(target_os = "macos")]
pub(super) fn policy() -> Result<Option<Document>, ConfigError> {
    use crate::config::ownership::{self, Untrusted};
    let file = std::path::Path::new(FILE);
    if !file.exists() {
        return Ok(None);
    }
    if let Err(Untrusted { at, why }) = ownership::trusted(file) {
        return Err(ConfigError::Untrusted { file: file.to_owned(), at, why });
    }
    let root = Value::from_file(file).map_err(|_| unreadable("it is no property list"))?;
    document(root).map(Some)
}

/// The policy that the domain's dictionary holds.
pub(super) fn document(root: Value) -> Result<Document, ConfigError> {
    let Tree::Table(mut sections) = tree(root) else { return Err(unreadable("it is no dictionary")) };
    // Device management adds its own entries.
    sections.retain(|(name, _)| !name.starts_with("Payload"));
    tree::document(&sections, FILE)
}

fn unreadable(why: &str) -> ConfigError {
    ConfigError::Unreadable { file: FILE.into(), why: why.to_owned() }
}

fn tree(value: Value) -> Tree {
    match value {
        Value::String(text) => Tree::Text(text),
        Value::Boolean(flag) => Tree::Flag(flag),
        Value::Array(list) => Tree::List(list.into_iter().map(tree).collect()),
        Value::Dictionary(pairs) => Tree::Table(pairs.into_iter().map(|(name, value)| (name, tree(value))).collect()),
        // Dates, data and numbers: no key takes any of them.
        other => Tree::Number(other.as_signed_integer().unwrap_or_default()),
    }
}

const FILE: &str = "/Library/Managed Preferences/git-credential-bitbucket-sso.plist";
