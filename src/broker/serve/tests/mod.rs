//! A broker on a real port, by raw bytes where a client library would be too polite.

mod decisions;
mod secured;

use super::samples::settings_in;
use super::*;
use crate::basis::clock::SystemClock;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

fn running(more: &str) -> (tempfile::TempDir, Running) {
    let dir = tempfile::tempdir().unwrap();
    let settings = settings_in(dir.path(), more);
    let running = start(settings, Arc::new(SystemClock)).unwrap();
    (dir, running)
}

/// Sends bytes as they are and reads until the other side closes.
fn said(running: &Running, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(running.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // The other side may have closed in the middle of it.
    _ = stream.write_all(bytes);
    let mut reply = Vec::new();
    _ = stream.read_to_end(&mut reply);
    String::from_utf8_lossy(&reply).into_owned()
}

fn asked(running: &Running, method: &str, path: &str, more: &str) -> String {
    said(running, format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}\r\n").as_bytes())
}

#[test]
fn the_documents_say_where_everything_is() {
    let (_dir, running) = running("");
    let metadata = asked(&running, "GET", "/.well-known/oauth-authorization-server", "");
    assert!(metadata.starts_with("HTTP/1.1 200 OK\r\n"), "{metadata}");
    for part in [
        "\"issuer\":\"http://127.0.0.1:8443\"",
        "\"token_endpoint\":\"http://127.0.0.1:8443/oauth2/token\"",
        "\"scopes_supported\":[\"REPO_READ\",\"REPO_WRITE\"]",
        "cache-control: no-cache\r\n",
        "x-content-type-options: nosniff\r\n",
        "content-security-policy: default-src 'none'; frame-ancestors 'none'\r\n",
        "x-request-id: ",
    ] {
        assert!(metadata.contains(part), "{part}\n{metadata}");
    }
    let bootstrap = asked(&running, "GET", "/.well-known/git-credential-bitbucket-sso.json", "");
    assert!(
        bootstrap.contains("\"audience\": \"git.example.com/bitbucket\"")
            && bootstrap.contains("\"per_repository\": true")
    );
    assert!(bootstrap.contains("\"scope\": \"api://bitbucket-broker/token.issue\""), "{bootstrap}");
    let tag = bootstrap.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
    let again =
        asked(&running, "GET", "/.well-known/git-credential-bitbucket-sso.json", &format!("If-None-Match: {tag}\r\n"));
    assert!(again.starts_with("HTTP/1.1 304 "), "{again}");
    running.stop();
}

#[test]
fn what_is_offered_to_setup_is_what_setup_takes() {
    let dir = tempfile::tempdir().unwrap();
    let document = documents::bootstrap_of(&settings_in(dir.path(), "")).unwrap();
    // The helper's own check of such documents has its tests; these are its rules.
    assert_eq!(document["entra"]["tenant"], "72f988bf-0000-4000-8000-2d7cd011db47");
    assert_eq!(document["entra"]["client_id"], "11111111-2222-3333-4444-555555555555");
    assert_eq!(document["host"][0]["source"], "exchange");
}

#[test]
fn health_ready_and_metrics_answer() {
    let (_dir, running) = running("");
    assert!(asked(&running, "GET", "/healthz", "").contains("{\"status\":\"ok\"}"));
    let metrics = asked(&running, "GET", "/metrics", "");
    let line = "broker_requests_total{endpoint=\"/healthz\",status=\"200\"} 1";
    assert!(metrics.contains(line) && metrics.contains("broker_store_up 1"), "{metrics}");
    assert!(asked(&running, "GET", "/metrics", "X-Forwarded-For: 1.2.3.4\r\n").starts_with("HTTP/1.1 403 "));
    running.stop();
}

#[test]
fn other_methods_paths_and_giants_are_refused() {
    let (_dir, running) = running("");
    let status = |text: &str| text.split(' ').nth(1).unwrap_or("closed").to_owned();
    assert_eq!(status(&asked(&running, "HEAD", "/healthz", "")), "405");
    assert_eq!(status(&asked(&running, "DELETE", "/healthz", "")), "405");
    assert_eq!(status(&asked(&running, "GET", "/oauth2", "")), "404");
    assert_eq!(status(&asked(&running, "POST", "/healthz", "Content-Length: 65537\r\n")), "413");
    let body = "x".repeat(70_000);
    let chunked = format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n", body.len());
    assert_eq!(status(&asked(&running, "POST", "/healthz", &chunked)), "413");
    assert_eq!(status(&asked(&running, "GET", "/healthz", &format!("X: {}\r\n", "y".repeat(33 << 10)))), "431");
    let many: String = ["X: y\r\n"; 100].concat();
    assert_eq!(status(&asked(&running, "GET", "/healthz", &many)), "431");
    assert_eq!(status(&said(&running, b"GARBAGE\r\n\r\n")), "400");
    running.stop();
}

#[test]
fn whoever_dawdles_is_cut_off_and_others_are_served() {
    let (_dir, running) = running("[limits]\nheader_timeout = \"1s\"\nconnections = 2\n");
    let slow = || {
        let mut stream = TcpStream::connect(running.address).unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n").unwrap();
        stream
    };
    let mut held = [slow(), slow()];
    // All slots are taken; this one waits until they are cut off.
    assert!(asked(&running, "GET", "/healthz", "").contains("200 OK"));
    for stream in &mut held {
        let mut rest = Vec::new();
        _ = stream.read_to_end(&mut rest);
        assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));
    }
    running.stop();
}

