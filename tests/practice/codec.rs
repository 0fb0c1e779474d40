//! Small encodings: base64, form bodies, random identifiers.

use ring::rand::{SecureRandom, SystemRandom};

const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Name and value pairs of a form or a query, in order, duplicates kept.
pub type Pairs = Vec<(String, String)>;

/// base64url without padding.
pub fn base64url(bytes: &[u8]) -> String {
    encode(bytes, URL_SAFE)
}

/// base64 with padding.
pub fn base64(bytes: &[u8]) -> String {
    let mut text = encode(bytes, STANDARD);
    text.extend(std::iter::repeat_n('=', (4 - text.len() % 4) % 4));
    text
}

/// Reads either alphabet, padded or not, white space ignored; `None` for anything else.
pub fn unbase64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut have) = (0u32, 0u32);
    for letter in text.bytes().filter(|letter| !letter.is_ascii_whitespace() && *letter != b'=') {
        let at = URL_SAFE.iter().position(|known| *known == letter);
        let at = at.or_else(|| STANDARD.iter().position(|known| *known == letter))?;
        bits = bits << 6 | u32::try_from(at).ok()?;
        have += 6;
        if have >= 8 {
            have -= 8;
            bytes.push(u8::try_from(bits >> have & 0xff).ok()?);
        }
    }
    Some(bytes)
}

/// base64url of SHA-256, as PKCE S256 wants it.
pub fn s256(text: &str) -> String {
    base64url(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()).as_ref())
}

/// A random opaque text of exactly so many letters.
pub fn opaque(letters: usize) -> String {
    let mut text = base64url(&random(letters));
    text.truncate(letters);
    text
}

/// A random UUID (version 4).
pub fn guid() -> String {
    let mut bytes = random(16);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex(&bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// Whether the text has the form of a GUID.
pub fn is_guid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(|part| part.bytes().all(|letter| letter.is_ascii_hexdigit()))
}

/// A random number below `limit`.
pub fn below(limit: u32) -> u32 {
    let bytes = random(4);
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) % limit
}

/// Random bytes.
pub fn random(count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    SystemRandom::new().fill(&mut bytes).unwrap();
    bytes
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Reads `application/x-www-form-urlencoded`.
pub fn read_form(text: &[u8]) -> Pairs {
    url::form_urlencoded::parse(text).into_owned().collect()
}

/// Writes `application/x-www-form-urlencoded`.
pub fn write_form<K: AsRef<str>, V: AsRef<str>>(pairs: &[(K, V)]) -> String {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs {
        text.append_pair(name.as_ref(), value.as_ref());
    }
    text.finish()
}

/// The first value of a name.
pub fn value<'a>(pairs: &'a Pairs, name: &str) -> Option<&'a str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// A URL with more query parameters.
pub fn with_query<K: AsRef<str>, V: AsRef<str>>(url: &str, pairs: &[(K, V)]) -> String {
    let mark = if url.contains('?') { '&' } else { '?' };
    format!("{url}{mark}{}", write_form(pairs))
}

/// Text made safe inside HTML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// The reverse of [`escape`].
pub fn unescape(text: &str) -> String {
    text.replace("&#39;", "'").replace("&quot;", "\"").replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")
}

fn encode(bytes: &[u8], alphabet: &[u8; 64]) -> String {
    let mut text = String::with_capacity(bytes.len() * 4 / 3 + 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            text.push(char::from(alphabet[(word >> (18 - 6 * place) & 63) as usize]));
        }
    }
    text
}
