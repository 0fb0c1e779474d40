//! What a token broker finds around it: Graph, tokens of repositories, rights, job issuers, a key vault.

use super::hands::{cloned, git, text};
use super::{Options, Practice, Value, access_token, codec, jwt, post};
use crate::practice::Source;
use crate::practice::bitbucket::{Consumer, Service};
use crate::practice::cast::{
    ALICE, ALICE_OID, BOB, BROKER_SCOPE, DEVELOPERS, KEY_VAULT, WEB, WEB_SECRET, WORKLOAD, WORKLOAD_SECRET,
};
use crate::practice::client::Answer;
use crate::practice::entra::{Fault, Target, app_token};
use crate::practice::issuers::{Issuers, Job, PIPELINES_AUDIENCE};
use crate::practice::key_vault::KeyVault;
use serde_json::json;

const STRANGERS: &str = "9b000000-0000-4000-8000-0000000000ff";

#[test]
fn graph_says_which_groups_somebody_is_in() {
    let practice = Practice::start(&Options::default());
    let bearer = |id: &str, secret: &str| {
        let scope = "https://graph.microsoft.com/.default";
        let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
        let (status, answer) = post(&practice, &[form.as_slice(), &[("scope", scope)]].concat());
        assert_eq!(status, 200, "{answer}");
        format!("Bearer {}", text(&answer, "access_token"))
    };
    let (broker, robot) = (bearer(WEB, WEB_SECRET), bearer(WORKLOAD, WORKLOAD_SECRET));
    let ask = |bearer: &str, oid: &str, ids: &Value| {
        let url = format!("{}/v1.0/users/{oid}/checkMemberGroups", practice.entra.base);
        let headers = [("Authorization", bearer), ("Content-Type", "application/json")];
        practice.client().send("POST", &url, &headers, json!({"groupIds": ids}).to_string().as_bytes()).unwrap()
    };
    let both = json!([DEVELOPERS, STRANGERS]);
    assert_eq!(ask(&broker, ALICE_OID, &both).json()["value"], json!([DEVELOPERS]));
    assert_eq!(ask("Bearer none", ALICE_OID, &both).status, 401);
    let person = format!("Bearer {}", access_token(&practice, BROKER_SCOPE));
    assert_eq!(ask(&person, ALICE_OID, &both).status, 401);
    assert_eq!(ask(&robot, ALICE_OID, &both).status, 403);
    assert_eq!(ask(&broker, STRANGERS, &both).status, 404);
    assert_eq!(ask(&broker, ALICE_OID, &json!(["Developers"])).status, 400);
    assert_eq!(ask(&broker, ALICE_OID, &json!(vec![DEVELOPERS; 21])).status, 400);
    practice.entra.state().user_mut(ALICE).unwrap().groups.clear();
    assert_eq!(ask(&broker, ALICE_OID, &both).json()["value"], json!([]));
}

#[test]
fn tokens_tell_memberships_as_entra_does() {
    let practice = Practice::start(&Options::default());
    let claims = || jwt::claims(&access_token(&practice, BROKER_SCOPE)).unwrap();
    assert_eq!(claims()["groups"], json!([DEVELOPERS]));
    let change = |groups: Vec<String>, roles: &[&str]| {
        let mut state = practice.entra.state();
        let alice = state.user_mut(ALICE).unwrap();
        alice.groups = groups;
        alice.roles = roles.iter().map(|role| (*role).to_owned()).collect();
    };
    change((0..200).map(|_| codec::guid()).collect(), &["Repo.Write"]);
    assert_eq!((claims()["groups"].as_array().unwrap().len(), &claims()["roles"]), (200, &json!(["Repo.Write"])));
    change((0..201).map(|_| codec::guid()).collect(), &[]);
    let over = claims();
    assert!(over["groups"].is_null() && over["roles"].is_null(), "{over}");
    let source = over["_claim_names"]["groups"].as_str().unwrap();
    let endpoint = over["_claim_sources"][source]["endpoint"].as_str().unwrap();
    assert!(endpoint.contains(ALICE_OID) && endpoint.ends_with("/getMemberObjects"), "{endpoint}");
    change(Vec::new(), &[]);
    practice.entra.on(Fault::GroupsOverage, Target::User(ALICE.into()));
    assert!(claims()["_claim_names"].is_object());
}

