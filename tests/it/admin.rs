//! `setup --admin`: what it tells to enter, and files that our own commands accept.

use crate::desk::{Desk, said, stderr, stdout};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Output;

const BROKER: [&str; 11] = [
    "setup",
    "--admin",
    "contoso.example",
    "--tenant",
    "contoso.example",
    "--host",
    "https://bitbucket.org",
    "--source",
    "exchange",
    "--scope",
    "api://bitbucket-broker/token.issue",
];
const ENDPOINT: [&str; 2] = ["--token-endpoint", "https://sso.contoso.example/oauth2/token"];
const CLIENT: [&str; 2] = ["--client-id", "11111111-2222-4333-8444-555555555555"];

#[test]
fn the_files_are_what_setup_and_validate_take() {
    let desk = Desk::bare(Path::new("/dev/null"));
    let out = desk.path("out");
    let told = run(&desk, &[&BROKER[..], &ENDPOINT]);
    assert!(told.status.success(), "{}", said(&told));
    for line in [
        "platform: Mobile and desktop applications",
        "redirect URI: http://localhost (without a port: any port is accepted)",
        "Allow public client flows: Yes",
        "granted for everybody: api://bitbucket-broker/token.issue",
        "Assignment required: Yes",
        "az ad sp show --id api://bitbucket-broker --query",
    ] {
        assert!(stdout(&told).contains(line), "{line}: {}", said(&told));
    }
    let early = run(&desk, &[&BROKER[..], &ENDPOINT, &["--out", out.to_str().unwrap()]]);
    assert!(early.status.code() == Some(2) && stderr(&early).contains("[admin-incomplete]"), "{}", said(&early));

    let all = [&BROKER[..], &ENDPOINT, &CLIENT, &["--out", out.to_str().unwrap()]].concat();
    let dry = run(&desk, &[&all[..], &["--dry-run"]]);
    assert!(stdout(&dry).contains("would write") && !out.exists(), "{}", said(&dry));
    let written = run(&desk, &[&all[..]]);
    assert!(written.status.success(), "{}", said(&written));
    for name in ["organisation.toml", "policy.d/50-organisation.toml"] {
        let valid = desk.helper().args(["config", "validate"]).arg(out.join(name)).output().unwrap();
        assert!(valid.status.success(), "{}", said(&valid));
    }
    for name in ["organisation.toml", "git-credential-bitbucket-sso.json"] {
        let offered = desk.helper().args(["setup", "--dry-run", "--from"]).arg(out.join(name)).output().unwrap();
        assert!(stdout(&offered).contains("tenant     contoso.example"), "{}", said(&offered));
    }
    let message = fs::read_to_string(out.join("message.txt")).unwrap();
    assert!(message.lines().count() == 3 && message.contains("setup contoso.example"), "{message}");
    let app: Value = serde_json::from_slice(&fs::read(out.join("entra-application.json")).unwrap()).unwrap();
    assert_eq!(
        (&app["isFallbackPublicClient"], &app["publicClient"]["redirectUris"][0]),
        (&true.into(), &"http://localhost".into())
    );

    let again = run(&desk, &[&all[..]]);
    assert!(stdout(&again).matches("already there").count() == 5, "{}", said(&again));
    fs::write(out.join("message.txt"), "mine").unwrap();
    fs::remove_file(out.join("organisation.toml")).unwrap();
    let differs = run(&desk, &[&all[..]]);
    assert!(
        differs.status.code() == Some(3) && stderr(&differs).contains("[admin-file-differs]"),
        "{}",
        said(&differs)
    );
    assert!(!out.join("organisation.toml").exists(), "nothing is written where one file differs");
}

#[test]
fn a_secret_is_never_in_a_file_and_its_place_is_in_policy_only() {
    let desk = Desk::bare(Path::new("/dev/null"));
    desk.write_config(
        "[entra]\ntenant = \"contoso.example\"\nclient_id = \"11111111-2222-4333-8444-555555555555\"\n\n[[host]]\n\
         url = \"https://bitbucket.org\"\nsource = \"cloud-oauth\"\nclient_id = \"key\"\nclient_secret = \"canary-1f\"\n",
    );
    let out = desk.path("out");
    let written = run(&desk, &[&["setup", "--admin", "--out", out.to_str().unwrap()][..]]);
    assert!(written.status.success(), "{}", said(&written));
    assert!(stdout(&written).contains("callback URL: http://127.0.0.1/callback"), "{}", said(&written));
    assert!(!said(&written).contains("canary-1f") && !out.join("organisation.toml").exists());
    for file in crate::tester::files(&out) {
        assert!(!fs::read_to_string(&file).unwrap().contains("canary-1f"), "{}", file.display());
    }
    let policy = out.join("policy.d/50-organisation.toml");
    assert!(fs::read_to_string(&policy).unwrap().contains("client_secret_file"));
    let valid = desk.helper().args(["config", "validate"]).arg(&policy).output().unwrap();
    assert!(valid.status.success(), "{}", said(&valid));

    let link = [
        "setup",
        "--admin",
        "--tenant",
        "t.example",
        "--host",
        "https://git.example.com/b",
        "--source",
        "datacenter-oauth",
        "--json",
    ];
    let json: Value = serde_json::from_slice(&run(&desk, &[&link[..]]).stdout).unwrap();
    assert_eq!(json["hosts"][0]["callback"], "http://localhost:34107/callback", "{json:#}");
}

fn run(desk: &Desk, arguments: &[&[&str]]) -> Output {
    desk.helper().args(arguments.concat()).output().unwrap()
}
