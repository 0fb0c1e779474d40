//! Git says that a token failed: is it the token or the repository?

use super::{EXCHANGE, REFRESH, Scene, token};
use crate::desk::{said, stderr};
use crate::practice::Source::{self, CloudOauth, DataCenterOauth, Exchange};

#[test]
fn a_token_that_bitbucket_takes_is_handed_out_again_and_the_repository_is_named() {
    for (source, server) in [(CloudOauth, "cloud"), (DataCenterOauth, "datacenter")] {
        let scene = Scene::signed_in(source);
        let held = token(&scene.get(source));
        scene.erase(source, &held);
        scene.practice.journal.clear();
        let output = scene.get(source);
        assert_eq!(token(&output), held, "{}", said(&output));
        let told = stderr(&output);
        let says = "accepts the token of alice@contoso.example but refuses this repository; ask its owner for access";
        assert!(told.contains(says), "{told}");
        assert_eq!((scene.asked(server, REFRESH), scene.practice.journal.entries().len()), (0, 1), "one cheap call");
        assert_eq!(stderr(&scene.get(source)), "", "said once, not at every call");
    }
}

#[test]
fn a_token_that_bitbucket_refuses_is_replaced_once() {
    for (source, server) in [(CloudOauth, "cloud"), (DataCenterOauth, "datacenter")] {
        let scene = Scene::signed_in(source);
        let held = token(&scene.get(source));
        scene.practice.cloud.state().book.revoke(&held);
        scene.practice.data_center.state().book.revoke(&held);
        scene.erase(source, &held);
        let output = scene.get(source);
        assert_ne!(token(&output), held, "{}", said(&output));
        assert_eq!(stderr(&output), "");
        assert_eq!(token(&scene.get(source)), token(&output));
        assert_eq!(scene.asked(server, REFRESH), 1);
    }
}

#[test]
fn another_token_than_ours_changes_nothing() {
    let scene = Scene::signed_in(CloudOauth);
    let held = token(&scene.get(CloudOauth));
    scene.erase(CloudOauth, "somebody-elses-token");
    scene.practice.journal.clear();
    assert_eq!(token(&scene.get(CloudOauth)), held);
    assert!(scene.practice.journal.entries().is_empty());
}

#[test]
fn where_nothing_tells_a_token_is_replaced_at_most_once_a_minute() {
    for source in [Exchange, Source::Entra] {
        let mut scene = Scene::signed_in(source);
        let held = token(&scene.get(source));
        for _ in 0..3 {
            scene.erase(source, &held);
            let output = scene.get(source);
            assert_eq!(token(&output), held, "{}", said(&output));
            assert!(stderr(&output).contains("less than a minute old, so git gets it again"), "{}", said(&output));
        }
        let minted = scene.asked("broker", EXCHANGE);
        scene.later(61);
        scene.erase(source, &held);
        token(&scene.get(source));
        if source == Exchange {
            assert_eq!((minted, scene.asked("broker", EXCHANGE)), (1, 2));
            assert_ne!(token(&scene.get(source)), held);
        }
        assert_eq!(scene.account()["signed_in"], true, "neither session nor grant is touched");
    }
}
