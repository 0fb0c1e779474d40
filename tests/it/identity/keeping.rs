//! What workloads keep, and where; who may read it; and what is told of them.

use super::{Machine, SUBJECT, step};
use crate::desk::{feed, said, stderr, stdout};
use crate::practice::Source;
use crate::practice::cast::WORKLOAD;
use std::path::{Path, PathBuf};
use std::process::Output;

#[test]
fn two_hundred_at_once_make_one_token_request() {
    let machine = Machine::with("managed-identity", "", Source::Exchange).on("imds");
    let outputs: Vec<Output> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..200).map(|_| scope.spawn(|| machine.get(Source::Exchange))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    for output in &outputs {
        assert_eq!(stdout(output), stdout(&outputs[0]), "{}", said(output));
    }
    assert!(stdout(&outputs[0]).contains("password="), "{}", said(&outputs[0]));
    assert_eq!(machine.asked(), [1, 0, 1]);
}

#[test]
fn another_job_of_the_same_user_has_its_own_token() {
    let mut machine = step("auto");
    assert!(machine.get(Source::Exchange).status.success());
    assert!(machine.get(Source::Exchange).status.success());
    assert_eq!(machine.asked(), [0, 0, 1]);
    let token = machine.job_token("ari:cloud:bitbucket::workspace/7c0e");
    machine.variables.push(("BITBUCKET_STEP_OIDC_TOKEN", token));
    assert!(machine.get(Source::Exchange).status.success());
    assert_eq!(machine.asked(), [0, 0, 2]);
}

#[test]
fn nothing_of_a_workload_lies_outside_memory_or_in_the_clear() {
    let machine = Machine::with("managed-identity", "", Source::Exchange).on("imds");
    machine.works(Source::Exchange);
    for place in [machine.desk.home(), machine.memory.path().to_owned()] {
        let mut files = Vec::new();
        walk(&place, &mut files);
        for file in files {
            let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
            let leaked = machine.practice.journal.leaks(&text);
            assert!(leaked.is_empty(), "{}: {leaked:?}", file.display());
        }
    }
    assert!(!machine.desk.state().join("hot").exists(), "no file is sealed with a kernel key");
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => walk(&entry.path(), found),
            kind if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
}

#[test]
fn status_doctor_and_trail_know_the_workload() {
    let machine = Machine::with("auto", "", Source::Exchange).on("github");
    assert!(machine.get(Source::Exchange).status.success());
    let status = stdout(&machine.helper(&["status"]));
    for part in [
        "workload: github-actions (GitHub Actions): ACTIONS_ID_TOKEN_REQUEST_URL is set",
        "its token says: iss https://localhost",
        &format!("app {WORKLOAD}"),
        "kept in sealed files in memory",
    ] {
        assert!(status.contains(part), "{part}: {status}");
    }
    let trail = stdout(&machine.helper(&["audit", "show", "--json"]));
    assert!(trail.contains("ACTIONS_ID_TOKEN_REQUEST_URL is set") && trail.contains(WORKLOAD), "{trail}");
    let doctor = machine.helper(&["doctor", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&doctor.stdout).unwrap();
    let of = |check: &str| report["findings"].as_array().unwrap().iter().find(|one| one["check"] == check).cloned();
    let statement = of("statement").unwrap();
    assert_eq!((&statement["severity"], &statement["evidence"]["sub"]), (&"ok".into(), &SUBJECT.into()), "{report}");
    assert_eq!(of("identity-token").unwrap()["evidence"]["app"], WORKLOAD);
    machine.platform.knobs().subject = "repo:acme/app:pull_request".into();
    let doctor = machine.helper(&["doctor"]);
    let text = stdout(&doctor);
    assert!(text.contains("[federated-credential]") && text.contains("sub repo:acme/app:pull_request"), "{text}");
    assert!(text.contains("No matching") || text.contains("must say the same"), "{text}");
    for text in [&status, &trail, &text] {
        assert!(machine.practice.journal.leaks(text).is_empty(), "{text}");
    }
}

#[test]
fn without_memory_each_call_shows_the_identity_again_and_status_says_so() {
    // A runtime directory on a disk, and a private file system over /dev/shm.
    let machine = Machine::with("managed-identity", "", Source::Exchange).on("imds");
    let shell = |command: &str| {
        let script = format!("mount --bind {} /dev/shm && exec {command}", machine.desk.home().display());
        let mut command = machine.run(machine.desk.command("unshare"));
        command.env("XDG_RUNTIME_DIR", machine.desk.home());
        command.args(["--map-root-user", "--mount", "sh", "-c", &script]);
        command
    };
    let host = machine.practice.url(Source::Exchange).split("://").nth(1).unwrap().to_owned();
    let helper = crate::desk::HELPER;
    for asked in 1..=2 {
        let request = format!("protocol=https\nhost={host}\n\n");
        let output = feed(&mut shell(&format!("{helper} get")), request.as_bytes());
        assert!(stdout(&output).contains("password="), "{}", said(&output));
        assert_eq!(machine.asked()[0], asked);
    }
    let status = shell(&format!("{helper} status")).output().unwrap();
    assert!(stdout(&status).contains("kept nowhere; each command shows the identity again"), "{}", said(&status));
    assert!(stderr(&status).is_empty());
}

#[test]
fn a_login_of_a_workload_is_a_check() {
    let machine = Machine::with("managed-identity", "", Source::Exchange).on("imds");
    let output = machine.helper(&["login"]);
    assert!(output.status.success() && stderr(&output).contains("a workload needs no sign-in"), "{}", said(&output));
}

#[test]
fn the_token_proxy_of_a_cluster_is_asked_instead() {
    let machine = Machine::with("workload", "", Source::Exchange);
    let token = machine.job_token(super::AUDIENCE);
    let (real, ca) = (machine.practice.entra.base.clone(), machine.practice.ca().display().to_string());
    // Neither the authority nor the usual certificates lead there.
    let config = format!(
        "[entra]\nidentity = \"workload\"\ntenant = \"{}\"\nclient_id = \"{WORKLOAD}\"\n\
         authority = \"https://login.example\"\n[network]\nca_file = '{ca}'\n{}",
        crate::practice::cast::TENANT,
        machine.practice.host_toml(Source::Exchange)
    );
    machine.desk.write_config(&config);
    let mut machine = machine
        .token_file(&token)
        .set("AZURE_KUBERNETES_TOKEN_PROXY", real.replace("localhost", "127.0.0.1"))
        .set("AZURE_KUBERNETES_SNI_NAME", "localhost")
        .set("AZURE_KUBERNETES_CA_FILE", ca);
    let output = machine.get(Source::Exchange);
    assert!(stdout(&output).contains("password="), "{}", said(&output));
    assert_eq!(machine.asked(), [0, 1, 1]);
    // Another authority than the one that is named vouches for nobody.
    super::certificate(&machine.desk.path("keys"), "pem");
    assert!(machine.helper(&["logout", "--all"]).status.success());
    let stranger = machine.desk.path("keys").join("cert.pem").display().to_string();
    machine.variables.push(("AZURE_KUBERNETES_CA_FILE", stranger));
    let output = machine.get(Source::Exchange);
    assert!(stderr(&output).contains("[tls]"), "{}", said(&output));
    machine.variables.retain(|(name, _)| *name != "AZURE_KUBERNETES_TOKEN_PROXY");
    let output = machine.get(Source::Exchange);
    assert!(stderr(&output).contains("[identity-half-set]"), "{}", said(&output));
}
