//! What is sent to a broker, and every answer a broker may give.

use super::*;
use crate::basis::clock::Timestamp;
use crate::basis::credential::Proof;
use crate::config::settings::Source;
use crate::net::Method;
use crate::source::script::{NOW, Script, Sent, mint, proof, reply};

const GOOD: &str = r#"{"access_token":"bb-1","issued_token_type":"urn:ietf:params:oauth:token-type:access_token",
    "token_type":"Bearer","expires_in":3600,"scope":"repository:write"}"#;

fn settings() -> Exchange {
    Exchange {
        token_endpoint: "https://sso.example.com/oauth2/token".parse().unwrap(),
        scope: "api://broker/token.issue".into(),
        audience: Some("bitbucket.org".into()),
        resource: None,
        request_scope: Some("repository:write".into()),
        per_repository: false,
        client_auth: ClientAuth::None,
        auth_scheme: AuthScheme::Basic,
    }
}

fn host(url: &str) -> Host {
    Host { url: url.parse().unwrap(), profile: "default".into(), source: Source::Exchange(settings()) }
}

fn asked(path: &str) -> Ask {
    Ask::of(path)
}

fn sent(host: &Host, settings: &Exchange, ask: &Ask) -> Sent {
    let script = Script::new([reply(200, GOOD)]);
    exchange(&mint(&script, &proof(Some("entra-at"))), host, settings, ask).unwrap();
    script.only()
}

fn answered_under(proof: &Proof, settings: &Exchange, status: u16, body: &str) -> Result<Credential, SourceError> {
    let script = Script::new([reply(status, body)]);
    exchange(&mint(&script, proof), &host("https://bitbucket.org"), settings, &Ask::default())
}

fn answered(status: u16, body: &str) -> Result<Credential, SourceError> {
    answered_under(&proof(Some("entra-at")), &settings(), status, body)
}

/// The good answer with one member replaced, or removed.
fn good_but(member: &str, value: Option<serde_json::Value>) -> String {
    let mut body: serde_json::Map<String, serde_json::Value> = serde_json::from_str(GOOD).unwrap();
    body.remove(member);
    body.extend(value.map(|value| (member.to_owned(), value)));
    serde_json::to_string(&body).unwrap()
}

