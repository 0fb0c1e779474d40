//! Requests for tokens that are refused, and what is on the disk by then.

use super::*;
use crate::broker::desk::caller::Caller;

fn posted(running: &Running, path: &str, more: &str, body: &str) -> String {
    let length = body.len();
    asked(running, "POST", path, &format!("Content-Length: {length}\r\n{more}\r\n{body}"))
}

fn records(dir: &Path) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(dir.join("audit.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const GOOD: &str = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=canary.not.mine&\
    subject_token_type=urn:ietf:params:oauth:token-type:jwt&resource=https://git.example.com/bitbucket/PAY/api";

#[test]
fn every_refusal_is_recorded_before_it_is_answered() {
    let (dir, running) = running("");
    let reply =
        posted(&running, "/oauth2/token", &format!("{FORM}client-request-id: mine\r\nUser-Agent: git/9\r\n"), GOOD);
    assert!(reply.starts_with("HTTP/1.1 400 ") && reply.contains("\"error\":\"invalid_grant\""), "{reply}");
    assert!(reply.contains("cache-control: no-store\r\n"), "{reply}");
    let malformed = posted(&running, "/oauth2/token", FORM, &format!("{GOOD}&subject_token=again"));
    assert!(malformed.contains("\"error\":\"invalid_request\""), "{malformed}");
    let json = posted(&running, "/oauth2/token", "Content-Type: application/json\r\n", "{}");
    assert!(json.contains("\"error\":\"invalid_request\""), "{json}");
    assert!(posted(&running, "/oauth2/token?scope=x", FORM, GOOD).contains("parameters belong into the body"));
    let records = records(dir.path());
    let outcomes: Vec<_> = records.iter().map(|record| record["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["ok", "invalid_grant", "invalid_request", "invalid_request", "invalid_request"]);
    let first = &records[1];
    assert_eq!(
        (&first["event"], &first["given_id"], &first["agent"]),
        (&"exchange".into(), &"mine".into(), &"git/9".into())
    );
    assert!(reply.contains(&format!("x-request-id: {}\r\n", first["id"].as_str().unwrap())));
    assert_eq!(first["subject_token_sha256"].as_str().unwrap().len(), 64);
    assert!(!fs::read_to_string(dir.path().join("audit.jsonl")).unwrap().contains("canary"));
    assert!(!reply.contains("canary"));
    running.stop();
}

#[cfg(unix)]
#[test]
fn what_cannot_be_recorded_is_not_decided() {
    let (dir, running) = running("");
    let file = dir.path().join("audit.jsonl");
    fs::rename(&file, dir.path().join("aside")).unwrap();
    fs::create_dir(&file).unwrap();
    let reply = posted(&running, "/oauth2/token", FORM, GOOD);
    assert!(reply.starts_with("HTTP/1.1 503 ") && reply.contains("retry-after: "), "{reply}");
    assert!(reply.contains("the record cannot be written"), "{reply}");
    let ready = asked(&running, "GET", "/readyz", "");
    assert!(
        ready.starts_with("HTTP/1.1 503 ") && ready.contains("\"audit\":\"the record cannot be written\""),
        "{ready}"
    );
    running.stop();
}

#[test]
fn git_is_told_to_stop_and_people_why() {
    let (_dir, running) = running("");
    let lines = "protocol=https\nhost=git.example.com\npath=bitbucket/scm/pay/api.git\n";
    let reply = posted(&running, "/git-credentials", "Authorization: Bearer no\r\n", lines);
    assert!(reply.starts_with("HTTP/1.1 400 ") && reply.ends_with("\r\n\r\nquit=1\n"), "{reply}");
    assert!(reply.contains("x-broker-error: invalid_grant: "), "{reply}");
    assert!(posted(&running, "/git-credentials", "", lines).contains("x-broker-error: invalid_request: "));
    let explained = posted(&running, "/v1/explain", &format!("{FORM}Authorization: Bearer no\r\n"), "");
    assert!(explained.contains("\"error\":\"invalid_grant\""), "{explained}");
    running.stop();
}

#[test]
fn a_token_that_is_none_of_ours_is_as_good_as_ended() {
    let (dir, running) = running("");
    let reply = posted(&running, "/oauth2/revoke", FORM, "token=unknown&token_type_hint=access_token");
    assert!(reply.starts_with("HTTP/1.1 200 ") && reply.contains("{\"ended\":\"nothing\"}"), "{reply}");
    assert!(posted(&running, "/oauth2/revoke", FORM, "").starts_with("HTTP/1.1 400 "));
    let records = records(dir.path());
    assert_eq!((&records[1]["event"], &records[1]["reason"]), (&"revoke".into(), &"nothing to end".into()));
    running.stop();
}

#[test]
fn a_panic_ends_one_request_and_is_recorded() {
    let (dir, running) = running("");
    let caller = Caller {
        id: "that-one".into(),
        endpoint: "/oauth2/token",
        peer: [127, 0, 0, 1].into(),
        agent: None,
        given_id: None,
    };
    let bounds = bounds::Bounds { desk: running.desk.clone(), working: tokio::sync::mpsc::channel(1).0 };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let router = axum::Router::new()
        .route("/", axum::routing::get(|| async { std::hint::black_box(None::<u8>).unwrap().to_string() }))
        .layer(axum::middleware::from_fn_with_state(bounds, bounds::bounds));
    let request = axum::extract::Request::new(axum::body::Body::empty());
    let service = hyper_util::service::TowerToHyperService::new(router);
    let reply = runtime.block_on(hyper::service::Service::call(&service, request)).unwrap();
    assert_eq!(reply.status(), 500);
    runtime.block_on(running.desk.record_panic(&caller));
    let records = records(dir.path());
    assert!(records[1..].iter().all(|record| record["event"] == "panic" && record["outcome"] == "server_error"));
    assert_eq!((records.len(), &records[2]["id"]), (3, &"that-one".into()));
    running.stop();
}
