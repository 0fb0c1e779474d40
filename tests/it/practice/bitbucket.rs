//! Bitbucket, broker and proxy: tokens by hand, git for real.

use super::{ALICE, BROKER_SCOPE, Options, Practice, Value, access_token, browser, codec};
use crate::practice::Source;
use crate::practice::bitbucket::{Pkce, Refusal, Shape};
use crate::practice::cast::PROXY_SCOPE;
use crate::practice::weather::Trouble;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Output;

#[test]
fn git_clones_and_pushes_with_a_token_of_the_cloud() {
    let practice = Practice::start(&Options::default());
    let tokens = cloud_sign_in(&practice);
    let token = text(&tokens, "access_token");
    assert!(token.len() > 2500 && tokens["scope"].is_string() && tokens["scopes"].is_null(), "{tokens}");
    let dir = cloned(&practice, Source::CloudOauth, "x-token-auth", &token);
    big_commit(&practice, &dir);
    let pushed = git(&practice, &dir, &token, "x-token-auth", &["push", "-q", "origin", "main"]);
    assert!(pushed.status.success(), "{}", said(&pushed));
    let local = git(&practice, &dir, &token, "", &["rev-parse", "main"]);
    assert_eq!(practice.repos.head("work", "app", "main"), String::from_utf8(local.stdout).unwrap().trim());
}

#[test]
fn the_cloud_refuses_what_it_should() {
    let practice = Practice::start(&Options::default());
    let token = text(&cloud_sign_in(&practice), "access_token");
    let url = format!("{}/work/app.git/info/refs?service=git-upload-pack", practice.cloud.base);
    let ask = |user: &str, password: &str| {
        let basic = format!("Basic {}", codec::base64(format!("{user}:{password}").as_bytes()));
        practice.client().get(&url, &[("Authorization", &basic)]).unwrap()
    };
    let nobody = practice.client().get(&url, &[]).unwrap();
    assert_eq!(nobody.header("www-authenticate"), Some("Basic realm=\"Bitbucket.org HTTP\""));
    assert_eq!((nobody.status, ask("x-token-auth", "guess").status, ask(ALICE, &token).status), (401, 401, 401));
    assert_eq!((ask("x-token-auth", &token).status, ask("alice", &token).status), (200, 200));
    practice.cloud.state().book.refusals.insert("work/app".into(), Refusal::NoAccess);
    assert_eq!(ask("x-token-auth", &token).status, 403);
    practice.clock.advance(7201);
    assert_eq!(ask("x-token-auth", &token).status, 401);
    let user = format!("{}/2.0/user", practice.cloud.base);
    let bearer = format!("Bearer {token}");
    let answer = practice.client().get(&user, &[("Authorization", &bearer)]).unwrap();
    assert_eq!(answer.status, 401);
    assert!(answer.text().contains("Access token expired"));
}

#[test]
fn a_rotated_refresh_token_lives_ten_minutes_more() {
    let practice = Practice::start(&Options::default());
    let first = text(&cloud_sign_in(&practice), "refresh_token");
    let (status, second) = cloud_refresh(&practice, &first);
    assert_eq!(status, 200);
    assert_ne!(text(&second, "refresh_token"), first);
    assert_eq!(cloud_refresh(&practice, &first).0, 200);
    practice.clock.advance(601);
    let (status, late) = cloud_refresh(&practice, &first);
    assert!(status == 400 || status == 401);
    assert_eq!(late["error"], "invalid_grant");
    assert_eq!(cloud_refresh(&practice, &text(&second, "refresh_token")).0, 200);
}

#[test]
fn an_answer_can_be_lost_after_the_rotation() {
    let practice = Practice::start(&Options::default());
    let first = text(&cloud_sign_in(&practice), "refresh_token");
    practice.cloud.weather.after_next("access_token", 1, Trouble::Drop);
    let (url, form, basic) = cloud_request(&practice, &first);
    assert!(practice.client().post(&url, &form, &[("Authorization", &basic)]).is_err());
    assert_eq!(practice.cloud.live_refresh_tokens(), 2);
    practice.clock.advance(601);
    assert_eq!(practice.cloud.live_refresh_tokens(), 1);
}

