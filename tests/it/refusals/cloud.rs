//! Bitbucket's own refusals: grants that died, trouble at its token endpoint, secrets that are missing.

use super::{REFRESH, Scene, git_refused, refused, token};
use crate::desk::{said, stderr};
use crate::practice::Source::{CloudOauth, DataCenterOauth};
use crate::practice::bitbucket::Shape;
use crate::practice::browser::Choice;
use crate::practice::cast::ALICE;
use crate::practice::weather::Trouble;
use std::net::TcpListener;

const DEAD: &str = r#"{"error":"invalid_grant","error_description":"Invalid refresh_token"}"#;

/// Alice is signed in, and Bitbucket's token has ended.
fn ended() -> Scene {
    let mut scene = Scene::signed_in(CloudOauth);
    scene.later(7200);
    scene
}

#[test]
fn a_dead_grant_leads_to_consent_where_a_person_is_and_to_a_message_where_none_is() {
    for status in [400, 401] {
        let scene = ended();
        scene.practice.cloud.weather.next("/site/oauth2/access_token", 1, Trouble::Json(status, DEAD.into()));
        git_refused(
            &scene.get(CloudOauth),
            4,
            "consent-needed",
            &["CI=true is set", "login --host https://localhost:"],
        );
        let account = scene.account();
        assert_eq!((&account["signed_in"], &account["hosts"][0]["needs_consent"]), (&true.into(), &true.into()));
        let (output, page) = scene.get_walked(CloudOauth, &Choice::sign_in(ALICE));
        assert!(page.answer.text().contains("Signed in"), "{}", page.answer.text());
        assert!(page.trail[0].contains("/site/oauth2/authorize"), "only Bitbucket is asked: {}", page.trail[0]);
        assert!(stderr(&output).contains("needs your consent once, for alice@contoso.example"), "{}", said(&output));
        token(&output);
        assert_eq!(scene.practice.journal.grants("entra", "authorization_code", 200), 1);
    }
}

#[test]
fn a_dead_grant_at_data_center_leads_to_consent_too() {
    let mut scene = Scene::signed_in(DataCenterOauth);
    scene.later(7200);
    scene.practice.data_center.revoke_grants();
    git_refused(&scene.get(DataCenterOauth), 4, "consent-needed", &["CI=true is set"]);
    let (output, page) = scene.get_walked(DataCenterOauth, &Choice::sign_in(ALICE));
    assert!(page.answer.text().contains("Signed in"), "{}", page.answer.text());
    token(&output);
}

#[test]
fn trouble_at_the_token_endpoint_costs_no_grant() {
    let mut scene = ended();
    let html = "answers with a web page; perhaps a proxy";
    for (trouble, id, says) in [
        (Trouble::Throttled(429, Some(120)), "throttled", "run the command again in 2 minutes"),
        (Trouble::Throttled(503, Some(60)), "throttled", "run the command again in 1 minute"),
        (Trouble::Throttled(429, None), "throttled", "run the command again in a minute"),
        (Trouble::Html(200), "bad-answer", html),
        (Trouble::Html(502), "bad-answer", "fails with status 502"),
        (Trouble::Json(500, DEAD.into()), "bad-answer", "fails with status 500"),
        (Trouble::Json(200, "{}".into()), "bad-answer", "not the JSON of a token service"),
        (Trouble::Redirect("https://elsewhere.example/".into()), "bad-answer", "answers with a redirect"),
        (Trouble::Endless, "bad-answer", "answers with more than 1 MiB"),
        (Trouble::Truncated, "unreachable", "ended in the middle of the answer"),
        (Trouble::Drop, "unreachable", "cannot be reached"),
        (Trouble::Hang, "timed-out", "did not answer within 2 seconds"),
    ] {
        let asked = scene.asked("cloud", REFRESH);
        scene.practice.cloud.weather.next("/site/oauth2/access_token", 1, trouble);
        let output = scene.get(CloudOauth);
        git_refused(&output, 6, id, &[says, "no token for localhost"]);
        assert!(scene.practice.journal.leaks(&said(&output)).is_empty());
        assert_eq!(scene.asked("cloud", REFRESH), asked + 1, "sent once: {says}");
        assert_eq!(scene.account()["hosts"][0]["needs_consent"], false, "{says}");
        token(&scene.get(CloudOauth));
        scene.later(7200 / 2 + 60 * 60);
        scene = scene.signed_in_again();
    }
    assert!(scene.no_page());
}

