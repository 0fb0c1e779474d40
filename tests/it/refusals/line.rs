//! Trouble between the helper and Entra: nothing is deleted, the message names the cause, and it passes.

use super::{REFRESH, Scene, git_refused, refused, token};
use crate::practice::Source::{self, CloudOauth, Entra};
use crate::practice::browser::Choice;
use crate::practice::cast::ALICE;
use crate::practice::weather::Trouble::{self, Drop, Hang, Html, Text, Truncated};

/// The trouble at Entra's token endpoint, the identifier, what the message says.
fn troubles() -> Vec<(Trouble, &'static str, &'static str)> {
    vec![
        (Trouble::Html(200), "entra-bad-answer", "answered HTML instead of JSON: a captive portal or proxy?"),
        (Trouble::Html(502), "entra-bad-answer", "answered with status 502 and HTML instead of JSON"),
        (Trouble::Text(503, "try later".into()), "entra-bad-answer", "answered with status 503"),
        (Trouble::Json(200, "{\"token_type\":\"Bearer\"".into()), "entra-bad-answer", "cut off or not JSON"),
        (Trouble::Json(200, "{}".into()), "entra-bad-answer", "answered without what was asked for"),
        (Trouble::Json(200, "[]".into()), "entra-bad-answer", "answered something else than JSON"),
        (Trouble::Json(200, String::new()), "entra-bad-answer", "sent an empty answer"),
        (
            Trouble::Redirect("https://portal.example/login?next=1".into()),
            "entra-bad-answer",
            "answered with a redirect to `https://portal.example/login`",
        ),
        (Trouble::Truncated, "unreachable", "ended in the middle of the answer"),
        (Trouble::Endless, "answer-too-large", "larger than 1 MiB"),
        (Trouble::Drop, "unreachable", "cannot be reached"),
        (Trouble::Hang, "timed-out", "did not answer within 2 seconds"),
    ]
}

#[test]
fn trouble_at_renewal_deletes_nothing_and_passes() {
    let scene = Scene::with(|practice| {
        practice.cloud.state().knobs.life = 60;
        practice.entra.state().habits.access_life = Some(80_000);
        format!("{}\n{}", practice.config_toml(CloudOauth), practice.host_toml(Entra))
    });
    let mut scene = scene.login(ALICE);
    let held = token(&scene.get(Entra));
    for (trouble, id, says) in troubles() {
        scene.later(600);
        let asked = scene.asked("entra", REFRESH);
        // What may pass within a second is tried once more: Entra's old refresh token stays valid.
        let passing = matches!(&trouble, Html(502) | Text(503, _) | Truncated | Drop | Hang);
        scene.practice.entra.weather.always("token", trouble);
        git_refused(&scene.get(CloudOauth), 6, id, &[says, &scene.practice.entra.base]);
        assert_eq!(scene.asked("entra", REFRESH), asked + if passing { 2 } else { 1 }, "{says}");
        scene.practice.entra.weather.clear();
        assert_eq!(token(&scene.get(Entra)), held, "{says}");
        scene.later(10);
        token(&scene.get(CloudOauth));
    }
    assert!(scene.no_page());
}

#[test]
fn one_lost_answer_of_entra_is_nobodys_failure() {
    let mut scene = Scene::signed_in(Source::Exchange);
    for trouble in [Drop, Truncated, Html(503)] {
        scene.later(8 * 60 * 60 / 4);
        let asked = scene.asked("entra", REFRESH);
        scene.practice.entra.weather.after_next("token", 1, trouble);
        token(&scene.get(Source::Exchange));
        assert_eq!(scene.asked("entra", REFRESH), asked + 2);
    }
    assert!(scene.no_page());
}

#[test]
fn trouble_at_the_end_of_a_sign_in_is_told_in_the_tab_and_at_the_terminal() {
    let scene = Scene::of(Source::Exchange);
    for (trouble, id, says) in troubles() {
        scene.practice.entra.weather.next("token", 1, trouble);
        let (output, page) = scene.walked(&mut scene.run(&["login"]), &Choice::sign_in(ALICE));
        refused(&output, 6, id, &[says]);
        assert!(page.answer.text().contains("Not signed in"), "{says}: {}", page.answer.text());
        assert_eq!(scene.account()["signed_in"], false);
    }
    scene.login(ALICE);
}

#[test]
fn trouble_with_the_metadata_is_told_before_anything_opens() {
    let scene = Scene::of(Source::Exchange);
    for (trouble, id, says) in
        troubles().into_iter().filter(|(_, _, says)| *says != "answered without what was asked for")
    {
        scene.practice.entra.weather.clear();
        scene.practice.entra.weather.always("openid-configuration", trouble);
        refused(&scene.run(&["login"]).output().unwrap(), 6, id, &[says]);
        assert!(scene.no_page());
    }
}

#[test]
fn what_is_known_of_the_tenant_serves_while_its_metadata_cannot_be_had() {
    let mut scene = Scene::signed_in(Source::Exchange);
    scene.later(7200);
    // A day later by the cache's reckoning, within Alice's day: the files are made older instead.
    for entry in std::fs::read_dir(scene.desk.state().join("entra")).unwrap() {
        let path = entry.unwrap().path();
        let mut kept: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        kept["fetched"] = (kept["fetched"].as_i64().unwrap() - 90_000).into();
        std::fs::write(&path, kept.to_string()).unwrap();
    }
    scene.practice.entra.weather.always("openid-configuration", Trouble::Html(503));
    scene.practice.entra.weather.always("keys", Trouble::Drop);
    token(&scene.get(Source::Exchange));
}
