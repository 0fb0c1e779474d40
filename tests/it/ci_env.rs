//! `ci env`: one binary and no file, by real git and real shells.

use crate::desk::{Desk, HELPER, feed, said, stderr, stdout};
use crate::practice::browser::Choice;
use crate::practice::cast::{self, ALICE};
use crate::practice::{Options, Practice, Source};
use std::path::Path;
use std::process::Command;

#[test]
fn a_container_clones_without_a_file_and_no_other_helper_is_told_the_token() {
    let practice = Practice::start(&Options::default());
    let desk = Desk::bare(practice.ca()).person(Choice::sign_in(ALICE));
    // What F1 and F2 are about: a helper of the user's own, which would keep a copy in clear.
    let kept = desk.path("kept");
    std::fs::write(
        desk.home().join(".gitconfig"),
        format!("[credential]\n\thelper =\n\thelper = store --file {}\n", kept.display()),
    )
    .unwrap();
    let url = practice.clone_url(Source::Exchange, "acme", "app");
    let shell = |script: &str| {
        let mut sh = desk.command("sh");
        sh.args(["-c", script]).envs(variables(&practice)).env("OURS", HELPER).env("URL", &url);
        sh.output().unwrap()
    };
    let without = shell("git clone -q \"$URL\" without </dev/null");
    assert!(!without.status.success(), "the control: nobody else has a password: {}", said(&without));
    let cloned = shell(
        "eval \"$(\"$OURS\" ci env)\"; eval \"$(\"$OURS\" ci env)\"; echo $GIT_CONFIG_COUNT; git clone -q \"$URL\" app",
    );
    assert!(cloned.status.success(), "{}", said(&cloned));
    assert_eq!(stdout(&cloned), "2\n", "twice is once");
    assert!(!kept.exists(), "{}", std::fs::read_to_string(&kept).unwrap_or_default());
    assert!(!desk.home().join(".config").exists(), "no file of ours");

    // PowerShell's form, as git reads it.
    let printed = ours(&desk, &practice, &["--shell", "powershell"], &[]);
    let value = printed.strip_prefix("$env:GIT_CONFIG_PARAMETERS = '").unwrap().strip_suffix("'\n").unwrap();
    let mut clone = desk.git();
    clone.envs(variables(&practice)).env("GIT_CONFIG_PARAMETERS", value.replace("''", "'"));
    let cloned = clone.args(["clone", "-q", &url, "again"]).output().unwrap();
    assert!(cloned.status.success() && !kept.exists(), "{}", said(&cloned));
}

#[test]
fn what_is_there_already_is_counted_on() {
    let practice = Practice::start(&Options::default());
    let desk = Desk::bare(practice.ca());
    let there = [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "user.name"), ("GIT_CONFIG_VALUE_0", "x")];
    let key = format!("credential.{}.helper", practice.url(Source::Exchange));
    let want = format!(
        "GIT_CONFIG_COUNT=3\nGIT_CONFIG_KEY_1={key}\nGIT_CONFIG_VALUE_1=\nGIT_CONFIG_KEY_2={key}\nGIT_CONFIG_VALUE_2={HELPER}\n"
    );
    assert_eq!(ours(&desk, &practice, &["--shell", "github"], &there), want);
    let yaml = ours(&desk, &practice, &["--shell", "gitlab"], &there);
    assert!(yaml.starts_with("variables:\n  GIT_CONFIG_COUNT: '2'\n  GIT_CONFIG_KEY_0: '"), "{yaml}");

    let mut bad = desk.helper();
    bad.args(["ci", "env"]).envs(variables(&practice)).env("GIT_CONFIG_COUNT", "two");
    let refused = bad.output().unwrap();
    assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
    assert!(stderr(&refused).contains("[ci-env-count]"), "{}", said(&refused));
    let mut none = desk.helper();
    let none = none.args(["ci", "env"]).output().unwrap();
    assert_eq!((none.status.code(), stdout(&none)), (Some(3), String::new()), "{}", said(&none));
}

#[test]
fn a_path_that_a_shell_would_act_on_reaches_git_whole() {
    let practice = Practice::start(&Options::default());
    let desk = Desk::bare(practice.ca());
    let odd = desk.path("it's $HOME (x86); a`b`");
    std::fs::create_dir(&odd).unwrap();
    let helper = odd.join("git-credential-bitbucket-sso");
    std::fs::copy(HELPER, &helper).unwrap();
    for shell in ["dash", "bash", "mksh", "zsh"].iter().filter(|shell| Path::new("/usr/bin").join(shell).exists()) {
        let mut run = desk.command(shell);
        run.envs(variables(&practice)).env("OURS", &helper);
        let script = "eval \"$(\"$OURS\" ci env)\"; printf 'url=%s\\n\\n' \"$BITBUCKET_SSO_HOST_URL\" | GIT_TERMINAL_PROMPT=0 CI=true git credential fill";
        let asked = run.args(["-c", script]).output().unwrap();
        assert!(stderr(&asked).contains("a sign-in is needed"), "{shell}: ours was called: {}", said(&asked));
    }
}

fn ours(desk: &Desk, practice: &Practice, arguments: &[&str], more: &[(&str, &str)]) -> String {
    let mut command = desk.helper();
    command.args(["ci", "env"]).args(arguments).envs(variables(practice)).envs(more.iter().copied());
    let output = feed(&mut command as &mut Command, b"");
    assert!(output.status.success(), "{}", said(&output));
    stdout(&output)
}

/// Everything that a file would say.
fn variables(practice: &Practice) -> Vec<(&'static str, String)> {
    vec![
        ("BITBUCKET_SSO_TENANT", cast::TENANT.to_owned()),
        ("BITBUCKET_SSO_CLIENT_ID", cast::CLIENT.to_owned()),
        ("BITBUCKET_SSO_AUTHORITY", practice.entra.base.clone()),
        ("BITBUCKET_SSO_CA_FILE", practice.ca().display().to_string()),
        ("BITBUCKET_SSO_REFRESH_TOKENS", "kernel".to_owned()),
        ("BITBUCKET_SSO_HOST_URL", practice.url(Source::Exchange).to_owned()),
        ("BITBUCKET_SSO_HOST_SOURCE", "exchange".to_owned()),
        ("BITBUCKET_SSO_HOST_TOKEN_ENDPOINT", format!("{}/oauth2/token", practice.broker.base)),
        ("BITBUCKET_SSO_HOST_SCOPE", cast::BROKER_SCOPE.to_owned()),
        ("BITBUCKET_SSO_HOST_AUDIENCE", "bitbucket.org".to_owned()),
    ]
}
