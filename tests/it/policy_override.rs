//! Nothing that a user can set outweighs a policy: everything the helper reads is tried against every key of the table.
//!
//! What is tried is listed in docs/security.md by the names below; a test compares.

use crate::desk::{Desk, said, stderr, stdout};
use crate::managed::whole_policy;
use crate::refusals_policy::Etc;
use bitbucket_sso::basis::digest;
use bitbucket_sso::config::table::{Rights, TABLE};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};
use values::{evil, line, other, passing, planted, text};

#[path = "policy_override/values.rs"]
mod values;

#[test]
fn a_policy_of_root_holds_against_everything_a_user_can_set() {
    let Some(etc) = Etc::new() else { return };
    etc.write("policy.d/10.toml", &whole_policy(), 0o644);
    let policy = in_force(&etc.run(&Desk::bare(Path::new("/dev/null")), &["config", "show", "--json"]));
    for key in TABLE {
        let tail = format!(".{}", key.name);
        // Where a host may have one secret only, the sample spreads the three ways over three hosts.
        assert!(policy.iter().any(|line| line.contains(&tail)), "the policy does not set {}", key.path());
    }
    for (name, attack) in ATTACKS {
        // One host of variables or flags has the keys of one source.
        for source in if name.contains('=') || name.contains("variable") { &SOURCES[..] } else { &SOURCES[..1] } {
            let desk = Desk::bare(Path::new("/dev/null"));
            let mut command = etc.command(&desk);
            command.args(["config", "show", "--json"]);
            attack(&desk, &mut command, source);
            let output = command.output().unwrap();
            assert!(output.status.success(), "{name}: {}", said(&output));
            assert_eq!(in_force(&output), policy, "{name} changed what is in force");
        }
    }
}

#[test]
fn what_only_policy_may_set_is_refused_elsewhere() {
    let Some(etc) = Etc::new() else { return };
    etc.write("policy.d/10.toml", &whole_policy(), 0o644);
    for key in TABLE.iter().filter(|key| !matches!(key.rights, Rights::Anyone | Rights::Trust)) {
        let desk = Desk::bare(Path::new("/dev/null"));
        let set = format!("{}={}", key.path(), text(&other(key)));
        let output = etc.run(&desk, &["status", "--set", &set]);
        assert!(matches!(output.status.code(), Some(2 | 3)), "--set {set}: {}", said(&output));
        if key.rights == Rights::Policy {
            desk.write_config(&format!("[{}]\n{}", key.section.name(), line(key)));
            let output = etc.run(&desk, &["status"]);
            assert_eq!(output.status.code(), Some(3), "{}: {}", key.path(), said(&output));
            assert!(stderr(&output).contains("[config-wrong-layer]"), "{}", said(&output));
        }
    }
}

#[test]
fn a_server_that_policy_names_has_no_other_hosts() {
    let Some(etc) = Etc::new() else { return };
    let policy =
        "[[host]]\nurl = \"https://git.acme.com/bitbucket\"\nsource = \"entra\"\nscope = \"api://p/.default\"\n";
    etc.write("policy.d/10.toml", &format!("{ENTRA}{policy}"), 0o644);
    let desk = Desk::bare(Path::new("/dev/null"));
    let host = |url: &str| format!("[[host]]\nurl = \"{url}\"\nsource = \"entra\"\nscope = \"api://evil/.default\"\n");
    let hosts = [
        "https://git.acme.com",
        "https://git.acme.com/bitbucket/scm",
        "https://GIT.acme.com.:443/other",
        "https://mine.example",
    ];
    desk.write_config(&hosts.map(host).concat());
    let shown = stdout(&etc.run(&desk, &["config", "show"]));
    let urls: Vec<&str> = shown.lines().filter(|line| line.contains("].url = ")).collect();
    assert_eq!(urls.len(), 2, "{shown}");
    assert!(urls[0].starts_with("host[https://git.acme.com/bitbucket].url") && urls[1].contains("mine.example"));
    let status = stdout(&etc.run(&desk, &["status"]));
    assert_eq!(status.matches("is ignored: policy decides about every host of that server").count(), 3, "{status}");
}

#[test]
fn a_host_of_policy_keeps_its_tenant() {
    let Some(etc) = Etc::new() else { return };
    let policy = "[[host]]\nurl = \"https://git.acme.com\"\nsource = \"entra\"\nscope = \"api://p/.default\"\n";
    etc.write("policy.d/10.toml", &format!("{ENTRA}{policy}"), 0o644);
    let desk = Desk::bare(Path::new("/dev/null"));
    desk.write_config(&format!(
        "{}[[host]]\nurl = \"https://git.acme.com\"\nentra = \"evil\"\n",
        ENTRA.replace("[entra]", "[entra.evil]").replace("acme.com", "evil.example")
    ));
    let status = stdout(&etc.run(&desk, &["status"]));
    assert!(status.contains("`host.entra` from") && status.contains("is ignored: policy locks it"), "{status}");
    assert!(status.starts_with("acme.com: not signed in"), "{status}");
}

