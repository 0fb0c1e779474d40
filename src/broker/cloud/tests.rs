//! A fake Cloud on this machine, and a real store.

mod permission;
mod sealed;

use super::*;
use crate::basis::secret::{ClientSecret, GitToken, RefreshToken};
use crate::broker::settings::{Grants, HostTerms};
use crate::broker::tests::{Bench, Fake, Said, Seen, said};
use serde_json::json;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

const NOW: Timestamp = Timestamp(1_790_000_000);
const LONG: &str = "tok-";

fn host(fake: &Fake) -> Host {
    let consumer =
        |name: &str| Some(Consumer { client_id: name.into(), client_secret: ClientSecret::new("s:3".into()) });
    let url = fake.url.parse().unwrap();
    let terms = Cloud {
        api: fake.url.parse().unwrap(),
        read: consumer("reader"),
        write: consumer("writer"),
        grants: Grants::Stored,
        check_permission: true,
    };
    Host { url, max_life: Duration::from_secs(3600), terms: HostTerms::Cloud(terms) }
}

fn ada() -> Holder {
    Holder::Person { tid: "t".into(), oid: "o".into() }
}

fn on<'a>(bench: &'a Bench, host: &'a Host) -> CloudHost<'a> {
    let HostTerms::Cloud(cloud) = &host.terms else { panic!("a Cloud") };
    CloudHost { store: &bench.store, outward: &bench.outward, host, cloud }
}

/// A grant whose access token has two minutes left.
async fn stale(bench: &Bench, host: &Host, right: Right) {
    let grant = Grant {
        refresh_token: RefreshToken::new("r-0".into()),
        access_token: GitToken::new("a-0".into()),
        issued: NOW.before(Duration::from_secs(7080)),
        expires: NOW.after(Duration::from_secs(120)),
        scopes: "repository account email".into(),
        account_id: "557058:ada".into(),
        account: "ada".into(),
    };
    let lock = bench.store.lock_grant(&on(bench, host).key(&ada(), right)).await.unwrap();
    lock.replace(&grant).await.unwrap();
}

async fn kept(bench: &Bench, host: &Host) -> Option<Grant> {
    bench.store.grant(&on(bench, host).key(&ada(), Right::Read)).await.unwrap()
}

/// The new shape: long tokens that rotate.
fn rotated(number: u32) -> Said {
    let (access, refresh) = (format!("{LONG}{number}-{}", "x".repeat(2600)), format!("r-{number}"));
    let scope = "repository account email";
    said(
        200,
        &json!({"access_token": access, "refresh_token": refresh, "scope": scope, "expires_in": 7200,
        "token_type": "bearer"}),
    )
}

