//! Attacks on `/connect`: links sent to others, states used again, ways out, names that are markup.

use super::{ask, connect};
use crate::broker::{BrokerDesk, Host};
use crate::practice::browser::{self, Choice};
use crate::practice::cast::{ALICE, BOB};
use crate::practice::client::Answer;

fn start(desk: &BrokerDesk, query: &str, headers: &[(&str, &str)]) -> Answer {
    let url = format!("{}/connect/{}?{query}", desk.site.base, desk.site.cloud);
    desk.practice.client().get(&url, headers).unwrap()
}

fn is_connected(desk: &BrokerDesk, upn: &str) -> bool {
    let everybody = desk.token_of(upn);
    ask(desk, &everybody, Host::Cloud, "app", "repository").status == 200
}

fn for_everyone(desk: &mut BrokerDesk) {
    let policy = desk.site.policy();
    let from = policy.find("when = { groups").unwrap();
    let to = policy[from..].find('\n').unwrap() + from;
    desk.site.write_policy(&format!("{}everyone = true{}", &policy[..from], &policy[to..]));
}

#[test]
fn a_journey_that_somebody_else_began_ends_in_another_browser() {
    let desk = BrokerDesk::with(for_everyone);
    // Mallory begins and sends Alice the way on: to Entra, where she signs in.
    let begun = start(&desk, "right=read", &[]);
    let to_entra = begun.header("location").unwrap().to_owned();
    let page = browser::walk(&to_entra, desk.practice.ca(), &Choice::sign_in(ALICE)).unwrap();
    assert!(page.answer.status == 403 && page.answer.text().contains("connect-other-browser"), "{}", page.url);
    assert!(page.answer.header("location").is_none());
    // Mallory's own browser has nothing of it either: the state was used.
    let cookie = begun.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let callback = page.trail.iter().find(|url| url.contains("/connect/callback")).unwrap();
    let again = desk.practice.client().get(callback, &[("Cookie", &cookie)]).unwrap();
    assert!(again.status == 400 && again.text().contains("connect-expired"), "{}", again.text());
    // Two cookies of the name are none: somebody else has set one.
    let twice = format!("{cookie}; {cookie}");
    let begun = start(&desk, "right=read", &[("Cookie", &twice)]);
    assert_ne!(begun.header("set-cookie").unwrap().split(';').next().unwrap(), cookie);
    assert!(!is_connected(&desk, ALICE) && !is_connected(&desk, BOB));
}

#[test]
fn a_consent_that_somebody_else_began_binds_nobodys_account() {
    let desk = BrokerDesk::with(for_everyone);
    // Bob signs in and stops at Bitbucket's door; the address of its page is what he sends to Alice.
    desk.practice.cloud.state().book.accounts.iter_mut().for_each(|account| account.email = account.username.clone());
    let url = format!("{}/connect/{}?right=read", desk.site.base, desk.site.cloud);
    let stopped = browser::walk(&url, desk.practice.ca(), &Choice::sign_in(BOB)).unwrap();
    assert!(stopped.answer.text().contains("Log in to Bitbucket"), "{}", stopped.answer.text());
    let consent = stopped.trail.iter().find(|url| url.contains("/site/oauth2/authorize?")).unwrap();
    desk.practice.cloud.state().book.logged_in = Some("alice".into());
    let page = browser::walk(consent, desk.practice.ca(), &Choice::sign_in(ALICE)).unwrap();
    assert!(page.answer.text().contains("connect-other-browser"), "{} {}", page.url, page.answer.text());
    assert!(!is_connected(&desk, ALICE) && !is_connected(&desk, BOB), "neither hers nor his");
}

#[test]
fn anothers_account_in_ones_own_browser_is_refused_by_name() {
    let desk = BrokerDesk::with(for_everyone);
    desk.practice.cloud.state().book.logged_in = Some("bob".into());
    let url = format!("{}/connect/{}", desk.site.base, desk.site.cloud);
    let page = browser::walk(&url, desk.practice.ca(), &Choice::sign_in(ALICE)).unwrap();
    assert!(page.answer.status == 403 && page.answer.text().contains("connect-accounts-differ"));
    assert!(!is_connected(&desk, ALICE));
    desk.practice.cloud.state().book.logged_in = None;
    connect(&desk, ALICE);
    // Later, another account that cannot be compared is refused as well.
    let mut cloud = desk.practice.cloud.state();
    cloud.book.accounts.iter_mut().for_each(|account| account.email_confirmed = false);
    cloud.book.logged_in = Some("bob".into());
    drop(cloud);
    let page = browser::walk(&url, desk.practice.ca(), &Choice::sign_in(ALICE)).unwrap();
    assert!(page.answer.text().contains("connect-other-account"), "{}", page.answer.text());
}

