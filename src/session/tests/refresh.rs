use super::*;
use crate::session::refusal::Moment;

fn refreshed(world: &World) -> Result<Tokens, SessionError> {
    refresh(&world.entra(), &world.tenant(), &RefreshToken::new("canary-old".into()), &ASKED)
}

fn refusal(body: &Value) -> Refusal {
    match refreshed(&World::new([reply(400, body)])).unwrap_err() {
        SessionError::Refused(refusal) => *refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_refresh_brings_everything() {
    let world = World::new([reply(200, &tokens(Some(&id_token(None))))]);
    let tokens = refreshed(&world).unwrap();
    assert_eq!(tokens.refresh_token.unwrap().expose(), "canary-rt");
    assert_eq!(tokens.access.unwrap().expose(), "canary-at");
    assert_eq!(tokens.expires, NOW.after(Duration::from_secs(3600)));
    assert_eq!(tokens.scope, "api://broker/token.issue openid profile");
    assert_eq!(tokens.id.unwrap().who().username, "ada@example.com");
    assert_eq!(tokens.correlation.as_deref(), Some("corr-1"));
}

#[test]
fn the_request_is_a_public_clients() {
    let world = World::new([reply(200, &tokens(None))]);
    assert!(refreshed(&world).unwrap().id.is_none());
    let mut form = world.form();
    form.sort();
    let want = [
        ("client_id", CLIENT),
        ("grant_type", "refresh_token"),
        ("refresh_token", "canary-old"),
        ("scope", "openid profile offline_access api://broker/token.issue"),
    ];
    assert_eq!(form, want.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let calls = world.script.calls.borrow();
    assert!(calls.last().unwrap().repeatable, "the old token stays valid, so it may be sent twice");
    let names: Vec<_> = calls.last().unwrap().headers.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["client-request-id", "return-client-request-id"]);
}

#[test]
fn an_access_token_nobody_asked_for_is_not_kept() {
    let world = World::new([reply(200, &tokens(None))]);
    let asked = Asked { scope: None, ..ASKED };
    let tokens = refresh(&world.entra(), &world.tenant(), &RefreshToken::new("r".into()), &asked).unwrap();
    assert!(tokens.access.is_none());
}

#[test]
fn without_a_new_refresh_token_the_old_one_stays() {
    let mut answer = tokens(None);
    answer["refresh_token"] = json!("");
    answer["scope"] = json!(null);
    let tokens = refreshed(&World::new([reply(200, &answer)])).unwrap();
    assert!(tokens.refresh_token.is_none());
    assert_eq!(tokens.scope, "api://broker/token.issue");
}

#[test]
fn a_refusal_keeps_what_a_ticket_and_the_next_sign_in_need() {
    let mut body = refused("interaction_required", 50076);
    body["claims"] = json!("{\"access_token\":{\"capolids\":{}}}");
    body["suberror"] = json!("basic_action");
    let refusal = refusal(&body);
    assert_eq!((refusal.action, refusal.name, refusal.code), (Action::SignInWithClaims, "mfa-needed", Some(50076)));
    assert_eq!(refusal.text, "AADSTS50076: It is so.");
    assert_eq!((refusal.trace_id.as_deref(), refusal.correlation_id.as_deref()), (Some("trace-1"), Some("corr-1")));
    assert_eq!(refusal.claims.as_deref(), Some("{\"access_token\":{\"capolids\":{}}}"));
}

#[test]
fn of_two_codes_the_telling_one_counts() {
    let mut body = refused("invalid_grant", 70002);
    body["error_codes"] = json!([70002, "700082"]);
    assert_eq!(refusal(&body).code, Some(700_082));
}

#[test]
fn a_loop_is_waited_out_for_five_minutes() {
    let refusal = refusal(&refused("invalid_grant", 50196));
    assert_eq!((refusal.action, refusal.retry_after), (Action::Later, Some(Duration::from_secs(300))));
}

#[test]
fn an_error_with_status_200_is_an_error() {
    let error = refreshed(&World::new([reply(200, &refused("invalid_grant", 50173))])).unwrap_err();
    assert!(matches!(error, SessionError::Refused(refusal) if refusal.action == Action::Gone));
}

#[test]
fn answers_that_are_none_say_what_they_are() {
    let html = raw(200, &[("content-type", "text/html")], b"<html>");
    let redirect = raw(307, &[("location", "https://elsewhere.example/t?canary=1")], b"");
    let cases = [
        (html, "captive portal"),
        (raw(502, &[], b"<html>"), "status 502"),
        (raw(200, &[], b""), "empty"),
        (raw(200, &[], b"{\"access_token\":\"canary"), "cut off"),
        (redirect, "redirect to `https://elsewhere.example/t`"),
        (reply(200, &json!({"access_token": 7, "canary": 1})), "without what was asked for"),
        (reply(200, &json!({"token_type": "Bearer"})), "without what was asked for"),
    ];
    for (answer, want) in cases {
        let error = refreshed(&World::new([answer])).unwrap_err();
        assert!(matches!(error, SessionError::Upstream { .. }) && error.to_string().contains(want), "{error:?}");
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    }
}

#[test]
fn throttling_says_until_when() {
    let plain = raw(429, &[("retry-after", "7")], b"Too Many Requests");
    let later = raw(503, &[("retry-after", "9")], b"<html>");
    for (answer, after) in [(plain, 7), (later, 9), (raw(429, &[], b""), 60)] {
        let error = refreshed(&World::new([answer])).unwrap_err();
        assert!(matches!(error, SessionError::Throttled { after: said } if said.as_secs() == after), "{error:?}");
    }
    let json = refused("temporarily_unavailable", 90055).to_string();
    let error = refreshed(&World::new([raw(429, &[("retry-after", "11")], json.as_bytes())])).unwrap_err();
    let SessionError::Refused(refusal) = error else { panic!("{error:?}") };
    assert_eq!((refusal.action, refusal.retry_after), (Action::Later, Some(Duration::from_secs(11))));
}

#[test]
fn no_answer_is_a_network_error() {
    let silent = NetError::TimedOut { place: "https://login.example".into(), after: Duration::from_secs(30) };
    let error = refreshed(&World::of([Err(silent)])).unwrap_err();
    assert!(matches!(error, SessionError::Net(NetError::TimedOut { .. })), "{error:?}");
}

#[test]
fn a_token_of_another_account_kind_is_not_believed() {
    let mut claims = claims(NOW);
    claims["aud"] = json!("another");
    let foreign = signed(&header("k1"), &claims);
    let error = refreshed(&World::new([reply(200, &tokens(Some(foreign.expose())))])).unwrap_err();
    assert!(matches!(error, SessionError::IdToken(IdTokenError::Audience(_))), "{error:?}");
}

#[test]
fn a_new_key_is_looked_for_but_not_every_time() {
    let answer = reply(200, &tokens(Some(signed(&header("k2"), &claims(NOW)).expose())));
    let world = World::new([answer.clone(), answer.clone(), answer]);
    world.script.keys.borrow_mut().push(jwk("k0", None));
    assert!(matches!(refreshed(&world), Err(SessionError::IdToken(IdTokenError::UnknownKey(_)))));
    assert!(matches!(refreshed(&world), Err(SessionError::IdToken(IdTokenError::UnknownKey(_)))));
    assert_eq!(world.count("/keys"), 2);
    world.script.keys.borrow_mut().push(jwk("k2", None));
    world.clock.sleep(Duration::from_secs(300));
    assert!(refreshed(&world).unwrap().id.is_some());
    assert_eq!(world.count("/keys"), 3);
}

#[test]
fn nothing_that_is_printed_holds_a_token() {
    let world = World::new([reply(200, &tokens(Some(&id_token(None))))]);
    assert!(!format!("{:?}", refreshed(&world).unwrap()).contains("canary"));
}

#[test]
fn a_hostile_description_is_cut_and_cleaned() {
    let mut body = refused("invalid_grant", 50173);
    body["error_description"] = json!(format!("\u{1b}[2J{}", "x".repeat(5000)));
    let object = body.as_object().unwrap();
    let refusal = Refusal::of(object, None, Moment::Refresh).unwrap();
    assert!(refusal.text.chars().count() <= 201 && !refusal.text.contains('\u{1b}'));
}
