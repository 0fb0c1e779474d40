//! A broker that wants a person to do something first: connect an account, or sign in more strongly.

use super::{EXCHANGE, Scene, git_refused, refused, start, token, until};
use crate::desk::{said, stderr};
use crate::practice::Source::Exchange;
use crate::practice::browser::{self, Choice};
use crate::practice::cast::ALICE;
use std::io::Read;

fn unconnected() -> Scene {
    let scene = Scene::of(Exchange);
    let mut knobs = scene.practice.broker.knobs();
    knobs.connected = Some(false);
    knobs.ruling = Some(("developers".into(), "5e1f2a".into()));
    drop(knobs);
    scene
}

#[test]
fn the_account_is_connected_in_the_tab_of_the_sign_in_and_never_again() {
    let scene = unconnected();
    let (output, page) = scene.get_walked(Exchange, &Choice::sign_in(ALICE));
    let first = token(&output);
    assert!(page.answer.text().contains("Signed in"), "{}", page.answer.text());
    let at = |place: &str| page.trail.iter().position(|url| url.contains(place)).unwrap();
    assert!(at("/authorize") < at("/connect/bitbucket.org?return_to="), "{:?}", page.trail);
    assert_eq!((scene.practice.broker.knobs().connected, scene.no_page()), (Some(true), true));
    assert_eq!(token(&scene.get(Exchange)), first);
    assert_eq!(scene.asked("broker", EXCHANGE), 2, "once too early, and once with success");
    let host = &scene.account()["hosts"][0];
    assert_eq!((&host["rule"], &host["policy"]), (&"developers".into(), &"5e1f2a".into()), "{host}");
    let status = scene.run(&["status"]).output().unwrap();
    assert!(said(&status).contains("last token by the broker's rule developers of policy 5e1f2a"), "{}", said(&status));
    let trail = scene.run(&["audit", "show", "--json"]).output().unwrap();
    assert!(said(&trail).contains("developers") && said(&trail).contains("5e1f2a"), "{}", said(&trail));
}

#[test]
fn a_login_after_git_was_refused_connects_in_its_own_tab() {
    let mut scene = unconnected().login(ALICE);
    assert_eq!(scene.asked("broker", EXCHANGE), 0, "nobody wanted a token yet");
    git_refused(&scene.get(Exchange), 4, "connection-needed", &[]);
    scene.later(86_400);
    let (output, page) = scene.walked(&mut scene.run(&["login"]), &Choice::sign_in(ALICE));
    assert!(output.status.success(), "{}", said(&output));
    let at = |place: &str| page.trail.iter().position(|url| url.contains(place)).unwrap();
    assert!(at("/authorize") < at("/connect/bitbucket.org?return_to="), "{:?}", page.trail);
    let asked = scene.asked("broker", EXCHANGE);
    token(&scene.get(Exchange));
    assert_eq!((scene.asked("broker", EXCHANGE), scene.no_page()), (asked + 1, true));
}

#[test]
fn with_a_living_session_one_command_helps_and_opens_one_page() {
    let scene = Scene::signed_in(Exchange);
    scene.practice.broker.knobs().connected = Some(false);
    let mut scene = scene;
    scene.later(3400);
    let words = ["your Bitbucket account, connected once at the broker,", "CI=true is set", "login --host https://"];
    git_refused(&scene.get(Exchange), 4, "connection-needed", &words);
    assert!(scene.no_page());
    let (output, page) = scene.walked(&mut scene.run(&["login"]), &Choice::sign_in(ALICE));
    assert!(output.status.success() && page.answer.text().contains("Signed in"), "{}", said(&output));
    assert!(!page.trail.iter().any(|url| url.contains("/authorize")), "no sign-in: {:?}", page.trail);
    token(&scene.get(Exchange));
}

