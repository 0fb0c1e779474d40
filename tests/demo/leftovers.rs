//! Kernel keys that the helper made for the temporary home. The helper lets them time out; here they go at once.

use linux_keyutils::{KeyRing, KeyRingIdentifier};
use std::path::Path;

/// Whether this kernel lets us keep keys; containers often forbid it.
pub fn kernel_keys_allowed() -> bool {
    keyring().is_some()
}

/// Destroys every sealing key of that state directory.
pub fn destroy_kernel_keys(state: &Path) {
    let Some(keyring) = keyring() else { return };
    for name in names(state) {
        if let Ok(key) = keyring.search(&name) {
            _ = key.invalidate();
        }
    }
}

/// Keys are named for what they seal and for a digest of the state directory.
fn names(state: &Path) -> Vec<String> {
    let digest = bitbucket_sso::basis::digest::of(state.as_os_str().as_encoded_bytes());
    let tag = digest.get(..8).unwrap_or_default();
    let all = std::fs::read_to_string("/proc/keys").unwrap_or_default();
    let listed = all.split_whitespace().filter_map(|word| word.strip_suffix(':'));
    let mut names: Vec<String> =
        listed.filter(|name| name.starts_with("bitbucket-sso:") && name.contains(tag)).map(str::to_owned).collect();
    names.push(format!("bitbucket-sso:vault:{tag}"));
    names
}

/// Ours, with the user's linked in: what is not possessed cannot be read (keyrings(7)).
fn keyring() -> Option<KeyRing> {
    let process = KeyRing::from_special_id(KeyRingIdentifier::Process, true).ok()?;
    process.link_keyring_id(KeyRingIdentifier::User).ok()?;
    Some(process)
}
