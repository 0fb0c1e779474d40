//! What the broker refuses, told by the real helper and by hand.

use super::{BrokerDesk, Host, password, text};
use crate::desk::{feed, said, stderr};
use crate::practice::browser::Choice;
use crate::practice::cast::{ALICE, BOB, PROXY_SCOPE, WORKLOAD};
use crate::practice::client::Answer;
use crate::practice::issuers::{Job, PIPELINES_AUDIENCE};
use crate::practice::jwt::{self, Forgery};
use serde_json::{Value, json};

#[test]
fn every_wrong_token_is_refused() {
    let desk = BrokerDesk::open();
    let good = desk.token_of(ALICE);
    let claims = jwt::claims(&good).unwrap();
    let resource = desk.repository(Host::DataCenter, "app");
    let ask = |token: &str, kind: &str| desk.exchange(token, kind, &[("resource", &resource), ("scope", "REPO_READ")]);
    assert_eq!(ask(&good, "access_token").status, 200);
    let mut tokens: Vec<(String, String)> = Vec::new();
    {
        let state = desk.practice.entra.state();
        for forgery in FORGERIES {
            tokens.push((
                format!("{forgery:?}"),
                jwt::forge(forgery, state.keys.active(), &state.keys.decoy, claims.clone()),
            ));
        }
        let bent = |name: &str, value: Value| {
            let mut claims = claims.clone();
            claims[name] = value;
            (format!("{name} bent"), state.keys.active().sign(&claims))
        };
        tokens.extend([
            bent("azp", json!(WORKLOAD)),
            bent("scp", json!("other.scope")),
            bent("scp", json!(["token.issue"])),
            bent("tid", Value::Null),
            bent("oid", json!(7)),
            bent("iat", json!("yesterday")),
            bent("idtyp", json!("app")),
        ]);
        tokens.push(("signed by a job's issuer".into(), state.keys.spare.sign(&claims)));
    }
    tokens.push(("for another API".into(), proxy_token(&desk)));
    let cut = good[..good.len() - 3].to_owned();
    tokens.push(("cut".into(), cut));
    for (name, token) in &tokens {
        refused(name, &ask(token, "access_token"));
    }
    let jobs = [
        ("a foreign audience", desk.issuers.token(Job::Pipelines, "someone-else", |_| {})),
        ("over", desk.issuers.token(Job::Pipelines, PIPELINES_AUDIENCE, |claims| claims["exp"] = json!(1))),
        (
            "another issuer's name",
            desk.issuers.token(Job::Github, PIPELINES_AUDIENCE, |claims| {
                claims["iss"] = json!(desk.issuers.issuer(Job::Pipelines));
            }),
        ),
        (
            "unknown",
            desk.issuers.token(Job::Gitlab, PIPELINES_AUDIENCE, |claims| claims["iss"] = json!("https://evil.example")),
        ),
    ];
    for (name, token) in &jobs {
        refused(name, &ask(token, "jwt"));
    }
    let made = desk.practice.data_center.http_tokens().len();
    assert_eq!(made, 1, "no token was made for any of them");
}

#[test]
fn who_no_rule_knows_is_told_so_by_the_helper() {
    let desk = BrokerDesk::open();
    let (output, _) = desk.walked(desk.helper().arg("login"), &Choice::sign_in(BOB));
    assert!(output.status.success(), "{}", said(&output));
    let refused = desk.get(Host::DataCenter, "ACME/app");
    let told = stderr(&refused);
    assert!(told.contains("access_denied") && told.contains("[not-allowed]"), "{}", said(&refused));
    let last = desk.trail().pop().unwrap();
    assert_eq!(last["outcome"], "access_denied", "{last}");
}

