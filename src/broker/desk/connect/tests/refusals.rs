use super::*;

#[tokio::test]
async fn another_browser_gets_nothing_and_the_state_is_spent() {
    let desk = Desk::new().await;
    let (mut attacker, mut victim) = (Browser::default(), Browser::default());
    let begun = desk.start(&mut attacker, "right=read").await;
    // The victim signs in at Entra by the attacker's address: their browser lacks the cookie.
    shows(&desk.entra(&Browser::default(), &begun).await, 403, "connect-other-browser");
    shows(&desk.entra(&attacker, &begun).await, 400, "connect-expired");
    // Nor by one that the victim has from a visit of their own.
    let _own = desk.start(&mut victim, "right=read").await;
    let begun = desk.start(&mut attacker, "right=read").await;
    shows(&desk.entra(&victim, &begun).await, 403, "connect-other-browser");
    // Nor can the attacker's consent be finished by the victim.
    let begun = desk.start(&mut attacker, "right=read").await;
    let consent = desk.entra(&attacker, &begun).await;
    shows(&desk.bitbucket(&victim, &consent).await, 403, "connect-other-browser");
    assert!(desk.adas(Right::Read).await.is_none());
    assert_eq!(desk.fake.count("POST /site"), 0, "no code was redeemed");
}

#[tokio::test]
async fn a_state_serves_once_and_for_its_own_step() {
    let desk = Desk::new().await;
    let mut browser = Browser::default();
    let begun = desk.start(&mut browser, "right=read").await;
    shows(&desk.bitbucket(&browser, &begun).await, 400, "connect-malformed");
    let begun = desk.start(&mut browser, "right=read").await;
    let consent = desk.entra(&browser, &begun).await;
    shows(&desk.entra(&browser, &begun).await, 400, "connect-expired");
    assert!(desk.bitbucket(&browser, &consent).await.body.contains("Connected"));
    shows(&desk.bitbucket(&browser, &consent).await, 400, "connect-expired");
    let begun = desk.start(&mut browser, "right=read").await;
    let fields = format!("code=c&state={}", pick(&location(&begun), "state"));
    let visit = Visit { fields: &fields, cookies: browser.cookie.as_deref() };
    let late = NOW.after(PATIENCE);
    shows(&desk.connect().signed_in(visit, late).await, 400, "connect-expired");
}

#[tokio::test]
async fn two_cookies_of_the_name_are_none() {
    let desk = Desk::new().await;
    let mut browser = Browser::default();
    let begun = desk.start(&mut browser, "right=read").await;
    let own = browser.cookie.clone().unwrap();
    let planted = format!("__Host-bitbucket-sso={}; {own}", "A".repeat(43));
    let both = Browser { cookie: Some(planted) };
    shows(&desk.entra(&both, &begun).await, 403, "connect-other-browser");
    let begun = desk.start(&mut browser, "right=read").await;
    let among = Browser { cookie: Some(format!("a=b; {own}; c=d")) };
    assert_eq!(desk.entra(&among, &begun).await.status, 303);
}

#[tokio::test]
async fn another_persons_account_is_refused_naming_both() {
    let desk = Desk::new().await;
    desk.world.lock().unwrap().email = Some("mallory@example.com");
    let (_, page) = desk.whole("right=read").await;
    shows(&page, 403, "connect-accounts-differ");
    assert!(page.body.contains("ada@example.com") && page.body.contains("al (557058:ada)"), "{}", page.body);
    assert!(desk.adas(Right::Read).await.is_none());
    let told = page.told.unwrap();
    assert_eq!((told.outcome, told.who.unwrap().1.as_str()), ("connect-accounts-differ", OID));
}

