//! `doctor` where all is well, in broken environments, and with secrets in everything that it reads; `explain`.

use crate::desk::{Desk, HELPER, said, stderr, stdout};
use crate::practice::browser::Choice;
use crate::practice::cast::ALICE;
use crate::practice::{Options, Practice, Source};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

#[test]
fn where_all_is_well_nothing_is_wrong_and_no_secret_is_shown() {
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(&practice, Source::CloudOauth).person(Choice::sign_in(ALICE));
    let login = desk.helper().arg("login").output().unwrap();
    assert!(login.status.success(), "{}", said(&login));
    let output = desk.helper().args(["doctor", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let report = json(&output);
    for check in [
        "configuration",
        "git",
        "registration",
        "state",
        "storage",
        "sign-in",
        "entra",
        "reach",
        "session",
        "grant",
        "audit",
        "clock",
        "proxy",
    ] {
        let found = findings(&report).iter().find(|finding| finding["check"] == check).cloned();
        let found = found.unwrap_or_else(|| panic!("{check} is not there: {report:#}"));
        assert!(["ok", "note"].contains(&found["severity"].as_str().unwrap()), "{found:#}");
        assert!(found["command"].as_str().is_some_and(|command| !command.is_empty()), "{found:#}");
    }
    let text = desk.helper().arg("doctor").output().unwrap();
    assert!(stdout(&text).ends_with("0 errors, 0 warnings\n"), "{}", said(&text));
    assert!(practice.journal.secrets().len() > 5, "the practice knows what to look for");
    assert_eq!(practice.journal.leaks(&(said(&output) + &said(&text))), [""; 0]);
}

#[test]
fn offline_nothing_is_asked() {
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(&practice, Source::Exchange);
    practice.journal.clear();
    let output = desk.helper().args(["doctor", "--offline"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(practice.journal.entries().len(), 0);
    let online = desk.helper().arg("doctor").output().unwrap();
    assert!(online.status.success() && !practice.journal.entries().is_empty(), "{}", said(&online));
}

#[test]
fn broken_environments_are_each_told_with_what_helps() {
    let practice = Practice::start(&Options::default());
    let exchange = practice.config_toml(Source::Exchange);
    let elsewhere = exchange.replace(&practice.entra.base, "https://127.0.0.1:9");
    let untrusted = exchange.replace(&practice.ca().display().to_string(), "/dev/null");
    let keyring = format!("{exchange}\n[storage]\nrefresh_tokens = \"keyring\"\n");
    let cases: &[Case<'_>] = &[
        ("no configuration", "", "exec $HELPER", "configuration", Some("no-hosts"), "no Bitbucket host"),
        ("broken TOML", "[entra\n", "exec $HELPER", "configuration", Some("config-syntax"), "unclosed table"),
        ("no keyring", &keyring, "unset DBUS_SESSION_BUS_ADDRESS; exec $HELPER", "storage", None, "cannot be kept"),
        ("no git", &exchange, "PATH=/nowhere; exec $HELPER", "git", Some("git-missing"), "no git is found"),
        ("no network", &elsewhere, "exec $HELPER", "entra", Some("unreachable"), "cannot be reached"),
        ("no trust", &untrusted, "exec $HELPER", "entra", Some("certificates"), "holds no certificates"),
        (
            "no home",
            &exchange,
            "export XDG_CONFIG_HOME=$HOME/.config XDG_STATE_HOME=$HOME/.local/state; unset HOME; exec $HELPER",
            "registration",
            Some("home-unset"),
            "HOME is not set",
        ),
        (
            "a state directory open to others",
            &exchange,
            "mkdir -p $STATE; chmod 777 $STATE; exec $HELPER",
            "state",
            Some("storage-unsafe"),
            "other users can open it",
        ),
        (
            "a file in place of the state directory",
            &exchange,
            "rm -rf $STATE; mkdir -p ${STATE%/*}; touch $STATE; exec $HELPER",
            "state",
            Some("storage-unsafe"),
            "it is no directory",
        ),
        (
            "another helper first",
            &exchange,
            "printf '[credential]\\n helper =\\n helper = store\\n' >> $HOME/.gitconfig; exec $HELPER",
            "registration",
            None,
            "git does not ask this helper",
        ),
        (
            "a git that only fails",
            &exchange,
            "mkdir $HOME/evil; printf '#!/bin/sh\nexit 1\n' > $HOME/evil/git; chmod +x $HOME/evil/git; PATH=.:$HOME/evil:/usr/bin; \
             exec $HELPER",
            "git",
            None,
            "git",
        ),
        (
            "a state directory of somebody else",
            &exchange,
            "mkdir -p $STATE; chown 4711 $STATE; exec $HELPER",
            "state",
            Some("storage-unsafe"),
            "belongs to",
        ),
        (
            "a trail that was changed",
            &exchange,
            "mkdir -p $STATE; chmod 700 $STATE; echo '{\"prev\":\"no\"}' > $STATE/audit.jsonl; chmod 600 $STATE/audit.jsonl; exec \
             $HELPER",
            "audit",
            Some("audit-broken"),
            "does not hold",
        ),
        (
            "a read-only home",
            &exchange,
            "rm -rf $STATE; mount --bind $HOME $HOME; mount -o remount,bind,ro $HOME; exec $HELPER",
            "state",
            None,
            "Read-only file system",
        ),
        (
            "a full disk",
            &exchange,
            "mkdir -p $STATE; mount -t tmpfs -o size=16k,mode=700 none $STATE; cat /dev/zero > $STATE/x 2>/dev/null; chmod 600 \
             $STATE/x; exec $HELPER",
            "state",
            None,
            "No space left",
        ),
    ];
    for (broken, config, script, check, id, words) in cases {
        let desk = Desk::configured(&practice, config);
        let mounts = script.contains("mount ");
        if (mounts || script.contains("chown ")) && !rustix::process::geteuid().is_root() {
            eprintln!("NOT RUN: {broken}: only root can do that");
            continue;
        }
        // Where the configuration is broken, there is nothing to register.
        _ = desk.helper().arg("setup").output().unwrap();
        let shell = if mounts { ["unshare", "-m", "/bin/sh", "-c"] } else { ["env", "--", "/bin/sh", "-c"] };
        let script = script.replace("$HELPER", &format!("{HELPER} doctor --json"));
        let mut command = desk.command(shell[0]);
        command.args(&shell[1..]).arg(script).env("STATE", desk.state());
        let output = command.output().unwrap();
        // On a busy machine it may say whom it waits for.
        let quiet = stderr(&output).lines().all(|line| line.starts_with("bitbucket-sso: waiting for "));
        assert!(output.status.code() == Some(3) && quiet, "{broken}: {}", said(&output));
        let report = json(&output);
        let hit = findings(&report).iter().any(|finding| {
            finding["check"] == *check
                && finding["severity"] == "error"
                && id.is_none_or(|id| finding["id"] == id)
                && finding["summary"].as_str().unwrap().contains(words)
                && !finding["command"].as_str().unwrap().is_empty()
        });
        assert!(hit, "{broken}: {report:#}");
        for check in ["configuration", "git", "state", "storage", "audit", "proxy"] {
            assert!(findings(&report).iter().any(|finding| finding["check"] == check), "{broken}: no {check}");
        }
    }
}

#[test]
fn fix_repairs_registration_and_permissions_and_then_nothing_is_left() {
    let practice = Practice::start(&Options::default());
    let desk = Desk::with(&practice, Source::Exchange);
    let mut text = std::fs::read_to_string(desk.home().join(".gitconfig")).unwrap();
    text.push_str("[credential]\n\thelper =\n\thelper = store\n");
    std::fs::write(desk.home().join(".gitconfig"), text).unwrap();
    std::fs::create_dir_all(desk.state()).unwrap();
    std::fs::set_permissions(desk.state(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let broken = desk.helper().args(["doctor", "--offline"]).output().unwrap();
    assert_eq!(broken.status.code(), Some(3), "{}", said(&broken));
    let fixed = desk.helper().args(["doctor", "--offline", "--fix"]).output().unwrap();
    assert_eq!(fixed.status.code(), Some(0), "{}", said(&fixed));
    assert!(stdout(&fixed).contains("`setup` was run again") && stdout(&fixed).contains("closed to others"));
    assert_eq!(std::fs::metadata(desk.state()).unwrap().permissions().mode() & 0o777, 0o700);
    let again = desk.helper().args(["doctor", "--offline", "--fix"]).output().unwrap();
    assert!(!stdout(&again).contains("fix:"), "{}", said(&again));
    let kept = std::fs::read_to_string(desk.home().join(".gitconfig")).unwrap();
    assert!(kept.contains("helper = store"), "other helpers' lines stay: {kept}");
}

#[test]
fn a_wrong_clock_is_found_by_entras_own() {
    let practice = Practice::start(&Options::default());
    practice.clock.advance(86_400);
    let desk = Desk::with(&practice, Source::Exchange);
    let output = desk.helper().args(["doctor", "--json"]).output().unwrap();
    let clock = findings(&json(&output)).iter().find(|finding| finding["check"] == "clock").cloned().unwrap();
    assert_eq!((clock["severity"].as_str(), output.status.code()), (Some("error"), Some(3)), "{clock:#}");
}

#[test]
fn an_error_is_explained_and_a_mistyped_one_is_found() {
    let desk = Desk::bare(Path::new("/dev/null"));
    let explain = |id: &str| desk.helper().args(["explain", id]).output().unwrap();
    let long = explain("keyring-locked");
    assert!(long.status.success() && stdout(&long).starts_with("keyring-locked\n\n> "), "{}", said(&long));
    assert!(stdout(&long).contains("\nDo this:\n\n1. Unlock the keyring\n"), "{}", said(&long));
    let near = explain("keyring-loked");
    assert_eq!((near.status.code(), stdout(&near).as_str()), (Some(2), ""));
    assert!(
        stderr(&near).ends_with("do this: git credential-bitbucket-sso explain keyring-locked\n"),
        "{}",
        said(&near)
    );
    // It works where the configuration does not.
    desk.write_config("[entra\n");
    assert!(explain("config-syntax").status.success());
}

/// What is broken, what is configured, the shell that breaks it ($HELPER runs `doctor`), check, identifier, words.
type Case<'a> = (&'a str, &'a str, &'a str, &'a str, Option<&'a str>, &'a str);

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(output)))
}

fn findings(report: &Value) -> &Vec<Value> {
    report["findings"].as_array().unwrap()
}
