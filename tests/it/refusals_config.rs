//! A configuration that cannot be used, and what may not decide: told with file, line, and the one thing to do.

use crate::desk::{Desk, HELPER, feed, said, stderr, stdout};
use crate::refusals_git::OURS;
use std::path::{Path, PathBuf};

/// Line 4 is the first after it.
const ENTRA: &str = "\
[entra]
tenant = \"72f988bf-0000-4000-8000-2d7cd011db47\"
client_id = \"11111111-2222-4333-8444-555555555555\"
";
const HOST: &str = "[[host]]\nurl = \"https://bitbucket.org\"\nsource = \"entra\"\nscope = \"api://x/.default\"\n";

#[test]
#[expect(clippy::too_many_lines, reason = "it is one table")]
fn every_flaw_of_a_file_is_told_with_its_line_and_one_remedy() {
    let cloud = format!(
        "{ENTRA}[[host]]\nurl = \"https://b.example\"\nsource = \"cloud-oauth\"\nclient_id = \"k\"\n\
        client_secret = \"canary-4711\"\nredirect_uri = \"http://127.0.0.1/callback\"\n"
    );
    let cases: &[(String, &str, &str)] = &[
        (
            format!("{ENTRA}tenant = canary-4711 y\n"),
            "FILE:4: string values must be quoted, expected literal string [config-syntax]",
            "correct FILE:4",
        ),
        ("[entra\n".into(), "FILE:1: unclosed table, expected `]` [config-syntax]", "correct FILE:1"),
        (
            format!("{ENTRA}tennant = \"canary-4711\"\n"),
            "FILE:4: unknown key `tennant` [config-unknown-key]",
            "write `tenant` at FILE:4",
        ),
        (
            "[entar]\ntenant = \"x\"\n".into(),
            "FILE:1: unknown key `entar` [config-unknown-key]",
            "write `entra` at FILE:1",
        ),
        (
            "[ui]\nbackgruond = \"never\"\n".into(),
            "FILE:2: unknown key `backgruond` [config-unknown-key]",
            "write `background` at FILE:2",
        ),
        (
            "[token]\n\nzzzzzzzz = 1\n".into(),
            "FILE:3: unknown key `zzzzzzzz` [config-unknown-key]",
            "git credential-bitbucket-sso config schema --markdown    (lists every key)",
        ),
        (
            "[entra]\ntenant = \"common\"\n".into(),
            "FILE:2: `entra.tenant` must name your own tenant; `common` is shared by all [config-shared-tenant]",
            "write your tenant's GUID or domain at FILE:2",
        ),
        (
            format!("{ENTRA}authority = \"http://login.example\"\n"),
            "FILE:4: `entra.authority` is refused: plain http to `login.example` is not allowed; only https is (http for \
             127.0.0.1, [::1] and localhost) [config-url]",
            "write https:// at FILE:4",
        ),
        (
            format!("{ENTRA}authority = \"https://alice:canary-4711@login.example\"\n"),
            "FILE:4: `entra.authority` is refused: a user name, password, query or fragment is not allowed in this URL \
             [config-url]",
            "correct FILE:4",
        ),
        (
            format!("{ENTRA}redirect_uri = \"https://localhost\"\n"),
            "FILE:4: `entra.redirect_uri` must be an http URL on localhost, 127.0.0.1 or [::1] [config-bad-value]",
            "correct FILE:4",
        ),
        (
            format!("{ENTRA}{HOST}[[host]]\nurl = \"https://BitBucket.org:443/\"\nsource = \"entra\"\nscope = \"x\"\n"),
            "FILE:8: the host https://bitbucket.org is already in line 4 [config-duplicate-host]",
            "remove one of the two, at FILE:8",
        ),
        (
            format!("{ENTRA}[entra.work]\ntenant = \"contoso.example\"\n{HOST}entra = \"wrok\"\n"),
            "FILE:10: there is no `[entra.wrok]` [config-unknown-profile]",
            "add [entra.wrok], or write \"work\" at FILE:10",
        ),
        (
            format!("{ENTRA}{HOST}audience = \"x\"\n"),
            "FILE:8: `host.audience` is not for hosts with source = \"entra\" [config-wrong-source]",
            "remove it at FILE:8    (it is for exchange)",
        ),
        (
            format!("{ENTRA}[[host]]\nurl = \"https://bitbucket.org\"\nsource = \"exchnge\"\n"),
            "FILE:6: `host.source` must be one of cloud-oauth, datacenter-oauth, exchange, entra [config-bad-value]",
            "write `exchange` at FILE:6",
        ),
        (
            format!("{ENTRA}[[host]]\nurl = \"https://bitbucket.org\"\n"),
            "`host[https://bitbucket.org].source` is not set [config-missing-key]",
            "add `source` to the table at FILE:5",
        ),
        (HOST.into(), "`entra.tenant` is not set [config-missing-key]", "ask your administrator for `entra.tenant`"),
        (
            format!("{ENTRA}entra_outage_grace = \"1h\"\n"),
            "FILE:4: `entra.entra_outage_grace` may not be set in this layer (user file) [config-wrong-layer]",
            "remove it at FILE:4    (your administrator can set it in policy)",
        ),
        (
            format!("{ENTRA}reauthenticate = \"canary-4711\"\n"),
            "FILE:4: `entra.reauthenticate` must be true or false, not a string [config-bad-value]",
            "correct FILE:4",
        ),
        (
            "[token]\nmargin = \"5s\"\n".into(),
            "FILE:2: `token.margin` must be at least 120 seconds [config-bad-value]",
            "correct FILE:2",
        ),
        (
            format!("{cloud}client_secret_file = \"/etc/secret\"\n"),
            "FILE:10: `host.client_secret_file` excludes `client_secret`; only one of them may be set [config-bad-value]",
            "correct FILE:10",
        ),
    ];
    let desk = Desk::bare(Path::new("/dev/null"));
    let file = config_file(&desk);
    for (text, what, help) in cases {
        desk.write_config(text);
        let named = |text: &str| text.replace("FILE", &file.display().to_string());
        let want = named(&format!("bitbucket-sso: the configuration is not usable: {what}\n  do this: {help}\n"));
        for arguments in
            [&["status"][..], &["login"], &["token", "--host", "https://bitbucket.org"], &["config", "show"]]
        {
            let output = desk.helper().args(arguments).output().unwrap();
            let seen = (output.status.code(), stdout(&output), stderr(&output));
            assert_eq!(seen, (Some(3), String::new(), want.clone()), "{arguments:?} with {text}");
        }
        assert!(!want.contains("canary"), "{want}");
    }
}

