//! Bitbucket, broker and proxy: tokens by hand, git for real.

use super::hands::{
    big_commit, cloned, cloud_authorize, cloud_refresh, cloud_request, cloud_sign_in, data_center_refresh,
    data_center_sign_in, delivered, git, said, text,
};
use super::{ALICE, BROKER_SCOPE, Options, Practice, Value, access_token, codec};
use crate::practice::Source;
use crate::practice::bitbucket::{Pkce, Refusal, Shape};
use crate::practice::cast::PROXY_SCOPE;
use crate::practice::journal::Entry;
use crate::practice::weather::Trouble;
use std::path::Path;

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
    assert_eq!(practice.repos.head("acme", "app", "main"), String::from_utf8(local.stdout).unwrap().trim());
}

#[test]
fn the_cloud_refuses_what_it_should() {
    let practice = Practice::start(&Options::default());
    let token = text(&cloud_sign_in(&practice), "access_token");
    let url = format!("{}/acme/app.git/info/refs?service=git-upload-pack", practice.cloud.base);
    let ask = |user: &str, password: &str| {
        let basic = format!("Basic {}", codec::base64(format!("{user}:{password}").as_bytes()));
        practice.client().get(&url, &[("Authorization", &basic)]).unwrap()
    };
    let nobody = practice.client().get(&url, &[]).unwrap();
    assert_eq!(nobody.header("www-authenticate"), Some("Basic realm=\"Bitbucket.org HTTP\""));
    assert_eq!((nobody.status, ask("x-token-auth", "guess").status, ask(ALICE, &token).status), (401, 401, 401));
    assert_eq!((ask("x-token-auth", &token).status, ask("alice", &token).status), (200, 200));
    practice.cloud.state().book.refusals.insert("acme/app".into(), Refusal::NoAccess);
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
    let url = format!("{}/scm/ACME/app.git/info/refs?service=git-upload-pack", practice.data_center.base);
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
    let url = practice.clone_url(Source::Entra, "acme", "app");
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
        let url = format!("{}/acme/app.git/info/lfs/objects/batch", practice.cloud.base);
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

/// Needs git-lfs; a machine without it has proved the protocol in the test above.
#[test]
fn the_real_large_file_client_uploads_and_downloads() {
    let practice = Practice::start(&Options::default());
    let token = text(&cloud_sign_in(&practice), "access_token");
    let lfs = |dir: &Path, arguments: &[&str]| git(&practice, dir, &token, "x-token-auth", arguments);
    if !lfs(&practice.dir(), &["lfs", "version"]).status.success() {
        return;
    }
    let dir = cloned(&practice, Source::CloudOauth, "x-token-auth", &token);
    let content = codec::random(1 << 20);
    for arguments in [["lfs", "install", "--local"].as_slice(), &["lfs", "track", "*.bin"]] {
        assert!(lfs(&dir, arguments).status.success());
    }
    std::fs::write(dir.join("large.bin"), &content).unwrap();
    for arguments in [["add", "."].as_slice(), &["commit", "-q", "-m", "Add"], &["push", "-q", "origin", "main"]] {
        let done = lfs(&dir, arguments);
        assert!(done.status.success(), "{}", said(&done));
    }
    std::fs::remove_dir_all(dir.join(".git/lfs/objects")).unwrap();
    let pulled = lfs(&dir, &["lfs", "fetch"]);
    assert!(pulled.status.success(), "{}", said(&pulled));
    let moved = |method: &str| {
        let moved = |entry: &Entry| entry.path.contains("/lfs/objects/") && entry.status == 200;
        practice.journal.count(|entry| moved(entry) && entry.method == method)
    };
    assert_eq!((moved("PUT"), moved("GET")), (1, 1));
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
