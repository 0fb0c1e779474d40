//! The tenant: flows by hand.

use super::{ALICE, BROKER_SCOPE, CLIENT, Options, Practice, TENANT, Value, browser, codec, jwt, post, token_url};
use crate::practice::entra::{Fault, Target};
use crate::practice::jwt::Forgery;
use std::io::{Read, Write};
use std::net::TcpListener;

const SCOPES: &str = "openid profile offline_access api://bitbucket-broker/token.issue";

#[test]
fn a_device_code_is_pending_until_a_person_approves_and_works_once() {
    let practice = Practice::start(&Options::default());
    let (code, user_code) = device_code(&practice);
    let poll = |code: &str| {
        let grant = "urn:ietf:params:oauth:grant-type:device_code";
        post(&practice, &[("grant_type", grant), ("client_id", CLIENT), ("device_code", code), ("client_info", "1")])
    };
    let (status, pending) = poll(&code);
    assert_eq!((status, pending["error"].as_str()), (400, Some("authorization_pending")));
    practice.entra.approve(&user_code.to_lowercase(), ALICE).unwrap();
    let (status, tokens) = poll(&code);
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(tokens["scope"], format!("{BROKER_SCOPE} openid profile"));
    let claims = practice.entra.verify(tokens["access_token"].as_str().unwrap(), "api://bitbucket-broker").unwrap();
    assert_eq!(claims["scp"], "token.issue");
    assert!(tokens["refresh_token"].is_string() && tokens["client_info"].is_string());
    let (_, again) = poll(&code);
    assert_eq!(again["error_codes"], serde_json::json!([54005]));
}

#[test]
fn a_person_can_walk_the_device_page() {
    let practice = Practice::start(&Options::default());
    let (code, user_code) = device_code(&practice);
    let mut choice = browser::Choice::cancel();
    choice.user_code = user_code;
    let page = browser::walk(&format!("{}/device", practice.entra.base), practice.ca(), &choice).unwrap();
    assert!(page.answer.text().contains("You have not signed in"), "{}", page.answer.text());
    let grant = [("grant_type", "device_code"), ("client_id", CLIENT), ("device_code", &code)];
    assert_eq!(post(&practice, &grant).1["error"], "authorization_declined");
}

#[test]
fn the_browser_flow_posts_a_code_that_needs_its_verifier() {
    let practice = Practice::start(&Options::default());
    let verifier = codec::opaque(43);
    let (redirect, delivered) = sign_in(&practice, &verifier, &[]);
    assert_eq!(codec::value(&delivered, "state"), Some("the-state"));
    let code = codec::value(&delivered, "code").unwrap();
    let redeem = |verifier: &str| {
        let form = [("grant_type", "authorization_code"), ("client_id", CLIENT), ("code", code)];
        post(
            &practice,
            &[form.as_slice(), &[("redirect_uri", redirect.as_str()), ("code_verifier", verifier)]].concat(),
        )
    };
    assert_eq!(redeem(&codec::opaque(43)).1["error_codes"], serde_json::json!([501_481]));
    let (status, tokens) = redeem(&verifier);
    assert_eq!(status, 200, "{tokens}");
    let id = jwt::claims(tokens["id_token"].as_str().unwrap()).unwrap();
    assert_eq!((&id["nonce"], &id["aud"], &id["tid"]), (&"the-nonce".into(), &CLIENT.into(), &TENANT.into()));
    assert_eq!(redeem(&verifier).1["error_codes"], serde_json::json!([70_002, 54_005]));
}

#[test]
fn a_wrong_redirect_uri_is_a_page_and_never_a_redirect() {
    let practice = Practice::start(&Options::default());
    let query = [("client_id", CLIENT), ("response_type", "code"), ("redirect_uri", "http://localhost:1/other")];
    let url = codec::with_query(&format!("{}/{TENANT}/oauth2/v2.0/authorize", practice.entra.base), &query);
    let page = browser::walk(&url, practice.ca(), &browser::Choice::sign_in(ALICE)).unwrap();
    assert_eq!(page.answer.status, 400);
    assert!(page.answer.text().contains("AADSTS50011"));
}

