//! What token endpoints and Bitbucket's interfaces have in common: asking, and telling an answer from anything else.

use super::{Call, Outward};
use crate::basis::base64;
use crate::basis::clock::Timestamp;
use crate::basis::oauth_reply::{Refusal, TokenReply};
use crate::basis::secret::{ClientSecret, GitToken, SecretBytes};
use crate::basis::text;
use crate::broker::ground::issued::IssueError;
use crate::broker::ground::tokens::{Denied, Tokens};
use crate::net::{NetError, Reply};
use std::time::Duration;
use url::form_urlencoded::Serializer;

/// Sends one token request and reads the answer. `unsaid` is the life of a token whose server does not say.
pub async fn tokens(outward: &Outward, call: Call, unsaid: Duration, now: Timestamp) -> Result<Tokens, Denied> {
    let place = call.place().to_owned();
    let reply = outward.send(call.header("Accept", "application/json")).await.map_err(|error| silence(&error))?;
    answered(&place, &reply).map_err(Denied::Other)?;
    refused(&place, &reply)?;
    let token: TokenReply = serde_json::from_slice(reply.body.expose())
        .map_err(|_| Denied::Other(senseless(&place, "something that is not the JSON of a token service")))?;
    usable(&token).map_err(|what| Denied::Other(senseless(&place, what)))?;
    let expires = now.after(token.life(unsaid));
    let scopes = text::clean(&token.scopes(""));
    Ok(Tokens { access_token: token.access_token, refresh_token: token.refresh_token, issued: now, expires, scopes })
}

/// A GET with the token in the header, the only place where Cloud takes it (`facts/bitbucket.md` A1). Throttling and
/// failures are errors already.
pub async fn api(outward: &Outward, url: String, token: &GitToken) -> Result<Reply, IssueError> {
    let call = Call::get(url).header("Authorization", [b"Bearer ", token.expose().as_bytes()].concat());
    send(outward, call).await
}

/// Sends a call; what says nothing about the request is an error already: silence, throttling, failures.
pub async fn send(outward: &Outward, call: Call) -> Result<Reply, IssueError> {
    let place = call.place().to_owned();
    let reply = outward.send(call.header("Accept", "application/json")).await.map_err(|error| unreachable(&error))?;
    answered(&place, &reply)?;
    Ok(reply)
}

/// The value of an `Authorization: Basic` header (RFC 7617).
pub fn basic(user: &str, password: &ClientSecret) -> Vec<u8> {
    let pair = SecretBytes::new([user.as_bytes(), b":", password.expose().as_bytes()].concat());
    [b"Basic ", base64::standard(pair.expose()).expose()].concat()
}

/// An address with a query.
pub fn with_query<'a>(base: &str, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let query = Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("{base}?{query}")
}

/// An answer that came and makes no sense.
pub fn senseless(place: &str, what: &str) -> IssueError {
    IssueError::Unavailable { reason: format!("{place} answers with {what}"), after: SOON }
}

/// Stops at replies that say nothing about the request. A body that came with a 5xx is not believed: no grant may die
/// of a broken server.
fn answered(place: &str, reply: &Reply) -> Result<(), IssueError> {
    match reply.status {
        429 | 503 => Err(IssueError::Throttled { after: reply.retry_after().unwrap_or(PATIENCE) }),
        status if status >= 500 => Err(senseless(place, &format!("status {status}"))),
        _ => Ok(()),
    }
}

