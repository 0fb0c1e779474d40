//! Proof Key for Code Exchange, the only method in use: S256 (RFC 7636 section 4.2).

use crate::basis::base64;
use crate::basis::digest;
use crate::basis::secret::Verifier;

/// The challenge that belongs to a verifier: unpadded base64url of its SHA-256.
pub fn challenge(verifier: &Verifier) -> String {
    base64::url(&digest::sha256(verifier.expose().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_of_rfc_7636_holds() {
        let verifier = Verifier::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into());
        assert_eq!(challenge(&verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
