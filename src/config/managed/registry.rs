//! `HKLM\SOFTWARE\Policies\BitbucketSso`: a subkey per section, `entra\NAME` for more profiles, one subkey of `host`
//! per host. Text is `REG_SZ`, a flag `REG_DWORD`, a list `REG_MULTI_SZ`. The value `Directory` of the key itself names
//! the folder of `policy.d` and `config.d`.

use super::tree::{self, Data, Tree};
use crate::basis::text::clean;
use crate::config::document::Document;
use crate::config::error::{ConfigError, Origin, Reason, Spot};
use crate::config::table::Section;
use std::path::PathBuf;
use windows_registry::{Key, LOCAL_MACHINE, Type};

pub(super) fn policy() -> Result<Option<Document>, ConfigError> {
    below(LOCAL_MACHINE, PATH)
}

/// The folder that an administrator vouches for, if one does: only administrators can write that key.
pub(super) fn directory() -> Option<PathBuf> {
    let named = LOCAL_MACHINE.open(PATH).ok()?.get_string(DIRECTORY).ok()?;
    Some(PathBuf::from(named)).filter(|path| path.is_absolute())
}

/// Whether we could write that key ourselves: then we are an administrator, or the system.
pub(super) fn is_administrator() -> bool {
    LOCAL_MACHINE.options().read().write().open(PATH).is_ok()
}

fn below(hive: &Key, path: &str) -> Result<Option<Document>, ConfigError> {
    let root = match hive.open(path) {
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
        // The registry knows no case.
        let name = name.to_ascii_lowercase();
        let data = match value.ty() {
            Type::U32 => Data::Number(u32::try_from(value).map_err(unreadable)?),
            Type::MultiString => {
                let words = Vec::<String>::try_from(value).map_err(unreadable)?;
                // The list's own end is not one of its texts, which are never empty.
                Data::Words(words.into_iter().filter(|word| !word.is_empty()).collect())
            }
            Type::String | Type::ExpandString => Data::Text(String::try_from(value).map_err(unreadable)?),
            _ => return Err(wrong_type(section, &name)),
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

fn wrong_type(section: &str, name: &str) -> ConfigError {
    let at = Spot { origin: Origin::Managed(format!("HKLM\\{PATH}\\{}", clean(section))), line: 0, column: 0 };
    let reason = Reason::Type { expected: "REG_SZ, REG_DWORD or REG_MULTI_SZ", found: "another type of value" };
    ConfigError::BadValue { at, key: format!("{}.{}", clean(section), clean(name)), reason }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
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
const DIRECTORY: &str = "Directory";
const PATH: &str = "SOFTWARE\\Policies\\BitbucketSso";

#[cfg(test)]
mod tests {
    use super::*;
    use windows_registry::CURRENT_USER;

    /// A key of the user's own, away after the test.
    struct Own(String);

    impl Own {
        fn new(name: &str) -> Self {
            Self(format!("Software\\bitbucket-sso-test-{}-{name}", std::process::id()))
        }

        fn key(&self, below: &str) -> Key {
            CURRENT_USER.create(format!("{}\\{below}", self.0)).unwrap()
        }

        fn shown(&self) -> String {
            let document = below(CURRENT_USER, &self.0).unwrap().unwrap();
            let all: Vec<_> = document.entries().map(|e| format!("{}={}", e.key.path(), e.value.shown())).collect();
            all.join(" ")
        }

        fn refused(&self) -> String {
            below(CURRENT_USER, &self.0).err().unwrap().to_string()
        }
    }

    impl Drop for Own {
        fn drop(&mut self) {
            _ = CURRENT_USER.remove_tree(&self.0);
        }
    }

    #[test]
    fn every_type_of_value_is_read_whatever_its_case() {
        let own = Own::new("types");
        own.key("Entra").set_u32("ReAuthenticate", 1).unwrap();
        own.key("entra\\second").set_string("flow", "browser").unwrap();
        let host = own.key("host\\1");
        host.set_string("url", "https://h").unwrap();
        host.set_string("source", "cloud-oauth").unwrap();
        host.set_multi_string("scopes", &["one", "two"]).unwrap();
        let shown = own.shown();
        for want in ["entra.reauthenticate=true", "entra.flow=browser", "host.scopes=", "host.url=https://h"] {
            assert!(shown.contains(want), "{want}: {shown}");
        }
    }

    #[test]
    fn values_of_the_wrong_type_close_the_door_by_name() {
        for (name, ty) in [("bytes", Type::Bytes), ("other", Type::Other(11))] {
            let own = Own::new(name);
            own.key("entra").set_bytes("flow", ty, &[1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
            assert!(own.refused().contains("`entra.flow` must be REG_SZ"), "{}", own.refused());
        }
        let own = Own::new("number");
        own.key("entra").set_u32("flow", 7).unwrap();
        assert!(own.refused().contains("`entra.flow` must be a string, not an integer"), "{}", own.refused());
        let own = Own::new("unknown");
        own.key("entra").set_string("flwo", "browser").unwrap();
        assert!(own.refused().contains("unknown key `flwo`"), "{}", own.refused());
    }

    #[test]
    fn no_key_is_no_policy_and_an_empty_one_is_an_empty_one() {
        let own = Own::new("none");
        assert!(below(CURRENT_USER, &own.0).unwrap().is_none());
        own.key("");
        assert_eq!(own.shown(), "");
        assert_eq!(directory(), None, "this machine names no folder");
    }
}
