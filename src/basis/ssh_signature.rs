//! Signatures of `ssh-keygen -Y sign` over Ed25519 (OpenSSH's `PROTOCOL.sshsig`), and the keys they are checked with.
//!
//! Every admin has the tool, and the key may live in an agent or on a token that is no more than an SSH key to it.

use crate::basis::base64;
use crate::basis::text::clean;
use ring::digest::{SHA256, SHA512, digest};
use ring::signature::{ED25519, UnparsedPublicKey};
use std::str::FromStr;

/// A public key, as the line that `ssh-keygen` writes: `ssh-ed25519 AAAA… NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    bytes: [u8; 32],
    /// The rest of the line, for people; the key itself where there is none.
    pub name: String,
}

/// Why a text is no [`SigningKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadKey;

/// Why a signature does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    /// Not what `ssh-keygen -Y sign` writes, or larger than 8 KiB.
    #[error("it is no signature of `ssh-keygen -Y sign` with an Ed25519 key")]
    Malformed,
    /// Made for something else.
    #[error("it was made for another purpose (`-n`)")]
    Namespace,
    /// By nobody who counts.
    #[error("it was made with a key that the policy does not name")]
    OtherKey,
    /// The key counts, the text is not what it signed.
    #[error("it does not belong to this text")]
    Wrong,
}

impl FromStr for SigningKey {
    type Err = BadKey;

    fn from_str(line: &str) -> Result<Self, BadKey> {
        let mut words = line.splitn(3, ' ');
        let (Some(ALGORITHM), Some(blob)) = (words.next(), words.next()) else { return Err(BadKey) };
        let name = words.next().map(str::trim).filter(|name| !name.is_empty()).unwrap_or(blob);
        let decoded = base64::from_standard(blob.as_bytes()).ok_or(BadKey)?;
        let bytes = Blob(decoded.expose()).key().ok_or(BadKey)?;
        Ok(Self { bytes, name: clean(name) })
    }
}

/// The key among `keys` that signed `text` for `namespace`.
pub fn signer<'a>(
    armored: &[u8],
    text: &[u8],
    namespace: &str,
    keys: &'a [SigningKey],
) -> Result<&'a SigningKey, BadSignature> {
    let blob = unarmored(armored).ok_or(BadSignature::Malformed)?;
    let parts = parts(&blob).ok_or(BadSignature::Malformed)?;
    if parts.namespace != namespace.as_bytes() {
        return Err(BadSignature::Namespace);
    }
    let key = keys.iter().find(|key| key.bytes == parts.key).ok_or(BadSignature::OtherKey)?;
    let signed = parts.signed(text).ok_or(BadSignature::Malformed)?;
    let checked = UnparsedPublicKey::new(&ED25519, &key.bytes).verify(&signed, parts.signature);
    checked.map(|()| key).map_err(|_| BadSignature::Wrong)
}

/// What a signature says of itself.
struct Parts<'a> {
    key: [u8; 32],
    namespace: &'a [u8],
    reserved: &'a [u8],
    hash: &'a [u8],
    signature: &'a [u8],
}

impl Parts<'_> {
    /// The bytes that were signed; `None` for a hash that is not in use.
    fn signed(&self, text: &[u8]) -> Option<Vec<u8>> {
        let sum = match self.hash {
            b"sha512" => digest(&SHA512, text),
            b"sha256" => digest(&SHA256, text),
            _ => return None,
        };
        let mut signed = MAGIC.to_vec();
        for field in [self.namespace, self.reserved, self.hash, sum.as_ref()] {
            signed.extend(u32::try_from(field.len()).ok()?.to_be_bytes());
            signed.extend(field);
        }
        Some(signed)
    }
}

fn unarmored(armored: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(armored).ok().filter(|text| text.len() <= LARGEST)?;
    let inner = text.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let joined: String = inner.split_ascii_whitespace().collect();
    base64::from_standard(joined.as_bytes()).map(|blob| blob.expose().to_vec())
}