#[test]
fn nobody_writes_where_the_policy_itself_lies() {
    let desk = BrokerDesk::open();
    desk.practice.repos.create("acme", "broker-policy");
    let token = desk.token_of(ALICE);
    let resource = desk.repository(Host::Cloud, "broker-policy");
    let answer = desk.exchange(&token, "access_token", &[("resource", &resource), ("scope", "repository:write")]);
    assert_ne!(answer.status, 200, "{}", answer.text());
    assert!(matches!(answer.json()["error"].as_str(), Some("access_denied" | "connection_required")));
}

#[test]
fn a_rule_that_wants_a_stronger_sign_in_gets_one() {
    let desk = BrokerDesk::with(|desk| {
        let strict = desk.site.policy().replacen(
            "reach = \"account\"\ncontact",
            "reach = \"account\"\nacrs = \"c1\"\ncontact",
            1,
        );
        assert!(strict.contains("acrs"));
        desk.site.write_policy(&strict);
    });
    let desk = desk.signed_in();
    let refused = desk.get(Host::DataCenter, "ACME/app");
    assert!(stderr(&refused).contains("login --host"), "{}", said(&refused));
    let (output, page) = desk.walked(desk.helper().arg("login"), &Choice::sign_in(ALICE));
    assert!(output.status.success(), "{}", said(&output));
    assert!(page.trail.iter().any(|url| url.contains("acrs")), "{:?}", page.trail);
    password(&desk.get(Host::DataCenter, "ACME/app"));
}

#[test]
fn a_request_never_widens_what_the_rule_gives() {
    let desk = BrokerDesk::open();
    let robot = desk.robot_token();
    let resource = desk.repository(Host::DataCenter, "app");
    for scope in ["REPO_READ", "REPO_WRITE", ""] {
        let form = [("resource", resource.as_str()), ("scope", scope), ("requested_expires_in", "86400")];
        let answer = desk.exchange(&robot, "access_token", &form);
        match answer.status {
            200 => {
                assert_eq!(answer.json()["scope"], "REPO_READ", "{scope}");
                assert!(answer.json()["expires_in"].as_u64().unwrap() <= 900, "{}", answer.text());
            }
            _ => assert_eq!(answer.json()["error"], "access_denied", "{scope} {}", answer.text()),
        }
    }
    let elsewhere = desk.repository(Host::DataCenter, "other");
    desk.practice.repos.create("acme", "other");
    let refused = desk.exchange(&robot, "access_token", &[("resource", &elsewhere)]);
    assert_eq!(refused.json()["error"], "access_denied", "{}", refused.text());
}

#[test]
fn too_many_questions_are_slowed_down() {
    let desk = BrokerDesk::with(|desk| {
        let path = desk.site.settings();
        let settings = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, settings.replacen("[store]", "[limits]\nper_subject = 3\n\n[store]", 1)).unwrap();
    });
    let token = desk.token_of(ALICE);
    let resource = desk.repository(Host::DataCenter, "app");
    let ask = || desk.exchange(&token, "access_token", &[("resource", &resource)]);
    let answers: Vec<Answer> = (0..5).map(|_| ask()).collect();
    let slowed = answers.iter().find(|answer| answer.status == 429).expect("a limit");
    assert_eq!(slowed.json()["error"], "slow_down");
    assert!(slowed.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
    desk.practice.clock.advance(61);
    assert_eq!(ask().status, 200);
}

#[test]
fn a_renamed_repository_is_no_target_under_its_old_name() {
    let desk = BrokerDesk::open();
    desk.practice.repos.rename("acme", "app", "application");
    let token = desk.token_of(ALICE);
    let ask = |name: &str| {
        let resource = desk.repository(Host::DataCenter, name);
        desk.exchange(&token, "access_token", &[("resource", &resource), ("scope", "REPO_WRITE")])
    };
    let old = ask("app");
    assert_eq!(old.json()["error"], "invalid_target", "{}", old.text());
    assert_eq!(ask("application").status, 200);
}

