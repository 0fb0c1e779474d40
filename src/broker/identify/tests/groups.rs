use super::service::{Answer, Service};
use super::*;
use std::sync::Mutex;

/// Entra's token endpoint and Graph in one: the subject is in the groups with even numbers.
fn graph() -> Service {
    Service::start(|asked| {
        if asked.starts_with("GET /keys") {
            return (200, "", String::from_utf8(key_set(&[jwk("k1", None)])).unwrap());
        }
        if asked.contains("/oauth2/") {
            return (200, "", r#"{"access_token":"graph-1","expires_in":3600}"#.to_owned());
        }
        members(asked)
    })
}

fn members(asked: &str) -> Answer {
    let (_, body) = asked.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    let ids = body["groupIds"].as_array().unwrap().iter().filter_map(Value::as_str);
    let even: Vec<String> =
        ids.filter(|id| id.ends_with(['0', '2', '4', '6', '8', 'a', 'c', 'e'])).map(str::to_uppercase).collect();
    (200, "", json!({ "value": even }).to_string())
}

fn scripted(answers: Vec<Answer>) -> Service {
    let answers = Mutex::new(answers.into_iter());
    Service::start(move |asked| {
        if asked.contains("/oauth2/") {
            return (200, "", r#"{"access_token":"graph-1","expires_in":3600}"#.to_owned());
        }
        answers.lock().unwrap().next().unwrap_or_else(|| members(asked))
    })
}

struct Desk {
    issuers: Issuers,
    _secret: tempfile::TempDir,
}

fn desk(service: &Service) -> Desk {
    let secret = tempfile::tempdir().unwrap();
    let file = secret.path().join("secret");
    fs_err::write(&file, "s3cret\n").unwrap();
    let graph = Graph { url: service.url.parse().unwrap(), client_id: "broker".into(), client_secret_file: Some(file) };
    let issuers = Issuers::new(&[entra(&service.url, Some(graph))], Outward::new(None).unwrap());
    Desk { issuers, _secret: secret }
}

impl Desk {
    async fn ask(&self, claims: &Value, candidates: &[String], seconds: i64) -> Result<Vec<String>, Refusal> {
        let subject = asked(claims).unwrap();
        self.issuers.member_of(&subject, candidates, Timestamp(NOW.0 + seconds)).await
    }
}

fn overage() -> Value {
    with(without(person(), "groups"), "_claim_names", json!({"groups": "src1"}))
}

fn groups(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(group).collect()
}

#[tokio::test]
async fn a_token_that_holds_its_groups_is_its_own_answer() {
    let service = graph();
    let desk = desk(&service);
    let upper = group(1).to_uppercase();
    assert_eq!(desk.ask(&person(), &[group(2), upper.clone()], 0).await, Ok(vec![upper]));
    assert_eq!(desk.ask(&without(person(), "groups"), &groups(0..3), 0).await, Ok(vec![]));
    assert_eq!(desk.ask(&with(person(), "hasgroups", false), &groups(2..3), 0).await, Ok(vec![]));
    assert_eq!(service.asked().len(), 0);
}

#[tokio::test]
async fn groups_that_were_left_out_are_asked_for() {
    let service = graph();
    let desk = desk(&service);
    assert_eq!(desk.ask(&overage(), &groups(1..4), 0).await, Ok(vec![group(2)]));
    let asked = service.asked();
    assert!(asked[0].starts_with(&format!("POST /{TID}/oauth2/v2.0/token ")), "{}", asked[0]);
    let form = format!("client_secret=s3cret&scope={}%2F.default", service.url.replace(':', "%3A").replace('/', "%2F"));
    assert!(asked[0].ends_with(&form), "{}", asked[0]);
    assert!(asked[1].starts_with(&format!("POST /v1.0/users/{OID}/checkMemberGroups ")), "{}", asked[1]);
    assert!(asked[1].contains("authorization: Bearer graph-1\r\n"), "{}", asked[1]);
    let has = with(without(person(), "groups"), "hasgroups", true);
    assert_eq!(desk.ask(&has, &[group(4).to_uppercase()], 0).await, Ok(vec![group(4).to_uppercase()]));
    assert_eq!(service.count("/oauth2/"), 1, "one token serves both");
}

#[tokio::test]
async fn twenty_are_asked_for_at_once() {
    let service = graph();
    let desk = desk(&service);
    let said = desk.ask(&overage(), &groups(0..50), 0).await.unwrap();
    assert_eq!((said.len(), service.count("checkMemberGroups")), (25, 3));
    let most = service.asked().iter().map(|asked| asked.matches("9a000000").count()).max();
    assert_eq!(most, Some(20));
}

#[tokio::test]
async fn an_answer_holds_for_five_minutes_for_its_subject_and_question() {
    let service = graph();
    let desk = desk(&service);
    let asked = || service.count("checkMemberGroups");
    for (seconds, count) in [(0, 1), (1, 1), (299, 1), (300, 2)] {
        assert_eq!(desk.ask(&overage(), &groups(1..3), seconds).await, Ok(vec![group(2)]));
        assert_eq!(asked(), count, "after {seconds} s");
    }
    desk.ask(&overage(), &groups(1..4), 301).await.unwrap();
    assert_eq!(asked(), 3, "another question");
    let other = with(overage(), "oid", "11110000-0000-0000-66f3-3332eca7ea81");
    desk.ask(&other, &groups(1..4), 301).await.unwrap();
    assert_eq!(asked(), 4, "another person");
    desk.ask(&overage(), &groups(1..4), -9_000).await.unwrap();
    assert_eq!(asked(), 5, "a clock that was set back");
}

#[tokio::test]
async fn an_apps_groups_are_those_of_its_service_principal() {
    let service = graph();
    let app = with(app(), "_claim_names", json!({"groups": "src1"}));
    assert_eq!(desk(&service).ask(&app, &groups(2..3), 0).await, Ok(vec![group(2)]));
    assert_eq!(service.count(&format!("/v1.0/servicePrincipals/{OID}/checkMemberGroups")), 1);
}

#[tokio::test]
async fn an_id_that_is_no_guid_closes_the_door() {
    let service = graph();
    let desk = desk(&service);
    for bad in [vec!["developers".to_owned()], vec![format!("{}/x", group(1))], groups(0..401)] {
        let outcome = desk.ask(&overage(), &bad, 0).await;
        assert!(matches!(outcome, Err(Refusal::Unavailable { .. })), "{outcome:?}");
    }
    assert_eq!((service.asked().len(), desk.ask(&overage(), &[], 0).await), (0, Ok(vec![])));
}

#[tokio::test]
async fn patience_is_kept() {
    let service = scripted(vec![(429, "Retry-After: 30\r\n", String::new())]);
    let desk = desk(&service);
    let after = |outcome| match outcome {
        Err(Refusal::Unavailable { after, .. }) => after.as_secs(),
        other => panic!("{other:?}"),
    };
    assert_eq!(after(desk.ask(&overage(), &groups(1..3), 0).await), 30);
    assert_eq!(after(desk.ask(&overage(), &groups(1..3), 12).await), 18);
    assert_eq!(service.count("checkMemberGroups"), 1, "nothing was asked meanwhile");
    assert_eq!(desk.ask(&overage(), &groups(1..3), 30).await, Ok(vec![group(2)]));
}

#[tokio::test]
async fn whatever_goes_wrong_is_a_refusal() {
    for (status, body) in [(403, "{}"), (500, ""), (200, "<html>"), (200, "{}"), (200, r#"{"value":[1]}"#), (302, "")] {
        let service = scripted(vec![(status, "", body.to_owned())]);
        let desk = desk(&service);
        let outcome = desk.ask(&overage(), &groups(1..3), 0).await;
        assert!(matches!(outcome, Err(Refusal::Unavailable { .. })), "{status}: {outcome:?}");
        assert_eq!(desk.ask(&overage(), &groups(1..3), 0).await, Ok(vec![group(2)]), "and is not remembered");
    }
    let gone = scripted(vec![(404, "", String::new())]);
    let outcome = desk(&gone).ask(&overage(), &groups(1..3), 0).await;
    assert_eq!(outcome, Err(Refusal::Subject("the directory has no such account any more".into())));
}

#[tokio::test]
async fn a_token_that_was_taken_back_is_replaced_once() {
    let service = scripted(vec![(401, "", String::new())]);
    assert_eq!(desk(&service).ask(&overage(), &groups(1..3), 0).await, Ok(vec![group(2)]));
    assert_eq!((service.count("/oauth2/"), service.count("checkMemberGroups")), (2, 2));
    let stubborn = scripted(vec![(401, "", String::new()), (401, "", String::new())]);
    assert!(desk(&stubborn).ask(&overage(), &groups(1..3), 0).await.is_err());
}

#[tokio::test]
async fn the_machines_own_identity_can_ask() {
    let service = Service::start(|asked| {
        if asked.starts_with("GET /metadata/identity/oauth2/token?") && asked.contains("metadata: true") {
            return (200, "", r#"{"access_token":"graph-1","expires_in":"86400","expires_on":"1"}"#.to_owned());
        }
        members(asked)
    });
    let graph = Graph { url: service.url.parse().unwrap(), client_id: "mi".into(), client_secret_file: None };
    let outward = Outward::new(None).unwrap().with_metadata_at(&service.url);
    let issuers = Issuers::new(&[entra(&service.url, Some(graph))], outward);
    let subject = asked(&overage()).unwrap();
    assert_eq!(issuers.member_of(&subject, &groups(1..3), NOW).await, Ok(vec![group(2)]));
    assert!(service.asked()[0].contains("&client_id=mi "), "{}", service.asked()[0]);
}
