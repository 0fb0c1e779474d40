//! The main job: clone, fetch and push through one sign-in, by real git over TLS.

use crate::desk::{Desk, said, stderr};
use crate::practice::bitbucket::RedirectRule;
use crate::practice::browser::Choice;
use crate::practice::cast::ALICE;
use crate::practice::{Options, Practice, Source};

#[test]
fn the_browser_signs_in_once_for_clone_push_and_fetch_through_a_broker() {
    browser_journey(Source::Exchange);
}

#[test]
fn the_browser_signs_in_once_for_an_identity_aware_proxy() {
    browser_journey(Source::Entra);
}

#[test]
fn the_browser_signs_in_and_consents_in_the_same_tab_for_cloud() {
    browser_journey(Source::CloudOauth);
}

#[test]
fn the_browser_signs_in_and_consents_in_the_same_tab_for_data_center() {
    browser_journey(Source::DataCenterOauth);
}

fn browser_journey(source: Source) {
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(&practice, source).person(Choice::sign_in(ALICE));
    let url = practice.clone_url(source, "acme", "app");
    let cloned = desk.git().args(["clone", "-q", &url, "app"]).output().unwrap();
    assert!(cloned.status.success(), "{}", said(&cloned));
    assert_eq!(desk.opened().len(), 1, "{:?}", desk.opened());
    assert!(desk.last_page().contains("Signed in"), "{}", desk.last_page());

    let app = desk.path("app");
    std::fs::write(app.join("big.bin"), noise(3 << 20)).unwrap();
    for arguments in [&["add", "."][..], &["commit", "-qm", "More"], &["push", "-q", "origin", "HEAD"], &["fetch"]] {
        let output = desk.git().current_dir(&app).args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", said(&output));
        assert_eq!(stderr(&output), "", "git {arguments:?} is silent");
    }
    let head = desk.git().current_dir(&app).args(["rev-parse", "HEAD"]).output().unwrap();
    let pushed = practice.repos.head("acme", "app", "main");
    assert_eq!(String::from_utf8_lossy(&head.stdout).trim(), pushed);
    assert_eq!(desk.opened().len(), 1, "nobody was asked again");
}

/// Bytes that do not compress, so that the pack is as large as it looks.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    })
    .take(length)
    .collect()
}

#[test]
fn a_verbose_login_says_how_it_signs_in_and_why() {
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(&practice, Source::Exchange).person(Choice::sign_in(ALICE));
    let output = desk.helper().args(["login", "--verbose"]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(stderr(&output).contains("signing in by browser because BROWSER is set"), "{}", said(&output));
}

#[test]
fn a_cloud_consumer_may_compare_redirects_in_each_of_the_three_ways() {
    let port = 21_000 + std::process::id() % 5_000;
    let fixed = format!("http://127.0.0.1:{port}/callback");
    let below = format!("{fixed}/helper");
    let any = "http://127.0.0.1/callback".to_owned();
    for (rule, registered, ours) in [
        (RedirectRule::Exact, &fixed, &fixed),
        (RedirectRule::PathPrefix, &fixed, &below),
        (RedirectRule::LoopbackAnyPort, &any, &any),
    ] {
        let practice = Practice::start(&Options::default());
        practice.cloud.state().knobs.redirect = rule;
        practice.cloud.state().knobs.callback = Some(registered.clone());
        let config = practice.config_toml(Source::CloudOauth);
        let config = config.replace(&format!("redirect_uri = \"{any}\""), &format!("redirect_uri = \"{ours}\""));
        let desk = Desk::configured(&practice, &config).person(Choice::sign_in(ALICE));
        let output = desk.helper().arg("login").output().unwrap();
        assert!(output.status.success(), "{rule:?}: {}", said(&output));
        assert!(desk.last_page().contains("Signed in"), "{rule:?}: {}", desk.last_page());
    }
}
