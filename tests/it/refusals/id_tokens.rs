//! ID tokens that must not be believed, and odd ones that must.

use super::{Scene, refused};
use crate::desk::said;
use crate::practice::Source;
use crate::practice::browser::Choice;
use crate::practice::cast::{ALICE, ALICE_OID};
use crate::practice::entra::{Fault, Target};
use crate::practice::jwt::Forgery;

/// Forgery, exit code (6 only where another try may help), identifier, what the message says.
const FORGERIES: &[(Forgery, i32, &str, &str)] = &[
    (Forgery::AlgNone, 5, "id-token-invalid", "signed with `none` instead of RS256"),
    (Forgery::Hs256, 5, "id-token-invalid", "signed with `HS256` instead of RS256"),
    (Forgery::Ps256, 5, "id-token-invalid", "signed with `PS256` instead of RS256"),
    (Forgery::WrongAudience, 5, "id-token-invalid", "is for the client `deadbeef-"),
    (Forgery::AudienceList, 6, "id-token-invalid", "malformed"),
    (Forgery::WrongIssuer, 5, "id-token-invalid", "from the issuer `https://login.evil.example/"),
    (Forgery::WrongTenant, 5, "id-token-tenant", "from the tenant `deadbeef-"),
    (Forgery::Expired, 6, "id-token-time", "ended 3"),
    (Forgery::TextExpiry, 6, "id-token-invalid", "malformed"),
    (Forgery::NotYetValid, 6, "id-token-time", "begins in "),
    (Forgery::NoNotBefore, 6, "id-token-invalid", "has no `nbf`"),
    (Forgery::UnknownKid, 6, "id-token-invalid", "signed with the unknown key `nobody-knows-this-key`"),
    (Forgery::DecoyKey, 5, "id-token-invalid", "may not sign for this tenant"),
    (Forgery::BadSignature, 5, "id-token-invalid", "signature of the ID token is wrong"),
    (Forgery::WrongNonce, 5, "id-token-invalid", "does not belong to this sign-in"),
    (Forgery::NoNonce, 5, "id-token-invalid", "does not belong to this sign-in"),
    (Forgery::Nonsense, 6, "id-token-invalid", "malformed"),
];

#[test]
fn a_forged_id_token_signs_nobody_in() {
    let scene = Scene::of(Source::Exchange);
    for (forgery, exit, id, says) in FORGERIES {
        scene.practice.entra.forge(Some(*forgery));
        let (output, page) = scene.walked(&mut scene.run(&["login"]), &Choice::sign_in(ALICE));
        refused(&output, *exit, id, &["is not believed", says]);
        let shown = page.answer.text();
        assert!(shown.contains("Not signed in") && shown.contains(id), "{forgery:?}: {shown}");
        assert_eq!(scene.account()["signed_in"], false, "{forgery:?}");
    }
    scene.practice.entra.forge(None);
    scene.login(ALICE);
}

#[test]
fn a_clock_that_is_wrong_is_named_in_seconds_and_helped_by_setting_it() {
    let scene = Scene::of(Source::Exchange);
    scene.practice.entra.set(Fault::ClockSkew, Target::Everyone, None, 3600);
    let (output, _) = scene.walked(&mut scene.run(&["login"]), &Choice::sign_in(ALICE));
    refused(
        &output,
        6,
        "id-token-time",
        &["begins in 3", "by this machine's clock", "do this: set this machine's clock"],
    );
}

#[test]
fn a_key_that_is_published_only_now_is_looked_for_once_more() {
    let scene = Scene::of(Source::Exchange);
    scene.practice.entra.on(Fault::NewKid, Target::Everyone);
    let keys = |scene: &Scene| scene.practice.journal.count(|entry| entry.path.ends_with("/keys"));
    let scene = scene.login(ALICE);
    assert_eq!(keys(&scene), 2, "once before the code was spent, once for the unknown key");
}

#[test]
fn unknown_keys_do_not_make_the_helper_hammer_the_key_set() {
    let mut scene = Scene::of(Source::Exchange);
    scene.practice.entra.forge(Some(Forgery::UnknownKid));
    let keys = |scene: &Scene| scene.practice.journal.count(|entry| entry.path.ends_with("/keys"));
    for _ in 0..3 {
        let (output, _) = scene.walked(&mut scene.run(&["login"]), &Choice::sign_in(ALICE));
        refused(&output, 6, "id-token-invalid", &["unknown key"]);
    }
    assert_eq!(keys(&scene), 2, "the first reading and one more");
    scene.later(301);
    let (output, _) = scene.walked(&mut scene.run(&["login"]), &Choice::sign_in(ALICE));
    refused(&output, 6, "id-token-invalid", &["unknown key"]);
    assert_eq!(keys(&scene), 3, "five minutes later, one more");
}

#[test]
fn numbers_as_texts_and_very_long_tokens_are_taken() {
    for fault in [Fault::Strings, Fault::BigTokens, Fault::GroupsOverage, Fault::CloudInstance] {
        let mut scene = Scene::of(Source::Entra);
        scene.practice.entra.on(fault, Target::Everyone);
        scene = scene.login(ALICE);
        scene.later(7200);
        let output = scene.get(Source::Entra);
        assert!(output.status.success() && super::token(&output).len() > 500, "{fault:?}: {}", said(&output));
        assert_eq!(scene.account()["oid"], ALICE_OID, "{fault:?}");
    }
}
