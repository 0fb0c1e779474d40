//! What a person types: help, version, mistakes, and the configuration as text, table and schema.

use crate::desk::{Desk, HELPER, said, stderr, stdout};
use crate::pty::at_terminal;
use serde_json::Value;
use std::path::Path;
use std::process::Output;

#[test]
fn help_and_version_are_results() {
    let desk = desk();
    let help = run(&desk, &["--help"]);
    let text = stdout(&help);
    assert_eq!((help.status.code(), stderr(&help).as_str()), (Some(0), ""));
    assert!(
        text.starts_with(
            "Sign in to Bitbucket with your Microsoft Entra ID account, once a day\n\nUsage: git \
        credential-bitbucket-sso [OPTIONS] <COMMAND>\n"
        ),
        "{text}"
    );
    for command in [
        "login",
        "logout",
        "status",
        "whoami",
        "setup",
        "unsetup",
        "token",
        "doctor",
        "explain",
        "config",
        "completions",
        "man",
    ] {
        assert!(text.contains(&format!("\n  {command} ")), "{command}: {text}");
        let own = run(&desk, &[command, "--help"]);
        let usage = format!("Usage: git credential-bitbucket-sso {command}");
        assert!(own.status.success() && stdout(&own).contains(&usage), "{}", said(&own));
    }
    let version = run(&desk, &["--version"]);
    let want = format!("git credential-bitbucket-sso {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!((version.status.code(), stdout(&version), stderr(&version)), (Some(0), want, String::new()));
}

#[test]
fn help_is_found_by_the_words_that_people_try() {
    let desk = desk();
    let same = |typed: &[&str], meant: &[&str]| {
        let (typed, meant) = (run(&desk, typed), run(&desk, meant));
        assert_eq!((typed.status.code(), stdout(&typed)), (Some(0), stdout(&meant)), "{}", said(&typed));
        assert!(!typed.stdout.is_empty());
    };
    same(&["help"], &["--help"]);
    same(&["help", "login"], &["login", "--help"]);
    same(&["help", "audit", "verify"], &["audit", "verify", "--help"]);
    same(&["version"], &["--version"]);
    for verb in ["get", "store", "erase", "capability"] {
        same(&[verb, "--help"], &["--help"]);
    }
    assert_eq!(run(&desk, &["help", "lgoin"]).status.code(), Some(2));
}

#[test]
fn completions_are_scripts_that_their_shells_read() {
    let desk = desk();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = run(&desk, &["completions", shell]);
        assert!(script.status.success(), "{}", said(&script));
        let script = stdout(&script);
        for word in ["doctor", "device-code", "git-credential-bitbucket-sso"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let script = "source <(\"$0\" completions bash); COMP_WORDS=(git credential-bitbucket-sso doctor --o); COMP_CWORD=3
        _git_credential_bitbucket_sso; echo \"${COMPREPLY[@]}\"
        COMP_WORDS=(git credential-bitbucket-sso who); COMP_CWORD=2
        _git_credential_bitbucket_sso; echo \"${COMPREPLY[@]}\"";
    let bash = desk.command("bash").args(["-c", script, HELPER]).output().unwrap();
    assert_eq!(stdout(&bash), "--offline\nwhoami\n", "{}", said(&bash));
}

#[test]
fn every_command_has_a_manual_page() {
    let desk = desk();
    for (arguments, words) in [
        (&["man"][..], "credential\\-bitbucket\\-sso"),
        (&["man", "login"], "device\\-code"),
        (&["man", "doctor"], "offline"),
    ] {
        let page = run(&desk, arguments);
        assert!(page.status.success() && stdout(&page).contains(".TH "), "{}", said(&page));
        assert!(stdout(&page).contains(words), "{}", said(&page));
        assert!(!stdout(&page).contains("renew"), "a hidden command is shown");
    }
    let cli = <bitbucket_sso::cli::Cli as clap::CommandFactory>::command();
    let mut names = Vec::new();
    for command in cli.get_subcommands().filter(|command| !command.is_hide_set()) {
        names.push(command.get_name().to_owned());
        names.extend(command.get_subcommands().map(|inner| format!("{}-{}", command.get_name(), inner.get_name())));
    }
    assert!(names.len() > 18 && names.contains(&"audit-verify".to_owned()), "{names:?}");
    for name in names {
        let page = run(&desk, &["man", &name]);
        let title = format!(".TH git-credential-bitbucket-sso-{name} 1 ");
        assert!(stdout(&page).contains(&title), "{}", said(&page));
    }
    assert_eq!(run(&desk, &["man", "audit-renew"]).status.code(), Some(2));
    let renew = run(&desk, &["man", "renew"]);
    assert_eq!(renew.status.code(), Some(2), "{}", said(&renew));
}

/// git takes `--help` for itself, and opens the page that is called like the command.
#[test]
fn git_opens_the_page_of_our_name() {
    let desk = desk();
    let tools = desk.path("tools");
    std::fs::create_dir(&tools).unwrap();
    std::fs::write(tools.join("man"), "#!/bin/sh\necho \"asked for $*\"\n").unwrap();
    std::fs::set_permissions(tools.join("man"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let ours = Path::new(HELPER).parent().unwrap().display();
    let path = format!("{}:{ours}:{}", tools.display(), std::env::var("PATH").unwrap());
    let mut git = desk.git();
    let output = git.args(["credential-bitbucket-sso", "--help"]).env("PATH", path).output().unwrap();
    assert_eq!(stdout(&output), "asked for git-credential-bitbucket-sso\n", "{}", said(&output));
    let page = run(&desk, &["man"]);
    assert!(stdout(&page).contains(".TH git-credential-bitbucket-sso 1 "), "{}", said(&page));
}

#[test]
fn mistakes_are_told_on_standard_error_with_code_2() {
    let desk = desk();
    let cases: &[(&[&str], &str)] = &[
        (&[], "Usage: git credential-bitbucket-sso [OPTIONS] <COMMAND>"),
        (&["--nonsense"], "error: unexpected argument '--nonsense' found"),
        (&["login", "--brwoser"], "a similar argument exists: '--browser'"),
        (&["login", "--browser", "--device-code"], "'--browser' cannot be used with '--device-code'"),
        (&["logout", "--all", "--host", "https://x"], "'--all' cannot be used with '--host <URL>'"),
        (&["setup", "contoso.example", "--from", "x"], "'[DOMAIN]' cannot be used with '--from <FILE|URL>'"),
        (&["token"], "--host <URL>"),
        (&["token", "--host", "https://bitbucket.org", "--format", "jsn"], "a similar value exists: 'json'"),
        (&["config", "shwo"], "a similar subcommand exists: 'show'"),
        (&["status", "--set", "flow"], "write it as KEY=VALUE"),
    ];
    for (arguments, text) in cases {
        let output = run(&desk, arguments);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""), "{arguments:?}");
        assert!(stderr(&output).contains(text), "{arguments:?}: {}", said(&output));
        assert!(!stderr(&output).contains('\x1b'), "{arguments:?}: colour");
    }
    let hosts = [
        (
            "bitbucket",
            "`--host bitbucket` is no host: `bitbucket` is no absolute URL [bad-host]",
            "write it as in the configuration, e.g. --host https://bitbucket.org",
        ),
        (
            "https://bitbucket.com",
            "https://bitbucket.com is not configured [unknown-host]",
            "choose one of: https://bitbucket.org",
        ),
    ];
    for (host, what, help) in hosts {
        for command in ["login", "logout", "token"] {
            let output = run(&desk, &[command, "--host", host]);
            let want = format!("bitbucket-sso: {what}\n  do this: {help}\n");
            assert_eq!((output.status.code(), stderr(&output)), (Some(2), want), "{command}");
        }
    }
}

#[test]
fn a_mistyped_command_at_a_terminal_gets_a_suggestion_without_colour() {
    let desk = desk();
    for (typed, meant) in [("lgoin", "login"), ("tokne", "token"), ("whoam", "whoami")] {
        let (code, screen) = at_terminal(&desk, &format!("{HELPER} {typed}"), "", "");
        assert_eq!(code, 2, "{screen}");
        assert!(screen.contains(&format!("unrecognized subcommand '{typed}'")), "{screen}");
        assert!(screen.contains(&format!("a similar subcommand exists: '{meant}'")), "{screen}");
        assert!(!screen.contains('\x1b'), "{screen:?}");
    }
}

#[test]
fn whoami_without_anybody_is_code_4() {
    let output = run(&desk(), &["whoami"]);
    let want = "bitbucket-sso: nobody is signed in [sign-in-needed]\n  do this: git credential-bitbucket-sso login\n";
    assert_eq!((output.status.code(), stdout(&output), stderr(&output)), (Some(4), String::new(), want.into()));
}

#[test]
fn show_masks_secrets_and_names_what_decided() {
    let desk = desk();
    let text = stdout(&run(&desk, &["config", "show"]));
    let file = desk.home().join(".config/bitbucket-sso/config.toml");
    for line in [
        format!("host[https://bitbucket.org].client_secret = [redacted]    # user file {}:9", file.display()),
        format!("host[https://bitbucket.org].client_id = key    # user file {}:8", file.display()),
        "host[https://bitbucket.org].scopes = repository:write account    # built in".to_owned(),
        "token.margin = 5m    # built in".to_owned(),
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line}\n{text}");
    }
    let json: Value = serde_json::from_slice(&run(&desk, &["config", "show", "--json"]).stdout).unwrap();
    let secret = json.as_array().unwrap().iter().find(|one| one["key"].as_str().unwrap().ends_with("client_secret"));
    assert_eq!((&secret.unwrap()["value"], &secret.unwrap()["layer"]), (&"[redacted]".into(), &"user file".into()));
    for arguments in [&["config", "show"][..], &["config", "show", "--json"], &["status"], &["status", "--json"]] {
        assert!(!said(&run(&desk, arguments)).contains("canary"), "{arguments:?}");
    }
}

#[test]
fn validate_judges_one_file_by_itself() {
    let desk = desk();
    let file = desk.path("some.toml");
    let judged = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let output = run(&desk, &["config", "validate", file.to_str().unwrap()]);
        let place = file.display().to_string();
        (output.status.code(), stdout(&output).replace(&place, "FILE"), stderr(&output).replace(&place, "FILE"))
    };
    assert_eq!(judged(CONFIG), (Some(0), "FILE: valid\n".into(), String::new()));
    assert_eq!(judged("[ui]\nbackground = \"never\"\n").0, Some(0), "a drop-in need not be complete");
    assert_eq!(judged("[entra]\nentra_outage_grace = \"1h\"\n").0, Some(0), "it may be meant for policy");
    let want = "bitbucket-sso: the configuration is not usable: FILE:2: unknown key `backgruond` [config-unknown-key]\n  \
                do this: write `background` at FILE:2\n";
    assert_eq!(judged("[ui]\nbackgruond = \"never\"\n"), (Some(3), String::new(), want.into()));
    let gone = run(&desk, &["config", "validate", "/gone.toml"]);
    let want = "bitbucket-sso: the configuration is not usable: /gone.toml cannot be read: there is no such file \
                [config-unreadable]\n  do this: ls -l /gone.toml\n";
    assert_eq!((gone.status.code(), stderr(&gone)), (Some(3), want.into()));
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let desk = Desk::bare(Path::new("/dev/null"));
    let file = desk.home().join(".config/bitbucket-sso/config.toml");
    std::fs::create_dir_all(&file).unwrap();
    let output = desk.helper().arg("status").output().unwrap();
    let file = file.display();
    let want = format!(
        "bitbucket-sso: the configuration is not usable: {file} cannot be read: is a directory [config-unreadable]\n  \
         do this: ls -l {file}\n"
    );
    assert_eq!((output.status.code(), stderr(&output)), (Some(3), want));
}

#[test]
fn the_reference_page_is_what_the_program_prints() {
    let printed = stdout(&run(&desk(), &["config", "schema", "--markdown"]));
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference.md");
    assert!(std::fs::read_to_string(&page).unwrap() == printed, "write it anew: config schema --markdown");
}

fn desk() -> Desk {
    let desk = Desk::bare(Path::new("/dev/null"));
    desk.write_config(CONFIG);
    desk
}

fn run(desk: &Desk, arguments: &[&str]) -> Output {
    desk.helper().args(arguments).output().unwrap()
}

const CONFIG: &str = "\
[entra]
tenant = \"contoso.example\"
client_id = \"11111111-2222-4333-8444-555555555555\"

[[host]]
url = \"https://bitbucket.org\"
source = \"cloud-oauth\"
client_id = \"key\"
client_secret = \"canary-4711\"
redirect_uri = \"http://127.0.0.1/callback\"

[storage]
refresh_tokens = \"kernel\"
";
