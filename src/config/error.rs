//! What can be wrong with a configuration, with everything a good message needs and no secret.

use crate::basis::url::BadUrl;
use std::fmt;
use std::path::{Path, PathBuf};

/// The layers, the first that sets a key wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    Policy,
    CommandLine,
    Environment,
    User,
    Defaults,
    BuiltIn,
}

impl Layer {
    /// The name for people and for `--json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::CommandLine => "command line",
            Self::Environment => "environment",
            Self::User => "user file",
            Self::Defaults => "managed defaults",
            Self::BuiltIn => "built in",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where something was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    File(PathBuf),
    /// The environment variable.
    Variable(String),
    /// The key that a flag of the command line stands for.
    Flag(String),
    /// A registry key or a managed preferences domain.
    Managed(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Flag(key) => write!(f, "command line ({key})"),
            Self::Managed(place) => f.write_str(place),
        }
    }
}

/// A place in a source; line and column count from 1, and are 0 where the source has no lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    pub origin: Origin,
    pub line: u32,
    pub column: u32,
}

impl Spot {
    fn file(&self) -> Option<&Path> {
        match &self.origin {
            Origin::File(path) => Some(path),
            Origin::Variable(_) | Origin::Flag(_) | Origin::Managed(_) => None,
        }
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}", self.origin),
            line => write!(f, "{}:{line}", self.origin),
        }
    }
}

/// The configuration cannot be used. Keys are written as in `config show`: `entra.tenant`, `host.scope`.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It exists and cannot be read.
    #[error("{} cannot be read: {why}", .file.display())]
    Unreadable { file: PathBuf, why: String },
    /// More than [`crate::config::LARGEST_FILE`].
    #[error("{} is larger than 16 MiB", .0.display())]
    TooLarge(PathBuf),
    /// Not TOML. `why` quotes nothing of the file.
    #[error("{at}: {why}")]
    Syntax { at: Spot, why: String },
    /// No such table, key or flag.
    #[error("{at}: unknown key `{key}`")]
    UnknownKey { at: Spot, key: String, nearest: Option<String> },
    /// Wrong type or value.
    #[error("{at}: `{key}` {reason}")]
    BadValue { at: Spot, key: String, reason: Reason },
    /// A key that must have a value has none in any layer; `at` is the table that lacks it, if it is known.
    #[error("`{key}` is not set")]
    Missing { key: String, at: Option<Spot> },
    /// `entra = "NAME"` without `[entra.NAME]`.
    #[error("{at}: there is no `[entra.{name}]`")]
    UnknownProfile { at: Spot, name: String, nearest: Option<String> },
    /// Two `[[host]]` tables of one file are one host.
    #[error("{at}: the host {url} is already in line {first}")]
    DuplicateHost { at: Spot, url: String, first: u32 },
    /// A key that the host's source does not know.
    #[error("{at}: `{key}` is not for hosts with source = \"{source_name}\"")]
    WrongSource { at: Spot, key: String, source_name: String, sources: &'static [&'static str] },
    /// A key that this layer must not set.
    #[error("{at}: `{key}` may not be set in this layer ({layer})")]
    WrongLayer { at: Spot, key: String, layer: Layer },
    /// A policy file in a trusted directory that others may write.
    #[error("{} is not trusted: {} {why}", .file.display(), .at.display())]
    Untrusted { file: PathBuf, at: PathBuf, why: Distrust },
    /// The client secret cannot be had.
    #[error("the client secret cannot be read from {place}: {why}")]
    Secret { place: String, why: String },
}

impl ConfigError {
    /// The file it is about, where it is about one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Unreadable { file, .. } | Self::TooLarge(file) | Self::Untrusted { file, .. } => Some(file),
            Self::Syntax { at, .. }
            | Self::UnknownKey { at, .. }
            | Self::BadValue { at, .. }
            | Self::UnknownProfile { at, .. }
            | Self::DuplicateHost { at, .. }
            | Self::WrongSource { at, .. }
            | Self::WrongLayer { at, .. } => at.file(),
            Self::Missing { at, .. } => at.as_ref()?.file(),
            Self::Secret { .. } => None,
        }
    }
}

/// Why a value is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error("must be {expected}, not {found}")]
    Type { expected: &'static str, found: &'static str },
    #[error("must be one of {}", .allowed.join(", "))]
    NotAllowed { allowed: &'static [&'static str], nearest: Option<&'static str> },
    #[error("must not be empty")]
    Empty,
    #[error("must not hold control characters")]
    ControlCharacter,
    #[error("must name your own tenant; `{0}` is shared by all")]
    SharedTenant(String),
    #[error("must be a tenant GUID or a verified domain")]
    Tenant,
    #[error("must be a GUID")]
    Guid,
    #[error("is refused: {0}")]
    Url(BadUrl),
    #[error("must be an http URL on localhost, 127.0.0.1 or [::1]")]
    Redirect,
    #[error("must be a duration such as \"30s\", \"5m\" or \"24h\"")]
    Duration,
    #[error("must be at least {0} seconds")]
    TooShort(u64),
    #[error("must be at most {0} seconds")]
    TooLong(u64),
    #[error("must be a time of day such as \"04:00\"")]
    TimeOfDay,
    #[error("must be an absolute path")]
    RelativePath,
    #[error("must consist of letters, digits, `-` and `_`, and must not be a reserved name")]
    ProfileName,
    #[error("must be a version such as \"1.4.0\"")]
    Version,
    #[error("must hold Ed25519 public keys, as `ssh-keygen -t ed25519` writes them")]
    SigningKey,
    #[error("excludes `{0}`; only one of them may be set")]
    Excludes(&'static str),
}

/// Why a file or directory is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    #[error("is not owned by root")]
    Owner,
    #[error("can be written by others")]
    Writable,
    /// Windows only.
    #[error("is not below the folder that `Directory` of HKLM\\SOFTWARE\\Policies\\BitbucketSso names")]
    NotNamed,
    #[error("cannot be examined")]
    Unknown,
}

/// Something that was left out; for `status` and `doctor`, never for `get`.
#[derive(Debug)]
pub enum Finding {
    /// A value that does not hold. `wins` is the layer whose value does.
    Ignored { key: String, at: Spot, layer: Layer, wins: Layer, why: Ignored },
    /// A broken file of the managed defaults.
    Skipped { file: PathBuf, error: ConfigError },
    /// A directory that counts as absent; `at` is the part of its path that is not trusted.
    UntrustedDirectory { directory: PathBuf, at: PathBuf, why: Distrust },
    /// A `BITBUCKET_SSO_…` variable that means nothing; only from [`crate::config::unknown_variables`].
    UnknownVariable { name: String, nearest: Option<String> },
}

/// Why a value is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// Policy has locked the key.
    Locked,
    /// A trust key (or the file that would bring some) from environment or command line, while a file sets one.
    Trust,
    /// A host on a server that policy governs, at another path.
    Governed,
    /// The host's source, set in another layer, does not know the key.
    Source,
    /// A host key without a host that it could belong to.
    NoHost,
}