#[test]
fn a_variable_or_flag_that_is_wrong_is_told_by_its_own_name() {
    let desk = Desk::bare(Path::new("/dev/null"));
    desk.write_config(OURS);
    let cases = [
        (
            Some(("BITBUCKET_SSO_FLOW", "devise-code")),
            None,
            "environment variable BITBUCKET_SSO_FLOW: `entra.flow` must be one of auto, browser, device-code \
             [config-bad-value]\n  do this: export BITBUCKET_SSO_FLOW=device-code\n",
        ),
        (
            Some(("BITBUCKET_SSO_MARGIN", "soon")),
            None,
            "environment variable BITBUCKET_SSO_MARGIN: `token.margin` must be a duration such as \"30s\", \"5m\" or \
             \"24h\" [config-bad-value]\n  do this: unset BITBUCKET_SSO_MARGIN    (or correct its value)\n",
        ),
        (
            None,
            Some("entra.flwo=auto"),
            "command line (entra.flwo): unknown key `entra.flwo` [config-unknown-key]\n  do this: write `entra.flow` in \
             `--set entra.flwo=…` on the command line\n",
        ),
    ];
    for (variable, flag, text) in cases {
        let mut command = desk.helper();
        command.arg("status").envs(variable).args(flag.iter().flat_map(|flag| ["--set", flag]));
        let output = command.output().unwrap();
        let want = format!("bitbucket-sso: the configuration is not usable: {text}");
        assert_eq!((output.status.code(), stderr(&output)), (Some(3), want));
    }
}