#[test]
fn the_old_shape_and_pkce_can_be_chosen() {
    let practice = Practice::start(&Options::default());
    practice.cloud.state().knobs.shape = Shape::Old;
    let tokens = cloud_sign_in(&practice);
    assert!(tokens["scope"].is_null() && tokens["scopes"].is_string() && tokens["state"] == "authorization_code");
    let again = cloud_refresh(&practice, &text(&tokens, "refresh_token")).1;
    assert_eq!(again["refresh_token"], tokens["refresh_token"]);
    practice.cloud.state().knobs.pkce = Pkce::Verify;
    let (redirect, delivered) = delivered(&practice, &cloud_authorize(&practice, "%"), "127.0.0.1");
    let code = codec::value(&delivered, "code").unwrap();
    let form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect.as_str())];
    let (url, _, basic) = cloud_request(&practice, "");
    let refused = practice.client().post(&url, &form, &[("Authorization", &basic)]).unwrap();
    assert_eq!(refused.json()["error"], "invalid_grant", "a challenge without its verifier");
}

#[test]
fn data_center_ends_both_old_tokens_at_a_refresh() {
    let practice = Practice::start(&Options::default());
    let first = data_center_sign_in(&practice);
    let old = text(&first, "access_token");
    cloned(&practice, Source::DataCenterOauth, "anyone", &old);
    let (status, second) = data_center_refresh(&practice, &text(&first, "refresh_token"));
    assert_eq!(status, 200, "{second}");
    let count = format!("{}/rest/api/latest/inbox/pull-requests/count", practice.data_center.base);
    let ask = |token: &str| {
        let bearer = format!("Bearer {token}");
        practice.client().get(&count, &[("Authorization", &bearer)]).unwrap()
    };
    assert_eq!(ask(&old).status, 401);
    let fresh = ask(&text(&second, "access_token"));
    assert_eq!((fresh.status, fresh.header("x-ausername")), (200, Some("alice")));
    assert_eq!(data_center_refresh(&practice, &text(&first, "refresh_token")).1["error"], "invalid_grant");
    practice.data_center.state().knobs.basic_off = true;
    let url = format!("{}/scm/WORK/app.git/info/refs?service=git-upload-pack", practice.data_center.base);
    let basic = format!("Basic {}", codec::base64(format!("x:{}", text(&second, "access_token")).as_bytes()));
    assert_eq!(practice.client().get(&url, &[("Authorization", &basic)]).unwrap().status, 403);
}

#[test]
fn the_broker_wants_an_access_token_for_itself() {
    let practice = Practice::start(&Options::default());
    let exchange = |subject: &str| {
        let kind = "urn:ietf:params:oauth:token-type:access_token";
        let grant = "urn:ietf:params:oauth:grant-type:token-exchange";
        let form = [("grant_type", grant), ("subject_token", subject), ("subject_token_type", kind)];
        practice.client().post(&format!("{}/oauth2/token", practice.broker.base), &form, &[]).unwrap().json()
    };
    let tokens = exchange(&access_token(&practice, BROKER_SCOPE));
    cloned(&practice, Source::Exchange, "x-token-auth", &text(&tokens, "access_token"));
    assert_eq!(exchange(&access_token(&practice, PROXY_SCOPE))["error"], "invalid_request", "another audience");
    practice.broker.knobs().refuse_target = true;
    assert_eq!(exchange(&access_token(&practice, BROKER_SCOPE))["error"], "invalid_target");
}

#[test]
fn the_proxy_takes_the_entra_token_itself() {
    let practice = Practice::start(&Options::default());
    cloned(&practice, Source::Entra, "x-token-auth", &access_token(&practice, PROXY_SCOPE));
    let other = access_token(&practice, BROKER_SCOPE);
    let url = practice.clone_url(Source::Entra, "work", "app");
    let refused = git(&practice, &practice.dir(), &other, "x-token-auth", &["clone", "-q", &url, "no"]);
    assert!(!refused.status.success());
}

