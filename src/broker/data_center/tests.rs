//! A fake Data Center on this machine that keeps tokens, and a real store.

use super::sweep::{Swept, sweep_once};
use super::*;
use crate::basis::clock::Timestamp;
use crate::broker::ground::issued::{IssueError, Issued};
use crate::broker::ground::right::Right;
use crate::broker::settings::DataCenter;
use crate::broker::tests::{Bench, Fake, Said, Seen, said};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::time::Duration;

const NOW: Timestamp = Timestamp(1_790_000_000);
const END: Timestamp = Timestamp(1_790_000_900);
const PLACE: &str = "/bitbucket/rest/access-tokens/latest/projects/PAY/repos/api";

/// Its tokens, and how many a repository may have.
#[derive(Default)]
struct Center {
    tokens: Mutex<Vec<(String, String)>>,
    most: Option<usize>,
}

impl Center {
    fn answer(&self, seen: &Seen) -> Said {
        let mut tokens = self.tokens.lock().unwrap();
        if !seen.head.contains("uthorization: Basic c3ZjOnB3") {
            return said(401, &json!({"errors": []}));
        }
        if seen.line == format!("PUT {PLACE}") {
            if self.most.is_some_and(|most| tokens.len() >= most) {
                return said(400, &json!({"errors": [{"message": "maximum number of tokens"}]}));
            }
            let asked: Value = serde_json::from_str(&seen.body).unwrap();
            assert_eq!(asked["expiryDays"], 1);
            let id = (100 + tokens.len()).to_string();
            tokens.push((id.clone(), asked["name"].as_str().unwrap().to_owned()));
            return said(
                200,
                &json!({"id": id, "name": asked["name"], "permissions": asked["permissions"],
                "token": format!("BBDC-{id}"), "createdDate": 1}),
            );
        }
        if let Some(id) = seen.line.strip_prefix(&format!("DELETE {PLACE}/")) {
            let before = tokens.len();
            tokens.retain(|(known, _)| known != id);
            return said(if tokens.len() < before { 204 } else { 404 }, &json!({}));
        }
        if seen.line.starts_with(&format!("GET {PLACE}?")) {
            let values: Vec<Value> = tokens.iter().map(|(id, name)| json!({"id": id, "name": name})).collect();
            return said(200, &json!({"values": values, "isLastPage": true}));
        }
        said(404, &json!({"errors": []}))
    }

    fn ids(&self) -> Vec<String> {
        self.tokens.lock().unwrap().iter().map(|(id, _)| id.clone()).collect()
    }
}

struct Desk {
    bench: Bench,
    fake: Fake,
    center: Arc<Center>,
    host: CenterHost,
}

impl Desk {
    async fn new(center: Center) -> Self {
        let center = Arc::new(center);
        let shared = Arc::clone(&center);
        Self::with(center, move |seen| shared.answer(seen)).await
    }

    async fn with(center: Arc<Center>, answer: impl Fn(&Seen) -> Said + Send + Sync + 'static) -> Self {
        let (bench, fake) = (Bench::new().await, Fake::start(answer));
        let password = ClientSecret::new("pw".into());
        let tokens = Tokens::Minted { user: "svc".into(), password, prefix: "sso-".into() };
        let terms = HostTerms::DataCenter(DataCenter { tokens });
        let url = format!("{}/bitbucket", fake.url).parse().unwrap();
        let host = Host { url, max_life: Duration::from_secs(3600), terms };
        let namer = Namer::new(Arc::clone(&bench.sealer));
        let host = CenterHost::new(bench.store.clone(), bench.outward.clone(), &host, namer).unwrap();
        Self { bench, fake, center, host }
    }

    async fn mint(&self, right: Right, until: Timestamp) -> Result<Issued, IssueError> {
        self.host.mint(wanted(right, until), NOW).await
    }

    async fn sweep(&self, now: Timestamp) -> Swept {
        sweep_once(&self.bench.store, std::slice::from_ref(&self.host), now).await
    }

