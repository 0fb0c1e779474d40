//! Base64, the two ways it is needed: in URLs and tokens (RFC 4648 section 5, unpadded), and for headers and stores
//! that take text only (section 4, padded). Anything but the one spelling of its bytes is refused.

use crate::basis::secret::SecretBytes;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// URL-safe and without padding, as PKCE and random text want it (RFC 7636 appendix A).
pub fn url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What [`url()`] wrote; anything else is `None`. For what is public: a failed decoding wipes nothing.
pub fn from_url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// With `+`, `/` and padding, as HTTP Basic (RFC 7617 section 2) and KDE Wallet want it.
pub fn standard(bytes: &[u8]) -> SecretBytes {
    // Reserved at once: a growing buffer would leave pieces of a secret behind.
    let mut text = vec![0; bytes.len().div_ceil(3) * 4];
    let filled = STANDARD.encode_slice(bytes, &mut text);
    debug_assert_eq!(filled, Ok(text.len()), "four digits for three bytes");
    SecretBytes::new(text)
}

/// What [`standard`] wrote; anything else is `None`.
pub fn from_standard(text: &[u8]) -> Option<SecretBytes> {
    let mut bytes = vec![0; base64::decoded_len_estimate(text.len())];
    let filled = STANDARD.decode_slice(text, &mut bytes);
    let decoded = SecretBytes::new(bytes);
    Some(SecretBytes::new(decoded.expose().get(..filled.ok()?)?.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_rfc_4648_hold() {
        for (plain, want) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
        {
            let short = want.trim_end_matches('=');
            assert_eq!(standard(plain.as_bytes()).expose(), want.as_bytes());
            assert_eq!(from_standard(want.as_bytes()).unwrap().expose(), plain.as_bytes());
            assert_eq!(url(plain.as_bytes()), short);
            assert_eq!(from_url(short).unwrap(), plain.as_bytes());
        }
    }

    #[test]
    fn the_last_two_digits_differ() {
        assert_eq!(standard(&[0xfb, 0xff]).expose(), b"+/8=");
        assert_eq!(url(&[0xfb, 0xff]), "-_8");
    }

    #[test]
    fn every_byte_survives_and_other_spellings_do_not() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(from_standard(standard(&all).expose()).unwrap().expose(), all);
        assert_eq!(from_url(&url(&all)).unwrap(), all);
        for bad in ["Zg=", "Zg", "Z\ng=", "Zg=g", "Zh==", "-_8="] {
            assert!(from_standard(bad.as_bytes()).is_none(), "{bad}");
        }
        for bad in ["Zg==", "Zh", "+/8", "Z"] {
            assert!(from_url(bad).is_none(), "{bad}");
        }
    }
}
