//! `setup DOMAIN` against a real server, signatures by real `ssh-keygen`, and the daily look of `login`.

use crate::desk::{Desk, HELPER, said, stderr, stdout};
use crate::practice::http::{Door, Reply, Response, Server};
use crate::practice::tls::{Authority, Leaf};
use crate::pty::at_terminal;
use crate::refusals_policy::Etc;
use bitbucket_sso::basis::digest;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

#[test]
fn a_domain_is_set_up_and_looked_at_again_once_a_day() {
    let (site, desk) = Site::with(&document("acme.com", "auto"));
    let sum = digest::of(document("acme.com", "auto").as_bytes());
    let output = desk.helper().args(["setup", &site.domain, "--yes", "--sha256", &sum]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(site.asked(), ["200"]);

    assert_eq!(login(&desk, 0).status.code(), Some(6), "nobody is at the authority");
    assert_eq!(site.asked(), [""; 0], "not twice a day");
    login(&desk, 2 * DAY);
    assert_eq!(site.asked(), ["304"], "the same version is not sent again");

    site.says(&document("acme.com", "browser"));
    let told = stderr(&login(&desk, 4 * DAY));
    assert!(told.contains("is new: entra.flow: \"auto\" here, \"browser\" there"), "{told}");
    assert_eq!(site.asked(), ["200"]);
    assert!(user_file(&desk).contains("flow = \"browser\""));

    drop(site);
    assert_eq!(login(&desk, 6 * DAY).status.code(), Some(6), "the sign-in's own failure, not the look's");
    let status = stdout(&desk.helper().arg("status").output().unwrap());
    assert!(status.contains("could not be looked at again at "), "{status}");
    assert!(user_file(&desk).contains("flow = \"browser\""));
}

#[test]
fn a_new_tenant_waits_for_a_person() {
    let (site, desk) = Site::with(&document("acme.com", "auto"));
    let sum = digest::of(document("acme.com", "auto").as_bytes());
    assert!(desk.helper().args(["setup", &site.domain, "--yes", "--sha256", &sum]).status().unwrap().success());
    let before = user_file(&desk);
    site.says(&document("evil.example", "browser"));
    login(&desk, 2 * DAY);
    assert_eq!(user_file(&desk), before, "nobody agreed");
    let waits = "waits for your yes at the next `login` in a terminal: entra.flow: ";
    let status = stdout(&desk.helper().arg("status").output().unwrap());
    assert!(
        status.contains(waits) && status.contains("entra.tenant: \"acme.com\" here, \"evil.example\" there"),
        "{status}"
    );
    let doctor = stdout(&desk.helper().args(["doctor", "--offline", "--json"]).output().unwrap());
    assert!(doctor.contains("waits for your yes"), "{doctor}");

    let question = "sign in with this tenant from now on? [y/N] ";
    let (_, screen) = at_terminal(&desk, &format!("{HELPER} login"), question, "n\n");
    assert!(screen.contains("tenant     evil.example") && screen.contains("changed    entra.tenant"), "{screen}");
    assert_eq!(user_file(&desk), before);
    let status = stdout(&desk.helper().arg("status").output().unwrap());
    assert!(status.contains("was declined: "), "{status}");
    site.asked();
    let told = stderr(&login(&desk, 4 * DAY));
    assert_eq!(
        (site.asked(), told.contains("sign in with")),
        (vec!["304".to_owned()], false),
        "a no is not asked again"
    );

    site.says(&document("new.example", "auto"));
    login(&desk, 6 * DAY);
    let (_, screen) = at_terminal(&desk, &format!("{HELPER} login"), question, "y\n");
    assert!(screen.contains("new.example"), "{screen}");
    assert!(user_file(&desk).contains("tenant = \"new.example\""));
    assert!(!stdout(&desk.helper().arg("status").output().unwrap()).contains("waits"));
}

#[test]
fn get_never_looks() {
    let (site, desk) = Site::with(&document("acme.com", "auto"));
    let sum = digest::of(document("acme.com", "auto").as_bytes());
    assert!(desk.helper().args(["setup", &site.domain, "--yes", "--sha256", &sum]).status().unwrap().success());
    site.asked();
    let request = b"protocol=https\nhost=bitbucket.org\n\n";
    crate::desk::feed(desk.helper_at(3 * DAY).arg("get"), request);
    desk.helper_at(3 * DAY).arg("status").output().unwrap();
    assert_eq!(site.asked(), [""; 0]);
}

#[test]
fn unattended_a_signature_by_a_key_of_policy_is_enough() {
    let Some(etc) = Etc::new() else { return };
    let desk = Desk::bare(Path::new("/dev/null"));
    let (key, stranger) = (made(&desk, "key"), made(&desk, "stranger"));
    etc.write("policy.d/10.toml", &format!("[fleet]\nsigners = [\"{key}\"]\n"), 0o644);
    let file = desk.path("sso.json");
    std::fs::write(&file, document("acme.com", "auto")).unwrap();
    let from = file.to_str().unwrap();
    let setup = || etc.run(&desk, &["setup", "--from", from, "--yes"]);
    let refused = |id: &str, code: i32| {
        let output = setup();
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        assert!(stderr(&output).contains(id), "{}", said(&output));
    };
    refused("[bootstrap-digest-needed]", 2);
    sign(&desk, "stranger", "git-credential-bitbucket-sso");
    refused("[bootstrap-signature]", 3);
    sign(&desk, "key", "file");
    refused("[bootstrap-signature]", 3);
    sign(&desk, "key", "git-credential-bitbucket-sso");
    std::fs::write(&file, document("evil.example", "auto")).unwrap();
    refused("[bootstrap-signature]", 3);
    assert!(!desk.home().join(".config/bitbucket-sso/config.toml").exists());
    std::fs::write(&file, document("acme.com", "auto")).unwrap();
    let output = setup();
    assert!(output.status.success(), "{}", said(&output));
    assert!(user_file(&desk).contains("tenant = \"acme.com\""));
    let shown = stdout(&etc.run(&desk, &["setup", "--from", from, "--dry-run"]));
    assert!(shown.contains("  signed by  key@acme.com\n"), "{shown}");
    assert!(!key.is_empty() && !stranger.is_empty());
    etc.write("policy.d/10.toml", "", 0o644);
    refused("[bootstrap-digest-needed]", 2);
}

/// A site with one document at the well-known address.
struct Site {
    domain: String,
    document: Arc<Mutex<String>>,
    answers: Arc<Mutex<Vec<String>>>,
    _server: Server,
}

impl Site {
    fn with(document: &str) -> (Self, Desk) {
        let dir = tempfile::tempdir().unwrap().keep();
        let authority = Authority::new(&dir);
        let desk = Desk::bare(authority.file());
        let trust = format!("[http]\n\tsslCAInfo = {}\n", authority.file().display());
        std::fs::write(desk.home().join(".gitconfig"), trust).unwrap();
        let door = Door::new();
        let domain = door.https().replace("https://", "");
        let (said, answers) = (Arc::new(Mutex::new(document.to_owned())), Arc::new(Mutex::new(Vec::new())));
        let (text, log) = (Arc::clone(&said), Arc::clone(&answers));
        let server = door.serve(
            Some(authority.server(Leaf::Good, &[])),
            Arc::new(move |request| {
                let text = text.lock().unwrap().clone();
                let etag = format!("\"{}\"", &digest::of(text.as_bytes())[..8]);
                let response = match (request.path.as_str(), request.header("if-none-match")) {
                    ("/.well-known/git-credential-bitbucket-sso.json", Some(known)) if known == etag => {
                        Response::new(304, "text/plain", "")
                    }
                    ("/.well-known/git-credential-bitbucket-sso.json", _) => {
                        Response::new(200, "application/json", text).with("ETag", &etag)
                    }
                    _ => Response::text(404, "nothing here"),
                };
                log.lock().unwrap().push(response.status.to_string());
                Reply::Answer(response)
            }),
        );
        (Self { domain, document: said, answers, _server: server }, desk)
    }

    fn says(&self, document: &str) {
        document.clone_into(&mut self.document.lock().unwrap());
    }

    /// What was answered since the last question.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.answers.lock().unwrap())
    }
}

