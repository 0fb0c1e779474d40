//! What an installation has put where, so that exactly that is taken back.

use super::InstallError;
use super::place::{self, Fate, Wanted};
use super::version::OURS;
use crate::basis::digest;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

/// The record of one installation, over all its versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    pub version: String,
    /// Each file with the SHA-256 of what was written.
    pub files: BTreeMap<PathBuf, String>,
    /// The directories that were made for them.
    pub folders: BTreeSet<PathBuf>,
}

impl Record {
    /// The record at that place; `None` if there is none.
    pub fn read(path: &Path) -> Result<Option<Self>, InstallError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(InstallError::Unreadable { path: path.to_owned(), source }),
        };
        parse(&text).map(Some).ok_or_else(|| InstallError::BrokenRecord { path: path.to_owned() })
    }

    /// What writing it does, where that one is there.
    pub fn fate(&self, there: Option<&Self>) -> Fate {
        match there {
            None => Fate::New,
            Some(there) if there == self => Fate::Same,
            Some(_) => Fate::Replaced,
        }
    }

    /// Writes it.
    pub fn write(&self, path: &Path) -> Result<(), InstallError> {
        let files: BTreeMap<_, _> = self.files.iter().map(|(path, sum)| (path.to_string_lossy(), sum)).collect();
        let folders: Vec<_> = self.folders.iter().map(|path| path.to_string_lossy()).collect();
        let text = format!("{:#}\n", json!({ "version": self.version, "files": files, "folders": folders }));
        place::write(path, text.as_bytes(), false)
    }
}

/// The record after these files and directories have come to what was installed before.
pub fn after(before: Option<&Record>, files: &[Wanted], folders: &[PathBuf]) -> Record {
    let mut record = before.cloned().unwrap_or_default();
    OURS.clone_into(&mut record.version);
    record.files.extend(files.iter().map(|file| (file.path.clone(), digest::of(&file.bytes))));
    record.folders.extend(folders.iter().cloned());
    record
}

fn parse(text: &str) -> Option<Record> {
    let value: Value = serde_json::from_str(text).ok()?;
    let path = |text: &str| Some(PathBuf::from(text)).filter(|path| path.is_absolute());
    let files = value.get("files")?.as_object()?.iter();
    let folders = value.get("folders")?.as_array()?.iter();
    Some(Record {
        version: value.get("version")?.as_str()?.to_owned(),
        files: files.map(|(name, sum)| Some((path(name)?, sum.as_str()?.to_owned()))).collect::<Option<_>>()?,
        folders: folders.map(|folder| path(folder.as_str()?)).collect::<Option<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_and_nonsense_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().join("a/installed.json");
        assert_eq!(Record::read(&at).unwrap(), None);
        let file = Wanted { path: dir.path().join("program"), bytes: b"x".to_vec(), program: true };
        let record = after(None, &[file], &[dir.path().join("a")]);
        record.write(&at).unwrap();
        assert_eq!(Record::read(&at).unwrap(), Some(record));
        for text in ["", "{}", r#"{"version":"1","files":{"relative":"x"},"folders":[]}"#] {
            std::fs::write(&at, text).unwrap();
            assert!(matches!(Record::read(&at), Err(InstallError::BrokenRecord { .. })), "{text}");
        }
    }
}