#[test]
fn what_may_not_say_whom_to_trust_is_ignored_told_by_status_and_never_by_get() {
    let desk = Desk::bare(Path::new("/dev/null"));
    desk.write_config(OURS);
    let other = desk.path("other.toml");
    std::fs::write(&other, OURS.replace("bitbucket.org", "evil.example")).unwrap();
    let variables = [
        ("BITBUCKET_SSO_TENANT", "evil.example"),
        ("BITBUCKET_SSO_AUTHORITY", "https://login.evil.example"),
        ("BITBUCKET_SSO_CONFIG", other.to_str().unwrap()),
        ("BITBUCKET_SSO_FLWO", "auto"),
        ("BITBUCKET_SSO_DEVICE_CODE", "never"),
    ];
    let status = desk
        .helper()
        .args(["status", "--set", "entra.client_id=99999999-2222-4333-8444-555555555555"])
        .envs(variables)
        .output()
        .unwrap();
    assert_eq!((status.status.code(), stderr(&status).as_str()), (Some(0), ""), "{}", said(&status));
    let text = stdout(&status);
    let told: Vec<&str> = text.lines().filter(|line| line.starts_with("note: ")).collect();
    assert_eq!(
        told,
        [
            "note: the variable BITBUCKET_SSO_CONFIG is ignored: the user file already says whom to trust",
            "note: `--set entra.client_id=…` is ignored: the user file already says whom to trust",
            "note: the variable BITBUCKET_SSO_TENANT is ignored: the user file already says whom to trust",
            "note: the variable BITBUCKET_SSO_AUTHORITY is ignored: the user file already says whom to trust",
            "note: the variable BITBUCKET_SSO_FLWO means nothing; did you mean BITBUCKET_SSO_FLOW?",
        ]
    );
    assert!(text.starts_with("72f988bf-0000-4000-8000-2d7cd011db47: not signed in"), "{text}");
    assert!(!text.contains("evil"), "{text}");

    let shown = desk.helper().args(["config", "show"]).envs(variables).output().unwrap();
    assert!(
        stdout(&shown).contains("entra.device_code = never    # environment variable BITBUCKET_SSO_DEVICE_CODE\n"),
        "{}",
        said(&shown)
    );
    assert!(!stdout(&shown).contains("evil"), "{}", said(&shown));

    let ask = |host: &str| {
        let request = format!("protocol=https\nhost={host}\n\n");
        feed(desk.helper().arg("get").envs(variables), request.as_bytes())
    };
    let ours = ask("bitbucket.org");
    assert_eq!((ours.status.code(), stdout(&ours).as_str()), (Some(4), "quit=1\n"));
    assert!(stderr(&ours).starts_with("bitbucket-sso: a sign-in is needed"), "{}", said(&ours));
    assert_eq!(stderr(&ours).lines().count(), 2, "get says nothing of what was ignored: {}", said(&ours));
    let foreign = ask("evil.example");
    assert_eq!(said(&foreign), said(&desk.verb("store", b"")), "silence");
}

#[test]
fn where_no_file_speaks_a_variable_may_name_the_file() {
    let desk = Desk::bare(Path::new("/dev/null"));
    let other = desk.path("other.toml");
    std::fs::write(&other, OURS).unwrap();
    let get = |file: &Path| {
        let request = b"protocol=https\nhost=bitbucket.org\n\n";
        feed(desk.helper().arg("get").env("BITBUCKET_SSO_CONFIG", file), request)
    };
    assert_eq!(get(&other).status.code(), Some(4), "it is ours then");
    let gone = get(&desk.path("gone.toml"));
    let file = desk.path("gone.toml");
    let want = format!(
        "bitbucket-sso: the configuration is not usable: {0} cannot be read: there is no such file [config-unreadable]; \
         do this: ls -l {0}\n",
        file.display()
    );
    assert_eq!((gone.status.code(), stdout(&gone), stderr(&gone)), (Some(3), String::new(), want));
    let relative = get(Path::new("other.toml"));
    assert!(stderr(&relative).contains("`BITBUCKET_SSO_CONFIG` must be an absolute path"), "{}", said(&relative));
}

#[test]
fn a_broken_file_stops_git_at_our_hosts_only_and_takes_one_line() {
    let desk = Desk::bare(Path::new("/dev/null"));
    desk.write_config(OURS);
    assert!(desk.helper().arg("setup").output().unwrap().status.success());
    desk.write_config(&format!("{OURS}[entra\n"));
    let line = format!(
        "bitbucket-sso: the configuration is not usable: {0}:15: unclosed table, expected `]` [config-syntax]; do this: \
         correct {0}:15\n",
        config_file(&desk).display()
    );
    for (host, answer) in [
        ("bitbucket.org", "quit=1\n"),
        ("BITBUCKET.org.:443", "quit=1\n"),
        ("github.com", ""),
        ("bitbucket.org.evil.example", ""),
        ("bitbucket.org:8443", ""),
    ] {
        let output = desk.get(&format!("protocol=https\nhost={host}\n\n"));
        let seen = (output.status.code(), stdout(&output), stderr(&output));
        assert_eq!(seen, (Some(3), answer.to_owned(), line.clone()), "{host}");
    }
    for verb in ["store", "capability"] {
        assert_eq!(desk.verb(verb, b"protocol=https\nhost=bitbucket.org\n\n").status.code(), Some(0), "{verb}");
    }
}

#[test]
fn a_broken_file_of_ours_never_breaks_another_forge() {
    let desk = Desk::bare(Path::new("/dev/null"));
    desk.write_config("[entra\n");
    let fill = |host: &str| {
        let mut git = desk.git();
        git.args(["-c", &format!("credential.helper={HELPER}")]);
        git.args(["-c", "credential.helper=!echo username=u; echo password=p; :", "credential", "fill"]);
        feed(&mut git, format!("protocol=https\nhost={host}\n\n").as_bytes())
    };
    let output = fill("github.com");
    assert!(output.status.success() && stdout(&output).contains("password=p\n"), "{}", said(&output));
    assert_eq!(stderr(&output).lines().count(), 1, "{}", said(&output));
}

fn config_file(desk: &Desk) -> PathBuf {
    desk.home().join(".config/bitbucket-sso/config.toml")
}
