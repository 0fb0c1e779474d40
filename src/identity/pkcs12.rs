//! Key files under a password: PKCS#12 (RFC 7292) and encrypted PKCS#8, both with PBES2 as every current tool writes
//! them: PBKDF2 with HMAC-SHA-256 or SHA-1, AES-CBC. RC2 and triple DES, which older tools wrote, are refused. The
//! file's own MAC is not looked at: what is decrypted must be a key that fits its certificate, or is refused.

use super::der::{self, Element, OCTETS, OID, OWN, SEQUENCE};
use crate::basis::secret::SecretBytes;
use aes::cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7};
use ring::pbkdf2;
use std::num::NonZeroU32;

/// Certificates, and the one private key in PKCS#8.
pub(super) struct Opened {
    pub certificates: Vec<Vec<u8>>,
    pub key: SecretBytes,
}

/// Why nothing was opened; in words that follow "the certificate FILE".
pub(super) type Wrong = &'static str;

/// Opens a PKCS#12 file.
pub(super) fn open(file: &[u8], password: &[u8]) -> Result<Opened, Wrong> {
    let content = authenticated_safe(file).ok_or(NO_FILE)?;
    let mut opened = Opened { certificates: Vec::new(), key: SecretBytes::default() };
    for part in der::all(der::only(content, SEQUENCE).ok_or(NO_FILE)?) {
        let (kind, body) = typed(part.body).ok_or(NO_FILE)?;
        let bags = match kind {
            DATA => SecretBytes::new(der::only(body, OCTETS).ok_or(NO_FILE)?.to_vec()),
            ENCRYPTED => decrypted_content(body, password)?,
            _ => return Err("holds parts that are encrypted for a certificate instead of under a password"),
        };
        for bag in der::all(der::only(bags.expose(), SEQUENCE).ok_or(WRONG_PASSWORD)?) {
            take(bag, password, &mut opened)?;
        }
    }
    Ok(opened)
}

/// Opens an `EncryptedPrivateKeyInfo` (RFC 5958 section 3).
pub(super) fn key(encrypted: &[u8], password: &[u8]) -> Result<SecretBytes, Wrong> {
    let parts = der::all(der::only(encrypted, SEQUENCE).ok_or(NO_FILE)?);
    let [algorithm, data] = parts.as_slice() else { return Err(NO_FILE) };
    let key = decrypt(algorithm, data.body, password)?;
    der::only(key.expose(), SEQUENCE).ok_or(WRONG_PASSWORD)?;
    Ok(key)
}

/// `PFX` → `AuthenticatedSafe`, as bytes.
fn authenticated_safe(file: &[u8]) -> Option<&[u8]> {
    let parts = der::all(der::only(file, SEQUENCE)?);
    let [version, content, ..] = parts.as_slice() else { return None };
    let (kind, body) = typed(content.body)?;
    (der::number(version) == Some(3) && kind == DATA).then(|| der::only(body, OCTETS))?
}

/// An identifier and what it stands for, under the context's tag 0.
fn typed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let parts = der::all(bytes);
    let [kind, content, ..] = parts.as_slice() else { return None };
    (kind.tag == OID && content.tag == OWN).then_some((kind.body, content.body))
}

fn decrypted_content(body: &[u8], password: &[u8]) -> Result<SecretBytes, Wrong> {
    let parts = der::all(der::only(body, SEQUENCE).ok_or(NO_FILE)?);
    let [_, info, ..] = parts.as_slice() else { return Err(NO_FILE) };
    let info = der::all(info.body);
    // The content's own tag 0, primitive: the octets themselves.
    let [_, algorithm, data, ..] = info.as_slice() else { return Err(NO_FILE) };
    decrypt(algorithm, data.body, password)
}

