//! Where sessions are kept and why, shown by writing, reading and deleting an item of no meaning.

use super::finding::{Finding, Severity};
use crate::app::status::storage_name;
use crate::app::words::{self, Because, Seen};
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
        return Finding::seen("storage", Severity::Warning, &Seen::StorageNowhere);
    }
    let begun = world.clock.steady();
    match round_trip(vault) {
        Ok(()) => {
            let took = world.clock.steady().saturating_duration_since(begun).as_millis();
            Finding::seen("storage", Severity::Ok, &Seen::StorageWorks).with("milliseconds", took)
        }
        Err(error) => Finding::failed("storage", &words::vault(&error)),
    }
}

/// The kernel's keys: cached tokens are sealed with one, whatever the sessions are kept in.
fn kernel(world: &World, place: Place) -> Finding {
    if vault::in_container(&world.env, Path::new("/")) && place != Place::Kernel {
        return Finding::seen("kernel-keyring", Severity::Note, &Seen::KernelNotInContainers);
    }
    let (state, clock) = (&world.places.state, Arc::clone(&world.clock));
    let vault = vault::open(StorageChoice::Kernel, false, state, &world.env, false, clock);
    match round_trip(vault.as_ref()) {
        Ok(()) => Finding::seen("kernel-keyring", Severity::Ok, &Seen::KernelWorks),
        Err(error) => {
            let failure = words::vault(&error);
            let finding = Finding::seen("kernel-keyring", Severity::Warning, &Seen::KernelBroken(&error.to_string()));
            Finding { id: Some(failure.id), ..finding }
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
    let configured = world.loaded.settings.storage.refresh_tokens != StorageChoice::Auto;
    words::because(match place {
        _ if configured => Because::Configured,
        Place::MemoryFile if vault::in_container(&world.env, Path::new("/")) => Because::Container,
        Place::Keyring => Because::KeyringAnswers,
        Place::Kernel => Because::OnlyKernel,
        Place::MemoryFile => Because::OnlyMemory,
        Place::Nowhere => Because::Nothing,
    })
}