fn login(desk: &Desk, later: i64) -> Output {
    let mut command = desk.command("setsid");
    let helper = desk.helper_at(later);
    command.envs(helper.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.args(["--wait", HELPER, "login"]).output().unwrap()
}

fn user_file(desk: &Desk) -> String {
    std::fs::read_to_string(desk.home().join(".config/bitbucket-sso/config.toml")).unwrap()
}

/// A key of that name; its public line.
fn made(desk: &Desk, name: &str) -> String {
    let file = desk.path(name);
    let comment = format!("{name}@acme.com");
    let made =
        Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", &comment, "-f"]).arg(&file).status();
    assert!(made.unwrap().success());
    std::fs::read_to_string(desk.path(&format!("{name}.pub"))).unwrap().trim().to_owned()
}

/// As docs/fleet.md says.
fn sign(desk: &Desk, key: &str, namespace: &str) {
    _ = std::fs::remove_file(desk.path("sso.json.sig"));
    let mut keygen = Command::new("ssh-keygen");
    keygen.args(["-q", "-Y", "sign", "-n", namespace, "-f"]).arg(desk.path(key)).arg(desk.path("sso.json"));
    assert!(keygen.status().unwrap().success());
}

fn document(tenant: &str, flow: &str) -> String {
    serde_json::json!({
        "entra": {
            "tenant": tenant, "client_id": "11111111-2222-4333-8444-555555555555", "flow": flow,
            "authority": "http://127.0.0.1:9",
        },
        "host": [{ "url": "https://bitbucket.org", "source": "entra", "scope": "api://git-proxy/.default" }],
    })
    .to_string()
}

const DAY: i64 = 24 * 3600;