#[test]
fn large_files_travel_with_the_credential_of_the_repository() {
    let practice = Practice::start(&Options::default());
    let token = text(&cloud_sign_in(&practice), "access_token");
    let basic = format!("Basic {}", codec::base64(format!("x-token-auth:{token}").as_bytes()));
    let content = b"a large file, in spirit";
    let oid = codec::hex(ring::digest::digest(&ring::digest::SHA256, content).as_ref());
    let batch = |operation: &str, headers: &[(&str, &str)]| {
        let url = format!("{}/work/app.git/info/lfs/objects/batch", practice.cloud.base);
        let objects = serde_json::json!([{"oid": oid, "size": content.len()}]);
        let body = serde_json::json!({"operation": operation, "transfers": ["basic"], "objects": objects});
        practice.client().send("POST", &url, headers, body.to_string().as_bytes()).unwrap()
    };
    let nobody = batch("upload", &[]);
    assert_eq!((nobody.status, nobody.header("lfs-authenticate").is_some()), (401, true));
    let authorized = [("Authorization", basic.as_str())];
    let href = |answer: Value, action: &str| {
        answer["objects"][0]["actions"][action]["href"].as_str().unwrap_or_default().to_owned()
    };
    let upload = href(batch("upload", &authorized).json(), "upload");
    assert_eq!(practice.client().send("PUT", &upload, &authorized, content).unwrap().status, 200);
    let download = href(batch("download", &authorized).json(), "download");
    assert_eq!(practice.client().get(&download, &authorized).unwrap().body, content);
    assert_eq!(practice.client().get(&download, &[]).unwrap().status, 401);
}

#[test]
fn the_journal_knows_secrets_and_requests() {
    let practice = Practice::start(&Options::default());
    let token = text(&cloud_sign_in(&practice), "access_token");
    assert_eq!(practice.journal.leaks(&format!("a log with {token} in it")), vec![token]);
    assert!(practice.journal.leaks("an honest log").is_empty());
    assert_eq!(practice.journal.grants("cloud", "authorization_code", 200), 1);
}

#[test]
fn bad_weather_comes_and_goes() {
    let practice = Practice::start(&Options::default());
    let url = format!("{}/2.0/user", practice.cloud.base);
    practice.cloud.weather.next("/2.0/", 1, Trouble::Throttled(429, Some(7)));
    practice.cloud.weather.next("/2.0/", 1, Trouble::Html(502));
    practice.cloud.weather.next("/2.0/", 1, Trouble::Truncated);
    let get = || practice.client().get(&url, &[]);
    assert_eq!(get().unwrap().header("retry-after"), Some("7"));
    assert_eq!(get().unwrap().status, 502);
    assert!(get().is_err(), "a body that stops half way");
    assert_eq!(get().unwrap().status, 401);
    practice.cloud.server.close();
    assert!(get().is_err(), "nobody listens");
    practice.cloud.server.reopen();
    assert_eq!(get().unwrap().status, 401);
}

fn text(answer: &Value, name: &str) -> String {
    answer[name].as_str().unwrap_or_else(|| panic!("no {name} in {answer}")).to_owned()
}

/// Alice grants access to the consumer; the token answer.
fn cloud_sign_in(practice: &Practice) -> Value {
    let (redirect, delivered) = delivered(practice, &cloud_authorize(practice, ""), "127.0.0.1");
    assert_eq!(codec::value(&delivered, "state"), Some("s"));
    let code = codec::value(&delivered, "code").unwrap();
    let form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect.as_str())];
    let (url, _, basic) = cloud_request(practice, "");
    practice.client().post(&url, &form, &[("Authorization", &basic)]).unwrap().json()
}

fn cloud_authorize(practice: &Practice, challenge: &str) -> String {
    let client_id = practice.cloud.state().knobs.client_id.clone();
    let mut query = vec![("client_id", client_id.as_str()), ("response_type", "code"), ("state", "s")];
    if !challenge.is_empty() {
        query.extend([("code_challenge", challenge), ("code_challenge_method", "S256")]);
    }
    codec::with_query(&format!("{}/site/oauth2/authorize", practice.cloud.base), &query)
}

fn cloud_request<'a>(practice: &Practice, token: &'a str) -> (String, [(&'static str, &'a str); 2], String) {
    let knobs = practice.cloud.state().knobs.clone();
    let basic = codec::base64(format!("{}:{}", knobs.client_id, knobs.client_secret).as_bytes());
    let url = format!("{}/site/oauth2/access_token", practice.cloud.base);
    (url, [("grant_type", "refresh_token"), ("refresh_token", token)], format!("Basic {basic}"))
}

fn cloud_refresh(practice: &Practice, token: &str) -> (u16, Value) {
    let (url, form, basic) = cloud_request(practice, token);
    let answer = practice.client().post(&url, &form, &[("Authorization", &basic)]).unwrap();
    (answer.status, answer.json())
}