fn parts(blob: &[u8]) -> Option<Parts<'_>> {
    let mut blob = Blob(blob.strip_prefix(MAGIC)?.strip_prefix(&VERSION)?);
    let key = Blob(blob.field()?).key()?;
    let (namespace, reserved, hash) = (blob.field()?, blob.field()?, blob.field()?);
    let mut inner = Blob(blob.field()?);
    let known = inner.field()? == ALGORITHM.as_bytes();
    let signature = inner.field()?;
    (known && blob.0.is_empty() && inner.0.is_empty()).then_some(Parts { key, namespace, reserved, hash, signature })
}

/// Fields of SSH's wire format: a length in four bytes, then so many bytes.
struct Blob<'a>(&'a [u8]);

impl<'a> Blob<'a> {
    fn field(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let (field, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        self.0 = rest;
        Some(field)
    }

    /// An Ed25519 key, and nothing after it.
    fn key(mut self) -> Option<[u8; 32]> {
        let known = self.field()? == ALGORITHM.as_bytes();
        let key = self.field()?.try_into().ok()?;
        (known && self.0.is_empty()).then_some(key)
    }
}

const ALGORITHM: &str = "ssh-ed25519";
const MAGIC: &[u8] = b"SSHSIG";
const VERSION: [u8; 4] = [0, 0, 0, 1];
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
/// A signature with an Ed25519 key has some 300 bytes.
const LARGEST: usize = 8 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(line: &str) -> Vec<SigningKey> {
        vec![line.parse().unwrap()]
    }

    fn check(signature: &str, text: &str, namespace: &str, key: &str) -> Result<String, BadSignature> {
        signer(signature.as_bytes(), text.as_bytes(), namespace, &keys(key)).map(|key| key.name.clone())
    }

    #[test]
    fn what_ssh_keygen_signed_is_accepted_and_nothing_else() {
        assert_eq!(check(SIGNATURE, TEXT, "test", KEY), Ok("ops@acme.example".into()));
        assert_eq!(check(SIGNATURE, "another", "test", KEY), Err(BadSignature::Wrong));
        assert_eq!(check(SIGNATURE, TEXT, "file", KEY), Err(BadSignature::Namespace));
        assert_eq!(check(SIGNATURE, TEXT, "test", OTHER), Err(BadSignature::OtherKey));
    }

    #[test]
    fn broken_signatures_are_malformed() {
        let cut = SIGNATURE.replace("U1NI", "U1NJ");
        let inner = SIGNATURE.replace(BEGIN, "").replace(END, "");
        let long = format!("{SIGNATURE}{}", " ".repeat(LARGEST));
        for bad in ["", BEGIN, &inner, &cut, &long, &SIGNATURE.replace(END, &format!("AAAA{END}"))] {
            assert_eq!(check(bad, TEXT, "test", KEY), Err(BadSignature::Malformed), "{bad}");
        }
    }

    #[test]
    fn a_key_is_one_line_of_an_ed25519_key() {
        assert_eq!(keys(KEY.rsplit_once(' ').unwrap().0)[0].name, KEY.split(' ').nth(1).unwrap());
        for bad in ["", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-rsa AAAAB3NzaC1yc2E=", &KEY.replace("AAAAC3", "AAAAC4")]
        {
            assert!(bad.parse::<SigningKey>().is_err(), "{bad}");
        }
    }

    const TEXT: &str = "a text";
    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMBJT5OKXLBeQ/7hs9flFL56lrzK8CipmXa0BcmkCXQ/ ops@acme.example";
    const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICYhQUQDZJD7WCljlQHw4DqIiKZ96tBrIaYM2DJxNk7t other";
    const SIGNATURE: &str = "\
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgwElPk4pcsF5D/uGz1+UUvnqWvM
rwKKmZdrQFyaQJdD8AAAAEdGVzdAAAAAAAAAAGc2hhNTEyAAAAUwAAAAtzc2gtZWQyNTUx
OQAAAEA+rG8QZA+ZIkQ5MVl5BKDrwd69l70doxikvwEIgco96WhBlOnzp1fD8/JOCA8UDM
OPsYawy8GMh92buoqRY28N
-----END SSH SIGNATURE-----
";
}
