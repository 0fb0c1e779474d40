//! A person is needed, and nobody can or may be asked.

use super::{Scene, git_refused, until};
use crate::desk::{HELPER, said, stderr};
use crate::practice::Source::{self, CloudOauth, Exchange};
use crate::practice::cast::ALICE;
use std::process::{Command, Output};

/// Git's question in a session without a controlling terminal.
fn away(scene: &Scene, command: &mut Command) -> Output {
    let url = url::Url::parse(scene.practice.url(Exchange)).unwrap();
    let request = format!("protocol=https\nhost=localhost:{}\n\n", url.port().unwrap());
    crate::desk::feed(command, request.as_bytes())
}

fn detached(scene: &Scene) -> Command {
    let mut command = scene.desk.command("setsid");
    command.args(["-w", HELPER, "get"]);
    command
}

#[test]
fn without_terminal_and_display_the_message_says_so_and_what_to_run() {
    let scene = Scene::of(Exchange);
    let output = away(&scene, detached(&scene).env_remove("BROWSER"));
    let words = [
        "a sign-in is needed for localhost, but nobody can be asked",
        "there is no terminal",
        "no display",
        "do this: git credential-bitbucket-sso login --host https://localhost:",
    ];
    git_refused(&output, 4, "sign-in-needed", &words);
    let output = away(&scene, detached(&scene).env("SSH_CONNECTION", "1 2 3 4"));
    git_refused(&output, 4, "sign-in-needed", &["there is no terminal", "SSH session"]);
    assert!(scene.practice.journal.entries().is_empty() && scene.no_page(), "nothing was begun");
}

#[test]
fn a_page_opens_by_itself_once_only() {
    let scene = Scene::of(Exchange);
    let mut child = super::start(detached(&scene).stdin(request(&scene)));
    scene.page();
    // The person closes the tab and the IDE gives up waiting. (`setsid` has become the helper.)
    child.kill().unwrap();
    child.wait().unwrap();
    for _ in 0..2 {
        let output = away(&scene, &mut detached(&scene));
        git_refused(&output, 4, "sign-in-needed", &["a sign-in page was already opened once and not completed"]);
    }
    assert!(scene.no_page());
    let scene = scene.login(ALICE);
    assert!(away(&scene, &mut detached(&scene)).status.success());
}

fn request(scene: &Scene) -> std::fs::File {
    let file = scene.desk.path("request");
    let url = url::Url::parse(scene.practice.url(Exchange)).unwrap();
    std::fs::write(&file, format!("protocol=https\nhost=localhost:{}\n\n", url.port().unwrap())).unwrap();
    std::fs::File::open(file).unwrap()
}

#[test]
fn switches_that_forbid_asking_are_named() {
    let scene = Scene::of(Exchange);
    let get = |name: &str, value: &str| away(&scene, scene.run(&["get"]).env(name, value));
    git_refused(&get("CI", "true"), 4, "sign-in-needed", &["nobody can be asked: CI=true is set"]);
    let parameters = "'credential.interactive'='false'";
    let says = "nobody can be asked: git's credential.interactive forbids it";
    git_refused(&get("GIT_CONFIG_PARAMETERS", parameters), 4, "sign-in-needed", &[says]);
    let mut counted = scene.run(&["get"]);
    counted.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "credential.interactive");
    git_refused(&away(&scene, counted.env("GIT_CONFIG_VALUE_0", "never")), 4, "sign-in-needed", &[says]);

    let mut scene = Scene::of(Exchange);
    scene.reconfigure("[network]", "[ui]\nbackground = \"never\"\n\n[network]");
    let output = away(&scene, &mut scene.run(&["get"]));
    git_refused(&output, 4, "sign-in-needed", &["nobody can be asked: [ui] background = \"never\" is set"]);
    assert!(scene.no_page());
}

#[test]
fn git_itself_hands_its_switch_on_and_stops_without_asking_for_a_password() {
    let scene = Scene::of(Exchange);
    assert!(scene.run(&["setup"]).status().unwrap().success());
    let url = scene.practice.clone_url(Exchange, "acme", "app");
    let mut git = scene.desk.git();
    let output = git.args(["-c", "credential.interactive=false", "ls-remote", &url]).output().unwrap();
    assert!(!output.status.success());
    let told = stderr(&output);
    assert!(told.contains("git's credential.interactive forbids it [sign-in-needed]"), "{told}");
    assert!(told.contains("told us to quit") && !told.contains("could not read"), "{told}");
    assert!(scene.no_page());
}

/// A terminal of its own around this command; what is shown there is this command's output.
fn at_a_terminal(scene: &Scene, command: &str) -> Command {
    let mut script = scene.desk.command("script");
    script.args(["-qec", command, "/dev/null"]).env_remove("BROWSER");
    script
}

#[test]
fn terminal_prompts_that_git_forbids_are_not_made() {
    let scene = Scene::of(Exchange);
    _ = request(&scene);
    let command = format!("{HELPER} get < {}", scene.desk.path("request").display());
    let output = at_a_terminal(&scene, &command).env("GIT_TERMINAL_PROMPT", "0").output().unwrap();
    let shown = said(&output).replace('\r', "");
    assert_eq!(output.status.code(), Some(4), "{shown}");
    assert!(shown.contains("nobody can be asked: GIT_TERMINAL_PROMPT=0"), "{shown}");
    assert!(scene.practice.entra.waiting_codes().is_empty());

    // Without the switch the same terminal shows a code, and the answer is for git alone.
    scene.practice.entra.state().habits.interval = 1;
    let answer = scene.desk.path("answer");
    let child = super::start(&mut at_a_terminal(&scene, &format!("{command} > {}", answer.display())));
    let code = until("a device code", || scene.practice.entra.waiting_codes().pop());
    scene.practice.entra.approve(&code, ALICE).unwrap();
    let output = child.wait_with_output().unwrap();
    let shown = said(&output);
    assert!(output.status.success() && shown.contains(&code), "{shown}");
    let answer = std::fs::read_to_string(answer).unwrap();
    assert!(answer.contains("\npassword=") && !answer.contains(&code), "{shown}");
    assert!(scene.practice.journal.leaks(&shown).is_empty(), "{shown}");
}

#[test]
fn policies_about_device_codes_are_told() {
    let mut scene = Scene::of(Exchange);
    scene.reconfigure("[entra]\n", "[entra]\ndevice_code = \"login-only\"\n");
    _ = request(&scene);
    let command = format!("{HELPER} get < {}", scene.desk.path("request").display());
    let shown = said(&at_a_terminal(&scene, &command).output().unwrap());
    assert!(shown.contains("[device-code-login-only]") && shown.contains("login --host"), "{shown}");
    scene.reconfigure("\"login-only\"", "\"never\"");
    let output = scene.run(&["login", "--device-code"]).output().unwrap();
    super::refused(&output, 5, "device-code-off", &["switched off (device_code = \"never\")", "--browser"]);
}

#[test]
fn a_consent_that_nobody_can_give_is_told_as_that() {
    let mut scene = Scene::signed_in(CloudOauth);
    scene.later(7200);
    scene.practice.cloud.revoke_grants();
    let words = ["consent is needed for localhost, but nobody can be asked: CI=true is set", "login --host"];
    git_refused(&scene.get(Source::CloudOauth), 4, "consent-needed", &words);
}
