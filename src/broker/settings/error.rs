//! What can be wrong with `broker.toml`. No message quotes a secret.

use std::fmt;
use std::path::PathBuf;

/// The file cannot be used: where, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError {
    pub file: PathBuf,
    /// From 1; 0 where no line is to blame.
    pub line: usize,
    pub problem: Problem,
}

/// Why a file of settings is not used. Keys are written as `host.read.client_id`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The file itself.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// No TOML.
    #[error("{0}")]
    Syntax(String),
    /// A key or table that does not exist.
    #[error("`{key}` is no key of the broker{}", did_you_mean(.nearest.as_deref()))]
    Unknown { key: String, nearest: Option<String> },
    /// A key that must be there.
    #[error("`{0}` is missing")]
    Missing(String),
    /// A value that its key cannot have.
    #[error("`{key}` {why}")]
    Bad { key: String, why: String },
    /// A file with a secret that is not there, or that others can read.
    #[error("`{key}`: the file {} {why}", .path.display())]
    Secret { key: String, path: PathBuf, why: String },
    /// Keys that do not go together.
    #[error("{0}")]
    Clash(String),
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file.display(), self.problem),
            line => write!(f, "{}:{line}: {}", self.file.display(), self.problem),
        }
    }
}

impl std::error::Error for SettingsError {}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!(" (did you mean `{name}`?)"))
}
