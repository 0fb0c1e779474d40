//! The files that settings name: paths beside the settings' own file, secrets that nobody else can read.

use crate::basis::secret::ClientSecret;
use crate::broker::settings::document::{At, Table};
use crate::broker::settings::error::Problem;
use crate::broker::settings::table::full;
use std::fs;
use std::path::{Path, PathBuf};

/// Where named files are, and whether secrets are read at all.
pub struct Files<'a> {
    /// What relative paths begin at.
    pub beside: &'a Path,
    /// Without it, secrets are taken to be there: to check a file away from its machine.
    pub with_secrets: bool,
}

impl Files<'_> {
    /// A path that a key names.
    pub fn path(&self, table: &Table, name: &str) -> Option<PathBuf> {
        table.text(name).map(|text| self.beside.join(text))
    }

    /// A path that must be there.
    pub fn need(&self, table: &Table, name: &str) -> At<PathBuf> {
        self.path(table, name).ok_or_else(|| table.missing(name))
    }

    /// Paths of a list.
    pub fn paths(&self, table: &Table, name: &str) -> Vec<PathBuf> {
        table.words(name).unwrap_or_default().iter().map(|text| self.beside.join(text)).collect()
    }

    /// The secret in a file that must be there; a line end after it does not count.
    pub fn secret(&self, table: &Table, name: &str) -> At<ClientSecret> {
        let path = self.need(table, name)?;
        if !self.with_secrets {
            return Ok(ClientSecret::new("-".into()));
        }
        let wrong = |why: String| {
            let problem = Problem::Secret { key: full(table.name, name), path: path.clone(), why };
            (table.line_of(name), problem)
        };
        closed(&path).map_err(&wrong)?;
        let text = fs::read_to_string(&path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
        let text = ClientSecret::new(text);
        let secret = text.expose().trim_end_matches(['\r', '\n']);
        if secret.is_empty() || secret.contains(char::is_control) {
            return Err(wrong("must hold one line of text".into()));
        }
        Ok(ClientSecret::new(secret.to_owned()))
    }

    /// Checks files that are read later, by whoever needs them.
    pub fn check_secret(&self, table: &Table, name: &str, path: &Path) -> At<()> {
        if !self.with_secrets {
            return Ok(());
        }
        let key = full(table.name, name);
        closed(path).map_err(|why| (table.line_of(name), Problem::Secret { key, path: path.to_owned(), why }))
    }
}

/// Whether the file is there, of a sensible size, and closed to others. A group may read it: that is how Kubernetes
/// hands secrets to a user that is not root. A link is followed, as there.
fn closed(path: &Path) -> Result<(), String> {
    let meta = fs::metadata(path).map_err(|error| format!("cannot be read: {error}"))?;
    if !meta.is_file() || meta.len() > LARGEST {
        return Err("is no file of a secret".into());
    }
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::mode(&meta) & 0o007 != 0 {
        return Err("can be opened by every user of this machine: chmod o= it".into());
    }
    Ok(())
}

const LARGEST: u64 = 64 << 10;
