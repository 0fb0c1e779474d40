//! Other people's accounts, at Entra and at Bitbucket.

use super::{Scene, git_refused, refused, token};
use crate::desk::{said, stderr};
use crate::practice::Source::{self, CloudOauth, DataCenterOauth, Exchange};
use crate::practice::browser::{self as hands, Choice};
use crate::practice::cast::{ALICE, BOB};
use crate::practice::entra::{Fault, Target};

#[test]
fn another_entra_account_is_refused_by_name_and_nothing_changes() {
    let scene = Scene::signed_in(Exchange);
    let held = token(&scene.get(Exchange));
    let before = scene.account();
    let (output, page) = scene.walked(&mut scene.run(&["login", "--force"]), &Choice::sign_in(BOB));
    let words =
        ["bob@contoso.example signed in", "git on this machine works as alice@contoso.example", "nothing was changed"];
    refused(&output, 5, "wrong-account", &words);
    assert!(page.answer.text().contains("Not signed in") && page.answer.text().contains(ALICE));
    assert!(page.trail[0].contains("prompt=login"), "{}", page.trail[0]);
    assert_eq!(scene.account(), before);
    assert_eq!(token(&scene.get(Exchange)), held);
}

#[test]
fn another_entra_account_by_device_code_is_refused_too() {
    let scene = Scene::signed_in(Exchange);
    scene.practice.entra.state().habits.interval = 1;
    let child = super::start(&mut scene.run(&["login", "--force", "--device-code"]));
    let code = super::until("a device code", || scene.practice.entra.waiting_codes().pop());
    scene.practice.entra.approve(&code, BOB).unwrap();
    refused(&child.wait_with_output().unwrap(), 5, "wrong-account", &[BOB, ALICE]);
    assert_eq!(scene.account()["user"], ALICE);
}

#[test]
fn another_account_is_refused_by_name_when_the_day_is_over_too_until_logout() {
    let mut scene = Scene::signed_in(Exchange);
    scene.later(25 * 3600);
    let words = ["bob@contoso.example signed in", "git on this machine works as alice@contoso.example", "logout"];
    let (output, page) = scene.get_walked(Exchange, &Choice::sign_in(BOB));
    git_refused(&output, 5, "wrong-account", &words);
    assert!(page.answer.text().contains("Not signed in") && page.answer.text().contains(ALICE));
    let (output, _) = scene.walked(&mut scene.run(&["login"]), &Choice::sign_in(BOB));
    refused(&output, 5, "wrong-account", &words);
    // Who means it says so.
    assert!(scene.run(&["logout"]).output().unwrap().status.success());
    let scene = scene.login(BOB);
    assert_eq!(scene.account()["user"], BOB);
}

#[test]
fn an_account_that_was_disabled_stands_in_nobodys_way() {
    let mut scene = Scene::signed_in(Exchange);
    scene.practice.entra.on(Fault::Disabled, Target::User(ALICE.into()));
    scene.later(2 * 3600);
    git_refused(&scene.get(Exchange), 5, "account-disabled", &[]);
    let scene = scene.login(BOB);
    assert_eq!(scene.account()["user"], BOB);
}

/// Alice signs in at Entra, where the browser is Bob's at Bitbucket.
fn bobs_browser(source: Source, rule: &str) -> Scene {
    let mut scene = Scene::of(source);
    scene.practice.cloud.state().book.logged_in = Some("bob".into());
    scene.practice.data_center.state().book.logged_in = Some("bob".into());
    let name = format!("source = \"{}\"\n", source.name());
    scene.reconfigure(&name, &format!("{name}account_match = \"{rule}\"\n"));
    scene
}

#[test]
fn another_bitbucket_account_gets_no_grant() {
    for (source, rule) in [(CloudOauth, "upn"), (CloudOauth, "confirm"), (DataCenterOauth, "upn")] {
        let scene = bobs_browser(source, rule);
        let (output, page) = scene.walked(&mut scene.run(&["login"]), &Choice::sign_in(ALICE));
        let words = [
            "the Bitbucket account bob is not the Entra account alice@contoso.example",
            "was not kept",
            "sign out of Bitbucket",
        ];
        refused(&output, 5, "accounts-differ", &words);
        assert!(page.answer.text().contains("without access to Bitbucket"), "{}", page.answer.text());
        let account = scene.account();
        assert_eq!((&account["signed_in"], &account["hosts"][0]["needs_consent"]), (&true.into(), &true.into()));
        git_refused(&scene.get(source), 4, "consent-needed", &[]);
        assert!(scene.no_page());
    }
}

