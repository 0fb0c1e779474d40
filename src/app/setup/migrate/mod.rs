//! `setup --migrate`: Bitbucket passwords and tokens that lie about, and SSH addresses that pass us by. What is found
//! is told without the secret; what is erased is gone, what is rewritten can be taken back.

mod address;
mod config_file;
mod files;
mod helpers;
mod items;
mod netrc;
mod store;
mod undo;

pub use files::{Applied, Left, Look, look};
pub use undo::{Rewritten, Undone, keep, undo};

use crate::config::settings::Settings;
use std::ops::Range;
use std::path::PathBuf;

/// One thing that was found. Never the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub what: What,
    /// The file, or the program that keeps it.
    pub place: PathBuf,
    /// From 1; 0 where there are no lines.
    pub line: usize,
    /// The configured host it is of.
    pub host: String,
    pub user: Option<String>,
    /// How long the secret is, roughly; `None` if there is none, or if it was not looked at.
    pub length: Option<Length>,
    /// Why it cannot be changed by us.
    pub left: Option<Left>,
}

/// What kind of thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// A line of `git credential-store`.
    StoreLine,
    /// An entry of a helper of git's own that keeps it elsewhere: `cache`, `osxkeychain`, `wincred`.
    HelperEntry,
    /// An entry of git's `libsecret` helper or of Git Credential Manager in the Secret Service.
    KeyringItem,
    /// Files of Git Credential Manager.
    ManagerFile,
    /// An entry of `.netrc`.
    Netrc,
    /// User and password in a URL of git's configuration.
    UrlPassword,
    /// An `http.URL.extraHeader` that authenticates.
    Header,
    /// A remote or submodule that uses SSH.
    SshRemote,
    /// A `url.BASE.insteadOf` whose base is SSH.
    SshBase,
}

impl What {
    /// Whether it is a secret, which can only be erased.
    pub fn is_secret(self) -> bool {
        !matches!(self, Self::SshRemote | Self::SshBase)
    }

    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::StoreLine => "store-line",
            Self::HelperEntry => "helper-entry",
            Self::KeyringItem => "keyring-item",
            Self::ManagerFile => "manager-file",
            Self::Netrc => "netrc",
            Self::UrlPassword => "url-password",
            Self::Header => "header",
            Self::SshRemote => "ssh-remote",
            Self::SshBase => "ssh-instead-of",
        }
    }
}

/// The length of a secret, by class: the exact one would help somebody guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    Short,
    Medium,
    Long,
}

impl Length {
    /// The class of so many characters.
    pub fn of(characters: usize) -> Self {
        match characters {
            0..=15 => Self::Short,
            16..=64 => Self::Medium,
            _ => Self::Long,
        }
    }

    /// As people and machines read it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Short => "under 16",
            Self::Medium => "16 to 64",
            Self::Long => "over 64",
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish {
    /// Rewrite SSH addresses.
    pub rewrite: bool,
    /// Erase secrets.
    pub erase: bool,
}

impl Wish {
    /// Whether a thing is to be changed.
    pub fn covers(self, found: &Found) -> bool {
        if found.what.is_secret() { self.erase } else { self.rewrite }
    }
}

/// A thing that lies in a file, and what takes it out of there.
#[derive(Clone, Debug)]
struct Spot {
    found: Found,
    edit: Option<Edit>,
}

/// One piece of a file, by bytes, and what takes its place. Everything else stays as it is.
#[derive(Clone, Debug)]
struct Edit {
    at: Range<usize>,
    with: String,
}

/// The lines of a text with their place in it, line ends included.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, Range<usize>, &str)> {
    let mut end = 0;
    bytes.split_inclusive(|byte| *byte == b'\n').enumerate().filter_map(move |(number, line)| {
        let start = end;
        end += line.len();
        // What is no text holds nothing that git or curl would read as an address.
        Some((number + 1, start..end, std::str::from_utf8(line).ok()?))
    })
}

/// The configured host of an https address.
fn host_of(settings: &Settings, scheme: &str, authority: &str, path: Option<&str>) -> Option<String> {
    crate::hosts::find(settings, scheme, authority, path).map(|host| host.url.to_string())
}
