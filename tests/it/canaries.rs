//! Secrets in everything that is read, and none of them in anything that is printed.

use crate::desk::{Desk, said};
use crate::practice::browser::Choice;
use crate::practice::cast::ALICE;
use crate::practice::weather::Trouble;
use crate::practice::{Options, Practice, Source};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

#[test]
fn secrets_in_every_input_stay_there() {
    let practice = Practice::start(&Options::default());
    let cloud = practice.config_toml(Source::CloudOauth);
    let secret = cloud.lines().find(|line| line.starts_with("client_secret")).unwrap();
    let named = cloud.replace(secret, &format!("client_secret = \"{CANARY}\""));
    let broken = format!("[entra]\ntenant = {CANARY} y\n");
    let unknown = named.replace("client_secret =", "client_secert =");
    let address = named.replace("https://", &format!("https://me:{CANARY}@"));
    let plain = named.replace(CANARY, &format!("{CANARY}\\u0007"));
    for config in [named, broken, unknown, address, plain] {
        let desk = Desk::configured(&practice, &config);
        plant(&desk);
        for arguments in SAID {
            let mut command = desk.helper();
            let output = surround(&mut command).args(*arguments).output().unwrap();
            assert!(!said(&output).contains(CANARY), "{config}\n{arguments:?}: {}", said(&output));
        }
    }
}

/// The same with a session, a grant and tokens in the store, and answers of servers that quote them.
#[test]
fn what_is_kept_and_what_servers_say_is_never_printed() {
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(&practice, Source::CloudOauth).person(Choice::sign_in(ALICE));
    let login = desk.helper().arg("login").output().unwrap();
    assert!(login.status.success(), "{}", said(&login));
    let mut all = said(&login);
    let body = format!("{{\"error\":\"{CANARY}\",\"access_token\":\"{CANARY}\"}}");
    for round in 0..2 {
        if round == 1 {
            practice.entra.weather.always("configuration", Trouble::Json(400, body.clone()));
            practice.cloud.weather.always("", Trouble::Json(500, body.clone()));
        }
        for arguments in SAID {
            let mut command = desk.helper();
            let output = command.args(*arguments).output().unwrap();
            assert!(!said(&output).contains("access_token"), "{arguments:?}: {}", said(&output));
            all.push_str(&said(&output));
        }
    }
    assert!(practice.journal.secrets().len() > 5, "the practice knows what to look for");
    assert!(all.contains(ALICE), "they did say something");
    assert_eq!(practice.journal.leaks(&all), [""; 0]);
}

/// Everything in a home that programs keep passwords in.
fn plant(desk: &Desk) {
    _ = desk.helper().arg("setup").output().unwrap();
    let mut text = fs::read_to_string(desk.home().join(".gitconfig")).unwrap_or_default();
    let planted = format!(
        "[credential]\n\thelper = \"!f() {{ echo password={CANARY}; }}; f\"\n[http]\n\tproxy = \
         http://me:{CANARY}@127.0.0.1:9\n\textraHeader = \"Authorization: Bearer {CANARY}\"\n[url \
         \"https://me:{CANARY}@localhost/\"]\n\tinsteadOf = x:\n[credential \"https://me:{CANARY}@localhost\"]\n\thelper = store\n"
    );
    text.push_str(&planted);
    fs::write(desk.home().join(".gitconfig"), text).unwrap();
    fs::write(desk.home().join(".netrc"), format!("machine localhost login me password {CANARY}\n")).unwrap();
    fs::write(desk.home().join(".git-credentials"), format!("https://me:{CANARY}@localhost\n")).unwrap();
    let private = |path: &std::path::Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    for folder in ["vault", "hot", "accounts", "locks"] {
        let folder = desk.state().join(folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("session-x"), CANARY).unwrap();
        private(&folder, 0o700);
    }
    private(&desk.state(), 0o700);
    let line = format!("{{\"prev\":\"{CANARY}\",\"access_token\":\"{CANARY}\",\"event\":\"mint\"}}\n");
    fs::write(desk.state().join("audit.jsonl"), line).unwrap();
    private(&desk.state().join("audit.jsonl"), 0o600);
}

fn surround(command: &mut Command) -> &mut Command {
    for name in ["HTTPS_PROXY", "ALL_PROXY"] {
        command.env(name, format!("http://me:{CANARY}@127.0.0.1:9"));
    }
    for name in [
        "BITBUCKET_SSO_CLIENT_SECRET",
        "BITBUCKET_SSO_HOST_CLIENT_SECRET",
        "BITBUCKET_SSO_NONSENSE",
        "BROWSER",
        "NO_PROXY",
        "SSH_CONNECTION",
        "GIT_ASKPASS",
        "AZURE_CLIENT_SECRET",
    ] {
        command.env(name, CANARY);
    }
    command
}

const SAID: &[&[&str]] = &[
    &["doctor"],
    &["doctor", "--json"],
    &["doctor", "--json", "--fix", "--offline"],
    &["status"],
    &["status", "--json"],
    &["whoami", "--json"],
    &["audit", "show"],
    &["audit", "show", "--json"],
    &["audit", "verify"],
    &["audit", "export", "--format", "csv"],
    &["audit", "export", "--format", "ocsf"],
    &["config", "show"],
    &["config", "show", "--json"],
    &["explain", "tls"],
    &["logout"],
];
const CANARY: &str = "canary-4711";