#[test]
fn the_cloud_keeps_consumers_and_rights_apart() {
    let practice = Practice::start(&Options::default());
    let reader = Consumer {
        client_id: "reader".into(),
        client_secret: "reader-secret".into(),
        callback: Some("https://broker.example/connect/callback".into()),
        scopes: vec!["repository".into(), "account".into(), "email".into()],
        private: true,
    };
    practice.cloud.state().knobs.others.push(reader);
    let first = super::hands::cloud_sign_in(&practice);
    let basic = format!("Basic {}", codec::base64(b"reader:reader-secret"));
    let url = format!("{}/site/oauth2/access_token", practice.cloud.base);
    let refresh = text(&first, "refresh_token");
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    let stolen = practice.client().post(&url, &form, &[("Authorization", &basic)]).unwrap();
    assert_eq!(stolen.json()["error"], "invalid_grant", "a grant is its consumer's");
    let robot = [("grant_type", "client_credentials")];
    let answer = practice.client().post(&url, &robot, &[("Authorization", &basic)]).unwrap().json();
    assert_eq!(answer["scope"], "repository account email");
    let get = |token: &str, path: &str| {
        let bearer = format!("Bearer {token}");
        practice.client().get(&format!("{}{path}", practice.cloud.base), &[("Authorization", &bearer)]).unwrap()
    };
    let own = "/2.0/user/workspaces/acme/permissions/repositories?q=repository.full_name%3D%22acme%2Fapp%22";
    let all = "/2.0/workspaces/acme/permissions/repositories/app";
    let mut token = practice.cloud.state().book.issue("alice", &scopes(&["repository:write", "account"]), 60, 40);
    assert_eq!(get(&token, own).json()["values"][0]["permission"], "write");
    assert_eq!((get(&token, all).status, get(&token, "/2.0/repositories/acme/app").status), (403, 200));
    let right = |word| {
        practice.cloud.state().book.rights.insert(("alice".into(), "acme/app".into()), word);
    };
    right("admin");
    assert_eq!(get(&token, all).json()["size"], 2);
    right("none");
    assert_eq!(get(&token, own).json()["size"], 0);
    assert_eq!(get(&token, "/2.0/repositories/acme/app").status, 404);
    right("read");
    let clone = cloned(&practice, Source::CloudOauth, "x-token-auth", &token);
    super::hands::big_commit(&practice, &clone);
    let pushed = git(&practice, &clone, &token, "x-token-auth", &["push", "-q", "origin", "main"]);
    assert!(super::hands::said(&pushed).contains("403"), "{}", super::hands::said(&pushed));
    practice.repos.rename("acme", "app", "application");
    assert_eq!(get(&token, "/2.0/repositories/acme/app").status, 404);
    token = practice.cloud.state().book.issue("alice", &scopes(&["account"]), 60, 40);
    assert_eq!(get(&token, "/2.0/repositories/acme/application").status, 403);
}

