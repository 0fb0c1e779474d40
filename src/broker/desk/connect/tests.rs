//! One server on this machine is Entra and Bitbucket Cloud; the store is real.

mod refusals;
mod sealed;
mod settings;

use super::*;
use crate::broker::ground::issued::Holder;
use crate::broker::settings::{Grants, HostTerms};
use crate::broker::store::{Grant, GrantKey};
use crate::broker::tests::{Bench, Fake, Said, Seen, said};
use crate::idtoken::tests as tokens;
use serde_json::json;
use settings::settings;
use std::sync::{Arc, Mutex};

const NOW: Timestamp = Timestamp(1_790_000_000);
const OID: &str = "00000000-0000-0000-66f3-3332eca7ea81";

/// What Entra and Bitbucket say.
#[derive(Clone)]
struct World {
    nonce: String,
    upn: &'static str,
    account: &'static str,
    email: Option<&'static str>,
    scope: Option<&'static str>,
}

struct Desk {
    bench: Bench,
    fake: Fake,
    world: Arc<Mutex<World>>,
    settings: Settings,
}

/// A browser that keeps its cookie.
#[derive(Clone, Default)]
struct Browser {
    cookie: Option<String>,
}

impl Desk {
    async fn new() -> Self {
        let world = World {
            nonce: String::new(),
            upn: "ada@example.com",
            account: "557058:ada",
            email: Some("Ada@example.com"),
            scope: None,
        };
        let world = Arc::new(Mutex::new(world));
        let (shared, base) = (Arc::clone(&world), Arc::new(Mutex::new(String::new())));
        let url = Arc::clone(&base);
        let fake = Fake::start(move |seen| answer(&shared.lock().unwrap(), &url.lock().unwrap(), seen));
        base.lock().unwrap().clone_from(&fake.url);
        Self { bench: Bench::new().await, settings: settings(&fake.url), fake, world }
    }

    fn connect(&self) -> Connect<'_> {
        Connect { settings: &self.settings, store: &self.bench.store, outward: &self.bench.outward }
    }

    fn segment(&self) -> String {
        segment(&self.settings.hosts[0].url)
    }

    async fn start(&self, browser: &mut Browser, query: &str) -> Page {
        let visit = Visit { fields: query, cookies: browser.cookie.as_deref() };
        let page = self.connect().start(&self.segment(), visit, NOW).await;
        if let Some(set) = header(&page, "Set-Cookie") {
            browser.cookie = Some(set.split(';').next().unwrap().to_owned());
        }
        page
    }

    /// Entra sends the browser back.
    async fn entra(&self, browser: &Browser, page: &Page) -> Page {
        let to = location(page);
        self.world.lock().unwrap().nonce = pick(&to, "nonce");
        let fields = format!("code=c-1&state={}&session_state=x", pick(&to, "state"));
        self.connect().signed_in(Visit { fields: &fields, cookies: browser.cookie.as_deref() }, NOW).await
    }

    /// Bitbucket sends the browser back.
    async fn bitbucket(&self, browser: &Browser, page: &Page) -> Page {
        let fields = format!("code=c-2&state={}", pick(&location(page), "state"));
        let visit = Visit { fields: &fields, cookies: browser.cookie.as_deref() };
        self.connect().consented(&self.segment(), visit, NOW).await
    }

    async fn answer(&self, browser: &Browser, page: &Page, answer: &str) -> Page {
        let state = page.body.split("name=\"state\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let fields = format!("state={state}&answer={answer}");
        self.connect().confirmed(Visit { fields: &fields, cookies: browser.cookie.as_deref() }, NOW).await
    }

    /// The whole way with one right, up to what Bitbucket's redirect brings.
    async fn whole(&self, query: &str) -> (Browser, Page) {
        let mut browser = Browser::default();
        let page = self.start(&mut browser, query).await;
        let page = self.entra(&browser, &page).await;
        let page = self.bitbucket(&browser, &page).await;
        (browser, page)
    }

    async fn grant(&self, holder: Holder, right: Right) -> Option<Grant> {
        let host = self.settings.hosts[0].url.to_string();
        self.bench.store.grant(&GrantKey { holder, host, right }).await.unwrap()
    }

    async fn adas(&self, right: Right) -> Option<Grant> {
        self.grant(Holder::Person { tid: tokens::TID.into(), oid: OID.into() }, right).await
    }
}

