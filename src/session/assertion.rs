//! A workload's statement for an access token: the client-credentials grant (RFC 7523 section 2.2, `facts/entra.md` 6.4).

use super::refusal::Moment;
use super::{SessionError, wire};
use crate::basis::clock::{Clock, Timestamp};
use crate::basis::secret::{AccessToken, Assertion};
use crate::net::{Call, Http, Way};
use serde_json::Value;
use std::time::Duration;

/// What is shown, and where.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The tenant's token endpoint, or a proxy in front of it.
    pub endpoint: &'a str,
    pub way: &'a Way,
    pub client_id: &'a str,
    pub assertion: &'a Assertion,
    /// `{resource}/.default`.
    pub scope: &'a str,
    /// `client-request-id`, a GUID.
    pub correlation: &'a str,
}

/// What Entra gave: no refresh token, no ID token.
#[derive(Debug)]
pub struct AppToken {
    pub access: AccessToken,
    pub expires: Timestamp,
    /// Entra's correlation id of the call.
    pub correlation: String,
}

/// Redeems the statement; one that was lost on the way is sent once more.
pub fn by_assertion(http: &dyn Http, clock: &dyn Clock, shown: &Shown<'_>) -> Result<AppToken, SessionError> {
    let fields = [
        ("client_id", shown.client_id),
        ("scope", shown.scope),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", shown.assertion.expose()),
        ("grant_type", "client_credentials"),
    ];
    let call = Call { repeatable: true, way: shown.way.clone(), ..Call::post(shown.endpoint, fields) }
        .header("client-request-id", shown.correlation)
        .header("return-client-request-id", "true");
    let now = clock.now();
    let reply = http.send(&call)?;
    let correlation = crate::basis::text::clean(reply.header("client-request-id").unwrap_or(shown.correlation));
    let mut answer = wire::object(call.place(), &reply, Moment::Workload)?;
    wire::normalise(&mut answer);
    let life = answer.get("expires_in").and_then(Value::as_u64).unwrap_or_default();
    match answer.remove("access_token") {
        Some(Value::String(access)) => {
            let expires = now.after(Duration::from_secs(life));
            Ok(AppToken { access: AccessToken::new(access), expires, correlation })
        }
        _ => Err(SessionError::Upstream {
            place: call.place().to_owned(),
            status: reply.status,
            what: "answered without an access token".into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{NOW, World, refused, reply, tokens};
    use super::*;
    use crate::session::Action;
    use serde_json::json;

    fn redeemed(world: &World) -> Result<AppToken, SessionError> {
        let assertion = Assertion::new("canary-statement".into());
        let shown = Shown {
            endpoint: "https://login.example/t/oauth2/v2.0/token",
            way: &Way::Usual,
            client_id: "robot",
            assertion: &assertion,
            scope: "api://broker/.default",
            correlation: "corr-1",
        };
        by_assertion(&world.script, &world.clock, &shown)
    }

    #[test]
    fn a_statement_becomes_a_token_in_one_request() {
        let world = World::new([reply(200, &tokens(None))]);
        let token = redeemed(&world).unwrap();
        assert_eq!((token.access.expose(), token.expires), ("canary-at", NOW.after(Duration::from_secs(3600))));
        let form = world.form();
        let of = |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        assert_eq!((of("grant_type"), of("scope")), (Some("client_credentials"), Some("api://broker/.default")));
        assert_eq!((of("client_assertion"), of("client_id")), (Some("canary-statement"), Some("robot")));
        assert_eq!((form.len(), world.script.calls.borrow().len()), (5, 1), "no metadata is fetched");
    }

    #[test]
    fn refusals_name_what_is_to_be_set_right() {
        for (code, error, name) in [
            (700_211, "invalid_client", "federated-credential"),
            (700_024, "invalid_client", "assertion-invalid"),
            (700_027, "invalid_client", "assertion-invalid"),
            (700_016, "unauthorized_client", "app-not-in-tenant"),
        ] {
            let world = World::new([reply(401, &refused(error, code))]);
            let Err(SessionError::Refused(refusal)) = redeemed(&world) else { panic!("{code} is a refusal") };
            assert_eq!((refusal.action, refusal.name, refusal.code), (Action::Configuration, name, Some(code)));
        }
    }

    #[test]
    fn an_answer_without_a_token_is_none() {
        let world = World::new([reply(200, &json!({"token_type": "Bearer"}))]);
        assert!(matches!(redeemed(&world), Err(SessionError::Upstream { .. })));
    }
}