#[test]
fn whoever_asks_and_reads_nothing_is_cut_off_and_others_are_served() {
    let (_dir, running) = running("[limits]\nrequest_timeout = \"1s\"\nconnections = 1\n");
    let mut deaf = TcpStream::connect(running.address).unwrap();
    deaf.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
    let many = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1000);
    // Answers pile up until neither side's buffers take more; then it ends.
    while deaf.write_all(many.as_bytes()).is_ok() {}
    assert!(asked(&running, "GET", "/healthz", "").contains("200 OK"));
    running.stop();
}

#[test]
fn strangers_learn_that_something_is_wrong_and_not_what() {
    let (dir, running) = running("metrics_from = [\"10.0.0.0/8\"]\n");
    let told = asked(&running, "GET", "/readyz", "");
    assert!(told.contains("\"issuer corp\":\"failing\"") && !told.contains("127.0.0.1:9"), "{told}");
    running.stop();
    drop(dir);
    let (_dir, running) = self::running("");
    assert!(asked(&running, "GET", "/readyz", "").contains("127.0.0.1:9"));
    for behind in ["X-Forwarded-Proto: https\r\n", "Via: 1.1 proxy\r\n", "Forwarded: for=1.2.3.4\r\n"] {
        assert!(!asked(&running, "GET", "/readyz", behind).contains("127.0.0.1:9"), "{behind}");
        assert!(asked(&running, "GET", "/metrics", behind).starts_with("HTTP/1.1 403 "), "{behind}");
    }
    running.stop();
}

#[test]
fn journeys_of_one_stranger_do_not_fill_the_store() {
    let (_dir, running) = running("");
    let begin = || asked(&running, "GET", "/connect/git.example.com~bitbucket", "");
    let answers: Vec<String> = (0..140).map(|_| begin()).collect();
    let slowed = answers.iter().filter(|answer| answer.starts_with("HTTP/1.1 429 ")).count();
    assert!((1..=20).contains(&slowed), "{slowed}");
    running.stop();
}

#[test]
fn only_the_proxy_is_answered_and_only_for_https() {
    let own = "[proxy]\nfrom = [\"127.0.0.0/8\"]\n";
    let (_dir, running) = running(own);
    let path = "/.well-known/oauth-authorization-server";
    assert!(asked(&running, "GET", path, "").starts_with("HTTP/1.1 403 "));
    assert!(asked(&running, "GET", path, "X-Forwarded-Proto: http\r\n").starts_with("HTTP/1.1 403 "));
    assert!(asked(&running, "GET", path, "X-Forwarded-Proto: https\r\n").starts_with("HTTP/1.1 200 "));
    running.stop();
    let (_dir, running) = self::running("[proxy]\nfrom = [\"10.0.0.0/8\"]\n");
    assert!(asked(&running, "GET", path, "X-Forwarded-Proto: https\r\n").starts_with("HTTP/1.1 403 "));
    assert!(asked(&running, "GET", "/healthz", "").starts_with("HTTP/1.1 200 "), "probes come past the proxy");
    running.stop();
}
