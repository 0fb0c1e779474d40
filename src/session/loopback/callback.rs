//! What a browser says, as far as it matters here: one request, read from bytes, without side effects.

use crate::basis::form::Fields;
use crate::basis::secret::Code;

/// The methods that an answer may come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Bitbucket's redirect, or Entra's with `response_mode = "query"`.
    Get,
    /// Entra's `form_post`.
    Post,
}

/// How far the bytes go.
pub enum Parsed {
    /// More is to come.
    Part,
    /// One whole request; what follows it is ignored.
    Whole(Request),
    /// Nothing that can be answered but with this status.
    Refused(u16),
}

/// One request, taken apart. Its query and body may hold a code, so there is no `Debug`.
pub struct Request {
    /// `None`: one that no answer comes by.
    pub method: Option<Method>,
    pub path: String,
    /// The `Host` header.
    pub host: String,
    /// The `Accept-Language` header, as it came; empty without one.
    pub languages: String,
    query: Code,
    body: Code,
    is_form: bool,
}

impl Request {
    /// The fields it brings: of the query for GET, of the form for POST.
    pub fn fields(&self) -> Option<Fields> {
        match self.method? {
            Method::Get => Fields::of_form(self.query.expose()),
            Method::Post if self.is_form => Fields::of_form(self.body.expose()),
            Method::Post => None,
        }
    }
}

/// Reads one HTTP/1 request of at most 64 KiB, head and body.
pub fn parse_callback(bytes: &[u8]) -> Parsed {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return if bytes.len() > LARGEST { Parsed::Refused(431) } else { Parsed::Part };
    };
    let Some(head) = std::str::from_utf8(&bytes[..end]).ok().and_then(Head::read) else {
        return Parsed::Refused(400);
    };
    let body = &bytes[end + 4..];
    if end + 4 + head.length.min(LARGEST) > LARGEST {
        return Parsed::Refused(413);
    }
    match body.get(..head.length).map(|body| std::str::from_utf8(body)) {
        None => Parsed::Part,
        Some(Ok(body)) => Parsed::Whole(head.with(body)),
        Some(Err(_)) => Parsed::Refused(400),
    }
}

struct Head<'a> {
    method: &'a str,
    target: &'a str,
    host: &'a str,
    languages: &'a str,
    length: usize,
    is_form: bool,
}

impl<'a> Head<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut lines = text.split("\r\n");
        let mut first = lines.next()?.split(' ');
        let (method, target, version) = (first.next()?, first.next()?, first.next()?);
        if first.next().is_some() || !target.starts_with('/') || !version.starts_with("HTTP/1.") {
            return None;
        }
        let (mut hosts, mut lengths, mut languages, mut is_form) = (Vec::new(), Vec::new(), "", false);
        for line in lines {
            let (name, value) = line.split_once(':')?;
            match name.to_ascii_lowercase().as_str() {
                "host" => hosts.push(value.trim()),
                "accept-language" => languages = value.trim(),
                "content-length" => lengths.push(value.trim()),
                "content-type" => is_form = is_form_type(value),
                // Browsers send forms whole.
                "transfer-encoding" => return None,
                _ => {}
            }
        }
        let ([host], [] | [_]) = (hosts.as_slice(), lengths.as_slice()) else { return None };
        let digits = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
        let length = match lengths.first() {
            Some(text) => Some(*text).filter(digits)?.parse().unwrap_or(usize::MAX),
            None => 0,
        };
        Some(Self { method, target, host, languages, length, is_form })
    }

    fn with(self, body: &str) -> Request {
        let Self { method, target, host, languages, length: _, is_form } = self;
        let method = match method {
            "GET" => Some(Method::Get),
            "POST" => Some(Method::Post),
            _ => None,
        };
        let target = target.split('#').next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Request {
            method,
            path: path.to_owned(),
            host: host.to_owned(),
            languages: languages.to_owned(),
            query: Code::new(query.to_owned()),
            body: Code::new(body.to_owned()),
            is_form,
        }
    }
}

fn is_form_type(value: &str) -> bool {
    let kind = value.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// Head and body together; codes are 1 to 2 KB, some tenants' far longer.
pub const LARGEST: usize = 64 * 1024;