fn take(bag: Element<'_>, password: &[u8], opened: &mut Opened) -> Result<(), Wrong> {
    let (kind, body) = typed(bag.body).ok_or(NO_FILE)?;
    match kind {
        SHROUDED_KEY => opened.key = key(body, password)?,
        PLAIN_KEY => opened.key = SecretBytes::new(body.to_vec()),
        CERTIFICATE => {
            let (_, certificate) = der::only(body, SEQUENCE).and_then(typed).ok_or(NO_FILE)?;
            opened.certificates.push(der::only(certificate, OCTETS).ok_or(NO_FILE)?.to_vec());
        }
        _ => {}
    }
    Ok(())
}

/// PBES2 (RFC 8018 section 6.2).
fn decrypt(algorithm: &Element<'_>, data: &[u8], password: &[u8]) -> Result<SecretBytes, Wrong> {
    let parts = der::all(algorithm.body);
    let [kind, parameters, ..] = parts.as_slice() else { return Err(OLD) };
    if kind.body != PBES2 {
        return Err(OLD);
    }
    let parameters = der::all(parameters.body);
    let [derivation, cipher, ..] = parameters.as_slice() else { return Err(NO_FILE) };
    let cipher = der::all(cipher.body);
    let [cipher, start, ..] = cipher.as_slice() else { return Err(NO_FILE) };
    let length = match cipher.body {
        AES_128 => 16,
        AES_256 => 32,
        _ => return Err(OLD),
    };
    let derived = derive(derivation, password, length)?;
    let mut bytes = data.to_vec();
    let plain = match length {
        16 => cbc::Decryptor::<aes::Aes128>::new_from_slices(derived.expose(), start.body)
            .ok()
            .and_then(|cipher| cipher.decrypt_padded::<Pkcs7>(&mut bytes).ok()),
        _ => cbc::Decryptor::<aes::Aes256>::new_from_slices(derived.expose(), start.body)
            .ok()
            .and_then(|cipher| cipher.decrypt_padded::<Pkcs7>(&mut bytes).ok()),
    };
    let plain = plain.map(<[u8]>::to_vec).map(SecretBytes::new);
    drop(SecretBytes::new(bytes));
    plain.ok_or(WRONG_PASSWORD)
}

/// PBKDF2 (RFC 8018 section 5.2); SHA-1 where no function is named.
fn derive(derivation: &Element<'_>, password: &[u8], length: usize) -> Result<SecretBytes, Wrong> {
    let parts = der::all(derivation.body);
    let [kind, parameters, ..] = parts.as_slice() else { return Err(NO_FILE) };
    if kind.body != PBKDF2 {
        return Err("is protected with scrypt, which is not read; export it again with PBKDF2");
    }
    let parameters = der::all(parameters.body);
    let [salt, rounds, rest @ ..] = parameters.as_slice() else { return Err(NO_FILE) };
    let function = rest.iter().find(|part| part.tag == SEQUENCE).map(|part| der::all(part.body));
    let function = match function.as_ref().and_then(|parts| parts.first()).map(|part| part.body) {
        None | Some(HMAC_SHA1) => pbkdf2::PBKDF2_HMAC_SHA1,
        Some(HMAC_SHA256) => pbkdf2::PBKDF2_HMAC_SHA256,
        Some(_) => return Err(OLD),
    };
    let rounds = der::number(rounds).filter(|rounds| *rounds <= MOST_ROUNDS).and_then(NonZeroU32::new);
    let mut key = vec![0; length];
    pbkdf2::derive(function, rounds.ok_or(NO_FILE)?, salt.body, password, &mut key);
    Ok(SecretBytes::new(key))
}

const NO_FILE: Wrong = "is no PKCS#12 or PKCS#8 file";
const WRONG_PASSWORD: Wrong = "does not open with the password of certificate_password_file";
const OLD: Wrong = "is encrypted in an old way (RC2, triple DES); export it again with a current tool";
/// A file must not keep git waiting: current tools write 2,048 to 600,000.
const MOST_ROUNDS: u32 = 10_000_000;

const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
const ENCRYPTED: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 6];
const PLAIN_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1, 1];
const SHROUDED_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1, 2];
const CERTIFICATE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1, 3];
const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 13];
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 12];
const HMAC_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 7];
const HMAC_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 9];
const AES_128: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 2];
const AES_256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 42];