async fn issue(bench: &Bench, host: &Host) -> Result<Issued, IssueError> {
    on(bench, host).issue(&ada(), Right::Read, NOW.after(Duration::from_secs(1800)), NOW).await
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_callers_make_one_refresh_and_share_its_token() {
    let turn = AtomicU32::new(0);
    let fake = Fake::start(move |_| rotated(turn.fetch_add(1, Ordering::SeqCst) + 1));
    let (bench, host) = (std::sync::Arc::new(Bench::new().await), std::sync::Arc::new(host(&fake)));
    stale(&bench, &host, Right::Read).await;
    let callers: Vec<_> = (0..50)
        .map(|_| {
            let (bench, host) = (bench.clone(), host.clone());
            tokio::spawn(async move { issue(&bench, &host).await.unwrap() })
        })
        .collect();
    let mut fresh = 0;
    for caller in callers {
        let issued = caller.await.unwrap();
        assert!(issued.token.expose().starts_with("tok-1-") && issued.token.expose().len() > 2600);
        assert_eq!(issued.expires, NOW.after(Duration::from_secs(1800)), "what its receiver is told");
        fresh += u32::from(!issued.again);
    }
    assert_eq!((fresh, fake.count("POST /site/oauth2/access_token")), (1, 1));
    let seen = &fake.seen()[0];
    assert_eq!(seen.body, "grant_type=refresh_token&refresh_token=r-0");
    assert!(seen.head.contains("uthorization: Basic cmVhZGVyOnM6Mw=="), "{}", seen.head);
    assert_eq!(kept(&bench, &host).await.unwrap().refresh_token.expose(), "r-1");
    assert!(issue(&bench, &host).await.unwrap().again, "and later ones ask nobody");
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_with_the_same_token() {
    let turn = AtomicU32::new(0);
    let fake = Fake::start(move |_| match turn.fetch_add(1, Ordering::SeqCst) {
        0 => (0, String::new(), String::new()),
        number => rotated(number),
    });
    let (bench, host) = (Bench::new().await, host(&fake));
    stale(&bench, &host, Right::Read).await;
    assert!(issue(&bench, &host).await.unwrap().token.expose().starts_with("tok-1-"));
    let bodies: Vec<String> = fake.seen().into_iter().map(|seen| seen.body).collect();
    assert!(bodies.len() == 2 && bodies[0] == bodies[1], "{bodies:?}");
}

#[tokio::test]
async fn a_caller_who_goes_away_costs_no_rotated_token() {
    let (asked, been_asked) = std::sync::mpsc::channel();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let fake = Fake::start(move |_| {
        asked.send(()).unwrap();
        wait.lock().unwrap().recv().unwrap();
        rotated(1)
    });
    let (bench, host) = (Bench::new().await, host(&fake));
    stale(&bench, &host, Right::Read).await;
    tokio::select! {
        _ = issue(&bench, &host) => panic!("nobody has answered yet"),
        _ = tokio::task::spawn_blocking(move || been_asked.recv()) => {}
    }
    go.send(()).unwrap();
    // Whoever comes next waits for the lock and finds what the other had.
    assert!(issue(&bench, &host).await.unwrap().again);
    assert_eq!(kept(&bench, &host).await.unwrap().refresh_token.expose(), "r-1");
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn a_dead_grant_is_refused_twice_before_it_goes() {
    let fake = Fake::start(|_| said(401, &json!({"error": "invalid_grant"})));
    let (bench, host) = (Bench::new().await, host(&fake));
    stale(&bench, &host, Right::Read).await;
    assert_eq!(issue(&bench, &host).await.unwrap_err(), IssueError::NotConnected);
    assert!(kept(&bench, &host).await.is_none());
    assert_eq!(fake.seen().len(), 2);
    assert_eq!(issue(&bench, &host).await.unwrap_err(), IssueError::NotConnected);
    assert_eq!(fake.seen().len(), 2, "nobody is asked without a grant");
}

#[tokio::test]
async fn one_refusal_alone_ends_no_grant() {
    let turn = AtomicU32::new(0);
    let fake = Fake::start(move |_| match turn.fetch_add(1, Ordering::SeqCst) {
        0 => said(400, &json!({"error": "invalid_grant"})),
        number => rotated(number),
    });
    let (bench, host) = (Bench::new().await, host(&fake));
    stale(&bench, &host, Right::Read).await;
    assert!(!issue(&bench, &host).await.unwrap().again);
}

#[tokio::test]
async fn whatever_else_goes_wrong_removes_nothing() {
    type Wants = fn(&IssueError) -> bool;
    let unavailable: Wants = |error| matches!(error, IssueError::Unavailable { .. });
    let throttled: Wants = |error| matches!(error, IssueError::Throttled { .. });
    let misconfigured: Wants = |error| matches!(error, IssueError::Misconfigured(_));
    let json = |text: &str| text.to_owned();
    for (status, headers, body, wants) in [
        (500, "", json("{\"error\":\"invalid_grant\"}"), unavailable),
        (502, "", json("<html>bad gateway</html>"), unavailable),
        (503, "Retry-After: 7\r\n", json(""), throttled),
        (429, "Retry-After: 7\r\n", json(""), throttled),
        (200, "", json("<html>a portal</html>"), unavailable),
        (302, "Location: http://127.0.0.1:1/\r\n", json(""), unavailable),
        (403, "", json("your address is not on the list"), unavailable),
        (401, "", json("{\"error\":\"unauthorized_client\"}"), misconfigured),
        (400, "", json("{\"error\":\"invalid_client\"}"), misconfigured),
        (404, "", json("<html>"), misconfigured),
        (200, "", json("{\"access_token\":\"a\\nb\",\"refresh_token\":\"r-9\",\"scope\":\"repository\"}"), unavailable),
    ] {
        let answer: Said = (status, headers.into(), body.clone());
        let fake = Fake::start(move |_| answer.clone());
        let (bench, host) = (Bench::new().await, host(&fake));
        stale(&bench, &host, Right::Read).await;
        let error = issue(&bench, &host).await.unwrap_err();
        assert!(wants(&error), "{status} {body}: {error:?}");
        if let IssueError::Throttled { after } = error {
            assert_eq!(after, Duration::from_secs(7));
        }
        assert_eq!(kept(&bench, &host).await.unwrap().refresh_token.expose(), "r-0", "{status} {body}");
    }
}

#[tokio::test]
async fn more_than_was_granted_is_kept_but_never_handed_out() {
    let fake = Fake::start(|_| {
        said(200, &json!({"access_token": "a-1", "refresh_token": "r-1", "scopes": "repository:write account"}))
    });
    let (bench, host) = (Bench::new().await, host(&fake));
    stale(&bench, &host, Right::Read).await;
    assert!(matches!(issue(&bench, &host).await, Err(IssueError::Misconfigured(_))));
    assert_eq!(kept(&bench, &host).await.unwrap().refresh_token.expose(), "r-1", "the old one is dead");
    let now = NOW.after(Duration::from_secs(1));
    let again = on(&bench, &host).issue(&ada(), Right::Read, now, NOW).await;
    assert!(matches!(again, Err(IssueError::Misconfigured(_))), "{again:?}");
}

#[tokio::test]
async fn a_right_without_its_own_consumer_has_no_token() {
    let fake = Fake::start(|_| rotated(1));
    let (bench, mut host) = (Bench::new().await, host(&fake));
    if let HostTerms::Cloud(cloud) = &mut host.terms {
        cloud.read = None;
    }
    stale(&bench, &host, Right::Read).await;
    assert!(matches!(issue(&bench, &host).await, Err(IssueError::Misconfigured(_))));
    assert!(fake.seen().is_empty());
}

/// What a fake Cloud answers to a token.
fn asked_for(seen: &Seen, path: &str) -> bool {
    seen.line.starts_with(&format!("GET {path}")) && seen.head.contains("uthorization: Bearer a-0")
}