#[tokio::test]
async fn a_later_grant_of_another_account_is_refused_for_either_right() {
    let desk = Desk::new().await;
    assert!(desk.whole("right=read").await.1.body.contains("Connected"));
    desk.world.lock().unwrap().account = "557058:other";
    for right in ["read", "write"] {
        let (_, page) = desk.whole(&format!("right={right}")).await;
        shows(&page, 409, "connect-other-account");
        assert!(page.body.contains("al (557058:other)"), "{}", page.body);
    }
    assert_eq!(desk.adas(Right::Read).await.unwrap().account_id, "557058:ada");
    assert!(desk.adas(Right::Write).await.is_none());
}

#[tokio::test]
async fn no_means_no() {
    let desk = Desk::new().await;
    desk.world.lock().unwrap().email = None;
    for answer in ["no", "", "YES"] {
        let (browser, page) = desk.whole("right=read").await;
        shows(&desk.answer(&browser, &page, answer).await, 403, "connect-not-confirmed");
    }
    let (_, page) = desk.whole("right=read").await;
    shows(&desk.answer(&Browser::default(), &page, "yes").await, 403, "connect-other-browser");
    assert!(desk.adas(Right::Read).await.is_none());
}

#[tokio::test]
async fn a_consumer_that_gives_more_than_its_right_connects_nobody() {
    let desk = Desk::new().await;
    desk.world.lock().unwrap().scope = Some("repository:write account email");
    shows(&desk.whole("right=read").await.1, 500, "connect-set-up");
    assert!(desk.adas(Right::Read).await.is_none());
}

#[tokio::test]
async fn refusals_of_both_servers_are_told() {
    let desk = Desk::new().await;
    let mut browser = Browser::default();
    let begun = desk.start(&mut browser, "right=read").await;
    let state = pick(&location(&begun), "state");
    let fields = format!("error=access_denied&error_description=AADSTS65004%3A+declined+by+ada&state={state}");
    let visit = Visit { fields: &fields, cookies: browser.cookie.as_deref() };
    let page = desk.connect().signed_in(visit, NOW).await;
    shows(&page, 403, "access_denied (AADSTS65004)");
    assert!(!page.body.contains("declined by"), "names stay with Entra");
    let begun = desk.start(&mut browser, "right=read").await;
    let consent = desk.entra(&browser, &begun).await;
    let fields = format!("error=access_denied&state={}", pick(&location(&consent), "state"));
    let visit = Visit { fields: &fields, cookies: browser.cookie.as_deref() };
    shows(&desk.connect().consented(&desk.segment(), visit, NOW).await, 403, "connect-declined");
}

#[tokio::test]
async fn an_id_token_for_another_sign_in_is_not_believed() {
    let desk = Desk::new().await;
    let mut browser = Browser::default();
    let begun = desk.start(&mut browser, "right=read").await;
    let fields = format!("code=c&state={}", pick(&location(&begun), "state"));
    desk.world.lock().unwrap().nonce = "of another".into();
    let visit = Visit { fields: &fields, cookies: browser.cookie.as_deref() };
    shows(&desk.connect().signed_in(visit, NOW).await, 403, "connect-not-believed");
}

#[tokio::test]
async fn malformed_requests_lead_nowhere() {
    let desk = Desk::new().await;
    for (host, query, status, id) in [
        ("nowhere.example", "", 404, "connect-unknown-host"),
        ("", "right=admin", 400, "connect-malformed"),
        ("", "right=read&right=write", 400, "connect-malformed"),
        ("", &"x".repeat(LARGEST + 1), 400, "connect-malformed"),
    ] {
        let segment = if host.is_empty() { desk.segment() } else { host.to_owned() };
        let page = desk.connect().start(&segment, Visit { fields: query, cookies: None }, NOW).await;
        shows(&page, status, id);
    }
    for fields in ["", "code=x", "state=&code=x", "state=short&code=x", "state=<script>"] {
        let page = desk.connect().signed_in(Visit { fields, cookies: None }, NOW).await;
        shows(&page, 400, "connect-malformed");
        assert!(!page.body.contains("<script>s") && page.told.is_none());
    }
}