#[test]
fn what_was_declined_is_said_and_not_asked_twice() {
    let scene = Scene::signed_in(Exchange);
    scene.practice.broker.knobs().connected = Some(false);
    let mut scene = scene;
    scene.later(3400);
    let (output, page) = scene.get_walked(Exchange, &Choice::deny(ALICE));
    git_refused(&output, 5, "connection-declined", &["access_denied: Nothing was connected"]);
    assert!(page.answer.text().contains("connection-declined"), "{}", page.answer.text());
    assert!(scene.no_page());
}

#[test]
fn without_a_browser_here_the_address_is_shown_and_the_command_goes_on() {
    let scene = unconnected().login(ALICE);
    git_refused(&scene.get(Exchange), 4, "connection-needed", &[]);
    scene.practice.journal.clear();
    let mut child = start(&mut scene.run(&["login", "--device-code", "--force"]));
    let code = until("a device code", || scene.practice.entra.waiting_codes().pop());
    scene.practice.entra.approve(&code, ALICE).unwrap();
    until("the first question", || (scene.asked("broker", EXCHANGE) > 0).then_some(()));
    assert!(child.try_wait().unwrap().is_none(), "it waits");
    let page = format!("{}/connect/bitbucket.org", scene.practice.broker.base);
    let walked = browser::walk(&page, scene.practice.ca(), &Choice::sign_in(ALICE)).unwrap();
    assert!(walked.answer.text().contains("Connected"));
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert!(child.wait().unwrap().success() && told.contains(&page), "{told}");
    assert!(told.contains("in any browser, on any machine"), "{told}");
    token(&scene.get(Exchange));
}

#[test]
fn a_page_of_another_server_is_never_opened() {
    let scene = unconnected();
    scene.practice.broker.knobs().connect_uri = Some("https://evil.example/connect".into());
    let scene = scene.login(ALICE);
    git_refused(&scene.get(Exchange), 6, "bad-answer", &["names no page of its own"]);
    assert!(scene.no_page());
}

#[test]
fn a_stronger_sign_in_is_asked_for_once() {
    let scene = Scene::signed_in(Exchange);
    scene.practice.broker.knobs().acrs = Some("c1".into());
    let mut scene = scene;
    scene.later(3400);
    git_refused(&scene.get(Exchange), 4, "sign-in-needed", &["Rule releases wants c1", "login --host https://"]);
    let (output, page) = scene.walked(&mut scene.run(&["login"]), &Choice::sign_in(ALICE));
    assert!(output.status.success(), "{}", said(&output));
    let asked = page.trail.iter().find(|url| url.contains("/authorize")).unwrap();
    assert!(asked.contains("acrs") && asked.contains("c1"), "{asked}");
    token(&scene.get(Exchange));

    scene.practice.broker.knobs().acrs = Some("c9".into());
    scene.later(3400);
    let (output, _) = scene.get_walked(Exchange, &Choice::sign_in(ALICE));
    token(&output);
    assert!(stderr(&output).contains("its broker wants a newer or stronger sign-in"), "{}", said(&output));
}

#[test]
fn a_sign_in_that_does_not_satisfy_the_broker_is_not_repeated() {
    let scene = Scene::signed_in(Exchange);
    scene.practice.broker.knobs().acrs = Some("no such context, with blanks".into());
    let mut scene = scene;
    scene.later(3400);
    let (output, _) = scene.get_walked(Exchange, &Choice::sign_in(ALICE));
    git_refused(&output, 5, "step-up-refused", &["is not strong or new enough for localhost"]);
    assert!(scene.no_page());
    assert_eq!(scene.asked("entra", "authorization_code"), 2, "the first sign-in, and one more");
}

#[test]
fn a_refusal_names_whom_the_broker_names() {
    let scene = Scene::signed_in(Exchange);
    let mut knobs = scene.practice.broker.knobs();
    (knobs.refuse_target, knobs.contact) = (true, Some("the platform team".into()));
    drop(knobs);
    let mut scene = scene;
    scene.later(3400);
    git_refused(&scene.get(Exchange), 5, "not-allowed", &["ask the platform team for access"]);
    refused(&scene.run(&["token", "--host", &scene.practice.cloud.base]).output().unwrap(), 5, "not-allowed", &[]);
}