    fn name(&self, end: Timestamp) -> String {
        let host = &self.host;
        host.namer.name("sso-", &host.host(), &repository(), "0a1b2c3d", end).unwrap()
    }
}

fn repository() -> Repository {
    Repository { project: "PAY".into(), slug: "api".into() }
}

fn wanted(right: Right, until: Timestamp) -> Wanted {
    let (cache_key, subject) = (format!("k-{right}"), "entra:t:0a1b2c3d-1111-2222-3333-444455556666".into());
    Wanted { cache_key, subject, repository: repository(), right, until }
}

#[tokio::test]
async fn a_token_has_exactly_the_right_and_is_handed_out_again() {
    let desk = Desk::new(Center::default()).await;
    let first = desk.mint(Right::Read, END).await.unwrap();
    assert_eq!((first.token.expose(), first.token_id.as_deref(), first.expires), ("BBDC-100", Some("100"), END));
    assert!(!first.again && first.scopes == "REPO_READ" && first.username == "x-token-auth");
    let body: Value = serde_json::from_str(&desk.fake.seen()[0].body).unwrap();
    assert_eq!(body["permissions"], json!(["REPO_READ"]));
    let name = body["name"].as_str().unwrap();
    assert!(name.starts_with("sso-0a1b2c3d-1790000900-") && name.len() < 255, "{name}");
    let shorter = desk.mint(Right::Read, NOW.after(Duration::from_secs(60))).await.unwrap();
    assert!(shorter.again && shorter.token_id == first.token_id);
    assert_eq!(shorter.expires, NOW.after(Duration::from_secs(60)), "no longer than was granted now");
    let write = desk.mint(Right::Write, END).await.unwrap();
    assert!(!write.again && write.scopes == "REPO_WRITE");
    assert_eq!(desk.fake.count("PUT"), 2);
}

#[tokio::test]
async fn tokens_are_deleted_at_their_end_once() {
    let desk = Desk::new(Center::default()).await;
    desk.mint(Right::Read, END).await.unwrap();
    assert_eq!(desk.sweep(END.before(Duration::from_secs(1))).await, Swept::default());
    assert_eq!(desk.center.ids(), ["100"]);
    assert_eq!(desk.sweep(END).await.deleted, 1);
    assert!(desk.center.ids().is_empty());
    assert_eq!(desk.sweep(END.after(Duration::from_secs(300))).await, Swept::default());
    assert_eq!(desk.fake.count("DELETE"), 1);
}