fn answer(world: &World, base: &str, seen: &Seen) -> Said {
    let tid = tokens::TID;
    match seen.line.as_str() {
        line if line == format!("POST /{tid}/oauth2/v2.0/token") => {
            assert!(seen.body.contains("code_verifier=") && seen.body.contains("client_secret=web-secret"));
            let mut claims = tokens::claims(NOW);
            claims["iss"] = json!(format!("{base}/{tid}/v2.0"));
            claims["nonce"] = json!(world.nonce);
            claims["preferred_username"] = json!(world.upn);
            claims["email"] = json!(null);
            said(200, &json!({"id_token": tokens::signed(&tokens::header("k1"), &claims).expose()}))
        }
        "GET /keys" => {
            let keys = String::from_utf8(tokens::key_set(&[tokens::jwk("k1", None)])).unwrap();
            (200, String::new(), keys)
        }
        "POST /site/oauth2/access_token" => {
            let write = seen.head.contains("uthorization: Basic d3JpdGVyOnM=");
            let own = if write { "repository:write account email" } else { "repository account email" };
            let scope = world.scope.unwrap_or(own);
            said(200, &json!({"access_token": "a-1", "refresh_token": "r-1", "scope": scope, "expires_in": 7200}))
        }
        "GET /2.0/user" => said(200, &json!({"account_id": world.account, "nickname": "al"})),
        line if line.starts_with("GET /2.0/user/emails") => match world.email {
            Some(email) => said(200, &json!({"values": [{"email": email, "is_confirmed": true}]})),
            None => said(403, &json!({})),
        },
        other => panic!("{other}"),
    }
}

fn header<'p>(page: &'p Page, name: &str) -> Option<&'p str> {
    page.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}

fn location(page: &Page) -> String {
    header(page, "Location").unwrap_or_else(|| panic!("{} {}", page.status, page.body)).to_owned()
}

fn pick(url: &str, name: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    url.query_pairs().find(|(known, _)| known == name).unwrap().1.into_owned()
}

fn shows(page: &Page, status: u16, id: &str) {
    assert!(page.status == status && page.body.contains(id), "{} {}", page.status, page.body);
    assert!(header(page, "Location").is_none());
}

