//! Git says that a token failed: one forbidden repository never stops the others (DESIGN.md section 6 rule 6).

use super::*;
use crate::practice::Options;
use crate::practice::bitbucket::Refusal;
use std::process::Output;

#[test]
fn one_forbidden_repository_does_not_stop_the_other_nineteen() {
    for source in [Source::CloudOauth, Source::DataCenterOauth, Source::Exchange] {
        let practice = Practice::start(&Options::default());
        let desk = signed_in(&practice, &[source]);
        assert!(desk.helper().arg("setup").status().unwrap().success());
        let names: Vec<String> = (0..20).map(|number| format!("part{number}")).collect();
        for name in &names {
            practice.repos.create("acme", name);
        }
        for book in [&mut practice.cloud.state().book, &mut practice.data_center.state().book] {
            book.refusals.insert("acme/part7".into(), Refusal::NoAccess);
        }
        practice.journal.clear();
        let list = |name| {
            let mut command = desk.git();
            command.args(["ls-remote", &practice.clone_url(source, "acme", name)]);
            Running::start(&desk, &mut command)
        };
        let all: Vec<_> = names.iter().map(|name| list(name)).collect();
        for (name, running) in names.iter().zip(all) {
            assert_eq!(running.end().status.success(), name != "part7", "{source:?} {name}");
        }
        assert_eq!(token_requests(&practice), 0, "{source:?}");
        assert!(desk.waiting_pages().is_empty());
    }
}

#[test]
fn a_token_that_one_repository_rejects_again_and_again_is_neither_dropped_nor_minted_again() {
    for (source, probes) in [(Source::CloudOauth, true), (Source::DataCenterOauth, true), (Source::Exchange, false)] {
        let practice = Practice::start(&Options::default());
        let desk = signed_in(&practice, &[source]);
        let url = practice.url(source);
        let first = token(&desk, url);
        practice.journal.clear();
        for _ in 0..ROUNDS {
            assert!(erase(&desk, url, &first).status.success());
            let crowd: Vec<_> = (0..8).map(|_| Running::get(&desk, url)).collect();
            let ended: Vec<Ended> = crowd.into_iter().map(Running::end).collect();
            assert!(ended.iter().all(|one| one.token() == first), "{source:?}");
            let told = ended.iter().filter(|one| one.err.contains("repository")).count();
            assert_eq!(told, 1, "{source:?}: one of them says what that means");
        }
        assert_eq!(token_requests(&practice), 0, "{source:?}");
        let gets = practice.journal.count(|entry| entry.method == "GET");
        assert_eq!(gets, if probes { ROUNDS } else { 0 }, "{source:?}: one cheap look for each rejection");
    }
}

#[test]
fn a_token_that_is_dead_is_replaced_once_for_all() {
    let practice = Practice::start(&Options::default());
    let desk = signed_in(&practice, &[Source::CloudOauth]);
    let url = practice.url(Source::CloudOauth);
    let first = token(&desk, url);
    practice.cloud.state().book.revoke(&first);
    assert!(erase(&desk, url, "another token").status.success());
    assert_eq!(token(&desk, url), first, "that was not ours");
    practice.journal.clear();
    assert!(erase(&desk, url, &first).status.success());
    let crowd: Vec<_> = (0..20).map(|_| Running::get(&desk, url)).collect();
    let mut tokens: Vec<String> = crowd.into_iter().map(|running| running.end().token()).collect();
    tokens.dedup();
    assert!(tokens.len() == 1 && tokens[0] != first);
    assert_eq!(practice.journal.grants("cloud", "refresh_token", 200), 1);
}

/// How often git says that the token failed.
const ROUNDS: usize = 3;

fn erase(desk: &Desk, url: &str, token: &str) -> Output {
    let failed = format!("{}\nusername=x-token-auth\npassword={token}\n\n", request(url).trim_end());
    desk.verb("erase", failed.as_bytes())
}

fn token_requests(practice: &Practice) -> usize {
    practice.journal.count(|entry| entry.grant_type.is_some())
}
