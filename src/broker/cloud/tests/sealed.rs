use super::super::sealed::seal;
use super::*;

fn grant(left: u64) -> Grant {
    Grant {
        refresh_token: RefreshToken::new("r-0".into()),
        access_token: GitToken::new("a-0".into()),
        issued: NOW.before(Duration::from_secs(7200 - left)),
        expires: NOW.after(Duration::from_secs(left)),
        scopes: "repository account".into(),
        account_id: "557058:ada".into(),
        account: "ada".into(),
    }
}

async fn brought(bench: &Bench, host: &Host, key: &GrantKey, text: &str) -> Result<(Issued, String), IssueError> {
    let until = NOW.after(Duration::from_secs(600));
    let (issued, next) = on(bench, host).issue_sealed(&bench.sealer, key, text, (until, NOW)).await?;
    Ok((issued, String::from_utf8(next.expose().to_vec()).unwrap()))
}

#[tokio::test]
async fn the_helper_brings_its_grant_and_takes_the_next_one_home() {
    let fake = Fake::start(|_| rotated(1));
    let (bench, host) = (Bench::new().await, host(&fake));
    let key = on(&bench, &host).key(&ada(), Right::Read);
    let text = |grant: &Grant| String::from_utf8(seal(&bench.sealer, &key, grant).unwrap().expose().to_vec()).unwrap();
    let young = text(&grant(3600));
    let (issued, same) = brought(&bench, &host, &key, &young).await.unwrap();
    assert!(issued.again && same == young && issued.token.expose() == "a-0" && fake.seen().is_empty());
    let (issued, next) = brought(&bench, &host, &key, &text(&grant(60))).await.unwrap();
    assert!(!issued.again && issued.token.expose().starts_with("tok-1-"));
    let (issued, _) = brought(&bench, &host, &key, &next).await.unwrap();
    assert!(issued.again && issued.token.expose().starts_with("tok-1-"));
    assert_eq!(issued.account.as_deref(), Some("ada"));
    assert!(kept(&bench, &host).await.is_none(), "the broker keeps nothing");
}

#[tokio::test]
async fn a_sealed_grant_is_of_one_person_host_and_right() {
    let fake = Fake::start(|_| rotated(1));
    let (bench, host) = (Bench::new().await, host(&fake));
    let key = on(&bench, &host).key(&ada(), Right::Read);
    let text = String::from_utf8(seal(&bench.sealer, &key, &grant(3600)).unwrap().expose().to_vec()).unwrap();
    let other = Holder::Person { tid: "t".into(), oid: "o2".into() };
    let mut changed = text.clone().into_bytes();
    changed[60] ^= 1;
    for (key, text) in [
        (GrantKey { holder: other, ..key.clone() }, text.as_str()),
        (GrantKey { host: "https://bitbucket.org".into(), ..key.clone() }, text.as_str()),
        (GrantKey { right: Right::Write, ..key.clone() }, text.as_str()),
        (key.clone(), std::str::from_utf8(&changed).unwrap()),
        (key.clone(), &text[..text.len() - 4]),
        (key.clone(), "r-0"),
        (key.clone(), ""),
    ] {
        assert_eq!(brought(&bench, &host, &key, text).await.unwrap_err(), IssueError::NotConnected, "{text}");
    }
    assert!(fake.seen().is_empty());
}
