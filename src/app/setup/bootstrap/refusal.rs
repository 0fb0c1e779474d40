//! Why an organisation's configuration is not taken.

use crate::app::setup::{BadDocument, SetupError};
use crate::basis::ssh_signature::BadSignature;
use crate::basis::url::BadUrl;
use crate::net::NetError;
use std::path::PathBuf;

/// Why an organisation's configuration was not taken; nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// The argument is no domain, file or https address.
    #[error("`{given}` is no {what}")]
    BadOrigin { given: String, what: &'static str },
    /// The address is not one that may be trusted.
    #[error(transparent)]
    BadUrl(#[from] BadUrl),
    /// No answer.
    #[error(transparent)]
    Net(#[from] NetError),
    /// An answer that is no document; redirects are not followed.
    #[error("{place} answered {status}")]
    Status { place: String, status: u16 },
    /// Over 64 KiB.
    #[error("the configuration of {origin} is larger than 64 KiB")]
    TooLarge { origin: String },
    /// The file or standard input cannot be read.
    #[error("{origin} cannot be read: {why}")]
    Unreadable { origin: String, why: String },
    /// It says something it may not.
    #[error("the configuration of {origin} is not accepted: {why}")]
    Document { origin: String, why: BadDocument },
    /// Beside it lies a signature that does not count.
    #[error("the signature of {origin} does not count: {why}")]
    Signature { origin: String, why: BadSignature },
    /// `--yes` alone agrees to anything.
    #[error("--yes needs --sha256 or a signature")]
    DigestNeeded { sha256: String },
    /// It is not the document that was agreed to.
    #[error("the SHA-256 is {found}, not {wanted}")]
    DigestDiffers { found: String, wanted: String },
    /// Our own configuration check refuses it.
    #[error("the configuration of {origin} is not valid: {why}")]
    Invalid { origin: String, why: String },
    /// The user file was written by a person and says otherwise.
    #[error("{path} says otherwise")]
    Differs { path: PathBuf, difference: Vec<String> },
    /// The user file cannot be read or written.
    #[error(transparent)]
    Write(#[from] SetupError),
}
