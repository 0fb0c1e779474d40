//! The `url=` line of a request, taken apart as git does it (git's `credential_from_url`).

use crate::basis::secret::GitToken;

/// The parts of a URL, percent-decoded.
pub(super) struct Location {
    pub protocol: String,
    pub host: String,
    pub path: Option<String>,
    pub username: Option<String>,
    pub password: Option<GitToken>,
}

/// `None` if it is no absolute URL, or decodes to something that could break a line.
pub(super) fn parse(url: &[u8]) -> Option<Location> {
    let url = std::str::from_utf8(url).ok()?;
    let (protocol, rest) = url.split_once("://")?;
    let border = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(border);
    let (user, host) = match authority.split_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    let (username, password) = match user.map(|user| user.split_once(':').ok_or(user)) {
        Some(Ok((username, password))) => (Some(decoded(username)?), Some(GitToken::new(decoded(password)?))),
        Some(Err(username)) => (Some(decoded(username)?), None),
        None => (None, None),
    };
    let path = Some(path.trim_matches('/')).filter(|path| !path.is_empty());
    let path = path.map(decoded).map_or(Some(None), |path| path.map(Some))?;
    Some(Location { protocol: protocol.to_owned(), host: decoded(host)?, path, username, password })
}

/// Percent-decoded; a `%` without two hex digits stands for itself, as in git.
fn decoded(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escape = (*byte == b'%').then(|| bytes.get(at + 1..at + 3).and_then(hex)).flatten();
        plain.push(escape.unwrap_or(*byte));
        at += if escape.is_some() { 3 } else { 1 };
    }
    let harmless = !plain.iter().any(|byte| matches!(byte, 0 | b'\n' | b'\r'));
    String::from_utf8(plain).ok().filter(|_| harmless)
}

fn hex(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_comes_apart() {
        let url = parse(b"https://j%40d:s%3ax@git.example.com:8443/scm/a%20b.git/").unwrap();
        assert_eq!((url.protocol.as_str(), url.host.as_str()), ("https", "git.example.com:8443"));
        assert_eq!((url.path.as_deref(), url.username.as_deref()), (Some("scm/a b.git"), Some("j@d")));
        assert_eq!(url.password.unwrap().expose(), "s:x");
        assert_eq!(parse(b"https://h").unwrap().path, None);
    }

    #[test]
    fn a_line_cannot_be_smuggled_in() {
        for bad in ["https://h%0ahost=evil/", "https://a%0d@h", "https://h/%00", "bitbucket.org"] {
            assert!(parse(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
