//! Where sessions are kept and why, shown by writing, reading and deleting an item of no meaning.

use super::OURS;
use super::finding::{Finding, Severity};
use crate::app::status::storage_name;
use crate::app::words;
use crate::app::world::World;
use crate::basis::host_id::AccountId;
use crate::basis::random;
use crate::basis::secret::SecretBytes;
use crate::config::settings::StorageChoice;
use crate::vault::{self, Name, Place, Vault, VaultError};
use std::path::Path;
use std::sync::Arc;

pub(super) fn check(world: &World) -> Vec<Finding> {
    let vault = world.vault.get();
    let place = vault.place();
    let mut findings =
        vec![session_store(world, vault).with("place", storage_name(place)).with("because", why(world, place))];
    if cfg!(target_os = "linux") {
        findings.push(kernel(world, place));
    }
    findings
}

fn session_store(world: &World, vault: &dyn Vault) -> Finding {
    if vault.place() == Place::Nowhere {
        let summary = "there is no place to keep a session; each command signs in again";
        return Finding::new("storage", Severity::Warning, summary, format!("{OURS} status"));
    }
    let begun = world.clock.steady();
    match round_trip(vault) {
        Ok(()) => {
            let took = world.clock.steady().saturating_duration_since(begun).as_millis();
            let summary = "an item was written, read and removed";
            Finding::new("storage", Severity::Ok, summary, format!("{OURS} status")).with("milliseconds", took)
        }
        Err(error) => Finding::failed("storage", &words::vault(&error)),
    }
}

/// The kernel's keys: cached tokens are sealed with one, whatever the sessions are kept in.
fn kernel(world: &World, place: Place) -> Finding {
    let keys = "cat /proc/key-users";
    if vault::in_container(&world.env, Path::new("/")) && place != Place::Kernel {
        let summary = "not used in a container, where all containers of a user share it";
        return Finding::new("kernel-keyring", Severity::Note, summary, keys);
    }
    let (state, clock) = (&world.places.state, Arc::clone(&world.clock));
    let vault = vault::open(StorageChoice::Kernel, false, state, &world.env, false, clock);
    match round_trip(vault.as_ref()) {
        Ok(()) => Finding::new("kernel-keyring", Severity::Ok, "it seals and opens", keys),
        Err(error) => {
            let failure = words::vault(&error);
            let summary = format!("cached tokens cannot be sealed: {error}");
            Finding { id: Some(failure.id), ..Finding::new("kernel-keyring", Severity::Warning, summary, keys) }
        }
    }
}

fn round_trip(vault: &dyn Vault) -> Result<(), VaultError> {
    // No account is called so, and two doctors at once do not meet.
    let name = Name::Session(AccountId::new("doctor", "probe", &random::uuid(), "probe"));
    let bytes = SecretBytes::new(random::token(16).into_bytes());
    let kept = vault.keep(&name, &bytes, 0);
    let read = vault.load(&name);
    let gone = vault.forget(&name);
    kept?;
    match read? {
        Some(record) if record.bytes.expose() == bytes.expose() => gone.map(drop),
        _ => Err(VaultError::Broken("an item that was just written reads otherwise".into())),
    }
}

fn why(world: &World, place: Place) -> &'static str {
    if world.loaded.settings.storage.refresh_tokens != StorageChoice::Auto {
        return "[storage] refresh_tokens says so";
    }
    match place {
        Place::MemoryFile if vault::in_container(&world.env, Path::new("/")) => "this is a container",
        Place::Keyring => "a keyring service answers",
        Place::Kernel => "no keyring service answers, and the kernel keeps a key",
        Place::MemoryFile => "neither a keyring service nor the kernel keeps anything",
        Place::Nowhere => "nothing on this machine keeps anything",
    }
}
