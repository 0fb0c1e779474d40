//! Base64 (RFC 4648 section 4) for stores that take text only: KDE Wallet keeps no binary.

use crate::basis::secret::SecretBytes;

/// With padding, on one line.
pub fn encode(bytes: &[u8]) -> SecretBytes {
    let mut text = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let six = (group >> (18 - 6 * place)) as usize & 63;
            text.push(if place > chunk.len() { b'=' } else { ALPHABET[six] });
        }
    }
    SecretBytes::new(text)
}

/// What [`encode`] wrote; anything else is `None`.
pub fn decode(text: &[u8]) -> Option<SecretBytes> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let digits = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for chunk in digits.chunks(4) {
        let mut group = 0u32;
        for digit in chunk {
            group = group << 6 | value(*digit)?;
        }
        group <<= 6 * (4 - chunk.len());
        bytes.extend(&group.to_be_bytes()[1..chunk.len()]);
    }
    Some(SecretBytes::new(bytes))
}

fn value(digit: u8) -> Option<u32> {
    Some(match digit {
        b'A'..=b'Z' => u32::from(digit - b'A'),
        b'a'..=b'z' => u32::from(digit - b'a') + 26,
        b'0'..=b'9' => u32::from(digit - b'0') + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_rfc_4648_section_10() {
        let vectors =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE=")];
        for (plain, text) in vectors {
            assert_eq!(encode(plain.as_bytes()).expose(), text.as_bytes());
            assert_eq!(decode(text.as_bytes()).unwrap().expose(), plain.as_bytes());
        }
    }

    #[test]
    fn every_byte_survives_and_other_text_does_not() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(encode(&all).expose()).unwrap().expose(), all);
        assert!(decode(b"Zg=").is_none() && decode(b"Z\ng=").is_none() && decode(b"Zg=g").is_none());
    }
}
