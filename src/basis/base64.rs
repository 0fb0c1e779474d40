//! Base64, the two ways it is needed: in URLs (RFC 4648 section 5, unpadded) and in HTTP Basic (section 4).

/// URL-safe and without padding, as PKCE and random text want it (RFC 7636 appendix A).
pub fn url(bytes: &[u8]) -> String {
    encode(bytes, URL)
}

/// With `+`, `/` and padding, as HTTP Basic wants it (RFC 7617 section 2).
pub fn standard(bytes: &[u8]) -> String {
    let mut text = encode(bytes, STANDARD);
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

fn encode(bytes: &[u8], last_two: [u8; 2]) -> String {
    // Reserved at once: a growing string would leave pieces of a secret behind.
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let at = |place: usize| u32::from(group.get(place).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for sextet in 0..=group.len() {
            text.push(digit((bits >> (18 - 6 * sextet)) & 0x3f, last_two));
        }
    }
    text
}

fn digit(value: u32, last_two: [u8; 2]) -> char {
    let value = (value & 0x3f) as u8;
    char::from(match value {
        0..=25 => b'A' + value,
        26..=51 => b'a' + (value - 26),
        52..=61 => b'0' + (value - 52),
        62 => last_two[0],
        _ => last_two[1],
    })
}

const URL: [u8; 2] = *b"-_";
const STANDARD: [u8; 2] = *b"+/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_rfc_4648_hold() {
        for (plain, want) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(standard(plain.as_bytes()), want);
            assert_eq!(url(plain.as_bytes()), want.trim_end_matches('='));
        }
    }

    #[test]
    fn the_last_two_digits_differ() {
        assert_eq!(standard(&[0xfb, 0xff]), "+/8=");
        assert_eq!(url(&[0xfb, 0xff]), "-_8");
    }
}
