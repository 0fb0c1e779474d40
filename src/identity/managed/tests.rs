use super::*;
use crate::basis::clock::{Clock, Timestamp};
use crate::basis::secret::SecretBytes;
use crate::config::settings::{Identity, Profile};
use crate::net::Http;
use std::cell::RefCell;
use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

const TOKEN: &str = r#"{"access_token":"canary-at","expires_on":"1790003600","refresh_token":""}"#;

/// Time passes only by sleeping.
#[derive(Default)]
struct Slept(Mutex<Vec<u64>>);

#[expect(clippy::disallowed_methods, reason = "a clock for tests")]
impl Clock for Slept {
    fn now(&self) -> Timestamp {
        Timestamp(1_790_000_000)
    }
    fn steady(&self) -> Instant {
        Instant::now()
    }
    fn sleep(&self, duration: Duration) {
        self.0.lock().unwrap().push(duration.as_secs());
    }
    fn zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::UTC
    }
}

/// URL and headers of a call.
type Sent = (String, Vec<(&'static str, String)>);

/// Answers from a list, the last one again and again.
struct Script {
    answers: RefCell<Vec<Reply>>,
    sent: RefCell<Vec<Sent>>,
}

impl Http for Script {
    fn send(&self, call: &Call) -> Result<Reply, NetError> {
        assert!(!call.repeatable && call.way != Way::Usual, "past every proxy, by this room's own rules");
        let text = |value: &SecretBytes| String::from_utf8(value.expose().to_vec()).unwrap();
        let headers = call.headers.iter().map(|(name, value)| (*name, text(value))).collect();
        self.sent.borrow_mut().push((call.url.clone(), headers));
        let mut answers = self.answers.borrow_mut();
        Ok(if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() })
    }
}

fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Reply { status, headers, body: SecretBytes::new(body.into()) }
}

fn profile() -> Profile {
    let sources = crate::config::Sources {
        places: crate::config::Places::of(&Env::fixed([("HOME", "/nowhere-at-all")])),
        env: Env::fixed([("BITBUCKET_SSO_TENANT", "contoso.example"), ("BITBUCKET_SSO_IDENTITY", "auto")]),
        flags: Vec::new(),
    };
    let loaded = crate::config::load(&sources).unwrap_or_else(|error| panic!("{error}"));
    let profile = loaded.settings.profiles.into_iter().next().unwrap();
    assert_eq!(profile.identity, Identity::Auto);
    profile
}

/// How it ended, how long was slept, and what was sent.
struct Asked {
    ended: Result<Shown, IdentityError>,
    slept: Vec<u64>,
    sent: Vec<Sent>,
}

fn asked(platform: Platform, env: &[(&str, &str)], root: &Path, answers: Vec<Reply>) -> Asked {
    let (clock, env, profile) = (Slept::default(), Env::fixed(env.iter().copied()), profile());
    let http = Script { answers: RefCell::new(answers), sent: RefCell::default() };
    let scope = "api://broker/token.issue";
    let here = Here { http: &http, clock: &clock, env: &env, root, profile: &profile, scope };
    let ended = token(&here, platform);
    Asked { ended, slept: clock.0.into_inner().unwrap(), sent: http.sent.into_inner() }
}

fn imds(answers: Vec<Reply>) -> Asked {
    asked(Platform::Imds, &[], Path::new("/"), answers)
}

#[test]
fn the_metadata_service_is_asked_as_it_wants() {
    let Asked { ended, slept, sent } = imds(vec![reply(200, &[], TOKEN)]);
    let Ok(Shown::Token { token, expires, .. }) = ended else { panic!("{ended:?}") };
    assert_eq!((token.expose(), expires), ("canary-at", Timestamp(1_790_003_600)));
    let url =
        "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=api%3A%2F%2Fbroker";
    assert_eq!(sent, [(url.to_owned(), vec![("Metadata", "true".to_owned())])]);
    assert!(slept.is_empty());
}

#[test]
fn a_service_that_is_being_updated_is_waited_for() {
    for (status, pauses) in
        [(404, vec![1, 2, 4]), (410, vec![10; 7]), (429, vec![1, 2, 4]), (500, vec![1, 2, 4]), (503, vec![1, 2, 4])]
    {
        let Asked { ended, slept, sent } = imds(vec![reply(status, &[], "{}")]);
        assert!(matches!(ended, Err(IdentityError::Busy { status: told, .. }) if told == status), "{ended:?}");
        assert_eq!((slept.clone(), sent.len()), (pauses.clone(), pauses.len() + 1), "{status}");
        let once = imds(vec![reply(status, &[], "{}"), reply(200, &[], TOKEN)]);
        assert!(once.ended.is_ok() && once.sent.len() == 2, "{status}");
    }
}

#[test]
fn who_asks_to_wait_is_waited_for_or_told() {
    let patient = imds(vec![reply(429, &[("retry-after", "6")], ""), reply(200, &[], TOKEN)]);
    assert!(patient.ended.is_ok());
    assert_eq!(patient.slept, [6]);
    let long = imds(vec![reply(429, &[("retry-after", "60")], "")]);
    assert!(matches!(long.ended, Err(IdentityError::Busy { after: Some(_), .. })) && long.slept.is_empty());
}

