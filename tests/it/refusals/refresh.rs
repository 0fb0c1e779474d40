//! What Entra says when a stored session is renewed, and what is then removed, kept and told.

use super::{REFRESH, Scene, git_refused, refused, token};
use crate::desk::{said, stderr};
use crate::practice::Source::{self, CloudOauth, Entra, Exchange};
use crate::practice::browser::Choice;
use crate::practice::cast::{ALICE, BOB};
use crate::practice::entra::{Fault, Target};
use crate::practice::weather::Trouble;

/// Cloud, whose tokens end soon, and the proxy, whose tokens live for a day: Alice is signed in to both.
fn two_hosts() -> Scene {
    let scene = Scene::with(|practice| {
        practice.cloud.state().knobs.life = 1800;
        practice.entra.state().habits.access_life = Some(80_000);
        format!("{}\n{}", practice.config_toml(CloudOauth), practice.host_toml(Entra))
    });
    let mut scene = scene.login(ALICE);
    token(&scene.get(Entra));
    token(&scene.get(CloudOauth));
    scene.later(7200);
    scene
}

#[test]
fn a_disabled_or_deleted_account_loses_everything_at_once() {
    for (fault, id, says) in [
        (Fault::Disabled, "account-disabled", "the account is disabled (AADSTS50057)"),
        (Fault::Deleted, "account-deleted", "the account does not exist any more (AADSTS50034)"),
    ] {
        let scene = two_hosts();
        let held = token(&scene.get(Entra));
        scene.practice.entra.on(fault, Target::User(ALICE.into()));
        let output = scene.get(CloudOauth);
        git_refused(
            &output,
            5,
            id,
            &[says, "ask the Entra administrator of ", "detail:  Entra AADSTS", "correlation "],
        );
        let account = scene.account();
        assert_eq!((&account["signed_in"], &account["hosts"][0]["needs_consent"]), (&false.into(), &true.into()));
        assert!(!stderr(&scene.get(Entra)).contains(&held));
        git_refused(&scene.get(Entra), 4, "sign-in-needed", &["CI=true"]);
        let trail = std::fs::read_to_string(scene.desk.state().join("audit.jsonl")).unwrap();
        assert!(trail.contains(id), "the end is recorded: {trail}");
    }
}

#[test]
fn a_disabled_account_is_refused_for_a_person_at_the_browser_too() {
    let scene = two_hosts();
    scene.practice.entra.on(Fault::Disabled, Target::User(ALICE.into()));
    let output = crate::desk::feed(&mut scene.run(&["token", "--host", scene.practice.url(CloudOauth)]), b"");
    refused(&output, 5, "account-disabled", &["the account is disabled"]);
    assert!(scene.no_page(), "no page helps");
}

#[test]
fn revoked_sessions_lose_everything_but_may_sign_in_again() {
    for (fault, code) in [(Fault::Revoked, "50173"), (Fault::PasswordChanged, "50133")] {
        let scene = two_hosts();
        scene.practice.entra.on(fault, Target::User(ALICE.into()));
        let output = scene.get(CloudOauth);
        git_refused(&output, 4, "sign-in-needed", &["CI=true", &format!("(AADSTS{code})"), "correlation "]);
        let account = scene.account();
        assert_eq!((&account["signed_in"], &account["hosts"][0]["needs_consent"]), (&false.into(), &true.into()));
        git_refused(&scene.get(Entra), 4, "sign-in-needed", &[]);
        let (output, page) = scene.get_walked(CloudOauth, &Choice::sign_in(ALICE));
        assert!(page.answer.text().contains("Signed in"), "{}", page.answer.text());
        token(&output);
        assert_eq!(scene.practice.journal.grants("cloud", "authorization_code", 200), 2, "the consent was had again");
    }
}

#[test]
fn a_person_reads_that_the_sessions_were_revoked() {
    let scene = two_hosts();
    scene.practice.entra.on(Fault::Revoked, Target::User(ALICE.into()));
    let (output, _) = scene.get_walked(CloudOauth, &Choice::sign_in(ALICE));
    assert!(stderr(&output).contains("(your sessions were revoked); your browser opens"), "{}", said(&output));
    token(&output);
}

