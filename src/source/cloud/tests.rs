//! What is sent to Bitbucket Cloud, both shapes of its answers, and its refusals (`facts/bitbucket.md` A1, F).

use super::*;
use crate::config::settings::{AccountMatch, SecretSource};
use crate::net::{Method, NetError, Reply};
use crate::source::script::{NOW, Script, mint, proof, reply, reply_with};

const NEW: &str = r#"{"access_token":"at-new","refresh_token":"rt-2","scope":"account repository:write",
    "token_type":"bearer","expires_in":7200}"#;
const OLD: &str = r#"{"access_token":"at-old","refresh_token":"rt-1","scopes":"account repository",
    "token_type":"bearer","expires_in":3600,"state":"authorization_code"}"#;

fn settings() -> CloudOauth {
    CloudOauth {
        client_id: "key 1".into(),
        client_secret: SecretSource::None,
        redirect_uri: "http://127.0.0.1/callback".into(),
        scopes: vec!["repository:write".into(), "account".into()],
        account_match: AccountMatch::Confirm,
        authorize_url: "https://bitbucket.org/site/oauth2/authorize".parse().unwrap(),
        token_url: "https://bitbucket.org/site/oauth2/access_token".parse().unwrap(),
        api_url: "https://api.bitbucket.org".parse().unwrap(),
    }
}

fn with_email() -> CloudOauth {
    CloudOauth { scopes: vec!["account".into(), "email".into()], ..settings() }
}

fn secret() -> ClientSecret {
    ClientSecret::new("consumer-secret".into())
}

fn redeemed(script: &Script) -> Result<Granted, SourceError> {
    let (code, verifier) = (Code::new("code-1".into()), Verifier::new("verifier-1".into()));
    redeem(&mint(script, &proof(None)), &settings(), Some(&secret()), &code, "http://127.0.0.1:4/callback", &verifier)
}

fn refreshed(answer: Result<Reply, NetError>) -> Result<Granted, SourceError> {
    let script = Script::new([answer]);
    refresh(&mint(&script, &proof(None)), &settings(), Some(&secret()), &RefreshToken::new("rt-1".into()))
}

#[test]
fn the_consent_page_is_asked_for_everything_once() {
    assert_eq!(
        authorize_url(&settings(), "http://127.0.0.1:4/callback", "st", "ch"),
        "https://bitbucket.org/site/oauth2/authorize?client_id=key+1&response_type=code\
         &redirect_uri=http%3A%2F%2F127.0.0.1%3A4%2Fcallback&scope=repository%3Awrite+account&state=st\
         &code_challenge=ch&code_challenge_method=S256"
    );
}

