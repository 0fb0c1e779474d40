//! The audit trail of the shipped helper: what it says, what it notices, what others get of it.

use crate::desk::{Desk, said, stderr, stdout};
use crate::practice::browser::Choice;
use crate::practice::cast::ALICE;
use crate::practice::{Options, Practice, Source};
use serde_json::Value;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Output, Stdio};

#[path = "audit/attacks.rs"]
mod attacks;

use attacks::{lose_key, rewrite};

#[test]
fn every_decision_names_account_call_and_who_asked() {
    let (practice, desk) = recorded();
    let rows = rows(&desk);
    let events: Vec<&str> = rows.iter().filter_map(|row| row["event"].as_str()).collect();
    assert_eq!(events, ["sign-in", "grant", "mint", "hand-out", "hand-out", "mint", "refuse"]);
    for row in &rows {
        assert_eq!(row["pid"], std::process::id(), "the process that asked, not our own: {row}");
    }
    let program = fs::read_to_string("/proc/self/comm").unwrap();
    let (sign_in, grant, mint) = (&rows[0], &rows[1], &rows[2]);
    assert_eq!(sign_in["program"], program.trim_end());
    assert_eq!(sign_in["user"], ALICE);
    assert!(sign_in["tid"].is_string() && sign_in["oid"].is_string() && sign_in["uti"].is_string(), "{sign_in}");
    assert!(grant["bitbucket_account"].is_string() && grant["scopes"].is_null(), "{grant}");
    for field in ["correlation", "uti", "oid"] {
        assert_eq!(mint[field], sign_in[field], "the call that vouched");
    }
    assert_eq!(rows[3]["user"], ALICE, "a hand-out is told with its mint's account");
    let known: Vec<String> =
        practice.journal.entries().into_iter().filter_map(|entry| entry.client_request_id).collect();
    for row in &rows {
        let id = row["correlation"].as_str();
        assert!(id.is_none_or(|id| known.iter().any(|known| known == id)), "Entra knows {row}");
    }
    let table = run(&desk, &["audit", "show", "--host", practice.url(Source::CloudOauth)]);
    assert_eq!(stdout(&table).lines().count(), 8, "{}", said(&table));
    let later = run(&desk, &["audit", "show", "--since", "2099-01-01"]);
    assert_eq!(stdout(&later), "nothing was recorded\n");
    assert_eq!(run(&desk, &["audit", "show", "--since", "soon"]).status.code(), Some(2));
}

#[test]
fn entras_log_anchors_the_chain() {
    let (practice, desk) = recorded();
    let anchors = desk.path("entra.csv");
    let ids: Vec<String> = practice.journal.entries().into_iter().filter_map(|entry| entry.client_request_id).collect();
    fs::write(&anchors, ids.join("\n")).unwrap();
    let given = anchors.to_str().unwrap();
    let holds = run(&desk, &["audit", "verify", "--anchors", given]);
    assert!(holds.status.success() && stdout(&holds).contains("anchors: "), "{}", said(&holds));
    // The end is cut off: the chain itself shows nothing, the anchor does.
    rewrite(&desk, |lines| lines.truncate(2));
    assert!(run(&desk, &["audit", "verify"]).status.success());
    let cut = run(&desk, &["audit", "verify", "--anchors", given]);
    broken(&cut, "an anchor that names no record here: the end was cut off");
    fs::write(&anchors, "nothing").unwrap();
    assert_eq!(run(&desk, &["audit", "verify", "--anchors", given]).status.code(), Some(2));
}

#[test]
fn a_key_that_went_with_the_boot_is_said_and_no_alarm() {
    let (practice, desk) = recorded();
    lose_key(&desk);
    let without = run(&desk, &["audit", "verify"]);
    assert!(without.status.success(), "{}", said(&without));
    assert!(
        stdout(&without).contains("that cannot be checked: their key is kept in memory only"),
        "{}",
        said(&without)
    );
    // What the chain alone shows is still shown.
    let kept = lines(&desk);
    rewrite(&desk, |lines| lines.swap(1, 2));
    broken(&run(&desk, &["audit", "verify"]), "audit.jsonl:2: does not follow");
    rewrite(&desk, |lines| *lines = kept);
    forget_hot(&desk);
    assert!(run(&desk, &["token", "--host", practice.url(Source::CloudOauth)]).status.success());
    let after = run(&desk, &["audit", "verify"]);
    assert!(after.status.success() && stdout(&after).contains("of keys that are gone"), "{}", said(&after));
}

