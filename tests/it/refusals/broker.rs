//! A broker's refusals and oddities (RFC 8693).

use super::{EXCHANGE, REFRESH, Scene, answer, git_refused, token};
use crate::desk::said;
use crate::practice::Source::Exchange;
use crate::practice::cast::ALICE;
use crate::practice::codec::value;
use crate::practice::weather::Trouble;

#[test]
fn a_target_that_gets_no_token_names_whom_to_ask() {
    let scene = Scene::signed_in(Exchange);
    scene.practice.broker.knobs().refuse_target = true;
    let host = "ask whoever runs the broker at localhost";
    git_refused(&scene.get(Exchange), 5, "not-allowed", &["invalid_target", "no token for localhost", host]);
    scene.practice.broker.knobs().refuse_target = false;
    token(&scene.get(Exchange));
}

#[test]
fn a_subject_token_that_is_refused_is_renewed_once_and_tried_once_more() {
    let scene = Scene::signed_in(Exchange);
    scene.practice.broker.knobs().refuse_subject = 1;
    token(&scene.get(Exchange));
    assert_eq!((scene.asked("entra", REFRESH), scene.asked("broker", EXCHANGE)), (1, 2));

    let scene = Scene::signed_in(Exchange);
    scene.practice.broker.knobs().refuse_subject = 99;
    let words = ["the broker does not take the Entra token: invalid_grant", "ask whoever runs the broker at localhost"];
    git_refused(&scene.get(Exchange), 5, "proof-refused", &words);
    assert_eq!((scene.asked("entra", REFRESH), scene.asked("broker", EXCHANGE)), (1, 2), "never a third time");
    assert_eq!(scene.account()["signed_in"], true);
}

#[test]
fn a_token_without_an_end_is_kept_for_five_minutes() {
    let mut scene = Scene::of(Exchange);
    scene.practice.broker.knobs().leave_out_expires_in = true;
    scene = scene.login(ALICE);
    let output = scene.get(Exchange);
    let ends: i64 = answer(&output, "password_expiry_utc").unwrap().parse().unwrap();
    let left = ends - scene.practice.clock.now();
    assert!((280..=300).contains(&left), "{left}");
    assert_eq!(token(&scene.get(Exchange)), token(&output), "used again");
    scene.later(240);
    assert_ne!(token(&scene.get(Exchange)), token(&output), "replaced before it ends");
}

#[test]
fn a_token_that_is_no_access_token_is_a_password_all_the_same() {
    let scene = Scene::of(Exchange);
    scene.practice.broker.knobs().not_applicable = true;
    token(&scene.login(ALICE).get(Exchange));
}

#[test]
fn user_names_and_tokens_that_could_break_gits_protocol_never_reach_it() {
    let spoil: [fn(&Scene); 3] = [
        |scene| scene.practice.broker.knobs().username = Some("al\nhost=evil.example".into()),
        |scene| scene.practice.broker.knobs().in_token = "\npassword=x".into(),
        |scene| scene.practice.broker.knobs().in_token = "\r".into(),
    ];
    for spoil in spoil {
        let scene = Scene::signed_in(Exchange);
        spoil(&scene);
        let output = scene.get(Exchange);
        git_refused(&output, 6, "unprintable-credential", &["holds a control character", "the broker at localhost"]);
        assert!(!said(&output).contains("evil") && !said(&output).contains("password="), "{}", said(&output));
    }
}

#[test]
fn trouble_at_the_broker_passes() {
    let scene = Scene::signed_in(Exchange);
    let denied = r#"{"error":"access_denied","error_description":"not in the group"}"#;
    for (trouble, exit, id, says) in [
        (Trouble::Throttled(429, Some(120)), 6, "throttled", "run the command again in 2 minutes"),
        (Trouble::Html(502), 6, "bad-answer", "fails with status 502"),
        (Trouble::Html(200), 6, "bad-answer", "answers with a web page"),
        (Trouble::Json(200, "{\"access_token\": \"half".into()), 6, "bad-answer", "not the JSON of a token service"),
        (Trouble::Endless, 6, "bad-answer", "answers with more than 1 MiB"),
        (Trouble::Redirect("https://elsewhere.example/".into()), 6, "bad-answer", "answers with a redirect"),
        (Trouble::Hang, 6, "timed-out", "did not answer within 2 seconds"),
        (Trouble::Json(403, denied.into()), 5, "not-allowed", "access_denied: not in the group"),
        (Trouble::Json(400, r#"{"error":"invalid_scope"}"#.into()), 3, "source-configuration", "invalid_scope"),
        (Trouble::Text(404, "no".into()), 3, "source-configuration", "http_404"),
    ] {
        scene.practice.broker.weather.next("token", 1, trouble);
        git_refused(&scene.get(Exchange), exit, id, &[says]);
    }
    token(&scene.get(Exchange));
    assert_eq!(scene.asked("entra", REFRESH), 0, "Entra's answer of a moment ago does for all of them");
}

#[test]
fn each_repository_gets_a_token_of_its_own() {
    let mut scene = Scene::of(Exchange);
    scene.reconfigure("audience =", "per_repository = true\naudience =");
    scene.practice.broker.knobs().repositories = vec!["acme/app".into(), "acme/tool".into()];
    let scene = scene.login(ALICE);
    let setup = scene.run(&["setup"]).output().unwrap();
    assert!(setup.status.success(), "{}", said(&setup));
    let base = scene.practice.cloud.base.clone();
    let path = scene.desk.git().args(["config", "--get-urlmatch", "credential.useHttpPath", &base]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&path.stdout).trim(), "true", "{}", said(&path));

    let app = token(&scene.get_path(Exchange, "acme/app.git"));
    let tool = token(&scene.get_path(Exchange, "acme/tool.git"));
    assert_ne!(app, tool);
    assert_eq!(token(&scene.get_path(Exchange, "acme/app.git")), app);
    assert_eq!(
        token(&scene.get_path(Exchange, "acme/app.git/info/lfs")),
        app,
        "large files are in the same repository"
    );
    git_refused(&scene.get_path(Exchange, "acme/secret.git"), 5, "not-allowed", &["invalid_target", "this repository"]);
    git_refused(
        &scene.get(Exchange),
        3,
        "no-repository",
        &["git named no repository path", "credential-bitbucket-sso setup"],
    );
    let resources: Vec<String> = scene
        .practice
        .journal
        .entries()
        .iter()
        .filter(|entry| entry.server == "broker")
        .map(|entry| value(&entry.form, "resource").unwrap().to_owned())
        .collect();
    assert_eq!(resources, ["acme/app", "acme/tool", "acme/secret"].map(|path| format!("{base}/{path}")));
}
