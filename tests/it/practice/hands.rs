//! Doing by hand what the helper does: OAuth at Bitbucket, and real git with a given credential.

use super::{ALICE, Practice, Value, browser, codec};
use crate::practice::Source;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Output;

pub fn text(answer: &Value, name: &str) -> String {
    answer[name].as_str().unwrap_or_else(|| panic!("no {name} in {answer}")).to_owned()
}

/// Alice grants access to the consumer; the token answer.
pub fn cloud_sign_in(practice: &Practice) -> Value {
    let (redirect, delivered) = delivered(practice, &cloud_authorize(practice, ""), "127.0.0.1");
    assert_eq!(codec::value(&delivered, "state"), Some("s"));
    let code = codec::value(&delivered, "code").unwrap();
    let form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect.as_str())];
    let (url, _, basic) = cloud_request(practice, "");
    practice.client().post(&url, &form, &[("Authorization", &basic)]).unwrap().json()
}

pub fn cloud_authorize(practice: &Practice, challenge: &str) -> String {
    let client_id = practice.cloud.state().knobs.client_id.clone();
    let mut query = vec![("client_id", client_id.as_str()), ("response_type", "code"), ("state", "s")];
    if !challenge.is_empty() {
        query.extend([("code_challenge", challenge), ("code_challenge_method", "S256")]);
    }
    codec::with_query(&format!("{}/site/oauth2/authorize", practice.cloud.base), &query)
}

pub fn cloud_request<'a>(practice: &Practice, token: &'a str) -> (String, [(&'static str, &'a str); 2], String) {
    let knobs = practice.cloud.state().knobs.clone();
    let basic = codec::base64(format!("{}:{}", knobs.client_id, knobs.client_secret).as_bytes());
    let url = format!("{}/site/oauth2/access_token", practice.cloud.base);
    (url, [("grant_type", "refresh_token"), ("refresh_token", token)], format!("Basic {basic}"))
}

pub fn cloud_refresh(practice: &Practice, token: &str) -> (u16, Value) {
    let (url, form, basic) = cloud_request(practice, token);
    let answer = practice.client().post(&url, &form, &[("Authorization", &basic)]).unwrap();
    (answer.status, answer.json())
}

pub fn data_center_sign_in(practice: &Practice) -> Value {
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

pub fn data_center_refresh(practice: &Practice, token: &str) -> (u16, Value) {
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
pub fn delivered(practice: &Practice, url: &str, at: &str) -> (String, codec::Pairs) {
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

/// A clone of `acme/app`, made by real git with this credential.
pub fn cloned(practice: &Practice, source: Source, user: &str, token: &str) -> PathBuf {
    let url = practice.clone_url(source, "acme", "app");
    let dir = practice.dir().join(format!("clone-{}", source.name()));
    let made = git(practice, &practice.dir(), token, user, &["clone", "-q", &url, dir.to_str().unwrap()]);
    assert!(made.status.success(), "{}", said(&made));
    assert!(dir.join("README").exists());
    dir
}

/// Real git with a helper that answers with this credential.
pub fn git(practice: &Practice, dir: &std::path::Path, token: &str, user: &str, arguments: &[&str]) -> Output {
    let helper = format!("!f() {{ test \"$1\" != get || printf 'username={user}\\npassword={token}\\n'; }}; f");
    let helper = format!("credential.helper={helper}");
    practice.repos.git(dir).args(["-c", &helper]).args(arguments).output().unwrap()
}

/// Three megabytes that do not compress, so that git sends chunks.
pub fn big_commit(practice: &Practice, dir: &std::path::Path) {
    std::fs::write(dir.join("noise"), codec::random(3 << 20)).unwrap();
    for arguments in [["add", "noise", "--"].as_slice(), &["commit", "-q", "-m", "Add noise"]] {
        assert!(git(practice, dir, "", "", arguments).status.success());
    }
}

pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