/// Branches on the registered name only. One that is not known counts as "no": it neither ends a grant nor is tried
/// again.
fn refused(place: &str, reply: &Reply) -> Result<(), Denied> {
    let name = Refusal::of(&reply.body).error;
    let wrong = |what: &str| Err(Denied::Other(IssueError::Misconfigured(format!("{place} answers `{what}`"))));
    match (name.as_deref(), reply.status) {
        (Some("invalid_grant"), _) => Err(Denied::Grant),
        (Some("temporarily_unavailable" | "slow_down"), _) => {
            let after = reply.retry_after().unwrap_or(PATIENCE);
            Err(Denied::Other(IssueError::Throttled { after }))
        }
        (Some("server_error"), _) => Err(Denied::Other(senseless(place, "`server_error`"))),
        (Some(name), _) => wrong(&text::clean(name)),
        (None, 200..300) => Ok(()),
        (None, 300..400) => Err(Denied::Other(senseless(place, "a redirect"))),
        (None, status @ (404 | 405 | 410)) => wrong(&format!("status {status}")),
        (None, status) => Err(Denied::Other(senseless(place, &format!("status {status} and no reason")))),
    }
}

fn usable(token: &TokenReply) -> Result<(), &'static str> {
    let odd = |text: &str| text.is_empty() || text::breaks_git(text);
    let strange = token.token_type.as_deref().is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer"));
    match () {
        () if odd(token.access_token.expose()) => Err("a token that is empty or holds a control character"),
        () if token.refresh_token.as_ref().is_some_and(|refresh| odd(refresh.expose())) => {
            Err("a refresh token that is empty or holds a control character")
        }
        () if token.has_ended() => Err("a token that has already ended"),
        () if strange => Err("a token of an unknown type"),
        () => Ok(()),
    }
}

fn silence(error: &NetError) -> Denied {
    match error {
        NetError::Unreachable { .. } | NetError::TimedOut { .. } => Denied::Silence(unreachable(error)),
        _ => Denied::Other(unreachable(error)),
    }
}

fn unreachable(error: &NetError) -> IssueError {
    IssueError::Unavailable { reason: error.to_string(), after: SOON }
}

/// When to come back after a failure, and after "too many" without a time.
const SOON: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> Result<(), Denied> {
        let reply = Reply { status, headers: Vec::new(), body: SecretBytes::new(body.into()) };
        answered("https://p", &reply).map_err(Denied::Other)?;
        refused("https://p", &reply)
    }

    #[test]
    fn only_invalid_grant_is_about_the_grant() {
        for status in [200, 400, 401] {
            assert!(matches!(read(status, r#"{"error":"invalid_grant"}"#), Err(Denied::Grant)), "{status}");
        }
        for (status, body) in [(500, r#"{"error":"invalid_grant"}"#), (503, r#"{"error":"invalid_grant"}"#)] {
            assert!(matches!(read(status, body), Err(Denied::Other(_))), "{status}");
        }
        let other = |status, body: &str| match read(status, body) {
            Err(Denied::Other(error)) => error,
            other => panic!("{other:?}"),
        };
        assert!(matches!(other(401, r#"{"error":"unauthorized_client"}"#), IssueError::Misconfigured(_)));
        assert!(matches!(other(400, r#"{"error":"invalid_client"}"#), IssueError::Misconfigured(_)));
        assert!(matches!(other(401, "<html>login</html>"), IssueError::Unavailable { .. }));
        assert!(matches!(other(403, "blocked"), IssueError::Unavailable { .. }));
        assert!(matches!(other(404, "<html>"), IssueError::Misconfigured(_)));
        assert!(matches!(other(302, ""), IssueError::Unavailable { .. }));
        assert!(matches!(other(429, ""), IssueError::Throttled { .. }));
        assert!(read(200, r#"{"access_token":"x"}"#).is_ok());
    }

    #[test]
    fn a_token_is_one_line_and_a_bearer_token() {
        let judged = |body: &str| usable(&serde_json::from_str(body).unwrap());
        assert_eq!(judged(r#"{"access_token":"x","token_type":"Bearer","expires_in":"7200"}"#), Ok(()));
        for bad in [
            r#"{"access_token":""}"#,
            r#"{"access_token":"a\nb"}"#,
            r#"{"access_token":"a","refresh_token":"b\u0000"}"#,
            r#"{"access_token":"a","expires_in":0}"#,
            r#"{"access_token":"a","token_type":"mac"}"#,
        ] {
            assert!(judged(bad).is_err(), "{bad}");
        }
    }
}