#[test]
fn accounts_that_cannot_be_compared_are_shown_by_name_and_a_no_is_a_no() {
    let scene = bobs_browser(DataCenterOauth, "confirm");
    let child = super::start(&mut scene.run(&["login"]));
    let shy = Choice { confirm: false, ..Choice::sign_in(ALICE) };
    let page = hands::walk(&scene.page(), scene.practice.ca(), &shy).unwrap();
    let text = page.answer.text();
    assert!(text.contains("<dd>alice@contoso.example</dd>") && text.contains("<dd>bob</dd>"), "{text}");
    let after = |text: &str, mark: &str| text.split(mark).nth(1).unwrap().split('"').next().unwrap().to_owned();
    let (action, state) = (after(&text, "action=\""), after(&text, "name=\"state\" value=\""));
    let body = format!("state={state}&answer=no");
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let answer = scene.practice.client().send("POST", &action, &form, body.as_bytes()).unwrap();
    assert!(answer.text().contains("without access to Bitbucket"), "{}", answer.text());
    let words = ["nobody confirmed that the Bitbucket account bob belongs to alice@contoso.example", "was not kept"];
    refused(&child.wait_with_output().unwrap(), 5, "accounts-not-confirmed", &words);
    assert_eq!(scene.account()["hosts"][0]["needs_consent"], true);
}

#[test]
fn accounts_that_a_person_confirms_are_bound_and_asked_about_once() {
    let scene = bobs_browser(DataCenterOauth, "confirm");
    let (output, page) = scene.walked(&mut scene.run(&["login"]), &Choice::sign_in(ALICE));
    assert!(output.status.success() && page.answer.text().contains("Signed in"), "{}", said(&output));
    assert_eq!(scene.account()["hosts"][0]["grant"], "bob");
}

#[test]
fn a_later_grant_of_another_bitbucket_account_is_refused_naming_both() {
    // Nothing is compared here, so that only the binding of the first grant stands in the way.
    for source in [CloudOauth, DataCenterOauth] {
        let mut scene = bobs_browser(source, "off");
        scene = scene.login(ALICE);
        assert_eq!(scene.account()["hosts"][0]["grant"], "bob");
        scene.practice.cloud.revoke_grants();
        scene.practice.data_center.revoke_grants();
        scene.practice.cloud.state().book.logged_in = Some("alice".into());
        scene.practice.data_center.state().book.logged_in = Some("alice".into());
        scene.later(10_000);
        let (output, page) = scene.get_walked(source, &Choice::sign_in(ALICE));
        let words = ["is bound to the Bitbucket account bob, not to alice", "logout --host"];
        git_refused(&output, 5, "other-bitbucket-account", &words);
        assert!(page.answer.text().contains("without access to Bitbucket"), "{}", page.answer.text());
        let host = scene.account()["hosts"][0].clone();
        assert_eq!((&host["needs_consent"], &host["grant"]), (&true.into(), &"bob".into()));
        // Who means it says so.
        let output = scene.run(&["logout", "--host", scene.practice.url(source)]).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        scene = scene.login(ALICE);
        assert_eq!(scene.account()["hosts"][0]["grant"], "alice");
    }
}

#[test]
fn denying_the_consent_is_told_as_that_and_the_sign_in_stays() {
    for source in [CloudOauth, DataCenterOauth] {
        let mut scene = Scene::of(source);
        let (output, page) = scene.walked(&mut scene.run(&["login"]), &Choice::deny(ALICE));
        refused(&output, 5, "consent-declined", &["the consent for localhost was not given", "login --host"]);
        assert!(page.answer.text().contains("without access to Bitbucket"), "{}", page.answer.text());
        assert_eq!(scene.account()["signed_in"], true);
        // No page opens by itself while the cool-down of a failed sign-in lasts.
        scene.later(31);
        let (output, page) = scene.get_walked(source, &Choice::sign_in(ALICE));
        assert!(page.answer.text().contains("Signed in"), "{}", page.answer.text());
        assert!(stderr(&output).contains("needs your consent once, for alice@contoso.example"), "{}", said(&output));
        token(&output);
    }
}