#[test]
fn the_way_to_sign_in_that_policy_chose_is_taken() {
    let Some(etc) = Etc::new() else { return };
    let more = "flow = \"browser\"\nauthority = \"http://127.0.0.1:9\"\n";
    let host = "[[host]]\nurl = \"https://git.acme.com\"\nsource = \"entra\"\nscope = \"api://p/.default\"\n";
    etc.write("policy.d/10.toml", &format!("{ENTRA}{more}{host}"), 0o644);
    let desk = Desk::bare(Path::new("/dev/null"));
    let told = stderr(&etc.run(&desk, &["login", "--device-code"]));
    assert!(told.contains("the way to sign in that was asked for is ignored: policy says browser"), "{told}");
    assert!(!stderr(&etc.run(&desk, &["login", "--browser"])).contains("is ignored"));
}

#[test]
fn an_older_helper_than_policy_wants_hands_out_nothing() {
    let Some(etc) = Etc::new() else { return };
    let host = "[[host]]\nurl = \"https://git.acme.com\"\nsource = \"entra\"\nscope = \"api://p/.default\"\n";
    etc.write("policy.d/10.toml", &format!("{ENTRA}{host}[fleet]\nmin_version = \"99.0.0\"\n"), 0o644);
    let desk = Desk::bare(Path::new("/dev/null"));
    let get = crate::desk::feed(etc.command(&desk).arg("get"), b"protocol=https\nhost=git.acme.com\n\n");
    assert_eq!((get.status.code(), stdout(&get).as_str()), (Some(5), "quit=1\n"), "{}", said(&get));
    assert!(stderr(&get).contains("[version-too-old]"), "{}", said(&get));
    let foreign = crate::desk::feed(etc.command(&desk).arg("get"), b"protocol=https\nhost=github.com\n\n");
    assert_eq!((foreign.status.code(), stdout(&foreign).as_str()), (Some(0), ""), "{}", said(&foreign));
    for command in [&["login"][..], &["token", "--host", "https://git.acme.com"]] {
        assert_eq!(etc.run(&desk, command).status.code(), Some(5), "{command:?}");
    }
    assert!(stdout(&etc.run(&desk, &["status"])).contains("policy wants version 99.0.0"));
    let report: serde_json::Value =
        serde_json::from_str(&stdout(&etc.run(&desk, &["doctor", "--json", "--offline"]))).unwrap();
    let policy = report["findings"].as_array().unwrap().iter().find(|finding| finding["check"] == "policy").unwrap();
    assert_eq!((&policy["severity"], &policy["id"]), (&"error".into(), &"version-too-old".into()));
    let digest = policy["evidence"]["digest"].as_str().unwrap();
    assert!(digest.len() == 64 && policy["evidence"]["values"] == "6", "{policy}");
    etc.write("policy.d/10.toml", &format!("{ENTRA}{host}[fleet]\nmin_version = \"0.0.1\"\n"), 0o644);
    let get = crate::desk::feed(etc.command(&desk).arg("get"), b"protocol=https\nhost=git.acme.com\n\n");
    assert!(!stderr(&get).contains("[version-too-old]"), "{}", said(&get));
}

#[test]
fn what_was_tried_is_listed() {
    let page = include_str!("../../docs/security.md");
    let missing: Vec<&str> = ATTACKS.iter().map(|(name, _)| *name).filter(|name| !page.contains(name)).collect();
    assert!(missing.is_empty(), "docs/security.md does not list {missing:?}");
}

type Attack = fn(&Desk, &mut Command, &str);

