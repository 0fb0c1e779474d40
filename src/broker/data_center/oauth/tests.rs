use super::*;
use crate::basis::secret::ClientSecret;
use crate::broker::settings::{DataCenter, HostTerms, Tokens as Terms};
use crate::broker::store::Grant;
use crate::broker::tests::{Bench, Fake, said};
use serde_json::json;
use std::sync::atomic::{AtomicU32, Ordering};

const NOW: Timestamp = Timestamp(1_790_000_000);
const URI: &str = "https://sso.example.com/connect/git.example.com~bitbucket/callback";

#[test]
fn a_link_that_gives_more_is_noticed() {
    assert_eq!(no_more_than(Right::Read, "REPO_READ"), Ok(()));
    assert_eq!(no_more_than(Right::Write, "REPO_READ REPO_WRITE"), Ok(()));
    for (right, scopes) in [
        (Right::Read, "REPO_WRITE"),
        (Right::Read, "REPO_READ REPO_WRITE"),
        (Right::Read, ""),
        (Right::Write, "REPO_READ"),
        (Right::Write, "REPO_WRITE REPO_ADMIN"),
    ] {
        assert!(no_more_than(right, scopes).is_err(), "{right} {scopes}");
    }
}

#[tokio::test]
async fn nobody_is_told_a_life_that_a_refresh_would_cut() {
    let turn = AtomicU32::new(0);
    let fake = Fake::start(move |_| {
        let turn = turn.fetch_add(1, Ordering::SeqCst) + 1;
        said(
            200,
            &json!({"access_token": format!("a-{turn}"), "refresh_token": format!("r-{turn}"), "expires_in": 3600}),
        )
    });
    let bench = Bench::new().await;
    let link = Consumer { client_id: "link".into(), client_secret: ClientSecret::new("s".into()) };
    let terms = HostTerms::DataCenter(DataCenter { tokens: Terms::OAuth { link: link.clone() } });
    let url = format!("{}/bitbucket", fake.url).parse().unwrap();
    let host = Host { url, max_life: Duration::from_secs(7200), terms };
    let side = OAuthHost { store: &bench.store, outward: &bench.outward, host: &host, link: &link, redirect_uri: URI };
    let ada = Holder::Person { tid: "t".into(), oid: "o".into() };
    let key = GrantKey { holder: ada.clone(), host: host.url.to_string(), right: Right::Read };
    let grant = Grant {
        refresh_token: RefreshToken::new("r-0".into()),
        access_token: GitToken::new("a-0".into()),
        issued: NOW,
        expires: NOW.after(Duration::from_secs(3600)),
        scopes: "REPO_READ".into(),
        account_id: "ada".into(),
        account: "ada".into(),
    };
    bench.store.lock_grant(&key).await.unwrap().replace(&grant).await.unwrap();
    let far = NOW.after(Duration::from_secs(9000));
    let first = side.issue(&ada, Right::Read, far, NOW).await.unwrap();
    let end = NOW.after(Duration::from_secs(3300));
    assert_eq!((first.token.expose(), first.expires, first.again), ("a-0", end, true));
    // One second before that end the same token still stands; at it, it may be replaced.
    let before = side.issue(&ada, Right::Read, far, end.before(Duration::from_secs(1))).await.unwrap();
    assert_eq!((before.token.expose(), before.expires), ("a-0", end));
    let after = side.issue(&ada, Right::Read, far, end).await.unwrap();
    assert_eq!((after.token.expose(), after.again, after.scopes.as_str()), ("a-1", false, "REPO_READ"));
    let sent = &fake.seen()[0];
    assert_eq!(sent.line, "POST /bitbucket/rest/oauth2/latest/token");
    let uri = "https%3A%2F%2Fsso.example.com%2Fconnect%2Fgit.example.com%7Ebitbucket%2Fcallback";
    let want = format!("grant_type=refresh_token&refresh_token=r-0&redirect_uri={uri}&client_id=link&client_secret=s");
    assert_eq!(sent.body, want);
    assert!(!sent.head.contains("uthorization"), "{}", sent.head);
}
