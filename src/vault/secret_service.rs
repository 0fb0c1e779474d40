//! The Secret Service, asked in ways that never raise its prompt: whether it is there and unlocked, and what others
//! keep in it. The keyring library unlocks, and so prompts, on every call.

use crate::basis::text;
use crate::vault::VaultError;
use std::collections::HashMap;
use zbus::blocking::Connection;
use zbus::zvariant::{OwnedObjectPath, OwnedValue};

/// Whether a prompt would appear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Open,
    Locked,
}

/// Asks the service on the session bus; it is started if it can be. `Missing` if there is no bus, no service, or no
/// default collection to put anything in. Freedesktop Secret Service API, sections "Service" and "Collection".
pub fn state(service: &str) -> Result<State, VaultError> {
    let bus = Connection::session().map_err(failed)?;
    let default: OwnedObjectPath = ask(&bus, ROOT, SERVICE, "ReadAlias", &"default")?;
    if default.as_str() == "/" {
        return Err(VaultError::Missing("it has no default collection".into()));
    }
    let locked: OwnedValue = ask(&bus, &default, PROPERTIES, "Get", &(COLLECTION, "Locked"))?;
    let ours = HashMap::from([("service", service)]);
    let (_, shut): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) = ask(&bus, ROOT, SERVICE, "SearchItems", &ours)?;
    let locked = bool::try_from(locked).unwrap_or(true) || !shut.is_empty();
    Ok(if locked { State::Locked } else { State::Open })
}

/// An item, by what it says of itself. Its secret is not asked for.
pub struct Item {
    /// Where it is on the bus.
    pub path: String,
    pub attributes: HashMap<String, String>,
    pub locked: bool,
}

/// The items that have all of these attributes.
pub fn items(wanted: &HashMap<String, String>) -> Result<Vec<Item>, VaultError> {
    let bus = Connection::session().map_err(failed)?;
    let (open, shut): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) = ask(&bus, ROOT, SERVICE, "SearchItems", wanted)?;
    let item = |path: &OwnedObjectPath, locked| {
        let value: OwnedValue = ask(&bus, path, PROPERTIES, "Get", &(ITEM, "Attributes"))?;
        let attributes = value.try_into().map_err(|error: zbus::zvariant::Error| failed(error.into()))?;
        Ok(Item { path: path.to_string(), attributes, locked })
    };
    let open = open.iter().map(|path| item(path, false));
    open.chain(shut.iter().map(|path| item(path, true))).collect()
}

/// Removes an item; `Locked` if somebody would have to be asked first.
pub fn remove(path: &str) -> Result<(), VaultError> {
    let bus = Connection::session().map_err(failed)?;
    let prompt: OwnedObjectPath = ask(&bus, path, ITEM, "Delete", &())?;
    if prompt.as_str() == "/" { Ok(()) } else { Err(VaultError::Locked) }
}

fn ask<B, T>(bus: &Connection, path: &str, interface: &str, method: &str, body: &B) -> Result<T, VaultError>
where
    B: serde::Serialize + zbus::zvariant::DynamicType,
    T: serde::de::DeserializeOwned + zbus::zvariant::Type,
{
    let reply = bus.call_method(Some(NAME), path, Some(interface), method, body).map_err(failed)?;
    reply.body().deserialize().map_err(failed)
}

/// Only a service that is not there is missing: one that failed this once must not hide its session behind a
/// second sign-in elsewhere.
#[expect(clippy::needless_pass_by_value, reason = "shape of map_err")]
fn failed(error: zbus::Error) -> VaultError {
    let what = text::clean(&error.to_string());
    match &error {
        zbus::Error::MethodError(name, _, _) if !ABSENT.contains(&name.as_str()) => VaultError::Broken(what),
        _ => VaultError::Missing(what),
    }
}

/// D-Bus Specification, "Well-known errors": nobody owns the name and nobody can be started for it; and a service
/// without the interface.
const ABSENT: [&str; 6] = [
    "org.freedesktop.DBus.Error.ServiceUnknown",
    "org.freedesktop.DBus.Error.NameHasNoOwner",
    "org.freedesktop.DBus.Error.UnknownMethod",
    "org.freedesktop.DBus.Error.UnknownObject",
    "org.freedesktop.DBus.Error.Spawn.ExecFailed",
    "org.freedesktop.DBus.Error.Spawn.ChildExited",
];

const NAME: &str = "org.freedesktop.secrets";
const ROOT: &str = "/org/freedesktop/secrets";
const SERVICE: &str = "org.freedesktop.Secret.Service";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";
const ITEM: &str = "org.freedesktop.Secret.Item";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