#[test]
fn data_center_makes_tokens_of_one_repository() {
    let practice = Practice::start(&Options::default());
    practice.repos.create("acme", "other");
    let service = Service { user: "svc".into(), password: "secret".into(), administers: vec!["acme/app".into()] };
    practice.data_center.state().service = Some(service);
    let at = |path: &str| format!("{}/rest/access-tokens/latest/projects/ACME/repos/{path}", practice.data_center.base);
    let call = |method: &str, path: &str, login: &str, body: &Value| -> Answer {
        let headers = [("Authorization", login), ("Content-Type", "application/json")];
        practice.client().send(method, &at(path), &headers, body.to_string().as_bytes()).unwrap()
    };
    let login = format!("Basic {}", codec::base64(b"svc:secret"));
    let wanted = |right: &str, days: i64| json!({"name": "sso-1", "permissions": [right], "expiryDays": days});
    let made = call("PUT", "app", &login, &wanted("REPO_READ", 1));
    let (token, id) = (text(&made.json(), "token"), text(&made.json(), "id"));
    assert!(token.starts_with("BBDC-"));
    for body in [wanted("REPO_READ", 0), wanted("REPO_FLY", 1), json!({"permissions": ["REPO_READ"], "expiryDays": 1})]
    {
        assert_eq!(call("PUT", "app", &login, &body).status, 400, "{body}");
    }
    let wrong = format!("Basic {}", codec::base64(b"svc:guess"));
    let by_token = format!("Bearer {token}");
    for (login, path) in [(&wrong, "app"), (&by_token, "app"), (&login, "other")] {
        assert_eq!(call("PUT", path, login, &wanted("REPO_READ", 1)).status, 401, "{login} {path}");
    }
    assert_eq!(call("PUT", "nothing", &login, &wanted("REPO_READ", 1)).status, 404);
    let clone = cloned(&practice, Source::DataCenterOauth, "x-token-auth", &token);
    super::hands::big_commit(&practice, &clone);
    let push = |token: &str| git(&practice, &clone, token, "x-token-auth", &["push", "-q", "origin", "main"]);
    assert!(super::hands::said(&push(&token)).contains("403"), "{}", super::hands::said(&push(&token)));
    let writer = text(&call("PUT", "app", &login, &wanted("REPO_WRITE", 1)).json(), "token");
    assert!(push(&writer).status.success());
    let other = format!("{}/scm/ACME/other.git/info/refs?service=git-upload-pack", practice.data_center.base);
    assert_eq!(practice.client().get(&other, &[("Authorization", &format!("Bearer {writer}"))]).unwrap().status, 403);
    assert_eq!(call("GET", "app", &login, &Value::Null).json()["size"], 2);
    assert_eq!(call("GET", &format!("app/{id}"), &login, &Value::Null).json()["token"], Value::Null);
    assert_eq!(call("DELETE", &format!("app/{id}"), &login, &Value::Null).status, 204);
    assert_eq!(call("DELETE", &format!("app/{id}"), &login, &Value::Null).status, 404);
    let fetched = git(&practice, &clone, &token, "x-token-auth", &["fetch", "-q"]);
    assert!(!fetched.status.success(), "a deleted token is dead");
    practice.data_center.state().limit_http_tokens(1);
    assert_eq!(call("PUT", "app", &login, &wanted("REPO_READ", 1)).status, 400);
    practice.clock.advance(86_401);
    assert!(!push(&writer).status.success(), "a day is over");
}

#[test]
fn every_issuer_of_jobs_has_its_own_keys() {
    let practice = Practice::start(&Options::default());
    let issuers = Issuers::start(&practice);
    let jobs = [Job::Pipelines, Job::Github, Job::Gitlab, Job::Kubernetes];
    let kids = |job: Job| {
        let about = format!("{}/.well-known/openid-configuration", issuers.issuer(job));
        let about = practice.client().get(&about, &[]).unwrap().json();
        assert_eq!(about["issuer"], issuers.issuer(job).as_str());
        let keys = practice.client().get(about["jwks_uri"].as_str().unwrap(), &[]).unwrap().json();
        let keys: Vec<String> = keys["keys"].as_array().unwrap().iter().map(|key| text(key, "kid")).collect();
        keys
    };
    for job in jobs {
        let token = issuers.token(job, PIPELINES_AUDIENCE, |_| {});
        let kid = text(&jwt::header(&token).unwrap(), "kid");
        let signing: Vec<Job> = jobs.into_iter().filter(|job| kids(*job).contains(&kid)).collect();
        assert_eq!((signing, &jwt::claims(&token).unwrap()["aud"]), (vec![job], &json!(PIPELINES_AUDIENCE)));
    }
    issuers.rotate(Job::Gitlab);
    let newer = jwt::header(&issuers.token(Job::Gitlab, "a", |_| {})).unwrap();
    assert_eq!(kids(Job::Gitlab)[1], text(&newer, "kid"));
}