#[tokio::test]
async fn one_visit_connects_both_consumers() {
    let desk = Desk::new().await;
    let mut browser = Browser::default();
    let page = desk.start(&mut browser, "").await;
    let cookie = header(&page, "Set-Cookie").unwrap();
    assert!(cookie.starts_with("__Host-bitbucket-sso=") && cookie.contains("; Secure"), "{cookie}");
    assert!(cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
    let to = location(&page);
    assert!(to.starts_with(&format!("{}/{}/oauth2/v2.0/authorize?", desk.fake.url, tokens::TID)));
    assert_eq!(pick(&to, "redirect_uri"), "https://sso.example.com/connect/callback");
    assert_eq!(pick(&to, "code_challenge_method"), "S256");
    let page = desk.entra(&browser, &page).await;
    let to = location(&page);
    assert_eq!((pick(&to, "client_id"), pick(&to, "scope")), ("reader".into(), "repository account email".into()));
    assert_eq!(pick(&to, "redirect_uri"), format!("https://sso.example.com/connect/{}/callback", desk.segment()));
    let page = desk.bitbucket(&browser, &page).await;
    assert_eq!(page.told.as_ref().unwrap().outcome, "connected");
    let to = location(&page);
    assert_eq!(pick(&to, "client_id"), "writer");
    let page = desk.bitbucket(&browser, &page).await;
    assert!(page.status == 200 && page.body.contains("Connected") && page.body.contains("<dd>al</dd>"));
    let grant = desk.adas(Right::Read).await.unwrap();
    assert_eq!((grant.refresh_token.expose(), grant.account_id.as_str()), ("r-1", "557058:ada"));
    assert!(desk.adas(Right::Write).await.unwrap().scopes.contains("repository:write"));
    let told = page.told.unwrap();
    assert_eq!((told.right, told.account.as_deref()), (Some(Right::Write), Some("557058:ada")));
    assert_eq!(told.who.unwrap(), (tokens::TID.into(), OID.into(), "ada@example.com".into()));
}

#[tokio::test]
async fn pages_say_what_they_may_do() {
    let desk = Desk::new().await;
    for page in [desk.whole("right=read").await.1, desk.start(&mut Browser::default(), "right=x").await] {
        assert!(header(&page, "Content-Security-Policy").unwrap().starts_with("default-src 'none'"));
        assert!(header(&page, "Content-Security-Policy").unwrap().contains("frame-ancestors 'none'"));
        assert_eq!(header(&page, "Referrer-Policy"), Some("no-referrer"));
        assert_eq!(
            (header(&page, "Cache-Control"), header(&page, "X-Frame-Options")),
            (Some("no-store"), Some("DENY"))
        );
    }
}

#[tokio::test]
async fn the_tab_ends_on_the_helpers_page_and_nowhere_else() {
    let desk = Desk::new().await;
    let (_, page) = desk.whole("right=read&return_to=http%3A%2F%2F127.0.0.1%3A4711%2Fdone&state=h-1").await;
    assert_eq!(location(&page), "http://127.0.0.1:4711/done?connected=1&state=h-1");
    let (_, page) = desk.whole("right=read&return_to=http%3A%2F%2F%5B%3A%3A1%5D%3A80").await;
    assert_eq!(location(&page), "http://[::1]?connected=1");
    for bad in [
        "https://evil.example/",
        "http://127.0.0.1.evil.example/",
        "http://127.0.0.2/",
        "https://localhost/",
        "http://localhost@evil.example/",
        "javascript:alert(1)",
        "//evil.example",
        "http://localhost/?x=1",
        "http://localhost/&state=a%0d%0ab",
    ] {
        let page = desk.start(&mut Browser::default(), &format!("return_to={bad}")).await;
        shows(&page, 400, "connect-malformed");
    }
}

#[tokio::test]
async fn what_cannot_be_compared_is_asked_once() {
    let desk = Desk::new().await;
    desk.world.lock().unwrap().email = None;
    let (browser, page) = desk.whole("").await;
    assert!(page.body.contains("ada@example.com") && page.body.contains("<dd>al (557058:ada)</dd>"), "{}", page.body);
    assert!(desk.adas(Right::Read).await.is_none(), "before the answer");
    let next = desk.answer(&browser, &page, "yes").await;
    assert!(next.status == 200 && header(&next, "Location").is_none(), "a form is never answered by a redirect");
    assert!(desk.adas(Right::Read).await.is_some());
    let url = next.body.split("url=").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    let fields = format!("code=c-3&state={}", pick(&url, "state"));
    let visit = Visit { fields: &fields, cookies: browser.cookie.as_deref() };
    let last = desk.connect().consented(&desk.segment(), visit, NOW).await;
    assert!(last.body.contains("Connected"), "not asked again: {}", last.body);
    assert!(desk.adas(Right::Write).await.is_some());
    shows(&desk.answer(&browser, &page, "yes").await, 400, "connect-expired");
}

#[tokio::test]
async fn a_service_user_is_connected_by_an_administrator_only() {
    let mut desk = Desk::new().await;
    let (mut browser, query) = (Browser::default(), "service=ci-bot&right=write");
    let page = desk.start(&mut browser, query).await;
    shows(&desk.entra(&browser, &page).await, 403, "connect-not-administrator");
    desk.settings.sign_in.as_mut().unwrap().administrators = vec![OID.to_uppercase()];
    let bot = || Holder::Service("ci-bot".into());
    shows(&desk.whole(query).await.1, 403, "connect-not-the-service");
    assert!(desk.grant(bot(), Right::Write).await.is_none());
    desk.world.lock().unwrap().account = "557058:bot";
    let (_, page) = desk.whole(query).await;
    assert!(page.body.contains("Connected") && page.body.contains("ci-bot"), "{}", page.body);
    assert!(desk.grant(bot(), Right::Write).await.is_some());
    assert!(desk.adas(Right::Write).await.is_none(), "it is not the administrator's own");
    let unknown = desk.start(&mut Browser::default(), "service=nobody").await;
    shows(&unknown, 404, "connect-unknown-service");
}
