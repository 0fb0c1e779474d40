use super::*;
use crate::session::browser::{Attempt, Prompt};
use crate::session::loopback::Fields;

const REDIRECT: &str = "http://localhost:50123";

fn started(world: &World, asked: &Asked<'_>, hint: Option<&str>, prompt: Prompt) -> Attempt {
    Attempt::start(&world.entra(), &world.tenant(), REDIRECT, asked, hint, prompt, world.profile.response_mode).unwrap()
}

fn parameter(attempt: &Attempt, name: &str) -> Option<String> {
    Fields::of_url(attempt.url()).unwrap().get(name).map(str::to_owned)
}

fn answered(attempt: &Attempt, more: &str) -> Fields {
    Fields::of_form(&format!("state={}&{more}", attempt.state())).unwrap()
}

/// Redeems a code with an ID token that answers the attempt.
fn redeemed(world: &World, answer: impl FnOnce(&str) -> Value) -> Result<Tokens, SessionError> {
    let attempt = started(world, &ASKED, None, Prompt::Auto);
    let nonce = parameter(&attempt, "nonce").unwrap();
    world.script.answers.borrow_mut().push_back(Ok(reply(200, &answer(&nonce))));
    let fields = answered(&attempt, "code=canary-code&session_state=x&cloud_instance_host_name=login.evil.example");
    attempt.redeem(&world.entra(), &world.tenant(), &ASKED, &fields)
}

fn refused_with(more: &str) -> SessionError {
    let world = World::new([]);
    let attempt = started(&world, &ASKED, None, Prompt::Auto);
    let fields = answered(&attempt, more);
    attempt.redeem(&world.entra(), &world.tenant(), &ASKED, &fields).unwrap_err()
}

#[test]
fn the_page_has_all_that_protects_the_answer() {
    let world = World::new([]);
    let attempt = started(&world, &ASKED, Some("ada@example.com"), Prompt::Auto);
    assert!(attempt.url().starts_with(&format!("https://login.example/{TID}/oauth2/v2.0/authorize?")));
    let get = |name| parameter(&attempt, name);
    let fixed = [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", REDIRECT),
        ("scope", "openid profile offline_access api://broker/token.issue"),
        ("response_mode", "form_post"),
        ("code_challenge_method", "S256"),
        ("login_hint", "ada@example.com"),
        ("client-request-id", "corr-1"),
    ];
    for (name, value) in fixed {
        assert_eq!(get(name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(get("state").as_deref(), Some(attempt.state()));
    assert!(attempt.state().len() >= 43 && get("nonce").unwrap().len() >= 43);
    assert_eq!(get("code_challenge").unwrap().len(), 43);
    assert_eq!((get("prompt"), get("claims")), (None, None));
}

#[test]
fn two_attempts_share_nothing() {
    let world = World::new([]);
    let (one, two) = (started(&world, &ASKED, None, Prompt::Auto), started(&world, &ASKED, None, Prompt::Auto));
    for name in ["state", "nonce", "code_challenge"] {
        assert_ne!(parameter(&one, name), parameter(&two, name), "{name}");
    }
}

#[test]
fn prompts_and_claims_are_handed_on() {
    let mut world = World::new([]);
    let asked = Asked { claims: Some("{\"a\":1}"), ..ASKED };
    let attempt = started(&world, &asked, Some("ada"), Prompt::Consent);
    assert_eq!(parameter(&attempt, "claims").as_deref(), Some("{\"a\":1}"));
    assert_eq!(parameter(&attempt, "prompt").as_deref(), Some("consent"));
    assert_eq!(parameter(&attempt, "login_hint").as_deref(), Some("ada"));
    world.profile.reauthenticate = true;
    world.profile.response_mode = ResponseMode::Query;
    let attempt = started(&world, &ASKED, None, Prompt::Auto);
    assert_eq!(parameter(&attempt, "prompt").as_deref(), Some("login"));
    assert_eq!(parameter(&attempt, "response_mode").as_deref(), Some("query"));
}

#[test]
fn a_code_becomes_tokens_with_our_verifier() {
    let world = World::new([]);
    let tokens = redeemed(&world, |nonce| tokens(Some(&id_token(Some(nonce))))).unwrap();
    assert_eq!(tokens.id.unwrap().who().tid, TID);
    let form = world.form();
    let get = |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!((get("grant_type"), get("code")), (Some("authorization_code"), Some("canary-code")));
    assert_eq!((get("redirect_uri"), get("client_id")), (Some(REDIRECT), Some(CLIENT)));
    assert_eq!(get("code_verifier").map(str::len), Some(43));
    let calls = world.script.calls.borrow();
    let last = calls.last().unwrap();
    assert!(last.url.starts_with("https://login.example/") && !last.repeatable, "a code is sent once, and home");
}

#[test]
fn an_id_token_for_another_sign_in_is_refused() {
    let error = redeemed(&World::new([]), |_| tokens(Some(&id_token(Some("another"))))).unwrap_err();
    assert!(matches!(error, SessionError::IdToken(IdTokenError::Nonce)), "{error:?}");
    let error = redeemed(&World::new([]), |_| tokens(None)).unwrap_err();
    assert!(matches!(error, SessionError::Upstream { .. }), "{error:?}");
}

#[test]
fn an_answer_with_another_state_is_stray() {
    let world = World::new([]);
    for text in ["code=c", "code=c&state=", "code=c&state=another"] {
        let attempt = started(&world, &ASKED, None, Prompt::Auto);
        let fields = Fields::of_form(text).unwrap();
        let outcome = attempt.redeem(&world.entra(), &world.tenant(), &ASKED, &fields);
        assert!(matches!(outcome, Err(SessionError::Stray)), "{text}");
    }
}

#[test]
fn what_the_page_refuses_is_told_apart() {
    assert!(matches!(refused_with("error=access_denied&error_subcode=cancel"), SessionError::CancelledAtPage));
    assert!(matches!(refused_with("session_state=x"), SessionError::Upstream { .. }));
    let SessionError::Refused(refusal) = refused_with("error=access_denied&error_description=AADSTS90094%3a+no") else {
        panic!()
    };
    assert_eq!((refusal.action, refusal.name, refusal.code), (Action::Stop, "admin-consent-needed", Some(90094)));
}

#[test]
fn a_code_is_not_spent_while_the_keys_are_out_of_reach() {
    let world = World::new([]);
    let (attempt, tenant) = (started(&world, &ASKED, None, Prompt::Auto), world.tenant());
    let fields = answered(&attempt, "code=c");
    *world.script.offline.borrow_mut() = true;
    assert!(matches!(attempt.redeem(&world.entra(), &tenant, &ASKED, &fields), Err(SessionError::Net(_))));
    assert_eq!(world.count("/token"), 0);
}