#[test]
fn the_vault_opens_only_what_that_version_wrapped() {
    let practice = Practice::start(&Options::default());
    let vault = KeyVault::start(&practice);
    let token = app_token(&mut practice.entra.state(), WORKLOAD, KEY_VAULT).unwrap();
    let bearer = format!("Bearer {}", text(&token, "access_token"));
    let call = |key: &str, operation: &str, value: &str, bearer: &str| {
        let url = format!("{key}/{operation}?api-version=7.4");
        let headers = [("Authorization", bearer), ("Content-Type", "application/json")];
        let body = json!({"alg": "RSA-OAEP-256", "value": value}).to_string();
        practice.client().send("POST", &url, &headers, body.as_bytes()).unwrap()
    };
    let secret = codec::base64url(b"thirty-two bytes of data key ...");
    let wrapped = call(&vault.key, "wrapkey", &secret, &bearer).json();
    let (kid, value) = (text(&wrapped, "kid"), text(&wrapped, "value"));
    assert_ne!(value, secret);
    assert_eq!(call(&kid, "unwrapkey", &value, &bearer).json()["value"], secret.as_str());
    vault.rotate();
    assert_eq!(call(&vault.key, "unwrapkey", &value, &bearer).status, 400);
    assert_eq!(call(&kid, "unwrapkey", &value, &bearer).status, 200);
    assert_eq!(call(&kid, "unwrapkey", &value, "Bearer guess").status, 401);
    vault.disable_old();
    assert_eq!(call(&kid, "unwrapkey", &value, &bearer).status, 403);
}

#[test]
fn an_authentication_context_is_in_the_token_once_it_was_satisfied() {
    let practice = Practice::start(&Options::default());
    let claims = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
    let url = format!("{}/{}/oauth2/v2.0/devicecode", practice.entra.base, crate::practice::cast::TENANT);
    let client = ("client_id", crate::practice::cast::CLIENT);
    let scope = format!("{BROKER_SCOPE} offline_access");
    let sign_in = |claims: &str| {
        let form = [client, ("scope", scope.as_str()), ("claims", claims)];
        let started = practice.client().post(&url, &form, &[]).unwrap().json();
        practice.entra.approve(&text(&started, "user_code"), BOB).unwrap();
        let code = text(&started, "device_code");
        post(&practice, &[("grant_type", "device_code"), client, ("device_code", &code)]).1
    };
    let refresh = |token: &str, claims: &str| {
        let form = [("grant_type", "refresh_token"), client, ("refresh_token", token), ("scope", &scope)];
        post(&practice, &[form.as_slice(), &[("claims", claims)]].concat())
    };
    let plain = sign_in("{}");
    assert!(jwt::claims(&text(&plain, "access_token")).unwrap()["acrs"].is_null());
    let (status, refused) = refresh(&text(&plain, "refresh_token"), claims);
    assert_eq!((status, &refused["error"], &refused["claims"]), (400, &json!("interaction_required"), &json!(claims)));
    let strong = sign_in(claims);
    assert_eq!(jwt::claims(&text(&strong, "access_token")).unwrap()["acrs"], json!(["c1"]));
    let (status, again) = refresh(&text(&strong, "refresh_token"), claims);
    assert_eq!((status, &jwt::claims(&text(&again, "access_token")).unwrap()["acrs"]), (200, &json!(["c1"])));
}

fn scopes(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
