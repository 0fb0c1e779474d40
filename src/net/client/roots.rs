//! The authorities that this machine trusts, read the quick way.

use crate::basis::env::Env;
use crate::net::NetError;
use reqwest::Certificate;
use std::path::{Path, PathBuf};

/// The file that holds all authorities of a Linux distribution; `None` where somebody named others, and on other
/// systems. The libraries below us read this file and then each file of its directory, which are the same once more:
/// three quarters of what a client takes to build (docs/performance.md).
pub fn bundle(env: &Env) -> Option<PathBuf> {
    let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().any(|name| env.os(name).is_some());
    if named || !cfg!(target_os = "linux") {
        return None;
    }
    BUNDLES.iter().map(PathBuf::from).find(|path| path.exists())
}

/// The certificates of a file in PEM, at least one.
pub fn of_file(path: &Path) -> Result<Vec<Certificate>, NetError> {
    let pem = fs_err::read(path).map_err(|error| NetError::Trust { why: error.to_string() })?;
    match Certificate::from_pem_bundle(&pem) {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(NetError::Trust { why: format!("{} holds no certificates in PEM form", path.display()) }),
    }
}

/// Where they are, in the order of OpenSSL's and Go's lists.
const BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Arch, Alpine
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora, RHEL 7 and later
    "/etc/pki/tls/certs/ca-bundle.crt",                  // RHEL 6
    "/etc/ssl/ca-bundle.pem",                            // openSUSE
    "/etc/pki/tls/cacert.pem",
    "/etc/ssl/cert.pem",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_that_somebody_named_are_left_to_the_libraries() {
        for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
            assert_eq!(bundle(&Env::fixed([(name, "/somewhere")])), None, "{name}");
        }
    }
}
