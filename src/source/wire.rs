//! What all token endpoints and Bitbucket's API have in common: sending, and telling a token from anything else.

use crate::basis::oauth_reply::TokenReply;
use crate::basis::secret::GitToken;
use crate::net::{Call, Http, NetError, Reply};
use crate::source::SourceError;
use crate::source::refusal::{self, Step};

/// Sends one token request and reads the answer.
pub fn token(http: &dyn Http, call: &Call, step: Step) -> Result<TokenReply, SourceError> {
    read(call, &send(http, call)?, step)
}

/// Reads the answer to a token request.
pub fn read(call: &Call, reply: &Reply, step: Step) -> Result<TokenReply, SourceError> {
    refusal::check(call.place(), reply, step)?;
    let wrong = |clause: &str| upstream(call, clause);
    let token: TokenReply = serde_json::from_slice(reply.body.expose()).map_err(|_| wrong(shape(reply)))?;
    if token.access_token.expose().is_empty() {
        return Err(wrong("answers with an empty token"));
    }
    if token.has_ended() {
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