#[test]
fn the_tab_ends_on_this_machine_or_here() {
    let desk = BrokerDesk::open();
    for to in [
        "https://evil.example/",
        "http://evil.example/",
        "http://localhost@evil.example/",
        "http://localhost:80@evil.example/",
        "http://127.0.0.1.evil.example/",
        "http://localhost.evil.example/",
        "http://127.0.0.1%2eevil.example/",
        "http://evil.example\\@127.0.0.1/",
        "//evil.example/",
        "\\\\evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://0x7f.1.evil.example/",
        "http://[::ffff:1.2.3.4]/",
        "http://0.0.0.0/",
        "file:///etc/passwd",
        "http://127.0.0.1/%0d%0aLocation:%20http://evil.example/\nx",
    ] {
        let to: String = url::form_urlencoded::byte_serialize(to.as_bytes()).collect();
        let answer = start(&desk, &format!("return_to={to}"), &[]);
        let onward = answer.header("location").unwrap_or_default();
        assert!(answer.status == 400 || onward.starts_with(&desk.practice.entra.base), "{to}: {}", answer.text());
        if answer.status != 400 {
            assert!(to.contains("127.0.0.1%2F"), "{to} was taken");
        }
    }
    let injected = start(&desk, "return_to=http%3A%2F%2F127.0.0.1%2F&state=a%0d%0aSet-Cookie:%20x=y", &[]);
    assert_eq!((injected.status, injected.header("set-cookie")), (400, None));
}

#[test]
fn names_that_are_markup_stay_text() {
    let desk = BrokerDesk::open();
    let name = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u{202e}";
    {
        let mut cloud = desk.practice.cloud.state();
        for account in &mut cloud.book.accounts {
            account.email_confirmed = false;
            account.username = format!("{name}{}", account.username);
        }
        let alice = cloud.book.accounts.first().unwrap().username.clone();
        cloud.book.logged_in = Some(alice);
    }
    let url = format!("{}/connect/{}?right=read", desk.site.base, desk.site.cloud);
    let page = browser::walk(&url, desk.practice.ca(), &Choice { confirm: false, ..Choice::sign_in(ALICE) }).unwrap();
    let shown = page.answer.text();
    assert!(shown.contains("Are both accounts yours?"), "{shown}");
    for mark in ["<script>alert", "<img", "\u{202e}"] {
        assert!(!shown.contains(mark), "{shown}");
    }
    assert!(shown.contains("&lt;script&gt;alert(1)"), "{shown}");
    let policy = page.answer.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.answer.header("x-frame-options"), Some("DENY"));
    assert_eq!(page.answer.header("referrer-policy"), Some("no-referrer"));
}

#[test]
fn a_confirmation_needs_its_own_page_and_browser() {
    let desk = BrokerDesk::open();
    desk.practice.cloud.state().book.accounts.iter_mut().for_each(|account| account.email_confirmed = false);
    let url = format!("{}/connect/{}?right=read", desk.site.base, desk.site.cloud);
    let page = browser::walk(&url, desk.practice.ca(), &Choice { confirm: false, ..Choice::sign_in(ALICE) }).unwrap();
    let shown = page.answer.text();
    let state = shown.split("name=\"state\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    // A form of another site: the browser sends no cookie with it.
    let foreign = desk.post("/connect/confirm", &[("state", &state), ("answer", "yes")]);
    assert!(foreign.status == 403 && foreign.text().contains("connect-other-browser"), "{}", foreign.text());
    for state in [state.as_str(), "", "x", "sealed grant 0"] {
        let again = desk.post("/connect/confirm", &[("state", state), ("answer", "yes")]);
        assert_eq!(again.status, 400, "{}", again.text());
    }
    assert!(!is_connected(&desk, ALICE));
}
