//! `setup --user --quiet`, as every desktop sign-in runs it.

use crate::desk::{Desk, HELPER, said, stderr, stdout};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Output;

const QUIET: [&str; 3] = ["setup", "--user", "--quiet"];

#[test]
fn it_registers_once_and_then_starts_nothing_and_writes_nothing() {
    let desk = desk();
    assert_eq!(told(&sign_in(&desk)), (Some(0), String::new(), String::new()));
    let chain = desk.helper().arg("setup").output().unwrap();
    assert_eq!(stdout(&chain), "nothing to change\nhttps://bitbucket.org: first of 1\n", "{}", said(&chain));

    let (config, trace) = (desk.home().join(".gitconfig"), desk.path("trace"));
    let inode = config.metadata().unwrap().ino();
    let mut strace = desk.command("strace");
    strace.args(["-f", "-o"]).arg(&trace).arg(HELPER).args(QUIET).env("XDG_CURRENT_DESKTOP", "GNOME");
    assert_eq!(told(&strace.output().unwrap()), (Some(0), String::new(), String::new()));
    assert_eq!(config.metadata().unwrap().ino(), inode);
    let trace = fs::read_to_string(trace).unwrap();
    for call in ["socket(", "connect(", "clone(", "clone3(", "fork(", "vfork(", "rename(", "mkdir(", "fsync("] {
        assert!(!trace.contains(call), "{call}: {trace}");
    }
    assert_eq!(trace.matches("execve(").count(), 1, "{trace}");
    assert!(
        !trace.lines().any(|line| line.contains("openat(")
            && (line.contains("O_WRONLY") || line.contains("O_RDWR"))
            && line.contains("desk")),
        "{trace}"
    );

    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{text}[credential]\n\thelper = store\n")).unwrap();
    assert_eq!(told(&sign_in(&desk)), (Some(0), String::new(), String::new()));
    let chain = desk.helper().arg("setup").output().unwrap();
    assert!(stdout(&chain).starts_with("nothing to change\n"), "our lines are the last again: {}", said(&chain));
}

#[test]
fn it_does_nothing_for_a_machine_without_hosts_without_a_home_or_for_root_at_work() {
    let bare = Desk::bare(Path::new("/dev/null"));
    assert_eq!(told(&sign_in(&bare)), (Some(0), String::new(), String::new()));
    let desk = desk();
    let homeless = desk.helper().args(QUIET).env_remove("HOME").env("XDG_CURRENT_DESKTOP", "GNOME").output().unwrap();
    assert_eq!(told(&homeless), (Some(0), String::new(), String::new()));
    if rustix::process::geteuid().is_root() {
        for variable in ["NONE", "SUDO_USER"] {
            let mut managed = desk.helper();
            managed.args(QUIET).env(variable, "alice");
            if variable == "SUDO_USER" {
                managed.env("XDG_CURRENT_DESKTOP", "GNOME");
            }
            assert_eq!(told(&managed.output().unwrap()), (Some(0), String::new(), String::new()));
        }
    }
    for desk in [&bare, &desk] {
        assert!(!desk.home().join(".gitconfig").exists());
    }
}

#[test]
fn the_commands_that_systems_run_at_sign_in_are_commands_of_ours() {
    let file = |name: &str| {
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("installers/user").join(name)).unwrap()
    };
    let desktop = file("linux/git-credential-bitbucket-sso.desktop");
    let line = desktop.lines().find_map(|line| line.strip_prefix("Exec=")).unwrap();
    takes(line.split(' '));
    assert!(desktop.starts_with("[Desktop Entry]\nType=Application\nName="));

    let agent = file("macos/bitbucket-sso.setup.plist");
    let array = agent.split("<key>ProgramArguments</key>").nth(1).unwrap().split("</array>").next().unwrap();
    takes(array.split("<string>").skip(1).map(|word| word.split("</string>").next().unwrap()));

    let registry = file("windows/run-key.reg");
    let value = registry.lines().find_map(|line| line.strip_prefix("\"BitbucketSsoSetup\"=\"")).unwrap();
    let value = value.strip_suffix('"').unwrap().replace("\\\"", "\"").replace("\\\\", "\\");
    let (program, rest) = value.strip_prefix('"').unwrap().split_once('"').unwrap();
    let installed = "C:\\Program Files\\git-credential-bitbucket-sso\\git-credential-bitbucket-sso.exe";
    assert!(
        registry.contains("\r\n") && program == installed,
        "{program}: not where the MSI and `self install` put it"
    );
    takes([program].into_iter().chain(rest.split_whitespace()));
}

fn takes<'a>(words: impl Iterator<Item = &'a str>) {
    let words: Vec<String> = words.map(str::to_owned).collect();
    assert!(words[0].contains("git-credential-bitbucket-sso") && words[1..] == QUIET, "{words:?}");
    bitbucket_sso::cli::parse(&words).unwrap();
}

fn desk() -> Desk {
    let desk = Desk::bare(Path::new("/dev/null"));
    desk.write_config(
        "[entra]\ntenant = \"contoso.example\"\nclient_id = \"11111111-2222-4333-8444-555555555555\"\n\n[[host]]\n\
         url = \"https://bitbucket.org\"\nsource = \"entra\"\nscope = \"api://x/.default\"\n",
    );
    desk
}

fn sign_in(desk: &Desk) -> Output {
    desk.helper().args(QUIET).env("XDG_CURRENT_DESKTOP", "GNOME").output().unwrap()
}

fn told(output: &Output) -> (Option<i32>, String, String) {
    (output.status.code(), stdout(output), stderr(output))
}
