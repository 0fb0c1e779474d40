//! Policy that device management hands over without files: the Windows registry and macOS managed preferences.
//! Both are rewritten as TOML, so that one reader knows all keys.

#[cfg(any(target_os = "macos", all(test, unix)))]
mod preferences;
#[cfg(windows)]
mod registry;
#[cfg(any(windows, target_os = "macos", test))]
mod tree;

#[cfg(test)]
mod tests;

use crate::config::document::Document;
use crate::config::error::ConfigError;

/// The policy of `HKLM\SOFTWARE\Policies\BitbucketSso`, if there is any.
#[cfg(windows)]
pub(super) fn policy() -> Result<Option<Document>, ConfigError> {
    registry::policy()
}

/// The policy of the forced preferences, if there is any.
#[cfg(target_os = "macos")]
pub(super) fn policy() -> Result<Option<Document>, ConfigError> {
    preferences::policy()
}

/// There is no such thing here.
#[cfg(not(any(windows, target_os = "macos")))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature everywhere")]
pub(super) fn policy() -> Result<Option<Document>, ConfigError> {
    Ok(None)
}

/// The folder of `policy.d` and `config.d` that an administrator vouches for.
#[cfg(windows)]
pub(super) fn directory() -> Option<std::path::PathBuf> {
    registry::directory()
}

/// Whether this process may change the policy.
#[cfg(windows)]
pub(super) fn is_administrator() -> bool {
    registry::is_administrator()
}