#[test]
fn an_expired_session_ends_and_its_grants_work_after_the_next_sign_in() {
    for (fault, code) in [(Fault::Inactive, "700082"), (Fault::SignInFrequency, "70043")] {
        let scene = two_hosts();
        scene.practice.entra.on(fault, Target::User(ALICE.into()));
        let output = scene.get(CloudOauth);
        git_refused(&output, 4, "sign-in-needed", &["CI=true", &format!("(AADSTS{code})")]);
        let account = scene.account();
        assert_eq!((&account["signed_in"], &account["hosts"][0]["needs_consent"]), (&false.into(), &false.into()));
        git_refused(&scene.get(Entra), 4, "sign-in-needed", &[]);
        // Somebody else is refused, by the notes and, without them, by the locked grants; Alice finds them working.
        let (output, _) = scene.walked(&mut scene.run(&["login"]), &Choice::sign_in(BOB));
        refused(&output, 5, "wrong-account", &[BOB, ALICE]);
        std::fs::remove_dir_all(scene.desk.state().join("accounts")).unwrap();
        let (output, _) = scene.walked(&mut scene.run(&["login"]), &Choice::sign_in(BOB));
        refused(&output, 5, "grant-of-another-account", &[BOB, "(alice) belongs to another Entra account"]);
        let scene = scene.login(ALICE);
        token(&scene.get(CloudOauth));
        assert_eq!(scene.practice.journal.grants("cloud", "authorization_code", 200), 1, "no second consent");
        assert_eq!(scene.asked("cloud", REFRESH), 1);
    }
}

/// Refused, and nothing is lost: the next process says so without a request, and later it works.
fn keeps_everything(scene: &mut Scene, exit: i32, id: &str, words: &[&str], pause: i64) {
    let held = token(&scene.get(Entra));
    git_refused(&scene.get(CloudOauth), exit, id, words);
    assert_eq!(token(&scene.get(Entra)), held, "a token that is still good is still handed out");
    scene.practice.journal.clear();
    git_refused(&scene.get(CloudOauth), 6, "not-before", &["is not asked again for "]);
    assert!(scene.practice.journal.entries().is_empty(), "{:?}", scene.practice.journal.entries());
    scene.later(pause - 20);
    git_refused(&scene.get(CloudOauth), 6, "not-before", &[]);
    assert!(scene.practice.journal.entries().is_empty());
    scene.practice.entra.weather.clear();
    scene.later(21);
    token(&scene.get(CloudOauth));
    assert!(scene.no_page(), "nobody had to sign in again");
}

#[test]
fn a_request_loop_is_not_asked_about_for_five_minutes() {
    let mut scene = two_hosts();
    scene.practice.entra.set(Fault::LoopDetected, Target::Everyone, Some(1), 0);
    let words = ["the same request was made too often (AADSTS50196)", "wait five minutes"];
    keeps_everything(&mut scene, 6, "request-loop", &words, 300);
}

#[test]
fn throttling_is_obeyed_by_every_process_for_as_long_as_it_was_asked_for() {
    for (status, name) in [(429, "throttled"), (503, "throttled")] {
        let mut scene = two_hosts();
        scene.practice.entra.weather.next("token", 1, Trouble::Throttled(status, Some(180)));
        let words = ["Entra asks to wait for 180 seconds", "do this: run the command again in 3 minutes"];
        keeps_everything(&mut scene, 6, name, &words, 180);
    }
}

#[test]
fn a_service_that_is_busy_names_its_code_and_is_left_alone_for_a_minute() {
    let mut scene = two_hosts();
    scene.practice.entra.set(Fault::Busy, Target::Everyone, Some(1), 0);
    keeps_everything(
        &mut scene,
        6,
        "entra-unavailable",
        &["cannot answer for localhost just now (AADSTS90055)", "run the command again in a minute"],
        60,
    );
}