#[test]
fn a_code_is_redeemed_with_basic_client_authentication() {
    let script = Script::new([reply(200, NEW)]);
    redeemed(&script).unwrap();
    let sent = script.only();
    assert_eq!((sent.method, sent.url.as_str()), (Method::Post, "https://bitbucket.org/site/oauth2/access_token"));
    assert_eq!(sent.headers["Authorization"], "Basic a2V5IDE6Y29uc3VtZXItc2VjcmV0");
    let want = [
        ("code", "code-1"),
        ("code_verifier", "verifier-1"),
        ("grant_type", "authorization_code"),
        ("redirect_uri", "http://127.0.0.1:4/callback"),
    ];
    assert_eq!(sent.form, want.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
}

#[test]
fn both_shapes_are_understood() {
    let granted = redeemed(&Script::new([reply(200, NEW)])).unwrap();
    assert_eq!(granted.credential.scopes, "account repository:write");
    assert_eq!((granted.credential.username.as_str(), granted.credential.expires.0), (TOKEN_USER, NOW + 7200));
    assert_eq!(granted.refresh_token.unwrap().expose(), "rt-2");
    let granted = redeemed(&Script::new([reply(200, OLD)])).unwrap();
    assert_eq!(granted.credential.scopes, "account repository");
    assert_eq!((granted.credential.token.expose(), granted.credential.expires.0), ("at-old", NOW + 3600));
}

#[test]
fn a_refresh_rotates_or_leaves_the_token_as_it_was() {
    let script = Script::new([reply(200, NEW)]);
    refresh(&mint(&script, &proof(None)), &settings(), Some(&secret()), &RefreshToken::new("rt-1".into())).unwrap();
    let form = script.only().form;
    assert_eq!((form["grant_type"].as_str(), form["refresh_token"].as_str()), ("refresh_token", "rt-1"));
    assert_eq!(form.len(), 2);
    assert_eq!(refreshed(reply(200, NEW)).unwrap().refresh_token.unwrap().expose(), "rt-2");
    let bare = refreshed(reply(200, r#"{"access_token":"a"}"#)).unwrap();
    assert!(bare.refresh_token.is_none());
    assert_eq!((bare.credential.scopes.as_str(), bare.credential.expires.0), ("repository:write account", NOW + 3600));
}

#[test]
fn tokens_of_the_new_size_pass() {
    let body = NEW.replace("at-new", &"a".repeat(2600)).replace("rt-2", &"r".repeat(2600));
    let granted = refreshed(reply(200, &body)).unwrap();
    assert_eq!((granted.credential.token.expose().len(), granted.refresh_token.unwrap().expose().len()), (2600, 2600));
}

#[test]
fn only_invalid_grant_kills_a_grant_with_either_status() {
    let body = r#"{"error":"invalid_grant","error_description":"Invalid refresh_token"}"#;
    for status in [400, 401] {
        let dead = refreshed(reply(status, body));
        let want = "invalid_grant: Invalid refresh_token";
        assert!(matches!(dead, Err(SourceError::GrantDead { wording }) if wording == want), "{status}");
    }
    for (status, body) in [(401, "login failed"), (401, "{}"), (500, body), (502, body), (302, body), (400, "<html>")] {
        assert!(matches!(refreshed(reply(status, body)), Err(SourceError::Upstream { .. })), "{status} {body}");
    }
}

#[test]
fn a_used_code_means_consent_again() {
    let body = r#"{"error":"invalid_grant","error_description":"The specified code is not valid."}"#;
    let refused = redeemed(&Script::new([reply(400, body)]));
    assert!(matches!(refused, Err(SourceError::NeedsConsent { wording }) if wording.ends_with("not valid.")));
}

#[test]
fn a_consumer_set_up_wrongly_is_a_matter_of_configuration() {
    for error in ["unauthorized_client", "invalid_client", "invalid_request", "invalid_scope", "unsupported_grant_type"]
    {
        let refused = refreshed(reply(400, &format!(r#"{{"error":"{error}"}}"#)));
        assert!(matches!(refused, Err(SourceError::Configuration { error: given, .. }) if given == error));
    }
    let (script, proof) = (Script::default(), proof(None));
    let refused = refresh(&mint(&script, &proof), &settings(), None, &RefreshToken::new("rt".into()));
    assert!(matches!(refused, Err(SourceError::SecretMissing)));
}

#[test]
fn a_token_endpoint_that_is_busy_or_broken() {
    let after = |answer| match refreshed(answer) {
        Err(SourceError::Throttled { after }) => after.map(|after| after.as_secs()),
        other => panic!("{other:?}"),
    };
    assert_eq!(after(reply_with(429, ("retry-after", "60"), "Too Many Requests")), Some(60));
    assert_eq!(after(reply(429, "")), None);
    assert_eq!(after(reply_with(503, ("retry-after", "9"), "<html>")), Some(9));
    let endless = refreshed(Err(NetError::TooLarge { place: "https://p".into() }));
    assert!(matches!(endless, Err(SourceError::Upstream { .. })));
    let lost = refreshed(Err(NetError::Unreachable { place: "https://p".into(), why: "reset".into() }));
    assert!(matches!(lost, Err(SourceError::Net(NetError::Unreachable { .. }))));
    assert!(refreshed(reply(200, "<!doctype html>")).unwrap_err().to_string().contains("web page"));
    assert!(matches!(refreshed(reply(200, &NEW[..60])), Err(SourceError::Upstream { .. })));
    let mac = NEW.replace("bearer", "mac");
    assert!(matches!(refreshed(reply(200, &mac)), Err(SourceError::Upstream { .. })));
}

const USER: &str = r#"{"account_id":"557058:1","uuid":"{u}","display_name":"Alice S","nickname":"al","type":"user"}"#;

fn accounted<const N: usize>(
    settings: &CloudOauth,
    answers: [Result<Reply, NetError>; N],
) -> Result<BitbucketAccount, SourceError> {
    account(&Script::new(answers), settings, &GitToken::new("at-1".into()))
}

#[test]
fn the_account_is_read_with_the_token_in_the_header() {
    let script = Script::new([reply(200, USER)]);
    let account = account(&script, &settings(), &GitToken::new("at-1".into())).unwrap();
    assert_eq!((account.id.as_str(), account.name.as_str(), account.verified_emails.len()), ("557058:1", "al", 0));
    let sent = script.only();
    assert_eq!(sent.url, "https://api.bitbucket.org/2.0/user");
    assert_eq!(sent.headers["Authorization"], "Bearer at-1");
}

#[test]
fn only_confirmed_addresses_count() {
    let emails =
        r#"{"values":[{"email":"a@x","is_confirmed":true},{"email":"b@x","is_confirmed":false},{"email":"c@x"}]}"#;
    let account = accounted(&with_email(), [reply(200, USER), reply(200, emails)]).unwrap();
    assert_eq!(account.verified_emails, ["a@x"]);
    let withheld = accounted(&with_email(), [reply(200, USER), reply(403, "{}")]).unwrap();
    assert!(withheld.verified_emails.is_empty());
}

#[test]
fn an_account_that_cannot_be_read() {
    let scope = r#"{"type":"error","error":{"message":"Your credentials lack one\u0007 or more required privilege scopes.",
        "detail":{"granted":["repository"],"required":["account"]}}}"#;
    let refused = accounted(&settings(), [reply(403, scope)]).unwrap_err();
    let want = "refused: http_403: Your credentials lack one\u{fffd} or more required privilege scopes.";
    assert_eq!(refused.to_string(), want);
    for (status, body) in [(401, "text"), (200, "{}"), (404, "{}"), (500, USER), (302, "")] {
        let refused = accounted(&settings(), [reply(status, body)]);
        assert!(matches!(refused, Err(SourceError::Upstream { .. })), "{status} {body}");
    }
}

#[test]
fn a_probe_tells_taken_from_refused_and_nothing_else() {
    let probed = |answer| probe(&Script::new([answer]), &settings(), &GitToken::new("at-1".into()));
    assert_eq!(probed(reply(200, USER)).unwrap(), Probe::Accepted);
    assert_eq!(probed(reply(403, "{}")).unwrap(), Probe::Accepted);
    assert_eq!(probed(reply(401, "login failed")).unwrap(), Probe::Refused);
    assert!(matches!(probed(reply(429, "")), Err(SourceError::Throttled { after: None })));
    assert!(matches!(probed(reply(410, "")), Err(SourceError::Upstream { .. })));
}
