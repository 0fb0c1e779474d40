use super::*;

#[tokio::test]
async fn a_sealed_grant_waits_for_its_person_once_and_is_not_kept() {
    let mut desk = Desk::new().await;
    if let HostTerms::Cloud(cloud) = &mut desk.settings.hosts[0].terms {
        cloud.grants = Grants::Sealed;
    }
    desk.world.lock().unwrap().email = None;
    let (browser, page) = desk.whole("").await;
    let next = desk.answer(&browser, &page, "yes").await;
    let url = next.body.split("url=").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    let fields = format!("code=c-3&state={}", pick(&url, "state"));
    let visit = Visit { fields: &fields, cookies: browser.cookie.as_deref() };
    let last = desk.connect().consented(&desk.segment(), visit, NOW).await;
    assert!(last.body.contains("Connected"), "asked once a visit: {}", last.body);
    assert!(desk.adas(Right::Read).await.is_none() && desk.adas(Right::Write).await.is_none());
    let (store, sealer) = (&desk.bench.store, &desk.bench.sealer);
    let holder = |oid: &str| Holder::Person { tid: tokens::TID.into(), oid: oid.into() };
    let host = desk.settings.hosts[0].url.to_string();
    let key = |oid, right| GrantKey { holder: holder(oid), host: host.clone(), right };
    assert!(pick_up(store, sealer, &key("o-2", Right::Read), NOW).await.unwrap().is_none());
    assert!(pick_up(store, sealer, &key(OID, Right::Read), NOW).await.unwrap().is_some());
    assert!(pick_up(store, sealer, &key(OID, Right::Read), NOW).await.unwrap().is_none(), "once");
    let late = NOW.after(Duration::from_secs(600));
    assert!(pick_up(store, sealer, &key(OID, Right::Write), late).await.unwrap().is_none(), "ten minutes");
}
