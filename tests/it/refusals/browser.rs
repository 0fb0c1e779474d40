//! The way back from the browser: strays, mischief, and people who leave.

use super::{Scene, refused};
use crate::desk::{said, stderr};
use crate::practice::Source;
use crate::practice::browser::{self as hands, Choice};
use crate::practice::cast::ALICE;
use crate::practice::entra::{Fault, Target};

#[test]
fn an_answer_with_another_state_is_a_stray_and_the_wait_goes_on() {
    stray(Fault::StateMangle);
}

#[test]
fn an_answer_on_another_path_is_a_stray_and_the_wait_goes_on() {
    stray(Fault::WrongPath);
}

fn stray(fault: Fault) {
    let scene = Scene::of(Source::Exchange);
    scene.practice.entra.set(fault, Target::Everyone, Some(1), 0);
    let child = super::start(&mut scene.run(&["login"]));
    let url = scene.page();
    let walk = || hands::walk(&url, scene.practice.ca(), &Choice::sign_in(ALICE)).unwrap();
    let first = walk();
    assert_eq!((first.answer.status, first.answer.text().as_str()), (404, ""));
    let second = walk();
    assert!(second.answer.text().contains("Signed in"), "{}", second.answer.text());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && stderr(&output).contains("signed in as alice@"), "{}", said(&output));
    assert!(scene.no_page(), "one tab is enough");
}

#[test]
fn a_rude_browser_changes_nothing() {
    for fault in [Fault::Favicon, Fault::DoubleRedirect, Fault::GetForPost, Fault::SlowLoris, Fault::HugeBody] {
        let scene = Scene::of(Source::Exchange);
        scene.practice.entra.on(fault, Target::Everyone);
        let child = super::start(&mut scene.run(&["login"]));
        let page = hands::walk(&scene.page(), scene.practice.ca(), &Choice::sign_in(ALICE));
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{fault:?}: {}", said(&output));
        match page {
            Ok(page) => assert!(page.answer.text().contains("Signed in"), "{fault:?}: {}", page.answer.text()),
            // The page went to the first delivery; the second one finds the door closed.
            Err(_) => assert_eq!(fault, Fault::DoubleRedirect),
        }
        assert_eq!(scene.account()["user"], ALICE, "{fault:?}");
        assert_eq!(scene.practice.journal.grants("entra", "authorization_code", 200), 1, "{fault:?}");
    }
}

#[test]
fn leaving_the_page_by_its_cancel_link_is_told_as_that() {
    let scene = Scene::of(Source::Exchange);
    let (output, page) = scene.walked(&mut scene.run(&["login"]), &Choice::cancel());
    refused(&output, 5, "cancelled", &["the sign-in was cancelled in the browser", "admin approval", "login --host"]);
    assert!(page.answer.text().contains("Not signed in") && page.answer.text().contains("cancelled"));
    assert_eq!(scene.account()["signed_in"], false);
}

#[test]
fn consent_that_only_an_administrator_can_give_names_the_page_for_it() {
    let scene = Scene::of(Source::Exchange);
    scene.practice.entra.on(Fault::AdminConsent, Target::Everyone);
    let (output, page) = scene.walked(&mut scene.run(&["login"]), &Choice::sign_in(ALICE));
    refused(
        &output,
        5,
        "admin-consent-needed",
        &["AADSTS90094", "ask the Entra administrator", "/v2.0/adminconsent?", "correlation ", "trace "],
    );
    assert!(page.answer.text().contains("Not signed in"), "{}", page.answer.text());
}

#[test]
fn a_page_of_entra_that_leads_nowhere_is_no_sign_in() {
    // 50105, 50020 and 53003 are shown by Entra and never come back: the helper waits, and the next try works.
    for (fault, shown) in
        [(Fault::NotAssigned, "AADSTS50105"), (Fault::GuestMissing, "AADSTS50020"), (Fault::CaBlock, "AADSTS53003")]
    {
        let scene = Scene::of(Source::Exchange);
        scene.practice.entra.set(fault, Target::Everyone, Some(1), 0);
        let child = super::start(&mut scene.run(&["login"]));
        let url = scene.page();
        let page = hands::walk(&url, scene.practice.ca(), &Choice::sign_in(ALICE)).unwrap();
        assert!(page.answer.text().contains(shown), "{}", page.answer.text());
        let again = hands::walk(&url, scene.practice.ca(), &Choice::sign_in(ALICE)).unwrap();
        assert!(again.answer.text().contains("Signed in"), "{}", again.answer.text());
        assert!(child.wait_with_output().unwrap().status.success());
    }
}

#[test]
fn a_tenant_that_entra_does_not_know_is_a_matter_of_configuration() {
    let scene = Scene::of(Source::Exchange);
    scene.practice.entra.on(Fault::WrongTenant, Target::Everyone);
    let output = scene.run(&["login"]).output().unwrap();
    refused(&output, 3, "authority-unknown", &["the tenant is not known", "AADSTS90002"]);
    assert!(scene.no_page(), "nothing is opened for nothing");
}
