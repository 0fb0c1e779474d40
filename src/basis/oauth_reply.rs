//! What token endpoints say: a token (RFC 6749 section 5.1) or an error (section 5.2), in the shapes that are in use.

use crate::basis::secret::{GitToken, RefreshToken, SecretBytes};
use crate::basis::text;
use serde::de::IgnoredAny;
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
    /// The rule by which a broker decided, and the digest of its policy.
    #[serde(default, deserialize_with = "only_text")]
    pub rule: Option<String>,
    #[serde(default, deserialize_with = "only_text")]
    pub policy_digest: Option<String>,
}

impl TokenReply {
    /// Whether the server says that the token is over already.
    pub fn has_ended(&self) -> bool {
        self.expires_in.is_some_and(|life| life.as_secs() == 0)
    }

    /// How long the token lives; `unsaid` if the server does not say.
    pub fn life(&self, unsaid: Duration) -> Duration {
        self.expires_in.unwrap_or(unsaid)
    }

    /// The scopes granted; those asked for if the server does not say (RFC 6749 section 5.1).
    pub fn scopes(&self, asked: &str) -> String {
        self.scope.clone().or_else(|| self.scopes.clone()).unwrap_or_else(|| asked.to_owned())
    }
}

/// What a server says: the registered error name if there is one, and its words, cleaned.
pub struct Refusal {
    pub error: Option<String>,
    pub description: String,
}

impl Refusal {
    /// Reads `error`/`error_description`, Cloud's `{"error": {"message"}}`, Data Center's
    /// `{"errors": [{"message"}]}`, or short plain text. A web page has nothing to say.
    pub fn of(body: &SecretBytes) -> Self {
        let body = body.expose();
        let Ok(Spoken { error, error_description, errors }) = serde_json::from_slice(body) else {
            return Self { error: None, description: plain(body) };
        };
        let (name, message) = match error {
            Some(Said::Name(name)) => (Some(name), None),
            Some(Said::Object { message }) => (None, message),
            Some(Said::Other(_)) | None => (None, None),
        };
        let first = errors.into_iter().flatten().next().and_then(|error| error.message);
        let description = error_description.or(message).or(first).unwrap_or_default();
        Self { error: name, description: text::clean(&description) }
    }
}

/// Only the members of an error, so that a body with tokens is read without copying one of them.
#[derive(Deserialize)]
struct Spoken {
    error: Option<Said>,
    error_description: Option<String>,
    errors: Option<Vec<Message>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Said {
    Name(String),
    Object { message: Option<String> },
    Other(IgnoredAny),
}

#[derive(Deserialize)]
struct Message {
    message: Option<String>,
}

fn plain(body: &[u8]) -> String {
    let page = body.trim_ascii_start().starts_with(b"<");
    if page { String::new() } else { text::clean(&String::from_utf8_lossy(body)) }
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

/// A text; anything else under that name is another server's own affair.
fn only_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(serde_json::Value::deserialize(deserializer)?.as_str().map(text::clean))
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