#[test]
fn the_request_is_rfc_8693() {
    let sent = sent(&host("https://bitbucket.org"), &settings(), &asked("ws/repo.git"));
    assert_eq!((sent.method, sent.url.as_str()), (Method::Post, "https://sso.example.com/oauth2/token"));
    let want = [
        ("audience", "bitbucket.org"),
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("requested_token_type", ACCESS_TOKEN),
        ("scope", "repository:write"),
        ("subject_token", "entra-at"),
        ("subject_token_type", ACCESS_TOKEN),
    ];
    assert_eq!(sent.form, want.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    assert!(!sent.headers.contains_key("Authorization"));
}

#[test]
fn what_is_not_configured_is_not_sent_and_a_resource_is() {
    let bare = Exchange {
        audience: None,
        request_scope: None,
        resource: Some("https://bitbucket.org/ws".into()),
        client_auth: ClientAuth::Entra,
        ..settings()
    };
    let sent = sent(&host("https://bitbucket.org"), &bare, &Ask::default());
    assert!(!sent.form.contains_key("audience") && !sent.form.contains_key("scope"));
    assert_eq!(sent.form["resource"], "https://bitbucket.org/ws");
    assert_eq!(sent.headers["Authorization"], "Bearer entra-at");
}

#[test]
fn per_repository_the_resource_is_the_repository() {
    let each = Exchange { per_repository: true, ..settings() };
    let resource = |url: &str, path: &str| sent(&host(url), &each, &asked(path)).form["resource"].clone();
    assert_eq!(resource("https://bitbucket.org", "ws/repo.git"), "https://bitbucket.org/ws/repo");
    assert_eq!(resource("https://bitbucket.org", "ws/repo.git/info/lfs"), "https://bitbucket.org/ws/repo");
    assert_eq!(resource("https://bitbucket.org", "ws/my repo%?#"), "https://bitbucket.org/ws/my%20repo%25%3F%23");
    let in_context = "https://git.example.com/bitbucket/scm/~al/r";
    assert_eq!(resource("https://git.example.com/bitbucket", "bitbucket/scm/~al/r.git"), in_context);
    assert_eq!(resource("https://git.example.com/bitbucket", "scm/~al/r"), in_context);
}

#[test]
fn per_repository_without_a_repository_or_with_a_crooked_one_asks_nobody() {
    let each = Exchange { per_repository: true, ..settings() };
    let refused = |ask: &Ask| {
        let (script, proof) = (Script::default(), proof(Some("entra-at")));
        exchange(&mint(&script, &proof), &host("https://bitbucket.org"), &each, ask).unwrap_err()
    };
    assert!(matches!(refused(&Ask::default()), SourceError::Configuration { error, .. } if error == "no_repository"));
    for path in ["ws/a/../b", "ws//b", "./ws"] {
        assert!(matches!(refused(&asked(path)), SourceError::NotAllowed { .. }), "{path}");
    }
}

#[test]
fn without_an_entra_token_nobody_is_asked() {
    let refused = answered_under(&proof(None), &settings(), 200, GOOD);
    assert!(matches!(refused, Err(SourceError::ProofRefused { error, .. }) if error == "no_access_token"));
}

#[test]
fn a_good_answer_becomes_a_credential() {
    let credential = answered(200, GOOD).unwrap();
    assert_eq!((credential.username.as_str(), credential.token.expose()), (TOKEN_USER, "bb-1"));
    assert_eq!((credential.issued, credential.expires), (Timestamp(NOW), Timestamp(NOW + 3600)));
    assert_eq!(credential.scopes, "repository:write");
}

#[test]
fn lives_are_numbers_or_text_and_are_cut() {
    let ends = |life: serde_json::Value| answered(200, &good_but("expires_in", Some(life))).unwrap().expires.0 - NOW;
    assert_eq!(ends("1800".into()), 1800);
    assert_eq!(ends(1800.0.into()), 1800);
    assert_eq!(ends(99_999_999.into()), 36_000, "the session's end");
    let long = Proof { session_ends: Timestamp(NOW + 90_000), ..proof(Some("a")) };
    let body = good_but("expires_in", Some(u64::MAX.into()));
    assert_eq!(answered_under(&long, &settings(), 200, &body).unwrap().expires.0 - NOW, 43_200, "max_life");
    assert_eq!(answered(200, &good_but("expires_in", None)).unwrap().expires.0 - NOW, 300);
    for bad in [serde_json::json!("soon"), (-1).into(), 0.into(), "0".into()] {
        let refused = answered(200, &good_but("expires_in", Some(bad.clone())));
        assert!(matches!(refused, Err(SourceError::Upstream { .. })), "{bad}");
    }
}

#[test]
fn the_broker_may_name_the_user_but_not_break_git() {
    let named = |name: &str| answered(200, &good_but("username", Some(name.into())));
    assert_eq!(named("alice").unwrap().username, "alice");
    assert_eq!(named("").unwrap().username, TOKEN_USER);
    assert!(matches!(named("a\nquit=1"), Err(SourceError::Unprintable { what: "user name" })));
    for token in ["a\nb", "a\0", "a\x7f"] {
        let refused = answered(200, &good_but("access_token", Some(token.into())));
        assert!(matches!(refused, Err(SourceError::Unprintable { what: "token" })));
    }
}

#[test]
fn a_token_that_is_no_oauth_token_is_a_password_but_no_bearer() {
    let body = good_but("token_type", Some("N_A".into()));
    assert_eq!(answered(200, &body).unwrap().token.expose(), "bb-1");
    let bearer = Exchange { auth_scheme: AuthScheme::Bearer, ..settings() };
    let refused = answered_under(&proof(Some("a")), &bearer, 200, &body).unwrap_err();
    assert!(refused.to_string().contains("auth_scheme"), "{refused}");
    assert!(answered(200, &good_but("token_type", Some("bearer".into()))).is_ok());
}

#[test]
fn wrong_kinds_and_missing_members_are_no_answer() {
    let kind = |name: &str| Some(format!("urn:ietf:params:oauth:token-type:{name}").into());
    for (member, value) in [
        ("access_token", None),
        ("access_token", Some("".into())),
        ("access_token", Some(7.into())),
        ("issued_token_type", None),
        ("issued_token_type", kind("refresh_token")),
        ("issued_token_type", kind("id_token")),
        ("issued_token_type", kind("saml2")),
        ("token_type", None),
        ("token_type", Some("DPoP".into())),
    ] {
        let refused = answered(200, &good_but(member, value.clone()));
        assert!(matches!(refused, Err(SourceError::Upstream { .. })), "{member} {value:?}");
    }
    assert!(answered(200, &good_but("issued_token_type", kind("jwt"))).is_ok());
}

#[test]
fn a_bad_subject_token_asks_for_a_new_one() {
    for (status, error) in [(400, "invalid_request"), (400, "invalid_grant"), (401, "invalid_token")] {
        let body = format!(r#"{{"error":"{error}","error_description":"subject token expired"}}"#);
        let refused = answered(status, &body).unwrap_err();
        assert!(
            matches!(&refused, SourceError::ProofRefused { error: given, description }
                if given == error && description == "subject token expired"),
            "{refused}"
        );
    }
    assert!(matches!(answered(401, "no"), Err(SourceError::ProofRefused { .. })));
}

#[test]
fn no_to_a_repository_is_final() {
    let refused = answered(400, r#"{"error":"invalid_target","error_description":"ws/r:\u001b[2J no"}"#).unwrap_err();
    assert_eq!(refused.to_string(), "refused: invalid_target: ws/r:\u{fffd}[2J no");
    assert!(matches!(answered(403, "forbidden by policy"), Err(SourceError::NotAllowed { error, description, .. })
        if error == "http_403" && description == "forbidden by policy"));
    assert!(matches!(answered(400, r#"{"error":"house_rule"}"#), Err(SourceError::NotAllowed { .. })));
}

#[test]
fn a_ruling_is_kept_and_another_brokers_members_do_no_harm() {
    let with = |members: serde_json::Value| {
        let mut body: serde_json::Value = serde_json::from_str(GOOD).unwrap();
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        answered(200, &body.to_string()).unwrap().ruling
    };
    let ruling = with(serde_json::json!({"rule": "developers", "policy_digest": "5e1f\u{1b}"}));
    assert_eq!((ruling.rule.as_deref(), ruling.policy.as_deref()), (Some("developers"), Some("5e1f\u{fffd}")));
    assert_eq!(with(serde_json::json!({"rule": {"id": 7}, "policy_digest": null})), Ruling::default());
    let refused = answered(403, r#"{"error":"access_denied","contact":"platform team"}"#);
    assert!(
        matches!(refused, Err(SourceError::NotAllowed { contact: Some(contact), .. }) if contact == "platform team")
    );
}

#[test]
fn secrets_stay_out_of_errors() {
    let body = good_but("access_token", Some("canary-77\n".into()));
    let refused = answered_under(&proof(Some("canary-78")), &settings(), 200, &body).unwrap_err();
    assert!(!format!("{refused} {refused:?}").contains("canary"));
    assert!(!format!("{:?}", answered(200, &good_but("access_token", Some("canary-79".into())))).contains("canary"));
}