#[test]
fn policy_at_renewal_keeps_the_session_and_names_its_code() {
    for (fault, code) in [
        (Fault::CaBlock, "53003"),
        (Fault::ConsentMissing, "65001"),
        (Fault::MfaRequired, "50076"),
        (Fault::DeviceRequired, "530003"),
    ] {
        let scene = two_hosts();
        scene.practice.entra.on(fault, Target::User(ALICE.into()));
        git_refused(&scene.get(CloudOauth), 4, "sign-in-needed", &["CI=true is set", &format!("(AADSTS{code})")]);
        assert_eq!(scene.account()["signed_in"], true, "{fault:?}");
        scene.practice.entra.off(fault, &Target::User(ALICE.into()));
        token(&scene.get(CloudOauth));
    }
}

#[test]
fn token_protection_is_not_helped_by_signing_in() {
    let scene = two_hosts();
    scene.practice.entra.on(Fault::TokenProtection, Target::User(ALICE.into()));
    let words = ["a token-protection policy blocks it (AADSTS530084)", "exclude the application from token protection"];
    git_refused(&scene.get(CloudOauth), 5, "token-protection", &words);
    assert_eq!(scene.account()["signed_in"], true);
}

#[test]
fn an_account_that_is_not_assigned_names_the_role() {
    let scene = two_hosts();
    let body = r#"{"error":"invalid_grant","error_description":"AADSTS50105: not assigned\r\nTrace ID: t","error_codes":[50105],"trace_id":"t-1","correlation_id":"c-1"}"#;
    scene.practice.entra.weather.next("token", 1, Trouble::Json(400, body.into()));
    let words =
        ["not assigned to the application (AADSTS50105)", "to assign you to application", "correlation c-1, trace t-1"];
    git_refused(&scene.get(CloudOauth), 5, "not-assigned", &words);
    assert_eq!(scene.account()["signed_in"], true);
}

#[test]
fn a_confidential_application_is_told_at_renewal_too() {
    let scene = two_hosts();
    scene.practice.entra.state().apps[0].public = false;
    git_refused(
        &scene.get(CloudOauth),
        3,
        "app-not-public",
        &["AADSTS7000218", "\"Allow public client flows\" to Yes"],
    );
    assert_eq!(scene.account()["signed_in"], true);
}

#[test]
fn a_claims_challenge_is_carried_by_the_sign_in_and_cleared_by_it() {
    let scene = two_hosts();
    scene.practice.entra.on(Fault::MfaRequired, Target::User(ALICE.into()));
    let (output, page) = scene.get_walked(CloudOauth, &Choice::sign_in(ALICE));
    assert!(page.trail[0].contains("claims="), "{}", page.trail[0]);
    assert!(stderr(&output).contains("(Entra wants to see you again)"), "{}", said(&output));
    token(&output);
    scene_goes_on(scene);
}

#[test]
fn a_claims_challenge_is_remembered_for_a_login_that_comes_later() {
    let scene = two_hosts();
    scene.practice.entra.on(Fault::MfaRequired, Target::User(ALICE.into()));
    git_refused(&scene.get(CloudOauth), 4, "sign-in-needed", &["AADSTS50076"]);
    let (output, page) = scene.walked(&mut scene.run(&["login", "--force"]), &Choice::sign_in(ALICE));
    assert!(output.status.success() && page.trail[0].contains("claims="), "{}\n{}", page.trail[0], said(&output));
    scene_goes_on(scene);
}

fn scene_goes_on(mut scene: Scene) {
    scene.later(7200);
    token(&scene.get(CloudOauth));
}

#[test]
fn missing_consent_has_entra_show_its_consent_page() {
    let scene = two_hosts();
    scene.practice.entra.on(Fault::ConsentMissing, Target::User(ALICE.into()));
    let (output, page) = scene.get_walked(CloudOauth, &Choice::sign_in(ALICE));
    assert!(page.trail[0].contains("prompt=consent"), "{}", page.trail[0]);
    token(&output);
}

#[test]
fn the_same_refusals_hold_for_a_broker_and_a_proxy() {
    for source in [Exchange, Source::Entra] {
        let mut scene = Scene::signed_in(source);
        scene.later(7200);
        scene.practice.entra.on(Fault::Disabled, Target::User(ALICE.into()));
        git_refused(&scene.get(source), 5, "account-disabled", &["the account is disabled (AADSTS50057)"]);
        assert_eq!(scene.account()["signed_in"], false);
    }
}
