use super::super::permission::{About, Permissions};
use super::*;

/// A token of the grant that [`stale`] has put there.
fn token() -> Issued {
    Issued {
        token: GitToken::new("a-0".into()),
        username: TOKEN_USER.into(),
        expires: NOW,
        scopes: String::new(),
        token_id: None,
        account: None,
        again: true,
    }
}

async fn asked(fake: &Fake, right: Right) -> (Result<Option<Right>, IssueError>, usize) {
    let (bench, host) = (Bench::new().await, host(fake));
    stale(&bench, &host, right).await;
    let permissions = Permissions::default();
    let (holder, issued, repository) = (ada(), token(), ("acme".to_owned(), "app".to_owned()));
    let about = About { holder: &holder, right, issued: &issued, repository: &repository };
    let side = on(&bench, &host);
    let first = side.check_permission(&permissions, about, NOW).await;
    let calls = fake.seen().len();
    let later = NOW.after(Duration::from_secs(59));
    if first.is_ok() {
        assert_eq!(side.check_permission(&permissions, about, later).await, first);
        assert_eq!(fake.seen().len(), calls, "a minute old at most");
        let over = NOW.after(Duration::from_secs(60));
        assert_eq!(side.check_permission(&permissions, about, over).await, first);
        assert_eq!(fake.seen().len(), 2 * calls);
    }
    (first, calls)
}

fn cloud(name: &'static str, listed: serde_json::Value) -> Fake {
    Fake::start(move |seen| match () {
        () if asked_for(seen, "/2.0/repositories/acme/app") => said(200, &json!({ "full_name": name })),
        () if asked_for(
            seen,
            "/2.0/user/workspaces/acme/permissions/repositories?q=repository.full_name%3D%22acme",
        ) =>
        {
            said(200, &listed)
        }
        () => said(404, &json!({})),
    })
}

fn entry(permission: &str, name: &str) -> serde_json::Value {
    json!({"permission": permission, "repository": {"full_name": name}})
}

#[tokio::test]
async fn the_right_is_the_persons_own() {
    let listed = |permission| json!({"values": [entry("admin", "acme/other"), entry(permission, "Acme/App")]});
    assert_eq!(asked(&cloud("acme/app", json!({})), Right::Read).await, (Ok(Some(Right::Read)), 1));
    assert_eq!(asked(&cloud("acme/app", listed("read")), Right::Write).await, (Ok(Some(Right::Read)), 2));
    assert_eq!(asked(&cloud("acme/app", listed("write")), Right::Write).await, (Ok(Some(Right::Write)), 2));
    assert_eq!(asked(&cloud("acme/app", listed("admin")), Right::Write).await, (Ok(Some(Right::Write)), 2));
    assert_eq!(asked(&cloud("acme/app", listed("none")), Right::Write).await, (Ok(None), 2));
    let public = json!({ "values": [] });
    assert_eq!(asked(&cloud("acme/app", public), Right::Write).await, (Ok(Some(Right::Read)), 2));
}

#[tokio::test]
async fn a_renamed_or_missing_repository_is_no_target_and_names_nobody() {
    let renamed = cloud("acme/secret-name", json!({}));
    let gone = Fake::start(|_| said(404, &json!({"error": {"message": "mallory's"}})));
    let removed = Fake::start(|_| said(410, &json!({})));
    let moved = Fake::start(|_| (301, "Location: /2.0/repositories/acme/secret-name\r\n".into(), String::new()));
    for fake in [renamed, gone, removed, moved] {
        assert_eq!(asked(&fake, Right::Write).await.0, Err(IssueError::NoTarget("acme/app".into())));
    }
    let hidden = Fake::start(|_| said(403, &json!({"error": {"message": "no"}})));
    assert_eq!(asked(&hidden, Right::Read).await.0, Ok(None));
}

#[tokio::test]
async fn a_consumer_without_the_scope_is_the_administrators_to_mend() {
    let fake = Fake::start(|seen| match () {
        () if asked_for(seen, "/2.0/repositories") => said(200, &json!({"full_name": "acme/app"})),
        () => said(403, &json!({"error": {"detail": {"required": ["account"], "granted": []}}})),
    });
    assert!(matches!(asked(&fake, Right::Write).await.0, Err(IssueError::Misconfigured(_))));
}

#[tokio::test]
async fn a_token_that_was_revoked_is_replaced_or_ends_its_grant() {
    let alive = Fake::start(|seen| match () {
        () if seen.line.starts_with("POST") => rotated(1),
        () => said(401, &json!({})),
    });
    assert!(matches!(asked(&alive, Right::Read).await.0, Err(IssueError::Unavailable { .. })));
    let over = Fake::start(|seen| match () {
        () if seen.line.starts_with("POST") => said(400, &json!({"error": "invalid_grant"})),
        () => said(401, &json!({})),
    });
    assert_eq!(asked(&over, Right::Read).await.0, Err(IssueError::NotConnected));
}
