use super::service::Service;
use super::*;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};

/// The tenant's key server, which shows this key id, answers with this status, and can be slow.
fn tenant(kid: &'static str) -> (Service, Arc<AtomicU16>) {
    let status = Arc::new(AtomicU16::new(200));
    let said = Arc::clone(&status);
    let keys = String::from_utf8(key_set(&[jwk(kid, None)])).unwrap();
    (Service::start(move |_| (said.load(Ordering::SeqCst), "", keys.clone())), status)
}

fn issuers(service: &Service) -> Issuers {
    Issuers::new(&[entra(&service.url, None), ci(Kind::Pipelines, &service.url)], Outward::new(None).unwrap())
}

fn at(seconds: i64) -> (Assertion, Timestamp) {
    let now = Timestamp(NOW.0 + seconds);
    let claims = with(with(person(), "exp", now.0 + 600), "iat", now.0);
    (token(&with(claims, "nbf", now.0)), now)
}

async fn works(issuers: &Issuers, seconds: i64) -> bool {
    let (token, now) = at(seconds);
    issuers.identify(&token, ACCESS, now).await.is_ok()
}

const HOUR: i64 = 3600;

#[tokio::test]
async fn keys_are_fetched_when_needed_and_then_kept() {
    let (service, _) = tenant("k1");
    let issuers = issuers(&service);
    assert_eq!(service.asked().len(), 0, "nothing is fetched at the start");
    for seconds in [0, 1, 3600, 11 * HOUR] {
        assert!(works(&issuers, seconds).await);
    }
    assert_eq!((service.count("GET /keys "), service.asked().len()), (1, 1));
    assert_eq!(issuers.identify(&token(&step()), JWT, NOW).await.unwrap().kind, Kind::Pipelines);
    assert_eq!(service.count("GET /ci-keys "), 1, "each issuer has its own keys");
}

#[tokio::test]
async fn a_crowd_fetches_once() {
    let (service, _) = tenant("k1");
    let issuers = Arc::new(issuers(&service));
    let one = || {
        let issuers = Arc::clone(&issuers);
        tokio::spawn(async move { works(&issuers, 0).await })
    };
    for task in (0..50).map(|_| one()).collect::<Vec<_>>() {
        assert!(task.await.unwrap());
    }
    assert_eq!(service.asked().len(), 1);
}

#[tokio::test]
async fn an_unknown_key_is_asked_for_once_a_minute() {
    let (service, _) = tenant("other");
    let issuers = issuers(&service);
    let refused = |outcome| assert_eq!(why(outcome), "the token is signed with the unknown key `k1`");
    for (seconds, asked) in [(0, 1), (1, 1), (59, 1), (60, 2), (61, 2), (119, 2), (120, 3)] {
        let (token, now) = at(seconds);
        refused(issuers.identify(&token, ACCESS, now).await);
        assert_eq!(service.asked().len(), asked, "after {seconds} s");
    }
}

#[tokio::test]
async fn a_new_key_is_found_at_once() {
    let new = Arc::new(AtomicBool::new(false));
    let shown = Arc::clone(&new);
    let service = Service::start(move |_| {
        let kid = if shown.load(Ordering::SeqCst) { "k1" } else { "k0" };
        (200, "", String::from_utf8(key_set(&[jwk(kid, None)])).unwrap())
    });
    let issuers = issuers(&service);
    assert!(!works(&issuers, 0).await);
    new.store(true, Ordering::SeqCst);
    assert!(works(&issuers, 60).await);
}

#[tokio::test]
async fn who_comes_while_a_new_key_is_asked_for_waits_for_it() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let script = std::sync::Mutex::new((0, wait));
    let service = Service::start(move |_| {
        let mut script = script.lock().unwrap();
        script.0 += 1;
        let kid = if script.0 == 1 { "k0" } else { "k1" };
        if script.0 > 1 {
            script.1.recv().unwrap();
        }
        (200, "", String::from_utf8(key_set(&[jwk(kid, None)])).unwrap())
    });
    let issuers = Arc::new(issuers(&service));
    assert!(!works(&issuers, 0).await);
    let one = || {
        let issuers = Arc::clone(&issuers);
        tokio::spawn(async move { works(&issuers, 60).await })
    };
    let first = one();
    while service.asked().len() < 2 {
        tokio::task::yield_now().await;
    }
    let second = one();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    go.send(()).unwrap();
    assert!(first.await.unwrap() && second.await.unwrap());
    assert_eq!(service.asked().len(), 2);
}

