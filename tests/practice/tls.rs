//! A private certificate authority for the loopback, and leaves that are good or bad on purpose.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The authority that every emulator's certificate comes from.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
}

/// What is right or wrong with a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaf {
    Good,
    Expired,
    NotYetValid,
    WrongName,
    /// Right in all but its issuer, which nobody trusts.
    Stranger,
}

impl Authority {
    /// Makes a new authority and writes its certificate to `ca.pem` in `dir`.
    pub fn new(dir: &Path) -> Self {
        let mut params = CertificateParams::new(Vec::default()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "Practice authority");
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2045, 1, 1));
        let key = KeyPair::generate().unwrap();
        let file = dir.join("ca.pem");
        std::fs::write(&file, params.self_signed(&key).unwrap().pem()).unwrap();
        Self { issuer: Issuer::new(params, key), file }
    }

    /// The authority's certificate, PEM.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// What a server needs to answer for `localhost`, `127.0.0.1`, `::1` and the given names.
    pub fn server(&self, leaf: Leaf, names: &[&str]) -> Arc<rustls::ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let params = leaf_params(leaf, names);
        let certificate = if leaf == Leaf::Stranger {
            let stranger = KeyPair::generate().unwrap();
            let issuer = Issuer::new(CertificateParams::new(Vec::default()).unwrap(), stranger);
            params.signed_by(&key, &issuer).unwrap()
        } else {
            params.signed_by(&key, &self.issuer).unwrap()
        };
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = rustls::ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .unwrap();
        Arc::new(config)
    }
}

impl Authority {
    /// The certificate and key of a good server as PEM files in `dir`, for a server in another process.
    pub fn files(&self, dir: &Path) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().unwrap();
        let certificate = leaf_params(Leaf::Good, &[]).signed_by(&key, &self.issuer).unwrap();
        let files = (dir.join("tls.crt"), dir.join("tls.key"));
        super::write_private(&files.0, &certificate.pem());
        super::write_private(&files.1, &key.serialize_pem());
        files
    }
}

/// What a server needs that nobody vouches for, and the SHA-1 of its certificate in upper-case hexadecimal.
pub fn alone() -> (Arc<rustls::ServerConfig>, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = leaf_params(Leaf::Good, &[]).self_signed(&key).unwrap();
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, certificate.der());
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = rustls::ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    (Arc::new(config), super::codec::hex(digest.as_ref()).to_uppercase())
}

/// What a client needs to trust only the authority in this PEM file.
pub fn client(ca: &Path) -> Arc<rustls::ClientConfig> {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
    let config = rustls::ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

fn leaf_params(leaf: Leaf, names: &[&str]) -> CertificateParams {
    let good = ["localhost", "127.0.0.1", "::1"];
    let names: Vec<String> = match leaf {
        Leaf::WrongName => vec!["elsewhere.example".to_owned()],
        _ => good.iter().chain(names).map(|name| (*name).to_owned()).collect(),
    };
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, "Practice server");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    (params.not_before, params.not_after) = match leaf {
        Leaf::Expired => (date_time_ymd(2020, 1, 1), date_time_ymd(2020, 2, 1)),
        Leaf::NotYetValid => (date_time_ymd(2044, 1, 1), date_time_ymd(2045, 1, 1)),
        _ => (date_time_ymd(2024, 1, 1), date_time_ymd(2044, 1, 1)),
    };
    params
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
