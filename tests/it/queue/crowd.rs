//! A hundred processes at once.

use super::*;
use crate::practice::Options;

const CROWD: usize = 100;

#[test]
fn a_hundred_with_an_expired_credential_make_one_request_at_each_token_endpoint() {
    for (source, server) in [(Source::Exchange, "broker"), (Source::CloudOauth, "cloud")] {
        let practice = Practice::start(&Options::default());
        let desk = signed_in(&practice, &[source]);
        let url = practice.url(source);
        expire(&desk, url);
        practice.journal.clear();

        let crowd: Vec<Running> = (0..CROWD).map(|_| Running::get(&desk, url)).collect();
        let mut tokens: Vec<String> = crowd.into_iter().map(|running| running.end().token()).collect();
        tokens.dedup();
        assert_eq!(tokens.len(), 1, "all got the same token");
        let posts = |server| practice.journal.count(|entry| entry.server == server && entry.method == "POST");
        assert_eq!((posts("entra"), posts(server)), (1, 1), "{source:?}");
        assert_eq!(practice.journal.grants("entra", "refresh_token", 200), 1);
        assert!(desk.waiting_pages().is_empty());
    }
}

#[test]
fn a_hundred_without_a_session_over_two_hosts_make_one_sign_in() {
    let practice = Practice::start(&Options::default());
    let desk = desk(&practice, &[Source::Exchange, Source::Entra]).person(Choice::sign_in(ALICE));
    let urls = [practice.url(Source::Exchange), practice.url(Source::Entra)];
    let crowd: Vec<Running> = (0..CROWD).map(|number| Running::get(&desk, urls[number % 2])).collect();
    let tokens: Vec<String> = crowd.into_iter().map(|running| running.end().token()).collect();
    for host in 0..2 {
        let mut tokens: Vec<_> = tokens.iter().skip(host).step_by(2).collect();
        tokens.dedup();
        assert_eq!(tokens.len(), 1, "one token for {}", urls[host]);
    }
    assert_eq!(desk.opened().len(), 1, "{:?}", desk.opened());
    assert_eq!(practice.journal.grants("entra", "authorization_code", 200), 1);
    assert_eq!(practice.journal.grants("entra", "refresh_token", 200), 1, "once for the other host's scope");
    assert_eq!(practice.journal.count(|entry| entry.server == "broker"), 1);
}

#[test]
fn a_hundred_adopt_that_the_person_cancelled() {
    let practice = Practice::start(&Options::default());
    let desk = desk(&practice, &[Source::Exchange]);
    let crowd: Vec<Running> = (0..CROWD).map(|_| Running::get(&desk, practice.url(Source::Exchange))).collect();
    let page = page(&desk);
    until("all but the leader wait", || {
        crowd.iter().filter(|running| running.says().contains("waiting for process")).count() == CROWD - 1
    });
    desk.walk(&page, &Choice::cancel());
    let ended: Vec<Ended> = crowd.into_iter().map(Running::end).collect();
    for one in &ended {
        assert_eq!((one.status.code(), one.id().as_str()), (Some(5), "cancelled"), "{}", one.err);
        assert_eq!(one.out, "quit=1\n");
    }
    assert!(desk.waiting_pages().is_empty(), "one page was all");
}

#[test]
fn a_proof_that_the_broker_refuses_is_replaced_once_for_all() {
    let practice = Practice::start(&Options::default());
    let desk = signed_in(&practice, &[Source::Exchange]);
    let url = practice.url(Source::Exchange);
    age(&desk, url, &[Kept::Credential], 8 * 3600);
    practice.journal.clear();
    practice.broker.knobs().refuse_subject = 1;
    practice.broker.weather.next("token", 1, crate::practice::weather::Trouble::Slow(3_000));

    let crowd: Vec<Running> = (0..20).map(|_| Running::get(&desk, url)).collect();
    let mut tokens: Vec<String> = crowd.into_iter().map(|running| running.end().token()).collect();
    tokens.dedup();
    assert_eq!(tokens.len(), 1);
    assert_eq!(practice.journal.count(|entry| entry.server == "broker"), 2);
    assert_eq!(practice.journal.grants("entra", "refresh_token", 200), 1);
}