#[tokio::test]
async fn keys_outlive_their_server_for_a_day() {
    let (service, status) = tenant("k1");
    let issuers = issuers(&service);
    assert!(works(&issuers, 0).await);
    status.store(500, Ordering::SeqCst);
    assert!(works(&issuers, 24 * HOUR - 1).await);
    let (token, now) = at(24 * HOUR + 120);
    let outcome = issuers.identify(&token, ACCESS, now).await;
    assert!(matches!(outcome, Err(Refusal::Unavailable { .. })), "{outcome:?}");
    status.store(200, Ordering::SeqCst);
    assert!(works(&issuers, 24 * HOUR + 180).await);
}

#[tokio::test]
async fn a_clock_that_was_set_back_makes_keys_old() {
    let (service, _) = tenant("k1");
    let issuers = issuers(&service);
    assert!(works(&issuers, 0).await);
    assert!(works(&issuers, -48 * HOUR).await);
    assert_eq!(service.asked().len(), 2);
}

#[tokio::test]
async fn what_is_no_key_set_is_no_answer() {
    for (status, headers, body) in [
        (404, "", String::from_utf8(key_set(&[jwk("k1", None)])).unwrap()),
        (302, "location: /elsewhere\r\n", String::new()),
        (200, "", "<html>".to_owned()),
        (200, "", r#"{"keys":[]}"#.to_owned()),
        (200, "", " ".repeat((1 << 20) + 1)),
    ] {
        let service = Service::start(move |_| (status, headers, body.clone()));
        let issuers = issuers(&service);
        let outcome = issuers.identify(&token(&person()), ACCESS, NOW).await;
        assert!(matches!(outcome, Err(Refusal::Unavailable { .. })), "{status}: {outcome:?}");
        assert_eq!(service.count("/elsewhere"), 0, "no redirect is followed");
        _ = issuers.identify(&token(&person()), ACCESS, NOW).await;
        assert_eq!(service.asked().len(), 1, "not again within five seconds");
    }
}

#[tokio::test]
async fn no_url_of_a_token_is_ever_fetched() {
    let (service, _) = tenant("k1");
    let evil = Service::start(|_| (200, "", String::from_utf8(key_set(&[jwk("evil", None)])).unwrap()));
    let issuers = issuers(&service);
    let sources = json!({"src1": {"endpoint": format!("{}/members", evil.url)}});
    let claims = with(with(person(), "_claim_sources", sources), "_claim_names", json!({"groups": "src1"}));
    let mut header = header("evil");
    for name in ["jku", "x5u"] {
        header[name] = json!(format!("{}/keys", evil.url));
    }
    let outcome = issuers.identify(&Assertion::new(signed_text(&header, &claims.to_string())), ACCESS, NOW).await;
    assert_eq!(why(outcome), "the token is signed with the unknown key `evil`");
    let from = issuers.identify(&token(&with(person(), "iss", evil.url.as_str())), ACCESS, NOW).await;
    assert_eq!(why(from), format!("tokens of the issuer `{}` are not taken here", evil.url));
    let subject = issuers.identify(&token(&claims), ACCESS, NOW).await.unwrap();
    let groups = issuers.member_of(&subject, &[group(1)], NOW).await;
    assert!(matches!(groups, Err(Refusal::Denied { .. })), "{groups:?}");
    assert_eq!(evil.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_token_that_cannot_be_right_fetches_nothing() {
    let (service, _) = tenant("k1");
    let issuers = issuers(&service);
    for text in ["", "a.b.c", "....", "e30.e30.e30", "e30.eyJpc3MiOjF9.e30"] {
        let outcome = issuers.identify(&Assertion::new(text.into()), ACCESS, NOW).await;
        assert_eq!(why(outcome), "the token is no JWT with an issuer", "{text}");
    }
    assert_eq!(service.asked().len(), 0);
}

#[tokio::test]
async fn health_tells_keys_at_hand_from_none() {
    let (service, status) = tenant("k1");
    let issuers = issuers(&service);
    let names = |health: Vec<(String, Option<String>)>| health.into_iter().map(|(_, wrong)| wrong).collect::<Vec<_>>();
    status.store(503, Ordering::SeqCst);
    let wrong = names(issuers.health(NOW).await);
    assert!(wrong[0].as_ref().is_some_and(|why| why.ends_with("/keys answers with status 503")), "{wrong:?}");
    status.store(200, Ordering::SeqCst);
    assert_eq!(names(issuers.health(Timestamp(NOW.0 + 10)).await), [None, None]);
    status.store(503, Ordering::SeqCst);
    let later = Timestamp(NOW.0 + 400);
    assert_eq!(names(issuers.health(later).await), [None, None], "the keys still serve");
    let condition = issuers.conditions(later).remove(0);
    assert_eq!((condition.name.as_str(), condition.age), ("corp", Some(Duration::from_secs(390))));
    assert!(condition.trouble.unwrap().contains("503"), "and it is known that the issuer does not");
}
