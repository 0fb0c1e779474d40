//! Finds and reads the files of each layer. Only what exists is opened.

use crate::basis::files::read_whole;
use crate::basis::secret::SecretBytes;
use crate::config::document::Document;
use crate::config::error::{ConfigError, Distrust, Finding, Layer, Origin};
use crate::config::file;
use crate::config::ownership::{self, Untrusted};
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Files over 16 MiB are refused.
pub const LARGEST_FILE: u64 = 16 << 20;
/// A directory with more drop-ins than this is refused.
const MOST_DROP_INS: usize = 1000;

/// The drop-ins of `policy.d`: a directory that is not trusted counts as absent, a bad file in a trusted one closes
/// the door.
pub(super) fn policy(directory: &Path, findings: &mut Vec<Finding>) -> Result<Vec<Document>, ConfigError> {
    let files = drop_ins(directory, findings)?;
    files.into_iter().map(|file| managed(file, Layer::Policy)).collect()
}

/// The drop-ins of `config.d`; a bad one is skipped.
pub(super) fn defaults(directory: &Path, findings: &mut Vec<Finding>) -> Vec<Document> {
    let files = drop_ins(directory, findings).unwrap_or_else(|error| {
        findings.push(Finding::Skipped { file: directory.to_owned(), error });
        Vec::new()
    });
    let read = |file: PathBuf| match managed(file.clone(), Layer::Defaults) {
        Ok(document) => Some(document),
        Err(error) => {
            findings.push(Finding::Skipped { file, error });
            None
        }
    };
    files.into_iter().filter_map(read).collect()
}

/// The user file; `None` if there is none.
pub(super) fn user(path: &Path) -> Result<Option<Document>, ConfigError> {
    let Some(text) = contents(path)? else { return Ok(None) };
    let document = file::parse(text.expose(), Origin::File(path.to_owned()), Layer::User)?;
    document.check_rights()?;
    Ok(Some(document))
}

/// One file, whatever layer it is meant for.
pub(super) fn alone(path: &Path) -> Result<Document, ConfigError> {
    let missing = || ConfigError::Unreadable { file: path.to_owned(), why: "there is no such file".into() };
    file::parse(contents(path)?.ok_or_else(missing)?.expose(), Origin::File(path.to_owned()), Layer::User)
}

/// The names ending in `.toml`, in byte order; hidden ones are editors' and package managers'.
fn drop_ins(directory: &Path, findings: &mut Vec<Finding>) -> Result<Vec<PathBuf>, ConfigError> {
    if !exists(directory) {
        return Ok(Vec::new());
    }
    if let Err(Untrusted { at, why }) = ownership::trusted(directory) {
        findings.push(Finding::UntrustedDirectory { directory: directory.to_owned(), at, why });
        return Ok(Vec::new());
    }
    let entries = directory.read_dir().and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut names: Vec<_> =
        entries.map_err(|error| unreadable(directory, &error))?.iter().map(std::fs::DirEntry::file_name).collect();
    names.retain(|name| {
        let name = name.as_encoded_bytes();
        name.ends_with(b".toml") && !name.starts_with(b".")
    });
    if names.len() > MOST_DROP_INS {
        let why = format!("it holds {} files, and {MOST_DROP_INS} are read at most", names.len());
        return Err(ConfigError::Unreadable { file: directory.to_owned(), why });
    }
    names.sort_by(|a, b| a.as_encoded_bytes().cmp(b.as_encoded_bytes()));
    Ok(names.into_iter().map(|name| directory.join(name)).collect())
}

/// Anything but "there is none" is for the checks that follow.
fn exists(path: &Path) -> bool {
    !path.metadata().is_err_and(|error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory))
}

fn managed(path: PathBuf, layer: Layer) -> Result<Document, ConfigError> {
    if let Err(Untrusted { at, why }) = ownership::trusted(&path) {
        return Err(ConfigError::Untrusted { file: path, at, why });
    }
    let gone = || ConfigError::Untrusted { file: path.clone(), at: path.clone(), why: Distrust::Unknown };
    let text = contents(&path)?.ok_or_else(gone)?;
    let document = file::parse(text.expose(), Origin::File(path), layer)?;
    document.check_rights()?;
    Ok(document)
}

/// The whole file; `None` if there is none.
fn contents(path: &Path) -> Result<Option<SecretBytes>, ConfigError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(unreadable(path, &error)),
    };
    let mut text = Vec::new();
    let meta = file.metadata().map_err(|error| unreadable(path, &error))?;
    if meta.len() > LARGEST_FILE {
        return Err(ConfigError::TooLarge(path.to_owned()));
    }
    let read = read_whole(&file, &meta, LARGEST_FILE + 1, &mut text);
    // It may hold a client secret.
    let text = SecretBytes::new(text);
    read.map_err(|error| unreadable(path, &error))?;
    if text.expose().len() as u64 > LARGEST_FILE {
        return Err(ConfigError::TooLarge(path.to_owned()));
    }
    Ok(Some(text))
}

fn unreadable(path: &Path, error: &std::io::Error) -> ConfigError {
    ConfigError::Unreadable { file: path.to_owned(), why: error.kind().to_string() }
}
