//! An application that shows a certificate of its own: a statement signed with its key (`facts/entra.md` 6.6).

use super::{der, pkcs12};
use crate::basis::clock::Timestamp;
use crate::basis::secret::{Assertion, SecretBytes};
use crate::basis::{base64, digest, random};
use crate::identity::{Here, IdentityError, Statement, federated};
use crate::net::Way;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PSS_SHA256, RsaKeyPair};
use std::io::Read;
use std::path::Path;
use std::time::Duration;

/// A statement about the application of the profile, valid for ten minutes.
pub(super) fn statement(here: &Here<'_>) -> Result<Statement, IdentityError> {
    let unset = || IdentityError::Setting("certificate_file is not set in [entra]".into());
    let path = here.profile.workload.certificate_file.as_deref().ok_or_else(unset)?;
    let (client_id, authority, tenant) = federated::application(here)?;
    let endpoint = federated::endpoint(&authority, &tenant);
    let password = here.profile.workload.certificate_password_file.as_deref().map(password).transpose()?;
    let wrong = |why: &str| IdentityError::Certificate { path: path.to_owned(), why: why.to_owned() };
    let own = Own::read(&bytes(path)?, password.as_ref()).map_err(wrong)?;
    let now = here.clock.now();
    own.in_time(now).map_err(wrong)?;
    let assertion = own.signed(&claims(&endpoint, &client_id, now)).ok_or_else(|| wrong("cannot sign"))?;
    Ok(Statement { assertion, client_id, endpoint, way: Way::Usual })
}

/// A key, and the certificate that belongs to it.
struct Own {
    key: RsaKeyPair,
    certificate: Vec<u8>,
}

impl Own {
    fn read(file: &SecretBytes, password: Option<&SecretBytes>) -> Result<Self, &'static str> {
        let password = password.map_or(&[][..], |password| password.expose().trim_ascii_end());
        let opened = match std::str::from_utf8(file.expose()) {
            Ok(text) if text.contains("-----BEGIN ") => pem(text, password)?,
            _ => pkcs12::open(file.expose(), password)?,
        };
        let key = RsaKeyPair::from_pkcs8(opened.key.expose()).or_else(|_| RsaKeyPair::from_der(opened.key.expose()));
        let key = key.map_err(|_| "has no RSA private key of 2,048 bits or more")?;
        // A certificate holds its public key in the same form.
        let public: &[u8] = key.public().as_ref();
        let fits = |certificate: &Vec<u8>| certificate.windows(public.len()).any(|part| part == public);
        let certificate = opened.certificates.into_iter().find(fits);
        Ok(Self { certificate: certificate.ok_or("has no certificate that belongs to its private key")?, key })
    }

    /// Entra refuses it otherwise, and says less.
    fn in_time(&self, now: Timestamp) -> Result<(), &'static str> {
        match validity(&self.certificate) {
            Some((_, end)) if end < now => Err("has expired"),
            Some((begin, _)) if begin > now => Err("is not valid yet, by this machine's clock"),
            _ => Ok(()),
        }
    }

    fn signed(&self, claims: &serde_json::Value) -> Option<Assertion> {
        let thumbprint = base64::url(&digest::sha256(&self.certificate));
        let header = serde_json::json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint });
        let message = [header, claims.clone()].map(|part| base64::url(part.to_string().as_bytes())).join(".");
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).ok()?;
        Some(Assertion::new(format!("{message}.{}", base64::url(&signature))))
    }
}

fn claims(endpoint: &str, client_id: &str, now: Timestamp) -> serde_json::Value {
    serde_json::json!({
        "aud": endpoint, "iss": client_id, "sub": client_id, "jti": random::uuid(),
        "nbf": now.0, "iat": now.0, "exp": now.after(LIFE).0,
    })
}

/// The blocks of a PEM file (RFC 7468): certificates, and a key in one of three forms.
fn pem(text: &str, password: &[u8]) -> Result<pkcs12::Opened, &'static str> {
    let mut opened = pkcs12::Opened { certificates: Vec::new(), key: SecretBytes::default() };
    for block in text.split("-----BEGIN ").skip(1) {
        let Some((label, rest)) = block.split_once("-----") else { continue };
        let body = rest.split("-----END ").next().unwrap_or_default();
        let body = SecretBytes::new(body.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect());
        let der = || base64::from_standard(body.expose()).ok_or("is damaged: a block is no base64");
        match label {
            "CERTIFICATE" => opened.certificates.push(der()?.expose().to_vec()),
            "PRIVATE KEY" | "RSA PRIVATE KEY" => opened.key = der()?,
            "ENCRYPTED PRIVATE KEY" => opened.key = pkcs12::key(der()?.expose(), password)?,
            _ => {}
        }
    }
    Ok(opened)
}

/// From when and until when a certificate holds (RFC 5280 section 4.1.2.5).
fn validity(certificate: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let parts = der::all(der::only(der::only(certificate, der::SEQUENCE)?, der::SEQUENCE)?);
    parts.iter().filter(|part| part.tag == der::SEQUENCE).find_map(|part| {
        let times = der::all(part.body);
        let [begin, end] = times.as_slice() else { return None };
        Some((time(begin)?, time(end)?))
    })
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`.
fn time(element: &der::Element<'_>) -> Option<Timestamp> {
    let text = std::str::from_utf8(element.body).ok()?;
    let text = match element.tag {
        0x17 if text.get(..2)? < "50" => format!("20{text}"),
        0x17 => format!("19{text}"),
        0x18 => text.to_owned(),
        _ => return None,
    };
    let part = |from: usize, to: usize| text.get(from..to);
    let written = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?
    );
    Timestamp::parse(&written)
}

fn password(path: &Path) -> Result<SecretBytes, IdentityError> {
    bytes(path)
}

fn bytes(path: &Path) -> Result<SecretBytes, IdentityError> {
    let wrong = |why: String| IdentityError::Certificate { path: path.to_owned(), why };
    let mut bytes = Vec::with_capacity(MOST);
    let read = std::fs::File::open(path).and_then(|file| file.take(MOST as u64).read_to_end(&mut bytes));
    let bytes = SecretBytes::new(bytes);
    match read {
        Ok(_) => Ok(bytes),
        Err(error) => Err(wrong(format!("cannot be read: {error}"))),
    }
}

/// The longest that Entra takes.
const LIFE: Duration = Duration::from_secs(600);
/// Key, certificate and a chain fit many times.
const MOST: usize = 256 * 1024;
