//! TLS by files, which are read again when they change: whoever renews certificates need not restart anything.

use crate::broker::settings::Front;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Certificate and key in use.
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    current: Mutex<Current>,
}

struct Current {
    acceptor: TlsAcceptor,
    /// Of both files, when they were read last, well or badly.
    marks: [Mark; 2],
    failure: Option<String>,
}

/// What tells one version of a file from another.
type Mark = Option<(SystemTime, u64)>;

/// Why a certificate is not used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{path} holds no {what}: {why}")]
    File { path: PathBuf, what: &'static str, why: String },
    /// They do not belong together, or the key is of an unknown kind.
    #[error("{certificate} and {key} cannot be used together: {why}")]
    Pair { certificate: PathBuf, key: PathBuf, why: String },
}

impl Tls {
    /// The files of a front; `None` where somebody else ends TLS.
    pub fn of(front: &Front) -> Result<Option<Self>, TlsError> {
        let Front::Tls { certificate, key } = front else { return Ok(None) };
        let marks = [mark(certificate), mark(key)];
        let acceptor = acceptor(certificate, key)?;
        let current = Mutex::new(Current { acceptor, marks, failure: None });
        Ok(Some(Self { certificate: certificate.clone(), key: key.clone(), current }))
    }

    /// What the next connection is met with. Files that have changed are read; if they are no good, the old ones stay
    /// in use.
    pub fn acceptor(&self) -> TlsAcceptor {
        let marks = [mark(&self.certificate), mark(&self.key)];
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if marks != current.marks {
            current.marks = marks;
            match acceptor(&self.certificate, &self.key) {
                Ok(acceptor) => {
                    current.acceptor = acceptor;
                    current.failure = None;
                }
                Err(error) => current.failure = Some(error.to_string()),
            }
        }
        current.acceptor.clone()
    }

    /// Why the files as they are now are not in use.
    pub fn failure(&self) -> Option<String> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).failure.clone()
    }
}

fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let bad = |path: &Path, what, why: String| TlsError::File { path: path.to_owned(), what, why };
    let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| bad(certificate, "certificate", error.to_string()))?;
    if chain.is_empty() {
        return Err(bad(certificate, "certificate", "there is none in it".into()));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| bad(key, "private key", error.to_string()))?;
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, secret));
    let mut config = config.map_err(|error| TlsError::Pair {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
        why: error.to_string(),
    })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn mark(path: &Path) -> Mark {
    let meta = fs::metadata(path).ok()?;
    Some((meta.modified().ok()?, meta.len()))
}