fn data_center_sign_in(practice: &Practice) -> Value {
    let knobs = practice.data_center.state().knobs.clone();
    let verifier = codec::opaque(43);
    let challenge = codec::s256(&verifier);
    let query = [
        ("client_id", knobs.client_id.as_str()),
        ("response_type", "code"),
        ("scope", "REPO_WRITE"),
        ("state", "s"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let url = codec::with_query(&format!("{}/rest/oauth2/latest/authorize", practice.data_center.base), &query);
    let (_, delivered) = delivered(practice, &url, &knobs.redirect_uri);
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", knobs.client_id.as_str()),
        ("client_secret", &knobs.client_secret),
        ("redirect_uri", &knobs.redirect_uri),
        ("code", codec::value(&delivered, "code").unwrap()),
        ("code_verifier", &verifier),
    ];
    let url = format!("{}/rest/oauth2/latest/token", practice.data_center.base);
    practice.client().post(&url, &form, &[]).unwrap().json()
}

fn data_center_refresh(practice: &Practice, token: &str) -> (u16, Value) {
    let knobs = practice.data_center.state().knobs.clone();
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", knobs.client_id.as_str()),
        ("client_secret", &knobs.client_secret),
        ("refresh_token", token),
    ];
    let url = format!("{}/rest/oauth2/latest/token", practice.data_center.base);
    let answer = practice.client().post(&url, &form, &[]).unwrap();
    (answer.status, answer.json())
}

/// Alice walks from an authorize URL; the redirect URI, and what arrived there by GET. `at` is an address for a free
/// port, or a whole redirect URI.
fn delivered(practice: &Practice, url: &str, at: &str) -> (String, codec::Pairs) {
    let fixed = url::Url::parse(at).ok();
    let listener = TcpListener::bind(("127.0.0.1", fixed.as_ref().and_then(url::Url::port).unwrap_or(0))).unwrap();
    let port = listener.local_addr().unwrap().port();
    let redirect = if fixed.is_some() { at.to_owned() } else { format!("http://127.0.0.1:{port}/callback") };
    let callback = std::thread::spawn(move || receive(&listener));
    let url = codec::with_query(url, &[("redirect_uri", &redirect)]);
    let page = browser::walk(&url, practice.ca(), &browser::Choice::sign_in(ALICE)).unwrap();
    assert_eq!(page.answer.text(), "done", "{}", page.url);
    (redirect, callback.join().unwrap())
}

fn receive(listener: &TcpListener) -> codec::Pairs {
    let (mut connection, _) = listener.accept().unwrap();
    let mut head = Vec::new();
    let mut block = [0; 4096];
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        let count = connection.read(&mut block).unwrap();
        head.extend_from_slice(&block[..count]);
    }
    connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone").unwrap();
    let head = String::from_utf8(head).unwrap();
    let target = head.split(' ').nth(1).unwrap();
    codec::read_form(target.split_once('?').unwrap().1.as_bytes())
}

/// A clone of `work/app`, made by real git with this credential.
fn cloned(practice: &Practice, source: Source, user: &str, token: &str) -> PathBuf {
    let url = practice.clone_url(source, "work", "app");
    let dir = practice.dir().join(format!("clone-{}", source.name()));
    let made = git(practice, &practice.dir(), token, user, &["clone", "-q", &url, dir.to_str().unwrap()]);
    assert!(made.status.success(), "{}", said(&made));
    assert!(dir.join("README").exists());
    dir
}

/// Real git with a helper that answers with this credential.
fn git(practice: &Practice, dir: &std::path::Path, token: &str, user: &str, arguments: &[&str]) -> Output {
    let helper = format!("!f() {{ test \"$1\" != get || printf 'username={user}\\npassword={token}\\n'; }}; f");
    let helper = format!("credential.helper={helper}");
    practice.repos.git(dir).args(["-c", &helper]).args(arguments).output().unwrap()
}

/// Three megabytes that do not compress, so that git sends chunks.
fn big_commit(practice: &Practice, dir: &std::path::Path) {
    std::fs::write(dir.join("noise"), codec::random(3 << 20)).unwrap();
    for arguments in [["add", "noise", "--"].as_slice(), &["commit", "-q", "-m", "Add noise"]] {
        assert!(git(practice, dir, "", "", arguments).status.success());
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
