//! The sign-in by device code, and how it ends when it does not end well.

use super::{Scene, refused, until};
use crate::desk::{said, stderr};
use crate::practice::Source;
use crate::practice::cast::ALICE;
use crate::practice::entra::{Fault, Target};
use crate::practice::jwt::Forgery;
use crate::practice::weather::Trouble;
use std::process::Output;
use std::time::{Duration, Instant};

/// `login --device-code`, while somebody does this with the code.
fn login(scene: &Scene, person: impl FnOnce(&str)) -> Output {
    scene.practice.entra.state().habits.interval = 1;
    let child = super::start(&mut scene.run(&["login", "--device-code"]));
    let code = until("a device code", || scene.practice.entra.waiting_codes().pop());
    person(&code);
    let output = child.wait_with_output().unwrap();
    let told = stderr(&output);
    assert!(told.lines().any(|line| line.trim() == code), "the code stands alone: {told}");
    assert_eq!(scene.account()["signed_in"], output.status.success());
    output
}

#[test]
fn declining_is_told_as_that() {
    let scene = Scene::of(Source::Exchange);
    let output = login(&scene, |code| scene.practice.entra.decline(code));
    refused(&output, 5, "device-code-declined", &["the sign-in was declined in the browser", "login --host"]);
}

#[test]
fn a_code_runs_out_by_our_clock_or_by_entras() {
    let scene = Scene::of(Source::Exchange);
    scene.practice.entra.state().habits.device_life = 3;
    // What a person sees whose organisation blocks device codes is a page of Entra; the poll just stays pending.
    scene.practice.entra.on(Fault::BlockDeviceCode, Target::Everyone);
    let output = login(&scene, |code| assert_eq!(scene.practice.entra.approve(code, ALICE), Err("[53003]".into())));
    refused(&output, 5, "device-code-expired", &["the code ran out", "blocks device codes: add --browser"]);

    let scene = Scene::of(Source::Exchange);
    let output = login(&scene, |_| scene.practice.entra.on(Fault::DeviceExpired, Target::Everyone));
    refused(&output, 5, "device-code-expired", &["the code ran out"]);
}

#[test]
fn slow_down_is_obeyed_for_the_rest_of_the_wait() {
    let scene = Scene::of(Source::Exchange);
    let slow = r#"{"error":"slow_down","error_description":"AADSTS70016: Polling too fast.","error_codes":[70016]}"#;
    scene.practice.entra.weather.next("token", 1, Trouble::Json(400, slow.into()));
    let begun = Instant::now();
    let output = login(&scene, |code| scene.practice.entra.approve(code, ALICE).unwrap());
    assert!(output.status.success(), "{}", said(&output));
    assert!(begun.elapsed() >= Duration::from_secs(7), "one second, then one and five: {:?}", begun.elapsed());
}

#[test]
fn trouble_on_the_line_does_not_end_the_wait() {
    let scene = Scene::of(Source::Exchange);
    scene.practice.entra.weather.next("token", 1, Trouble::Html(502));
    scene.practice.entra.weather.next("token", 1, Trouble::Drop);
    let output = login(&scene, |code| scene.practice.entra.approve(code, ALICE).unwrap());
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn an_error_with_status_200_is_an_error() {
    let scene = Scene::of(Source::Exchange);
    scene.practice.entra.on(Fault::ErrorOn200, Target::Everyone);
    let output = scene.run(&["login", "--device-code"]).output().unwrap();
    refused(&output, 3, "scope-invalid", &["AADSTS70011", "ask the Entra administrator"]);
}

#[test]
fn a_policy_that_blocks_at_the_poll_is_named_with_the_ids_for_a_ticket() {
    let scene = Scene::of(Source::Exchange);
    scene.practice.entra.on(Fault::BlockDeviceCodeOnPoll, Target::Everyone);
    let output = login(&scene, |code| scene.practice.entra.approve(code, ALICE).unwrap());
    let says =
        ["a Conditional Access policy blocks it (AADSTS53003)", "detail:  Entra AADSTS53003", "correlation ", "trace "];
    refused(&output, 5, "conditional-access-block", &says);
}

#[test]
fn a_confidential_application_names_the_switch_and_the_role() {
    let scene = Scene::of(Source::Exchange);
    scene.practice.entra.state().apps[0].public = false;
    let output = login(&scene, |code| scene.practice.entra.approve(code, ALICE).unwrap());
    let says = ["AADSTS7000218", "ask the Entra administrator of ", "\"Allow public client flows\" to Yes"];
    refused(&output, 3, "app-not-public", &says);
}

#[test]
fn a_device_that_must_be_seen_needs_a_browser() {
    let scene = Scene::of(Source::Exchange);
    let body = r#"{"error":"invalid_grant","error_description":"AADSTS530003: Your device is required to be managed.","error_codes":[530003]}"#;
    scene.practice.entra.weather.always("token", Trouble::Json(400, body.into()));
    let output = login(&scene, |_| ());
    refused(&output, 5, "browser-needed", &["a code cannot show it", "--browser"]);
}

#[test]
fn a_forged_id_token_is_not_believed_here_either() {
    let scene = Scene::of(Source::Exchange);
    for (forgery, id) in [(Forgery::AlgNone, "id-token-invalid"), (Forgery::WrongTenant, "id-token-tenant")] {
        scene.practice.entra.forge(Some(forgery));
        let output = login(&scene, |code| scene.practice.entra.approve(code, ALICE).unwrap());
        refused(&output, 5, id, &["is not believed"]);
    }
}