#[test]
fn a_refresh_gives_a_new_token_and_leaves_the_old_one_alive() {
    let practice = Practice::start(&Options::default());
    let first = refresh_token(&practice);
    let (status, tokens) = refresh(&practice, &first);
    assert_eq!(status, 200);
    assert_ne!(tokens["refresh_token"], first);
    assert_eq!(refresh(&practice, &first).0, 200);
}

#[test]
fn faults_answer_as_the_facts_say() {
    let practice = Practice::start(&Options::default());
    let token = refresh_token(&practice);
    let user = || Target::User(ALICE.into());
    let meet = |fault| {
        practice.entra.on(fault, user());
        let (_, answer) = refresh(&practice, &token);
        practice.entra.off(fault, &user());
        (answer["error_codes"][0].clone(), answer["suberror"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(meet(Fault::CaBlock), (53_003.into(), "message_only".into()));
    assert_eq!(meet(Fault::MfaRequired), (50_076.into(), "basic_action".into()));
    assert_eq!(meet(Fault::Disabled), (50_057.into(), String::new()));
    assert_eq!(meet(Fault::Deleted), (50_034.into(), "bad_token".into()));
    assert_eq!(meet(Fault::TokenProtection), (530_084.into(), String::new()));
    assert_eq!(refresh(&practice, &token).0, 200);
    assert_eq!(meet(Fault::Revoked), (50_173.into(), "bad_token".into()));
    assert_eq!(refresh(&practice, &token).0, 400, "a revoked session stays revoked");
}

#[test]
fn a_claims_challenge_is_met_by_a_sign_in_that_carries_it() {
    let practice = Practice::start(&Options::default());
    let token = refresh_token(&practice);
    practice.entra.on(Fault::MfaRequired, Target::User(ALICE.into()));
    let (_, answer) = refresh(&practice, &token);
    let claims = answer["claims"].as_str().unwrap().to_owned();
    sign_in(&practice, &codec::opaque(43), &[]);
    assert_eq!(refresh(&practice, &token).0, 400, "without the claims nothing is mended");
    sign_in(&practice, &codec::opaque(43), &[("claims", &claims)]);
    assert_eq!(refresh(&practice, &token).0, 200);
}

#[test]
fn forged_tokens_are_really_wrong() {
    let practice = Practice::start(&Options::default());
    let token = refresh_token(&practice);
    for forgery in [Forgery::AlgNone, Forgery::Hs256, Forgery::UnknownKid, Forgery::BadSignature, Forgery::DecoyKey] {
        practice.entra.forge(Some(forgery));
        let (_, tokens) = refresh(&practice, &token);
        let forged = tokens["id_token"].as_str().unwrap();
        assert!(jwt::verify(forged, practice.entra.state().keys.own()).is_err(), "{forgery:?}");
    }
    practice.entra.forge(None);
    let (_, tokens) = refresh(&practice, &token);
    assert!(jwt::verify(tokens["id_token"].as_str().unwrap(), practice.entra.state().keys.own()).is_ok());
}

#[test]
fn requests_that_entra_refuses_are_refused() {
    let practice = Practice::start(&Options::default());
    let code = |form: &[(&str, &str)]| post(&practice, form).1["error_codes"][0].clone();
    assert_eq!(code(&[("client_id", CLIENT)]), 900_144);
    assert_eq!(code(&[("grant_type", "refresh_token"), ("client_id", "nobody")]), 90_112);
    assert_eq!(code(&[("grant_type", "x"), ("client_id", CLIENT), ("resource", "y")]), 901_002);
    assert_eq!(code(&[("grant_type", "x"), ("grant_type", "x"), ("client_id", CLIENT)]), 90_023);
    assert_eq!(
        code(&[("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("client_id", CLIENT)]),
        70_003
    );
    let client = practice.client();
    assert_eq!(client.get(&token_url(&practice), &[]).unwrap().json()["error_codes"][0], 900_561);
    let unknown = format!("{}/not.here.example/v2.0/.well-known/openid-configuration", practice.entra.base);
    assert_eq!(client.get(&unknown, &[]).unwrap().json()["error"], "invalid_tenant");
}

#[test]
fn a_storm_of_equal_refreshes_is_cut_off() {
    let practice = Practice::start(&Options::default());
    let token = refresh_token(&practice);
    let last = (0..16).map(|_| refresh(&practice, &token)).last().unwrap();
    assert_eq!(last.1["error_codes"][0], 50_196);
}

#[test]
fn the_key_set_changes_when_it_is_told_to() {
    let practice = Practice::start(&Options::default());
    let url = format!("{}/contoso.example/discovery/v2.0/keys", practice.entra.base);
    let count = || practice.client().get(&url, &[]).unwrap().json()["keys"].as_array().unwrap().len();
    assert_eq!(count(), 3);
    practice.entra.on(Fault::NewKid, Target::Everyone);
    refresh_token(&practice);
    assert_eq!(count(), 4);
}

/// Starts the device flow; device code and user code.
fn device_code(practice: &Practice) -> (String, String) {
    let url = format!("{}/contoso.example/oauth2/v2.0/devicecode", practice.entra.base);
    let answer = practice.client().post(&url, &[("client_id", CLIENT), ("scope", SCOPES)], &[]).unwrap().json();
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    (text("device_code"), text("user_code"))
}

/// A refresh token of Alice's, by device code.
fn refresh_token(practice: &Practice) -> String {
    let (code, user_code) = device_code(practice);
    practice.entra.approve(&user_code, ALICE).unwrap();
    let form = [("grant_type", "device_code"), ("client_id", CLIENT), ("device_code", &code)];
    post(practice, &form).1["refresh_token"].as_str().unwrap().to_owned()
}

fn refresh(practice: &Practice, token: &str) -> (u16, Value) {
    let form = [("grant_type", "refresh_token"), ("client_id", CLIENT), ("refresh_token", token), ("scope", SCOPES)];
    post(practice, &form)
}

/// Alice signs in by browser; the redirect URI and what was posted to it.
fn sign_in(practice: &Practice, verifier: &str, more: &[(&str, &str)]) -> (String, codec::Pairs) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let redirect = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let challenge = codec::s256(verifier);
    let query = [
        ("client_id", CLIENT),
        ("response_type", "code"),
        ("response_mode", "form_post"),
        ("redirect_uri", &redirect),
        ("scope", SCOPES),
        ("state", "the-state"),
        ("nonce", "the-nonce"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let url = format!("{}/{TENANT}/oauth2/v2.0/authorize", practice.entra.base);
    let url = codec::with_query(&url, &[query.as_slice(), more].concat());
    let callback = std::thread::spawn(move || receive(&listener));
    browser::walk(&url, practice.ca(), &browser::Choice::sign_in(ALICE)).unwrap();
    (redirect, callback.join().unwrap())
}

/// The form that a browser posts to a loopback listener.
fn receive(listener: &TcpListener) -> codec::Pairs {
    let (mut connection, _) = listener.accept().unwrap();
    let mut text = String::new();
    while !text.contains("code=") {
        let mut block = [0; 4096];
        let count = connection.read(&mut block).unwrap();
        text.push_str(&String::from_utf8_lossy(&block[..count]));
    }
    let (head, mut body) = text.split_once("\r\n\r\n").map(|(head, body)| (head.to_owned(), body.to_owned())).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap().parse().unwrap();
    while body.len() < length {
        let mut block = [0; 4096];
        let count = connection.read(&mut block).unwrap();
        body.push_str(&String::from_utf8_lossy(&block[..count]));
    }
    connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone").unwrap();
    codec::read_form(body.as_bytes())
}