#[test]
fn a_machine_with_nothing_but_curl_gets_gits_own_lines() {
    let desk = BrokerDesk::open();
    let header = desk.desk.path("token");
    std::fs::write(&header, format!("Authorization: Bearer {}", desk.token_of(ALICE))).unwrap();
    let mut curl = desk.desk.command("curl");
    curl.args(["-sS", "--data-binary", "@-", "--cacert"]).arg(desk.practice.ca());
    curl.arg("-H").arg(format!("@{}", header.display())).arg(format!("{}/git-credentials", desk.site.base));
    let (site, context) = desk.place(Host::DataCenter);
    let request = format!("protocol=https\nhost={site}\npath={context}ACME/app.git\n\n");
    let output = feed(&mut curl, request.as_bytes());
    let token = password(&output);
    assert!(token.starts_with("BBDC-") && said(&output).contains("password_expiry_utc="), "{}", said(&output));
    std::fs::write(&header, format!("Authorization: Bearer {}", desk.token_of(BOB))).unwrap();
    let mut again = desk.desk.command("curl");
    again.args(["-sS", "--data-binary", "@-", "--cacert"]).arg(desk.practice.ca());
    again.arg("-H").arg(format!("@{}", header.display())).arg(format!("{}/git-credentials", desk.site.base));
    let refused = feed(&mut again, request.as_bytes());
    assert_eq!(crate::desk::stdout(&refused), "quit=1\n", "{}", said(&refused));
}

#[test]
fn a_revoked_token_is_deleted_where_it_was_made() {
    let desk = BrokerDesk::open();
    let resource = desk.repository(Host::DataCenter, "app");
    let alice = desk.token_of(ALICE);
    let issued = desk.exchange(&alice, "access_token", &[("resource", &resource)]).json();
    let token = text(&issued, "access_token");
    assert_eq!(desk.practice.data_center.http_tokens().len(), 1);
    let unknown = desk.post("/oauth2/revoke", &[("token", "BBDC-of-nobody")]);
    assert_eq!(unknown.status, 200, "RFC 7009: what is unknown is as good as ended");
    let by_bob = format!("Bearer {}", desk.token_of(BOB));
    let url = format!("{}/oauth2/revoke", desk.site.base);
    let form = [("token", token.as_str())];
    desk.practice.client().post(&url, &form, &[("Authorization", &by_bob)]).unwrap();
    assert_eq!(desk.practice.data_center.http_tokens().len(), 1, "it is not his");
    let ended = desk.post("/oauth2/revoke", &form);
    assert_eq!((ended.status, desk.practice.data_center.http_tokens().len()), (200, 0), "{}", ended.text());
}

fn proxy_token(desk: &BrokerDesk) -> String {
    let form = [("grant_type", "client_credentials"), ("client_id", WORKLOAD), ("scope", PROXY_SCOPE)];
    let secret = [("client_secret", crate::practice::cast::WORKLOAD_SECRET)];
    let url = format!("{}/{}/oauth2/v2.0/token", desk.practice.entra.base, crate::practice::cast::TENANT);
    text(&desk.practice.client().post(&url, &[form.as_slice(), &secret].concat(), &[]).unwrap().json(), "access_token")
}

#[track_caller]
fn refused(name: &str, answer: &Answer) {
    let error = answer.json()["error"].as_str().unwrap_or_default().to_owned();
    let known = ["invalid_grant", "invalid_request"].contains(&error.as_str());
    assert!(known && matches!(answer.status, 400 | 401), "{name}: {} {}", answer.status, answer.text());
    assert!(answer.json()["access_token"].is_null(), "{name}");
}

/// All but those of the nonce, which access tokens do not have.
const FORGERIES: [Forgery; 14] = [
    Forgery::AlgNone,
    Forgery::Hs256,
    Forgery::Ps256,
    Forgery::WrongAudience,
    Forgery::AudienceList,
    Forgery::WrongIssuer,
    Forgery::WrongTenant,
    Forgery::Expired,
    Forgery::TextExpiry,
    Forgery::NotYetValid,
    Forgery::UnknownKid,
    Forgery::DecoyKey,
    Forgery::BadSignature,
    Forgery::Nonsense,
];
