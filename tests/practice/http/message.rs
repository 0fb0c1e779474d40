//! Requests and what can be done with them.

use super::super::codec::{self, Pairs};
use std::time::Duration;

/// A request, read to its end.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// As it was sent, without the query.
    pub path: String,
    pub query: String,
    pub headers: Pairs,
    /// Without transfer coding; still compressed where the client compressed it.
    pub body: Vec<u8>,
}

/// What a client presented in `Authorization`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presented {
    Basic { user: String, password: String },
    Bearer(String),
    Other(String),
}

/// What the server does.
#[derive(Debug)]
pub enum Reply {
    Answer(Response),
    /// The same, after a while.
    Later(Duration, Box<Reply>),
    /// Closes the connection without a word.
    Drop,
    /// Says nothing until the client gives up.
    Hang,
    /// Announces the whole body and sends half of it.
    Truncated(Response),
    /// Sends the body again and again until the client gives up.
    Endless(Response),
}

/// An ordinary answer.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Pairs,
    pub body: Vec<u8>,
}

impl Request {
    /// The first value of a header, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The query as pairs.
    pub fn pairs(&self) -> Pairs {
        codec::read_form(self.query.as_bytes())
    }

    /// The body as pairs, where its type is `application/x-www-form-urlencoded`.
    pub fn form(&self) -> Option<Pairs> {
        let kind = self.header("content-type")?.split(';').next()?.trim();
        kind.eq_ignore_ascii_case("application/x-www-form-urlencoded").then(|| codec::read_form(&self.body))
    }

    /// The credential that was presented.
    pub fn authorization(&self) -> Option<Presented> {
        let text = self.header("authorization")?;
        let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
        if scheme.eq_ignore_ascii_case("bearer") {
            return Some(Presented::Bearer(rest.to_owned()));
        }
        let plain = scheme.eq_ignore_ascii_case("basic").then(|| codec::unbase64(rest)).flatten();
        let plain = plain.and_then(|plain| String::from_utf8(plain).ok());
        match plain.as_deref().and_then(|plain| plain.split_once(':')) {
            Some((user, password)) => Some(Presented::Basic { user: user.to_owned(), password: password.to_owned() }),
            None => Some(Presented::Other(scheme.to_owned())),
        }
    }

    /// A cookie's value.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let all = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case("cookie"));
        all.flat_map(|(_, value)| value.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }
}

impl Presented {
    /// Without the secret: `Basic USER`, `Bearer` or the foreign scheme.
    pub fn kind(&self) -> String {
        match self {
            Self::Basic { user, .. } => format!("Basic {user}"),
            Self::Bearer(_) => "Bearer".to_owned(),
            Self::Other(scheme) => scheme.clone(),
        }
    }

    /// The secret itself, if there is one.
    pub fn secret(&self) -> Option<&str> {
        match self {
            Self::Basic { password: secret, .. } | Self::Bearer(secret) => Some(secret),
            Self::Other(_) => None,
        }
    }
}

impl Reply {
    /// The answer that is sent, whole or not.
    pub fn response(&self) -> Option<&Response> {
        match self {
            Self::Answer(response) | Self::Truncated(response) | Self::Endless(response) => Some(response),
            Self::Later(_, reply) => reply.response(),
            Self::Drop | Self::Hang => None,
        }
    }
}

impl From<Response> for Reply {
    fn from(response: Response) -> Self {
        Self::Answer(response)
    }
}

impl Response {
    /// An answer without headers of its own.
    pub fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("Content-Type".into(), kind.into())], body: body.into() }
    }

    /// `application/json`.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::new(status, "application/json; charset=utf-8", body.to_string())
    }

    /// `text/plain`.
    pub fn text(status: u16, body: &str) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body)
    }

    /// A page; `body` is markup.
    pub fn page(status: u16, title: &str, body: &str) -> Self {
        let title = codec::escape(title);
        let markup = format!(
            "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\
             <body><h1>{title}</h1>{body}</body></html>"
        );
        Self::new(status, "text/html; charset=utf-8", markup)
    }

    /// 302.
    pub fn redirect(location: &str) -> Self {
        Self { status: 302, headers: vec![("Location".into(), location.into())], body: Vec::new() }
    }

    /// The same with one more header.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}
