use super::*;
use crate::session::device::{DeviceCode, start};

fn code() -> Value {
    json!({
        "user_code": "ABCD12345", "device_code": "canary-device", "verification_uri": "https://login.example/device",
        "expires_in": "900", "interval": "5", "message": "To sign in …",
    })
}

fn pending() -> Reply {
    reply(400, &refused("authorization_pending", 70016))
}

fn done() -> Reply {
    reply(200, &tokens(Some(&id_token(None))))
}

fn world(answers: impl IntoIterator<Item = Reply>) -> (World, DeviceCode) {
    let world = World::new([reply(200, &code())].into_iter().chain(answers));
    let device = start(&world.entra(), &world.tenant(), &ASKED).unwrap();
    (world, device)
}

fn waited(answers: impl IntoIterator<Item = Reply>) -> (Result<Tokens, SessionError>, u64) {
    let (world, device) = world(answers);
    let outcome = device.wait(&world.entra(), &world.tenant(), &ASKED, &|pause| world.clock.sleep(pause));
    (outcome, world.clock.slept().as_secs())
}

fn error(answer: Reply) -> SessionError {
    waited([answer]).0.unwrap_err()
}

#[test]
fn a_code_says_what_a_person_needs() {
    let (world, device) = world([]);
    assert_eq!(
        (device.user_code.as_str(), device.verification_uri.as_str()),
        ("ABCD12345", "https://login.example/device")
    );
    assert_eq!((device.interval.as_secs(), device.expires), (5, NOW.after(Duration::from_secs(900))));
    let want = "openid profile offline_access api://broker/token.issue";
    assert!(
        world.form().contains(&("scope".into(), want.into()))
            && world.form().contains(&("client_id".into(), CLIENT.into()))
    );
}

#[test]
fn a_code_without_numbers_gets_the_documented_ones() {
    let mut bare = code();
    bare.as_object_mut().unwrap().retain(|name, _| name != "expires_in" && name != "interval");
    let world = World::new([reply(200, &bare)]);
    let device = start(&world.entra(), &world.tenant(), &ASKED).unwrap();
    assert_eq!((device.interval.as_secs(), device.expires), (5, NOW.after(Duration::from_secs(900))));
}

#[test]
fn an_error_with_status_200_starts_nothing() {
    let world = World::new([reply(200, &refused("unauthorized_client", 700_016))]);
    let Err(SessionError::Refused(refusal)) = start(&world.entra(), &world.tenant(), &ASKED) else { panic!() };
    assert_eq!((refusal.action, refusal.name), (Action::Configuration, "app-not-in-tenant"));
}

#[test]
fn an_address_that_is_not_safe_is_not_shown() {
    for address in ["http://login.evil.example/", "javascript:alert(1)"] {
        let mut bad = code();
        bad["verification_uri"] = json!(address);
        let world = World::new([reply(200, &bad)]);
        assert!(start(&world.entra(), &world.tenant(), &ASKED).is_err(), "{address}");
    }
}

#[test]
fn pending_is_asked_again_at_the_pace_entra_gave() {
    let (outcome, slept) = waited([pending(), pending(), done()]);
    assert_eq!(outcome.unwrap().refresh_token.unwrap().expose(), "canary-rt");
    assert_eq!(slept, 15);
}

#[test]
fn slow_down_slows_down_for_good() {
    let slow = reply(400, &json!({"error": "slow_down"}));
    let (outcome, slept) = waited([slow, pending(), done()]);
    assert!(outcome.is_ok());
    assert_eq!(slept, 5 + 10 + 10);
}

#[test]
fn what_may_pass_is_waited_out() {
    let throttled = raw(429, &[("retry-after", "40")], b"Too Many Requests");
    let busy = reply(400, &refused("temporarily_unavailable", 90055));
    for (answer, least) in [(raw(502, &[], b"<html>"), 15), (throttled, 45), (busy, 65)] {
        let (outcome, slept) = waited([answer, done()]);
        assert!(outcome.is_ok(), "{outcome:?}");
        assert_eq!(slept, least);
    }
}

#[test]
fn the_ends_have_names() {
    assert!(matches!(error(reply(400, &refused("expired_token", 70020))), SessionError::DeviceExpired));
    assert!(matches!(error(reply(400, &json!({"error": "authorization_declined"}))), SessionError::DeviceDeclined));
    assert!(matches!(error(reply(400, &json!({"error": "access_denied"}))), SessionError::DeviceDeclined));
    assert!(matches!(error(raw(200, &[], b"<html>")), SessionError::Upstream { .. }));
}

#[test]
fn a_policy_is_no_decision_of_the_person() {
    let cases = [
        ("access_denied", 53003, Action::Stop),
        ("invalid_grant", 530_003, Action::BrowserInstead),
        ("access_denied", 530_033, Action::BrowserInstead),
        ("access_denied", 53000, Action::BrowserInstead),
        ("invalid_client", 7_000_218, Action::Configuration),
        ("interaction_required", 50076, Action::SignIn),
        ("invalid_grant", 54005, Action::SignIn),
        ("bad_verification_code", 1, Action::Bug),
    ];
    for (name, code, action) in cases {
        let SessionError::Refused(refusal) = error(reply(400, &refused(name, code))) else { panic!("{name}") };
        assert_eq!(refusal.action, action, "{name} {code}");
    }
}

#[test]
fn our_clock_ends_it_even_if_entra_does_not() {
    let (outcome, slept) = waited(std::iter::repeat_with(pending).take(400));
    assert!(matches!(outcome, Err(SessionError::DeviceExpired)), "{outcome:?}");
    assert!((900..=905).contains(&slept), "{slept}");
}

#[test]
fn a_sign_in_must_say_who_it_is() {
    assert!(matches!(error(reply(200, &tokens(None))), SessionError::Upstream { .. }));
}

#[test]
fn a_machine_that_slept_past_the_end_has_no_code_left() {
    let (world, device) = world([pending()]);
    world.clock.sleep(Duration::from_secs(5000));
    let outcome = device.wait(&world.entra(), &world.tenant(), &ASKED, &|pause| world.clock.sleep(pause));
    assert!(matches!(outcome, Err(SessionError::DeviceExpired)), "{outcome:?}");
    assert_eq!(world.count("/token"), 0);
}
