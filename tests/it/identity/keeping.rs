//! What workloads keep, and where; who may read it; and what is told of them.

use super::{Machine, SUBJECT, step};
use crate::desk::{feed, said, stderr, stdout};
use crate::practice::Source;
use crate::practice::cast::WORKLOAD;
use crate::schema::flaw;
use serde_json::Value;
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
fn two_hundred_at_once_make_one_token_request_also_where_the_kernel_refuses_its_keyring() {
    let machine = Machine::with("managed-identity", "", Source::Exchange).on("imds");
    let [request, answers, traced] = ["request", "answers", "traced"].map(|name| machine.desk.path(name));
    std::fs::write(&request, host(&machine)).unwrap();
    std::fs::create_dir(&answers).unwrap();
    let mut strace = machine.run(machine.desk.command("strace"));
    strace.args(["-f", "-qq", "--seccomp-bpf", "-e", "inject=keyctl,add_key,request_key:error=EPERM", "-o"]);
    let script = format!(
        "for i in $(seq 200); do {} get <{} >{}/$i & done; wait",
        crate::desk::HELPER,
        request.display(),
        answers.display()
    );
    let output = strace.arg(&traced).args(["sh", "-c", &script]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let answers: Vec<String> =
        (1..=200).map(|at| std::fs::read_to_string(answers.join(at.to_string())).unwrap()).collect();
    assert!(answers[0].contains("password="), "{}", said(&output));
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(machine.asked(), [1, 0, 1]);
}

#[test]
fn another_container_of_the_same_user_cannot_read_them() {
    // Two containers with homes and /dev/shm of their own; only the runtime directory is mounted into both.
    let machine = Machine::with("managed-identity", "", Source::Exchange).on("imds");
    let second = machine.desk.path("second");
    std::fs::create_dir(&second).unwrap();
    let folder = second.join(".config/bitbucket-sso");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(machine.desk.home().join(".config/bitbucket-sso/config.toml"), folder.join("config.toml")).unwrap();
    let get = |home: &Path| {
        let mut command = machine.run(machine.desk.command("unshare"));
        let script = "mount -t tmpfs none /dev/shm && exec \"$@\"";
        // The runtime directory of this test lies in /dev/shm itself.
        let shared = format!("mount --bind {0} /mnt && {script}", machine.memory.path().display());
        command.env("HOME", home).env("XDG_RUNTIME_DIR", "/mnt").env_remove("XDG_STATE_HOME");
        command.args(["--map-root-user", "--mount", "--ipc", "sh", "-c", &shared, "sh", crate::desk::HELPER, "get"]);
        let output = feed(&mut command, host(&machine).as_bytes());
        assert!(stdout(&output).contains("password="), "{}", said(&output));
    };
    let home = machine.desk.home();
    get(&home);
    get(&home);
    assert_eq!(machine.asked(), [1, 0, 1], "the first has it in memory");
    let kept = folders(machine.memory.path());
    assert_eq!(kept.len(), 1);
    get(&second);
    assert_eq!(machine.asked(), [2, 0, 2], "the second asks for itself");
    let own: Vec<PathBuf> = folders(machine.memory.path()).into_iter().filter(|one| !kept.contains(one)).collect();
    assert_eq!(own.len(), 1);
    let mut copied = Vec::new();
    walk(&kept[0], &mut copied);
    assert!(!copied.is_empty());
    for file in copied {
        let bytes = std::fs::read(&file).unwrap();
        assert!(machine.practice.journal.leaks(&String::from_utf8_lossy(&bytes)).is_empty());
        let place = own[0].join(file.strip_prefix(&kept[0]).unwrap());
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(place, bytes).unwrap();
    }
    get(&second);
    assert_eq!(machine.asked(), [3, 0, 3], "nor can it open what it copies");
    get(&home);
    assert_eq!(machine.asked(), [3, 0, 3], "which the first still can");
}

/// What git asks.
fn host(machine: &Machine) -> String {
    let host = machine.practice.url(Source::Exchange).split("://").nth(1).unwrap();
    format!("protocol=https\nhost={host}\n\n")
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
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
    machine.holds_no_secret();
    assert!(!machine.desk.state().join("hot").exists(), "no file is sealed with a kernel key");
}

impl Machine {
    /// No file of its home, its work or its memory has a token or a key in the clear.
    pub fn holds_no_secret(&self) {
        for place in [self.desk.home(), self.memory.path().to_owned()] {
            let mut files = Vec::new();
            walk(&place, &mut files);
            for file in files {
                let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
                let leaked = self.practice.journal.leaks(&text);
                assert!(leaked.is_empty(), "{}: {leaked:?}", file.display());
            }
        }
    }
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
    assert!(of("sign-in").is_none(), "nobody will sign in: {report}");
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
fn what_status_and_doctor_print_of_workloads_is_what_their_schemas_say() {
    let machine = Machine::with("auto", "", Source::Exchange).on("github");
    let check = |when: &str| {
        for command in ["status", "doctor"] {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/schema/{command}.json"));
            let schema = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
            let printed = serde_json::from_slice(&machine.helper(&[command, "--json"]).stdout).unwrap();
            assert_eq!(flaw(&schema, &printed, ""), None, "{command}, {when}: {printed:#}");
        }
    };
    check("nothing was asked");
    assert!(machine.get(Source::Exchange).status.success());
    check("a token is at hand");
    let status: Value = serde_json::from_slice(&machine.helper(&["status", "--json"]).stdout).unwrap();
    assert_eq!(status["accounts"][0]["workload"]["claims"]["app"], WORKLOAD, "{status:#}");
    machine.platform.knobs().subject = "repo:acme/app:pull_request".into();
    assert!(machine.helper(&["logout", "--all"]).status.success());
    check("the federated credential does not fit");
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
fn scripts_of_a_workload_get_the_same_token() {
    let machine = Machine::with("auto", "", Source::Exchange).on("github");
    let url = machine.practice.url(Source::Exchange).to_owned();
    let token = |format: &str| {
        let output = machine.helper(&["token", "--host", &url, "--format", format]);
        assert!(output.status.success() && stderr(&output).is_empty(), "{}", said(&output));
        stdout(&output)
    };
    let json: serde_json::Value = serde_json::from_str(&token("json")).unwrap();
    let secret = json["token"].as_str().unwrap();
    assert!(machine.practice.journal.secrets().iter().any(|known| known == secret));
    assert!(json["username"].is_string() && json["expires"].is_string(), "{json}");
    assert!(token("env").contains(secret));
    assert!(stdout(&machine.get(Source::Exchange)).contains(&format!("password={secret}")));
    assert_eq!(machine.asked(), [1, 1, 1], "one of each for all of it");
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
