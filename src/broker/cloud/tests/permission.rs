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

/// Whether Ada, by a token that writes, may write to what is protected: `acme/app`, or all of `acme`.
async fn guarded(fake: &Fake, repository: Option<&str>) -> Result<bool, IssueError> {
    let (bench, host) = (Bench::new().await, host(fake));
    stale(&bench, &host, Right::Write).await;
    let (permissions, holder, issued) = (Permissions::default(), ada(), token());
    let places = [("acme".to_owned(), repository.map(str::to_owned))];
    let side = on(&bench, &host);
    let first = side.writes_to(&permissions, (&holder, &issued), &places, NOW).await?.is_some();
    let calls = fake.seen().len();
    assert_eq!(side.writes_to(&permissions, (&holder, &issued), &places, NOW).await?.is_some(), first);
    assert_eq!(fake.seen().len(), calls, "a minute old at most");
    Ok(first)
}

#[tokio::test]
async fn whoever_may_write_to_what_is_protected_is_known() {
    let listed = |permission| json!({"values": [entry("admin", "acme/other"), entry(permission, "Acme/App")]});
    for (permission, writes) in [("read", false), ("write", true), ("admin", true), ("none", false)] {
        assert_eq!(guarded(&cloud("acme/app", listed(permission)), Some("app")).await, Ok(writes), "{permission}");
    }
    let hidden = |status| {
        Fake::start(move |seen| match () {
            () if asked_for(seen, "/2.0/repositories/acme/app") => said(status, &json!({})),
            () => said(200, &json!({"values": []})),
        })
    };
    assert_eq!(guarded(&hidden(404), Some("app")).await, Ok(false));
    assert_eq!(guarded(&hidden(403), Some("app")).await, Ok(false));
    let stranger = Fake::start(|_| said(404, &json!({})));
    assert_eq!(guarded(&stranger, Some("app")).await, Ok(false), "not a member of the workspace");
    let somewhere = |permission: &'static str| {
        Fake::start(move |seen| {
            assert!(seen.line.contains("/2.0/user/workspaces/acme/permissions/repositories?pagelen=100"));
            said(200, &json!({"values": [entry("read", "acme/one"), entry(permission, "acme/two")]}))
        })
    };
    assert_eq!(guarded(&somewhere("read"), None).await, Ok(false));
    assert_eq!(guarded(&somewhere("admin"), None).await, Ok(true));
}

#[tokio::test]
async fn what_cannot_be_told_about_something_protected_is_no_leave_to_write() {
    let moved = cloud("acme/renamed", json!({"values": []}));
    assert!(matches!(guarded(&moved, Some("app")).await, Err(IssueError::Misconfigured(_))));
    for status in [301, 400, 410, 418, 429, 500] {
        let broken = Fake::start(move |_| said(status, &json!({})));
        for place in [Some("app"), None] {
            assert!(guarded(&broken, place).await.is_err(), "{status} {place:?}");
        }
    }
    let lacks = Fake::start(|seen| match () {
        () if asked_for(seen, "/2.0/repositories") => said(200, &json!({"full_name": "acme/app"})),
        () => said(403, &json!({"error": {"detail": {"required": ["account"], "granted": []}}})),
    });
    assert!(matches!(guarded(&lacks, Some("app")).await, Err(IssueError::Misconfigured(_))));
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
    assert!(matches!(asked(&alive, Right::Read).await.0, Err(IssueError::Later { .. })));
    let over = Fake::start(|seen| match () {
        () if seen.line.starts_with("POST") => said(400, &json!({"error": "invalid_grant"})),
        () => said(401, &json!({})),
    });
    assert_eq!(asked(&over, Right::Read).await.0, Err(IssueError::NotConnected));
}