#[test]
fn what_waiting_cannot_help_is_told_at_once() {
    for status in [400, 401, 403, 502, 504] {
        let Asked { ended, slept, sent } = imds(vec![reply(status, &[], r#"{"error":"invalid_resource"}"#)]);
        assert!(ended.is_err() && slept.is_empty() && sent.len() == 1, "{status}");
    }
    let fabric = [
        ("IDENTITY_ENDPOINT", "https://localhost:2377/token"),
        ("IDENTITY_HEADER", "h"),
        ("IDENTITY_SERVER_THUMBPRINT", "00112233445566778899AABBCCDDEEFF00112233"),
    ];
    let code = r#"{"error":{"code":"ManagedIdentityNotFound","message":"none"}}"#;
    let none = asked(Platform::ServiceFabric, &fabric, Path::new("/"), vec![reply(404, &[], code)]);
    assert!(matches!(none.ended, Err(IdentityError::NotAssigned { .. })) && none.sent.len() == 1, "no 404 retry");
}

#[cfg(unix)]
/// An answer of Azure Arc that names this file, then the token.
fn arc(root: &Path, realm: &str) -> Asked {
    let challenge = reply(401, &[("www-authenticate", &format!("Basic realm={realm}"))], "");
    asked(Platform::Arc, &[], root, vec![challenge, reply(200, &[], TOKEN)])
}

#[cfg(unix)]
#[test]
fn the_challenge_of_azure_arc_is_answered_from_its_own_directory_only() {
    let root = tempfile::tempdir().unwrap();
    let tokens = root.path().join("var/opt/azcmagent/tokens");
    std::fs::create_dir_all(tokens.join("deeper")).unwrap();
    let write = |name: &str, text: &str| {
        std::fs::write(tokens.join(name), text).unwrap();
        tokens.join(name).display().to_string()
    };
    let right = arc(root.path(), &write("a.key", "the-key\n"));
    assert!(right.ended.is_ok(), "{:?}", right.ended);
    assert!(
        right.sent[0].0.starts_with("http://localhost:40342/metadata/identity/oauth2/token?api-version=2020-06-01")
    );
    assert!(right.sent[1].1.contains(&("Authorization", "Basic the-key".to_owned())));
    assert!(arc(root.path(), &write("full.key", &"k".repeat(4096))).ended.is_ok());
    let outside = root.path().join("b.key");
    std::fs::write(&outside, "secret").unwrap();
    std::os::unix::fs::symlink(&outside, tokens.join("link.key")).unwrap();
    let tokens = tokens.display().to_string();
    for (realm, why) in [
        (write("large.key", &"k".repeat(4097)), "larger than 4096"),
        (write("a.txt", "k"), "no .key file"),
        (outside.display().to_string(), "outside the agent's directory"),
        (format!("{tokens}/../tokens/a.key"), "outside the agent's directory"),
        (format!("{tokens}/deeper/a.key"), "outside the agent's directory"),
        (format!("{tokens}/link.key"), "no regular file"),
        (format!("{tokens}/missing.key"), "cannot be read"),
        (String::new(), "names no file"),
    ] {
        let Asked { ended, sent, .. } = arc(root.path(), &realm);
        let told = ended.unwrap_err().to_string();
        assert!(told.contains(why) && sent.len() == 1, "{realm}: {told}");
    }
}

#[test]
fn the_first_service_that_the_variables_name_is_it() {
    let all = ["IDENTITY_SERVER_THUMBPRINT", "IDENTITY_HEADER", "MSI_SECRET", "IMDS_ENDPOINT", "IDENTITY_ENDPOINT"];
    let of = |names: &[&str]| {
        let env = Env::fixed(names.iter().map(|name| (*name, "x")));
        crate::identity::detect(&env, Path::new("/nowhere-at-all"), &profile()).map(|found| found.means)
    };
    let managed = |platform| Some(crate::identity::Means::Managed(platform));
    assert_eq!(of(&[&all[..], &["MSI_ENDPOINT"]].concat()).ok(), managed(Platform::ServiceFabric));
    assert_eq!(of(&["IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT"]).ok(), managed(Platform::AppService));
    assert_eq!(of(&["MSI_ENDPOINT", "MSI_SECRET", "IDENTITY_ENDPOINT"]).ok(), managed(Platform::AzureMl));
    assert_eq!(of(&["IDENTITY_ENDPOINT", "IMDS_ENDPOINT", "MSI_ENDPOINT"]).ok(), managed(Platform::Arc));
    assert_eq!(of(&["MSI_ENDPOINT"]).ok(), managed(Platform::CloudShell));
    assert_eq!(of(&[]).ok(), managed(Platform::Imds));
    assert_eq!(of(&["AZURE_FEDERATED_TOKEN_FILE", "MSI_ENDPOINT"]).ok(), Some(crate::identity::Means::Workload));
    assert!(matches!(of(&["IDENTITY_ENDPOINT"]), Err(IdentityError::HalfSet { .. })));
}
