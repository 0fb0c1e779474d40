//! Reads a refusal: RFC 6749 section 5.2, Bitbucket's own error shapes, plain text, or only a status.

use crate::basis::oauth_reply::Refusal;
use crate::basis::text;
use crate::net::Reply;
use crate::source::{SourceError, said};

/// What was being asked for; the same words mean different things at each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// An authorization code for a grant.
    Redeem,
    /// A refresh token for the next one.
    Refresh,
    /// An Entra access token for a Bitbucket token.
    Exchange,
}

/// Passes a reply that may be a token; turns everything else into an error.
pub fn check(place: &str, reply: &Reply, step: Step) -> Result<(), SourceError> {
    unless_answered(place, reply)?;
    let Refusal { error, description } = Refusal::of(&reply.body);
    match (error, reply.status) {
        (Some(error), status) => Err(named(place, step, &error, description, status, reply)),
        (None, 200..300) => Ok(()),
        (None, 401) if step == Step::Exchange => {
            Err(SourceError::ProofRefused { error: status_name(401), description })
        }
        (None, 403) => Err(not_allowed(reply)),
        // Data Center with OAuth switched off or too old answers so (facts/bitbucket.md B1); else a wrong URL.
        (None, 404 | 405 | 410) => Err(SourceError::Configuration { error: status_name(reply.status), description }),
        (None, status) => Err(upstream(place, format!("answers with status {status}"))),
    }
}

/// Stops at replies that say nothing about the request: throttled, failed, redirected. A body that came with
/// a 5xx is not believed: no grant may die of a broken server.
pub fn unless_answered(place: &str, reply: &Reply) -> Result<(), SourceError> {
    let after = reply.retry_after();
    match reply.status {
        429 => Err(SourceError::Throttled { after }),
        503 if after.is_some() => Err(SourceError::Throttled { after }),
        300..400 => Err(upstream(place, "answers with a redirect".to_owned())),
        status if status >= 500 => Err(upstream(place, format!("fails with status {status}"))),
        _ => Ok(()),
    }
}

/// Branches on the registered name only, never on the description. An unknown name counts as "no":
/// it must neither kill a grant nor be tried again.
fn named(place: &str, step: Step, name: &str, description: String, status: u16, reply: &Reply) -> SourceError {
    let error = text::clean(name);
    match (name, step) {
        ("temporarily_unavailable" | "slow_down", _) => SourceError::Throttled { after: reply.retry_after() },
        ("server_error", _) => upstream(place, format!("fails: {}", said(&error, &description))),
        ("interaction_required" | "consent_required" | "login_required", _) | ("invalid_grant", Step::Redeem) => {
            SourceError::NeedsConsent { wording: said(&error, &description) }
        }
        ("invalid_grant", Step::Refresh) => SourceError::GrantDead { wording: said(&error, &description) },
        // RFC 8693 section 2.2.2 names the first for a bad subject token, many brokers use the others.
        ("invalid_request" | "invalid_grant" | "invalid_token", Step::Exchange) => {
            SourceError::ProofRefused { error, description }
        }
        (
            "invalid_client" | "invalid_request" | "invalid_scope" | "unauthorized_client" | "unsupported_grant_type",
            _,
        ) if status != 403 => SourceError::Configuration { error, description },
        _ => SourceError::NotAllowed { error, description, contact: None },
    }
}

/// A refusal that is known by its status alone.
pub fn not_allowed(reply: &Reply) -> SourceError {
    let Refusal { description, .. } = Refusal::of(&reply.body);
    SourceError::NotAllowed { error: status_name(403), description, contact: None }
}

/// The name of a refusal that has none: `http_403`.
pub fn status_name(status: u16) -> String {
    format!("http_{status}")
}

fn upstream(place: &str, clause: String) -> SourceError {
    SourceError::Upstream { place: place.to_owned(), clause }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::script;

    fn read(status: u16, body: &str, step: Step) -> SourceError {
        check("https://p", &script::reply(status, body).unwrap(), step).unwrap_err()
    }

    #[test]
    fn a_success_that_says_error_is_an_error() {
        let dead = read(200, r#"{"error":"invalid_grant","access_token":"x"}"#, Step::Refresh);
        assert!(matches!(dead, SourceError::GrantDead { .. }));
    }

    #[test]
    fn words_for_wait_and_for_consent_hold_everywhere() {
        for step in [Step::Redeem, Step::Refresh, Step::Exchange] {
            let one = |error: &str| read(400, &format!(r#"{{"error":"{error}"}}"#), step);
            assert!(matches!(one("temporarily_unavailable"), SourceError::Throttled { after: None }));
            assert!(matches!(one("server_error"), SourceError::Upstream { .. }));
            assert!(matches!(one("consent_required"), SourceError::NeedsConsent { .. }));
            assert!(matches!(one("invalid_scope"), SourceError::Configuration { .. }));
            assert!(matches!(one("never_heard_of"), SourceError::NotAllowed { .. }));
        }
    }

    #[test]
    fn foreign_words_are_cut_and_harmless() {
        let long = "x".repeat(9000);
        let refused = read(403, &long, Step::Redeem);
        assert!(matches!(refused, SourceError::NotAllowed { description, .. } if description.chars().count() == 201));
        let page = read(403, " <html>IP not allowed</html>", Step::Redeem);
        assert!(matches!(page, SourceError::NotAllowed { description, .. } if description.is_empty()));
        let name = read(400, r#"{"error":"a\u001bb"}"#, Step::Redeem);
        assert!(matches!(name, SourceError::NotAllowed { error, .. } if error == "a\u{fffd}b"));
    }
}
