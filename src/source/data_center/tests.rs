//! What is sent to Data Center, and what it answers (`facts/bitbucket.md` B1, B5, F).

use super::*;
use crate::config::settings::{AccountMatch, AuthScheme, SecretSource};
use crate::net::{NetError, Reply};
use crate::source::script::{NOW, Script, Sent, mint, proof, reply, reply_with};

const GOOD: &str = r#"{"access_token":"at-1","refresh_token":"rt-2","token_type":"bearer","expires_in":7200,
    "created_at":1796000000}"#;

fn base() -> WebUrl {
    "https://git.example.com:8443/bitbucket".parse().unwrap()
}

fn settings() -> DataCenterOauth {
    DataCenterOauth {
        client_id: "link".into(),
        client_secret: SecretSource::None,
        redirect_uri: "http://localhost:34107/callback/".into(),
        scopes: vec!["REPO_READ".into(), "REPO_WRITE".into()],
        account_match: AccountMatch::Confirm,
        auth_scheme: AuthScheme::Basic,
    }
}

fn redeemed(secret: Option<&ClientSecret>, answer: Result<Reply, NetError>) -> (Result<Granted, SourceError>, Sent) {
    let script = Script::new([answer]);
    let (code, verifier) = (Code::new("code-1".into()), Verifier::new("verifier-1".into()));
    let outcome = redeem(&mint(&script, &proof(None)), &base(), &settings(), secret, &code, &verifier);
    (outcome, script.only())
}

fn refreshed(answer: Result<Reply, NetError>) -> (Result<Granted, SourceError>, Sent) {
    let script = Script::new([answer]);
    let (secret, token) = (ClientSecret::new("link-secret".into()), RefreshToken::new("rt-1".into()));
    let redirect = "http://localhost:1/old";
    let outcome = refresh(&mint(&script, &proof(None)), &base(), &settings(), Some(&secret), &token, redirect);
    (outcome, script.only())
}

#[test]
fn the_consent_page_lies_under_the_context_path() {
    assert_eq!(
        authorize_url(&base(), &settings(), "st", "ch"),
        "https://git.example.com:8443/bitbucket/rest/oauth2/latest/authorize?client_id=link\
         &redirect_uri=http%3A%2F%2Flocalhost%3A34107%2Fcallback%2F&response_type=code&state=st\
         &scope=REPO_READ+REPO_WRITE&code_challenge=ch&code_challenge_method=S256"
    );
}

#[test]
fn the_secret_goes_into_the_form_or_is_left_out() {
    let secret = ClientSecret::new("link-secret".into());
    let (outcome, sent) = redeemed(Some(&secret), reply(200, GOOD));
    let granted = outcome.unwrap();
    assert_eq!(
        (granted.credential.expires.0, granted.credential.scopes.as_str()),
        (NOW + 7200, "REPO_READ REPO_WRITE")
    );
    assert_eq!(sent.url, "https://git.example.com:8443/bitbucket/rest/oauth2/latest/token");
    let want = [
        ("client_id", "link"),
        ("client_secret", "link-secret"),
        ("code", "code-1"),
        ("code_verifier", "verifier-1"),
        ("grant_type", "authorization_code"),
        ("redirect_uri", "http://localhost:34107/callback/"),
    ];
    assert_eq!(sent.form, want.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    assert!(!sent.headers.contains_key("Authorization"));
    let (_, sent) = redeemed(None, reply(200, GOOD));
    assert!(!sent.form.contains_key("client_secret"));
}

#[test]
fn a_refresh_brings_a_new_pair_and_names_the_grant_s_own_redirect() {
    let (outcome, sent) = refreshed(reply(200, GOOD));
    assert_eq!(outcome.unwrap().refresh_token.unwrap().expose(), "rt-2");
    let want = [
        ("client_id", "link"),
        ("client_secret", "link-secret"),
        ("grant_type", "refresh_token"),
        ("redirect_uri", "http://localhost:1/old"),
        ("refresh_token", "rt-1"),
    ];
    assert_eq!(sent.form, want.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
}

#[test]
fn a_life_that_is_not_said_is_not_assumed() {
    let (outcome, _) = refreshed(reply(200, r#"{"access_token":"a","refresh_token":"r","token_type":"bearer"}"#));
    assert_eq!(outcome.unwrap().credential.expires.0, NOW + 300);
}

#[test]
fn refusals_are_told_apart() {
    let dead = refreshed(reply(400, r#"{"error":"invalid_grant"}"#)).0;
    assert!(matches!(dead, Err(SourceError::GrantDead { wording }) if wording == "invalid_grant"));
    let late = redeemed(None, reply(400, r#"{"error":"invalid_grant"}"#)).0;
    assert!(matches!(late, Err(SourceError::NeedsConsent { .. })));
    let client = redeemed(None, reply(401, r#"{"error":"invalid_client"}"#)).0;
    assert!(matches!(client, Err(SourceError::Configuration { .. })));
    let off = redeemed(None, reply(404, "<html>no such page</html>")).0;
    assert!(
        matches!(off, Err(SourceError::Configuration { error, description }) if error == "http_404" && description.is_empty())
    );
    let forbidden = refreshed(reply(403, r#"{"errors":[{"context":null,"message":"captcha\nneeded"}]}"#)).0;
    assert!(matches!(forbidden, Err(SourceError::NotAllowed { description, .. }) if description == "captcha needed"));
    assert!(matches!(refreshed(reply(302, "")).0, Err(SourceError::Upstream { .. })));
    assert!(matches!(refreshed(reply(500, "{}")).0, Err(SourceError::Upstream { .. })));
}

#[test]
fn the_user_is_named_in_a_header() {
    let script = Script::new([reply_with(200, ("x-ausername", "alice"), "{}")]);
    let found = account(&script, &base(), &GitToken::new("at-1".into())).unwrap();
    assert_eq!((found.id.as_str(), found.name.as_str(), found.verified_emails.len()), ("alice", "alice", 0));
    let sent = script.only();
    assert_eq!(sent.url, "https://git.example.com:8443/bitbucket/rest/api/latest/application-properties");
    assert_eq!(sent.headers["Authorization"], "Bearer at-1");
    for answer in [reply(200, "{}"), reply_with(401, ("x-ausername", "alice"), ""), reply(404, "")] {
        let refused = account(&Script::new([answer]), &base(), &GitToken::new("at-1".into()));
        assert!(matches!(refused, Err(SourceError::Upstream { .. })));
    }
}

#[test]
fn a_probe_counts_the_inbox() {
    let script = Script::new([reply(200, r#"{"count":0}"#)]);
    assert_eq!(probe(&script, &base(), &GitToken::new("at-1".into())).unwrap(), Probe::Accepted);
    let url = script.only().url;
    assert_eq!(url, "https://git.example.com:8443/bitbucket/rest/api/latest/inbox/pull-requests/count");
    let probed = |status| probe(&Script::new([reply(status, "")]), &base(), &GitToken::new("at-1".into()));
    assert_eq!(probed(401).unwrap(), Probe::Refused);
    assert_eq!(probed(403).unwrap(), Probe::Accepted);
    assert!(matches!(probed(302), Err(SourceError::Upstream { .. })));
}
