//! `HKLM\SOFTWARE\Policies\BitbucketSso`: a subkey per section, `entra\NAME` for more profiles, one subkey of `host`
//! per host. Text is `REG_SZ`, a flag `REG_DWORD`, a list `REG_MULTI_SZ`.

use super::tree::{self, Data, Tree};
use crate::config::document::Document;
use crate::config::error::ConfigError;
use crate::config::table::Section;
use windows_registry::{Key, LOCAL_MACHINE, Type};

pub(super) fn policy() -> Result<Option<Document>, ConfigError> {
    let root = match LOCAL_MACHINE.open(PATH) {
        Ok(root) => root,
        Err(error) if error.code().0 == NOT_FOUND => return Ok(None),
        // A policy that is there and cannot be read is not the same as none.
        Err(error) => return Err(unreadable(error)),
    };
    let mut sections = Vec::new();
    for name in root.keys().map_err(unreadable)? {
        let key = root.open(&name).map_err(unreadable)?;
        let section = name.to_ascii_lowercase();
        let tree = if section == Section::Host.name() { hosts(&key)? } else { table(&section, &key, true)? };
        sections.push((section, tree));
    }
    tree::document(&sections, &format!("HKLM\\{PATH}")).map(Some)
}

fn hosts(key: &Key) -> Result<Tree, ConfigError> {
    let names = key.keys().map_err(unreadable)?;
    let host = |name: String| table(Section::Host.name(), &key.open(name).map_err(unreadable)?, false);
    names.map(host).collect::<Result<Vec<_>, _>>().map(Tree::List)
}

fn table(section: &str, key: &Key, with_subkeys: bool) -> Result<Tree, ConfigError> {
    let mut pairs = Vec::new();
    for (name, value) in key.values().map_err(unreadable)? {
        let data = match value.ty() {
            Type::U32 => Data::Number(u32::try_from(value).map_err(unreadable)?),
            Type::MultiString => Data::Words(Vec::<String>::try_from(value).map_err(unreadable)?),
            _ => Data::Text(String::try_from(value).map_err(unreadable)?),
        };
        let tree = tree::of_registry(section, &name, data);
        pairs.push((name, tree));
    }
    for name in key.keys().map_err(unreadable)?.filter(|_| with_subkeys) {
        let below = table(section, &key.open(&name).map_err(unreadable)?, false)?;
        pairs.push((name, below));
    }
    Ok(Tree::Table(pairs))
}

fn unreadable(error: windows_registry_error::Error) -> ConfigError {
    ConfigError::Unreadable { file: format!("HKLM\\{PATH}").into(), why: error.code().to_string() }
}

/// The error of the calls above; the crate itself does not name it.
mod windows_registry_error {
    pub type Error = <windows_registry::Value as TryIntoString>::Error;

    pub trait TryIntoString {
        type Error;
    }

    impl<T> TryIntoString for T
    where
        String: TryFrom<T>,
    {
        type Error = <String as TryFrom<T>>::Error;
    }
}

/// `HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND)`.
const NOT_FOUND: i32 = 0x8007_0002_u32.cast_signed();
const PATH: &str = "SOFTWARE\\Policies\\BitbucketSso";