#[test]
fn forty_processes_leave_a_chain_that_holds() {
    let (practice, desk) = recorded();
    let url = practice.url(Source::CloudOauth);
    for round in 0..2 {
        if round == 1 {
            forget_hot(&desk);
        }
        let get = || desk.helper().args(["token", "--host", url]).stdout(Stdio::null()).spawn().unwrap();
        let crowd: Vec<_> = (0..40).map(|_| get()).collect();
        for mut child in crowd {
            assert!(child.wait().unwrap().success());
        }
    }
    let holds = run(&desk, &["audit", "verify"]);
    assert!(holds.status.success(), "{}", said(&holds));
}

#[test]
fn no_variable_and_no_device_takes_the_trail_away() {
    let (practice, desk) = recorded();
    let before = lines(&desk).len();
    forget_hot(&desk);
    let mut moved = desk.helper();
    moved.args(["token", "--host", practice.url(Source::CloudOauth)]);
    let moved = moved.env("BITBUCKET_SSO_AUDIT_FILE", "/dev/null").env("BITBUCKET_SSO_AUDIT_FORWARD", "syslog");
    assert!(moved.output().unwrap().status.success());
    assert!(lines(&desk).len() > before, "it stays where it was");
    let flag = run(&desk, &["--set", "audit.file=/dev/null", "whoami"]);
    assert_eq!(flag.status.code(), Some(3), "{}", said(&flag));
    configure(&desk, &practice, "[audit]\nfile = \"/dev/null\"\n");
    forget_hot(&desk);
    let refused = desk.get(&request(&practice));
    assert_eq!((refused.status.code(), stdout(&refused).as_str()), (Some(6), "quit=1\n"), "{}", said(&refused));
    assert!(stderr(&refused).contains("no regular file [audit-unwritable]"), "{}", said(&refused));
}

#[test]
fn a_full_or_read_only_disk_hands_out_nothing_unrecorded() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let (practice, desk) = recorded();
    let place = desk.path("trail");
    fs::create_dir(&place).unwrap();
    fs::set_permissions(&place, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    configure(&desk, &practice, &format!("[audit]\nfile = \"{}/audit.jsonl\"\n", place.display()));
    for (options, why) in [("size=4k", "No space left"), ("ro", "Read-only file system")] {
        forget_hot(&desk);
        let fill = format!(
            "mount -t tmpfs -o mode=700 none {0} && {{ head -c 4096 /dev/zero > {0}/full; mount -o remount,{options} {0}; }}; exec \"$@\"",
            place.display()
        );
        let mut command = desk.command("unshare");
        command.args(["-m", "sh", "-c", &fill, "sh", crate::desk::HELPER, "token", "--host"]);
        let refused = command.arg(practice.url(Source::CloudOauth)).output().unwrap();
        assert_eq!((refused.status.code(), stdout(&refused).as_str()), (Some(6), ""), "{}", said(&refused));
        assert!(
            stderr(&refused).contains(why) && stderr(&refused).contains("[audit-unwritable]"),
            "{}",
            said(&refused)
        );
    }
}

#[test]
fn a_log_that_does_not_listen_is_said_by_status_and_holds_nobody_up() {
    // Where the machine has a journald, it listens, and there is nothing to say.
    let listens = UnixDatagram::unbound().unwrap().connect("/run/systemd/journal/socket").is_ok();
    let (practice, desk) = recorded();
    configure(&desk, &practice, "[audit]\nforward = \"journald\"\n");
    forget_hot(&desk);
    let got = run(&desk, &["token", "--host", practice.url(Source::CloudOauth)]);
    assert!(got.status.success(), "{}", said(&got));
    let status = run(&desk, &["status"]);
    assert_eq!(!listens, stdout(&status).contains("did not take the head of the audit trail"), "{}", said(&status));
}