#[tokio::test]
async fn a_full_repository_is_swept_by_name_of_ours_that_are_over_and_of_no_other() {
    let desk = Desk::new(Center { most: Some(6), ..Center::default() }).await;
    let (over, alive) = (desk.name(NOW), desk.name(END));
    let other_place = Repository { project: "PAY".into(), slug: "web".into() };
    let other = desk.host.namer.name("sso-", &desk.host.host(), &other_place, "0a1b2c3d", NOW).unwrap();
    let forged = over.replace(&NOW.0.to_string(), &(NOW.0 - 1).to_string());
    let names = [over, alive, other, forged, "sso-mine-1-by-hand".into(), "deploy".into()];
    *desk.center.tokens.lock().unwrap() =
        names.into_iter().enumerate().map(|(at, name)| (at.to_string(), name)).collect();
    let issued = desk.mint(Right::Read, END).await.unwrap();
    assert_eq!(desk.center.ids(), ["1", "2", "3", "4", "5", issued.token_id.as_deref().unwrap()]);
    let error = desk.mint(Right::Write, END).await.unwrap_err();
    assert!(matches!(error, IssueError::Later { .. }), "once more, and then no more: {error:?}");
    assert_eq!(desk.fake.count("PUT"), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_recorded_is_deleted_at_once() {
    let center = Arc::new(Center::default());
    let (shared, store) = (Arc::clone(&center), Arc::new(Mutex::new(None::<Store>)));
    let (closing, handle) = (Arc::clone(&store), tokio::runtime::Handle::current());
    let desk = Desk::with(center, move |seen| {
        let said = shared.answer(seen);
        if let Some(store) = closing.lock().unwrap().take() {
            handle.block_on(store.close());
        }
        said
    })
    .await;
    *store.lock().unwrap() = Some(desk.bench.store.clone());
    assert!(matches!(desk.mint(Right::Read, END).await, Err(IssueError::Later { .. })));
    assert!(desk.center.ids().is_empty());
    assert_eq!((desk.fake.count("PUT"), desk.fake.count("DELETE")), (1, 1));
}

#[tokio::test]
async fn a_lost_answer_is_found_by_its_name() {
    let center = Arc::new(Center::default());
    let shared = Arc::clone(&center);
    let desk = Desk::with(center, move |seen| {
        let (status, headers, body) = shared.answer(seen);
        if seen.line.starts_with("PUT") { (0, headers, body) } else { (status, headers, body) }
    })
    .await;
    assert!(matches!(desk.mint(Right::Read, END).await, Err(IssueError::Unavailable { .. })));
    assert_eq!(desk.center.ids(), ["100"], "made, and nobody knows");
    assert_eq!(desk.sweep(END.before(Duration::from_secs(1))).await.deleted, 0);
    assert_eq!(desk.sweep(END).await.deleted, 1);
    assert!(desk.center.ids().is_empty());
}

#[tokio::test]
async fn more_than_was_asked_for_is_deleted_and_not_handed_out() {
    let center = Arc::new(Center::default());
    let shared = Arc::clone(&center);
    let desk = Desk::with(center, move |seen| {
        let (status, headers, body) = shared.answer(seen);
        (status, headers, body.replace("REPO_READ", "REPO_WRITE"))
    })
    .await;
    assert!(desk.mint(Right::Read, END).await.is_err());
    assert!(desk.center.ids().is_empty());
}

#[tokio::test]
async fn refusals_are_told_apart() {
    type Wants = fn(&IssueError) -> bool;
    let misconfigured: Wants = |error| matches!(error, IssueError::Misconfigured(_));
    let captcha: Wants = |error| matches!(error, IssueError::Misconfigured(text) if text.contains("CAPTCHA"));
    let unavailable: Wants = |error| matches!(error, IssueError::Unavailable { .. });
    for (status, headers, wants) in [
        (401, "", misconfigured),
        (401, "X-Authentication-Denied-Reason: CAPTCHA_CHALLENGE; login-url=x\r\n", captcha),
        (403, "", misconfigured),
        (404, "", |error| *error == IssueError::NoTarget("PAY/api".into())),
        (410, "", |error| *error == IssueError::NoTarget("PAY/api".into())),
        (429, "Retry-After: 9\r\n", |error| *error == IssueError::Throttled { after: Duration::from_secs(9) }),
        (503, "", |error| matches!(error, IssueError::Throttled { .. })),
        (500, "", unavailable),
        (302, "Location: /login\r\n", unavailable),
        (200, "", unavailable),
    ] {
        let desk = Desk::with(Arc::default(), move |_| (status, headers.into(), "<html>".into())).await;
        let error = desk.mint(Right::Read, END).await.unwrap_err();
        assert!(wants(&error), "{status} {headers}: {error:?}");
    }
}

#[tokio::test]
async fn a_host_that_is_down_keeps_its_tokens_listed() {
    let down = Arc::new(Mutex::new(false));
    let (center, flag) = (Arc::new(Center::default()), Arc::clone(&down));
    let shared = Arc::clone(&center);
    let desk =
        Desk::with(center, move |seen| if *flag.lock().unwrap() { said(502, &json!({})) } else { shared.answer(seen) })
            .await;
    for (right, until) in [(Right::Read, END), (Right::Write, END)] {
        desk.mint(right, until).await.unwrap();
    }
    *down.lock().unwrap() = true;
    let swept = desk.sweep(END).await;
    assert_eq!((swept.deleted, swept.failed.len()), (0, 1), "it is asked once a round");
    *down.lock().unwrap() = false;
    assert_eq!(desk.sweep(END.after(Duration::from_secs(61))).await.deleted, 2);
    assert!(desk.center.ids().is_empty());
}
