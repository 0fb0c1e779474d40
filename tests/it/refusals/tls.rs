//! Certificates, names, closed doors and proxies between the helper and Entra.

use super::{Scene, git_refused, refused, token};
use crate::practice::Source::Exchange;
use crate::practice::tls::Leaf;
use std::net::TcpListener;

#[test]
fn a_certificate_that_is_not_good_is_told_with_what_is_wrong_and_what_helps() {
    let clock = "date -u    (the certificate's dates are judged by this machine's clock";
    for (leaf, says, helps) in [
        (Leaf::Stranger, "nobody this machine trusts has issued it", "[network] ca_file"),
        (Leaf::WrongName, "it is for another name", "check the address"),
        (Leaf::Expired, "it has expired", clock),
        (Leaf::NotYetValid, "it is not valid yet", clock),
    ] {
        let mut scene = Scene::of(Exchange);
        let door = scene.practice.bad_door(leaf);
        let bad = format!("https://localhost:{}", door.port());
        let good = scene.practice.entra.base.clone();
        scene.reconfigure(&good, &bad);
        let output = scene.run(&["login"]).output().unwrap();
        refused(&output, 6, "tls", &["the TLS certificate of ", &bad, says, helps]);
        assert!(scene.no_page() && scene.practice.journal.entries().is_empty(), "{leaf:?}");
    }
}

#[test]
fn an_authority_that_nobody_named_is_not_trusted() {
    let mut scene = Scene::of(Exchange);
    let file = format!("ca_file = '{}'\n", scene.practice.ca().display());
    scene.reconfigure(&file, "");
    let output = scene.run(&["login"]).output().unwrap();
    refused(&output, 6, "tls", &["nobody this machine trusts has issued it", "[network] ca_file"]);
}

#[test]
fn a_closed_door_deletes_nothing() {
    let mut scene = Scene::signed_in(Exchange);
    scene.later(7200);
    scene.practice.entra.server.close();
    git_refused(&scene.get(Exchange), 6, "unreachable", &["cannot be reached", "refused", "check the network or VPN"]);
    assert_eq!(scene.account()["signed_in"], true);
    scene.practice.entra.server.reopen();
    scene.later(10);
    token(&scene.get(Exchange));
}

#[test]
fn a_proxy_that_refuses_or_is_not_there_is_named() {
    // Loopback addresses never go through a proxy, so this authority is one that does not exist.
    let mut scene = Scene::of(Exchange);
    let base = scene.practice.entra.base.clone();
    scene.reconfigure(&base, "https://login.practice.invalid");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let login = |port: u16| {
        let proxy = format!("http://somebody:hush-hush@127.0.0.1:{port}");
        let output = scene.run(&["login"]).env("HTTPS_PROXY", proxy).output().unwrap();
        assert!(!crate::desk::said(&output).contains("hush-hush"), "{}", crate::desk::said(&output));
        output
    };
    refused(&login(closed), 6, "proxy", &["https://login.practice.invalid/", "HTTPS_PROXY"]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            use std::io::{Read, Write};
            let mut stream = stream.unwrap();
            _ = stream.read(&mut [0; 4096]);
            _ = stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
        }
    });
    refused(&login(port), 6, "proxy", &["the proxy did not let us through", "HTTPS_PROXY"]);
    // Without the proxy it is a name that nobody knows.
    let output = scene.run(&["login"]).output().unwrap();
    refused(&output, 6, "unreachable", &["https://login.practice.invalid/", "its name cannot be resolved"]);
}