#[test]
fn exports_and_a_join_come_from_the_same_rows() {
    let (practice, desk) = recorded();
    let all = rows(&desk);
    for format in ["jsonl", "ocsf"] {
        let output = run(&desk, &["audit", "export", "--format", format]);
        assert_eq!(stdout(&output).lines().count(), all.len(), "{}", said(&output));
        assert!(stdout(&output).lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    }
    let csv = run(&desk, &["audit", "export", "--format", "csv"]);
    assert_eq!(stdout(&csv).lines().count(), all.len() + 1);
    let text = |field: &str| all[2][field].as_str().unwrap().to_owned();
    let entra = format!("createdDateTime,correlationId,userPrincipalName\nx,{},{ALICE}\n", text("correlation"));
    let pushes = format!(
        "date,user,action,repository\n{},{ALICE},push,acme/app\n{},mallory,push,x\n",
        text("time"),
        text("time")
    );
    fs::write(desk.path("entra.csv"), entra).unwrap();
    fs::write(desk.path("pushes.csv"), pushes).unwrap();
    let joined = run(&desk, &["audit", "join", "--json", "--entra", "entra.csv", "--atlassian", "pushes.csv"]);
    let joined: Value = serde_json::from_slice(&joined.stdout).unwrap_or_else(|_| panic!("{}", said(&joined)));
    assert_eq!((&joined["trail"]["holds"], &joined["trail"]["flaws"]), (&Value::Bool(true), &Value::Array(vec![])));
    assert_eq!(joined["tokens"][0]["sign_in"]["user"], ALICE, "{joined}");
    assert_eq!(joined["events_without_token"][0]["actor"], "mallory");
    assert_eq!(practice.journal.leaks(&format!("{}{joined}", stdout(&csv))), [""; 0]);
}

/// A sign-in with its consent and mint, two hits, another mint, a refusal that folds nothing more in.
fn recorded() -> (Practice, Desk) {
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(&practice, Source::CloudOauth).person(Choice::sign_in(ALICE));
    let get = || desk.get(&request(&practice));
    let login = run(&desk, &["login"]);
    assert!(login.status.success(), "{}", said(&login));
    for _ in 0..2 {
        assert!(get().status.success());
    }
    forget_hot(&desk);
    assert!(get().status.success());
    forget_hot(&desk);
    practice.entra.weather.next("token", 9, crate::practice::weather::Trouble::Html(503));
    assert_eq!(get().status.code(), Some(6));
    practice.entra.weather.clear();
    // The pause that the failure began would be waited for.
    for account in fs::read_dir(desk.state().join("accounts")).unwrap() {
        fs::remove_file(account.unwrap().path()).unwrap();
    }
    (practice, desk)
}

fn configure(desk: &Desk, practice: &Practice, more: &str) {
    let kernel = "[storage]\nrefresh_tokens = \"kernel\"\n";
    desk.write_config(&format!("{}\n{kernel}{more}", practice.config_toml(Source::CloudOauth)));
}

/// The next call is a miss.
fn forget_hot(desk: &Desk) {
    fs::remove_dir_all(desk.state().join("hot")).ok();
}

fn request(practice: &Practice) -> String {
    let authority = practice.url(Source::CloudOauth).trim_start_matches("https://");
    format!("protocol=https\nhost={authority}\n\n")
}

fn run(desk: &Desk, args: &[&str]) -> Output {
    desk.helper().args(args).output().unwrap()
}

fn rows(desk: &Desk) -> Vec<Value> {
    let shown = run(desk, &["audit", "show", "--json"]);
    stdout(&shown).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn broken(output: &Output, message: &str) {
    assert_eq!(output.status.code(), Some(5), "{message}: {}", said(output));
    assert!(
        stderr(output).contains(message) && stderr(output).contains("[audit-broken]"),
        "{message}: {}",
        said(output)
    );
}

fn trail(desk: &Desk) -> PathBuf {
    desk.state().join("audit.jsonl")
}

fn lines(desk: &Desk) -> Vec<String> {
    fs::read_to_string(trail(desk)).unwrap().lines().map(str::to_owned).collect()
}