/// Each sets every key that it can to another value than policy does.
const ATTACKS: [(&str, Attack); 15] = [
    ("`--set KEY=VALUE` for every key", |_, command, source| {
        for (key, value) in passing(source) {
            command.arg("--set").arg(format!("{}={value}", key.path()));
        }
    }),
    ("every `BITBUCKET_SSO_` variable of the table", |_, command, source| {
        for (key, value) in passing(source) {
            command.envs(key.variable().map(|name| (name, value)));
        }
    }),
    ("the user file", |desk, _, _| desk.write_config(&evil())),
    ("the user file as a symbolic link, and its directory as one", |desk, _, _| {
        let elsewhere = planted(desk, "elsewhere");
        std::fs::create_dir_all(desk.home().join(".config")).unwrap();
        std::os::unix::fs::symlink(elsewhere, desk.home().join(".config/bitbucket-sso")).unwrap();
    }),
    ("`BITBUCKET_SSO_CONFIG`", |desk, command, _| {
        command.env("BITBUCKET_SSO_CONFIG", planted(desk, "moved").join("config.toml"));
    }),
    ("`XDG_CONFIG_HOME`", |desk, command, _| {
        planted(desk, "xdg/bitbucket-sso");
        command.env("XDG_CONFIG_HOME", desk.path("xdg"));
    }),
    ("`XDG_CONFIG_DIRS`, `XDG_STATE_HOME`, `XDG_DATA_HOME`, `XDG_RUNTIME_DIR`", |desk, command, _| {
        planted(desk, "xdg/bitbucket-sso");
        for name in ["XDG_CONFIG_DIRS", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"] {
            command.env(name, desk.path("xdg"));
        }
    }),
    ("`HOME`", |desk, command, _| {
        planted(desk, "other/.config/bitbucket-sso");
        command.env("HOME", desk.path("other"));
    }),
    ("no `HOME`", |_, command, _| {
        command.env_remove("HOME");
    }),
    ("`APPDATA`, `LOCALAPPDATA`, `ProgramData`", |desk, command, _| {
        planted(desk, "windows/bitbucket-sso");
        for name in ["APPDATA", "LOCALAPPDATA", "ProgramData"] {
            command.env(name, desk.path("windows"));
        }
    }),
    ("`policy.d` and `config.d` in the user's own directory", |desk, _, _| {
        planted(desk, "home/.config/bitbucket-sso/policy.d");
        planted(desk, "home/.config/bitbucket-sso/config.d");
    }),
    ("files in the current directory", |desk, command, _| {
        let here = planted(desk, "repository");
        for name in ["policy.d", "config.d", ".bitbucket-sso", "etc/bitbucket-sso/policy.d"] {
            planted(desk, &format!("repository/{name}"));
        }
        command.current_dir(here);
    }),
    ("git's configuration: global, the repository's own, an `include`, `GIT_CONFIG_COUNT`", |desk, command, _| {
        let lines = TABLE.iter().map(|key| format!("[bitbucketSso]\n\t{} = evil\n", key.name.replace('_', "")));
        let text = lines.collect::<Vec<_>>().concat();
        std::fs::write(
            desk.home().join(".gitconfig"),
            format!("{text}[include]\n\tpath = {}\n", planted(desk, "inc").join("config.toml").display()),
        )
        .unwrap();
        std::fs::create_dir_all(desk.path("repo/.git")).unwrap();
        std::fs::write(desk.path("repo/.git/config"), &text).unwrap();
        command.current_dir(desk.path("repo"));
        command.envs([
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "bitbucketSso.tenant"),
            ("GIT_CONFIG_VALUE_0", "evil.example"),
        ]);
    }),
    ("a configuration taken by `setup --from`", |desk, _, _| {
        let offer = r#"{"entra": {"tenant": "evil.example", "client_id": "99999999-2222-4333-8444-555555555555"},
            "host": [{"url": "https://bitbucket.org", "source": "entra", "scope": "api://evil/.default"}]}"#;
        let file = desk.path("offer.json");
        std::fs::write(&file, offer).unwrap();
        let output = desk
            .helper()
            .args(["setup", "--from"])
            .arg(&file)
            .args(["--yes", "--sha256", &digest::of(offer.as_bytes())])
            .output();
        assert!(output.unwrap().status.success());
    }),
    ("all files, all variables and all flags at once", |desk, command, source| {
        for (_, attack) in &ATTACKS[..6] {
            if !desk.home().join(".config/bitbucket-sso").exists() {
                attack(desk, command, source);
            }
        }
    }),
];

/// What is in force by policy, and every host: one line each.
fn in_force(output: &Output) -> BTreeSet<String> {
    let shown: serde_json::Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(output)));
    let of_policy = |value: &&serde_json::Value| {
        value["layer"] == "policy" || value["key"].as_str().unwrap().rsplit('.').next() == Some("url")
    };
    shown.as_array().unwrap().iter().filter(of_policy).map(ToString::to_string).collect()
}

const SOURCES: [&str; 4] = ["exchange", "cloud-oauth", "datacenter-oauth", "entra"];
const ENTRA: &str = "[entra]\ntenant = \"acme.com\"\nclient_id = \"11111111-2222-4333-8444-555555555555\"\n";
