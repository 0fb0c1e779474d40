//! What all token endpoints and Bitbucket's API have in common: sending, and telling a token from anything else.

use crate::basis::secret::{GitToken, RefreshToken};
use crate::net::{Call, Http, NetError, Reply};
use crate::source::SourceError;
use crate::source::refusal::{self, Step};
use serde::{Deserialize, Deserializer};
use std::time::Duration;

/// A token answer: RFC 6749 section 5.1, RFC 8693 section 2.2.1, Cloud's old `scopes`, and the broker's `username`.
/// Members that are not listed are ignored.
#[derive(Deserialize)]
pub struct TokenReply {
    pub access_token: GitToken,
    pub refresh_token: Option<RefreshToken>,
    pub token_type: Option<String>,
    pub issued_token_type: Option<String>,
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Option<Duration>,
    #[serde(default, deserialize_with = "words")]
    scope: Option<String>,
    #[serde(default, deserialize_with = "words")]
    scopes: Option<String>,
    pub username: Option<String>,
}

impl TokenReply {
    /// How long the token lives; `unsaid` if the server does not say.
    pub fn life(&self, unsaid: Duration) -> Duration {
        self.expires_in.unwrap_or(unsaid)
    }

    /// The scopes granted; those asked for if the server does not say (RFC 6749 section 5.1).
    pub fn scopes(&self, asked: &str) -> String {
        self.scope.clone().or_else(|| self.scopes.clone()).unwrap_or_else(|| asked.to_owned())
    }
}

/// Sends one token request and reads the answer.
pub fn token(http: &dyn Http, call: &Call, step: Step) -> Result<TokenReply, SourceError> {
    let reply = send(http, call)?;
    refusal::check(call.place(), &reply, step)?;
    let wrong = |clause: &str| upstream(call, clause);
    let token: TokenReply = serde_json::from_slice(reply.body.expose()).map_err(|_| wrong(shape(&reply)))?;
    if token.access_token.expose().is_empty() {
        return Err(wrong("answers with an empty token"));
    }
    if token.expires_in.is_some_and(|life| life.as_secs() == 0) {
        return Err(wrong("answers with a token that has already ended"));
    }
    Ok(token)
}

/// Sends a call. An endless answer is the server's fault, not the network's.
pub fn send(http: &dyn Http, call: &Call) -> Result<Reply, SourceError> {
    http.send(call).map_err(|error| match error {
        NetError::TooLarge { place } => {
            SourceError::Upstream { place, clause: "answers with more than 1 MiB".to_owned() }
        }
        other => SourceError::Net(other),
    })
}

/// A GET of Bitbucket's API with the token in the header, the only place where Cloud takes it
/// (`facts/bitbucket.md` A1). The reply is a success, 401 or 403; anything else is an error already.
pub fn api(http: &dyn Http, url: String, token: &GitToken) -> Result<(Call, Reply), SourceError> {
    let call = Call::get(url).header("Accept", "application/json").header("Authorization", bearer(token.expose()));
    let reply = send(http, &call)?;
    refusal::unless_answered(call.place(), &reply)?;
    match reply.status {
        200..300 | 401 | 403 => Ok((call, reply)),
        other => Err(upstream(&call, &format!("answers with status {other}"))),
    }
}

/// Passes the one type of token that Bitbucket issues; one that is not named counts as that.
pub fn bearer_only(call: &Call, reply: &TokenReply) -> Result<(), SourceError> {
    match reply.token_type.as_deref() {
        Some(kind) if !kind.eq_ignore_ascii_case("bearer") => Err(upstream(call, "issued a token of an unknown type")),
        _ => Ok(()),
    }
}

/// The value of an `Authorization: Bearer` header.
pub fn bearer(token: &str) -> Vec<u8> {
    [b"Bearer ", token.as_bytes()].concat()
}

/// The reply makes no sense; `clause` says how.
pub fn upstream(call: &Call, clause: &str) -> SourceError {
    SourceError::Upstream { place: call.place().to_owned(), clause: clause.to_owned() }
}

/// How to call a body that is not what was expected: captive portals and proxies answer with pages.
pub fn shape(reply: &Reply) -> &'static str {
    if reply.body.expose().trim_ascii_start().starts_with(b"<") {
        "answers with a web page; perhaps a proxy or a sign-in page of the network answered"
    } else {
        "answers with something that is not the JSON of a token service"
    }
}

/// Whole seconds as a number or as decimal text; servers do both (`facts/entra.md` rule 3).
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Seconds {
        Whole(u64),
        Broken(f64),
        Text(String),
    }
    let wrong = || serde::de::Error::custom("not a number of seconds");
    Ok(match Option::<Seconds>::deserialize(deserializer)? {
        None => None,
        Some(Seconds::Whole(seconds)) => Some(Duration::from_secs(seconds)),
        Some(Seconds::Broken(seconds)) => Some(Duration::try_from_secs_f64(seconds).map_err(|_| wrong())?),
        Some(Seconds::Text(text)) => Some(Duration::from_secs(text.trim().parse().map_err(|_| wrong())?)),
    })
}

/// A list of scopes as text or as an array.
fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Words {
        Text(String),
        List(Vec<String>),
    }
    Ok(Option::<Words>::deserialize(deserializer)?.map(|words| match words {
        Words::Text(text) => text,
        Words::List(list) => list.join(" "),
    }))
}
