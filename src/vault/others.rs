//! What other programs keep in the Secret Service, by its attributes. No secret is read, nobody is asked to unlock
//! anything, and a service that hangs is one that is not there. Elsewhere nothing is found.

#[cfg(all(unix, not(target_os = "macos")))]
use super::{deadline::within, secret_service};
use std::collections::HashMap;
#[cfg(all(unix, not(target_os = "macos")))]
use std::time::Duration;

/// An entry of another program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// Where it is, for [`erase`].
    pub path: String,
    /// What its owner finds it by.
    pub attributes: HashMap<String, String>,
    /// It can be seen, but not removed without a prompt.
    pub locked: bool,
}

/// The entries that have all of these attributes; empty where there is no service.
#[cfg(all(unix, not(target_os = "macos")))]
pub fn search(attributes: &[(&str, &str)]) -> Vec<Foreign> {
    let wanted = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let items = within(PATIENCE, move || secret_service::items(&wanted)).unwrap_or_default().into_iter();
    let mut found: Vec<Foreign> =
        items.map(|item| Foreign { path: item.path, attributes: item.attributes, locked: item.locked }).collect();
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// Removes an entry; whether it is gone.
#[cfg(all(unix, not(target_os = "macos")))]
pub fn erase(path: &str) -> bool {
    let path = path.to_owned();
    within(PATIENCE, move || secret_service::remove(&path)).is_ok()
}

/// There is no Secret Service.
#[cfg(not(all(unix, not(target_os = "macos"))))]
pub fn search(_: &[(&str, &str)]) -> Vec<Foreign> {
    Vec::new()
}

/// There is no Secret Service.
#[cfg(not(all(unix, not(target_os = "macos"))))]
pub fn erase(_: &str) -> bool {
    false
}

/// As long as our own entries are waited for.
#[cfg(all(unix, not(target_os = "macos")))]
const PATIENCE: Duration = Duration::from_secs(3);
