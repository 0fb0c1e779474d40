//! The sections that every account and host shares.

use crate::basis::ssh_signature::SigningKey;
use crate::basis::version::Version;
use std::path::PathBuf;
use std::time::Duration;

/// `[storage]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Storage {
    pub refresh_tokens: StorageChoice,
}

/// `refresh_tokens`: where sessions and grants are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorageChoice {
    Auto,
    Keyring,
    Kernel,
    MemoryFile,
}

/// `[network]`.
#[derive(Clone, Debug)]
pub struct Network {
    /// Added to the system's roots.
    pub ca_file: Option<PathBuf>,
    pub timeout: Duration,
}

/// `[token]`.
#[derive(Clone, Copy, Debug)]
pub struct TokenRules {
    pub margin: Duration,
    pub max_life: Duration,
    pub max_cached_age: Option<Duration>,
}

/// `[ui]`.
#[derive(Clone, Debug)]
pub struct UiRules {
    /// Empty or `system`, `none`, or a browser's own name.
    pub browser: String,
    pub background: Background,
    pub on_failure: OnFailure,
}

/// `background`: what may happen without a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Background {
    Once,
    Never,
}

/// `on_failure`: whether git may go on to other helpers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    Stop,
    Pass,
}

/// `[audit]`.
#[derive(Clone, Debug)]
pub struct AuditRules {
    pub file: Option<PathBuf>,
    pub forward: Forward,
}

/// `forward`: where the chain's head goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forward {
    None,
    Syslog,
    Journald,
}

/// `[saml]`.
#[derive(Clone, Debug)]
pub struct Saml {
    /// https, or http on a loopback address; may have a query.
    pub metadata_url: Option<String>,
}

/// `[fleet]`: what policy says of the program itself.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    /// The version that policy wants at least, where this program is older.
    pub wanted_version: Option<Version>,
    /// Who may sign configurations for `setup --yes`.
    pub signers: Vec<SigningKey>,
}