impl Scene {
    /// A new day where the old one is over.
    fn signed_in_again(self) -> Self {
        if self.account()["signed_in"] == true { self } else { self.login(ALICE) }
    }
}

#[test]
fn both_shapes_of_the_answers_are_understood_and_the_rotated_token_is_kept() {
    for shape in [Shape::Old, Shape::New] {
        let scene = Scene::of(CloudOauth);
        scene.practice.cloud.state().knobs.shape = shape;
        scene.practice.cloud.state().knobs.grace = 0;
        let mut scene = scene.login(ALICE);
        let first = token(&scene.get(CloudOauth));
        for _ in 0..2 {
            scene.later(7200);
            assert_ne!(token(&scene.get(CloudOauth)), first, "{shape:?}");
        }
        assert_eq!(scene.practice.journal.grants("cloud", REFRESH, 200), 2, "{shape:?}");
        assert_eq!(first.len() > 2000, shape == Shape::New);
        assert!(scene.no_page());
    }
}

#[test]
fn a_client_secret_that_cannot_be_had_names_its_place() {
    let line = |scene: &Scene| format!("client_secret = \"{}\"\n", scene.practice.cloud.state().knobs.client_secret);
    let unread = |to: &str, says: &[&str]| {
        let mut scene = ended();
        let old = line(&scene);
        scene.reconfigure(&old, to);
        let output = scene.get(CloudOauth);
        git_refused(&output, 3, "client-secret-unreadable", says);
        assert_eq!(scene.account()["hosts"][0]["needs_consent"], false);
        scene.reconfigure(to, &old);
        token(&scene.get(CloudOauth));
    };
    unread("client_secret_file = \"/nowhere/secret\"\n", &["/nowhere/secret: there is no such file"]);
    unread("client_secret_command = [\"/bin/false\"]\n", &["/bin/false"]);
    unread("client_secret_command = [\"/nowhere/program\"]\n", &["/nowhere/program"]);
}

#[test]
fn a_wrong_client_secret_is_a_matter_of_settings() {
    let scene = ended();
    scene.practice.cloud.state().knobs.client_secret = "another".into();
    let words = ["set up wrongly: unauthorized_client", "the administrator of the Bitbucket workspace"];
    git_refused(&scene.get(CloudOauth), 3, "source-configuration", &words);
    assert_eq!(scene.account()["hosts"][0]["needs_consent"], false);
}

#[test]
fn a_redirect_port_that_is_taken_is_named_and_no_other_is_tried() {
    let scene = Scene::of(DataCenterOauth);
    let uri = scene.practice.data_center.state().knobs.redirect_uri.clone();
    let port = url::Url::parse(&uri).unwrap().port().unwrap();
    let taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let (output, page) = scene.walked(&mut scene.run(&["login"]), &Choice::sign_in(ALICE));
    let named = format!("port {port} on this machine, which the redirect URI names, is in use");
    refused(&output, 3, "redirect-port-taken", &[&named, &format!("ss -ltnp 'sport = :{port}'")]);
    assert!(page.answer.text().contains(&format!("port {port}")), "{}", page.answer.text());
    assert_eq!(scene.account()["signed_in"], true, "Entra's part stands");
    drop(taken);
    let (output, _) = scene.walked(&mut scene.run(&["login"]), &Choice::sign_in(ALICE));
    assert!(output.status.success(), "{}", said(&output));
}
