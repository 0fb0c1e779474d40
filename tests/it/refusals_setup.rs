//! `setup` and `unsetup` as a person runs them: what they change, what they leave alone, and what they say.

use crate::desk::{Desk, HELPER, said, stderr, stdout};
use crate::pty::at_terminal;
use crate::refusals_git::{OURS, tree};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Output;

const THEIRS: &str =
    "[user]\n\tname = Alice\n[credential]\n\thelper = store --file /tmp/x\n# the end, without a line end";

#[test]
fn setup_twice_changes_no_byte_and_unsetup_gives_the_file_back() {
    let desk = desk();
    std::fs::write(gitconfig(&desk), THEIRS).unwrap();
    let (config, include) = (gitconfig(&desk), desk.home().join(".config/bitbucket-sso/gitconfig"));
    let before = tree(&desk.home());
    let dry = run(&desk, &["setup", "--dry-run"]);
    let lines = format!(
        "would create {0}\n  + # Written by git-credential-bitbucket-sso setup, which overwrites changes made here.\n  \
         + [credential \"https://bitbucket.org\"]\n  +     helper =\n  +     helper = {HELPER}\nwould change {1}\n  \
         + # >>> bitbucket-sso >>>\n  + [include]\n  +     path = {0}\n  + # <<< bitbucket-sso <<<\n",
        include.display(),
        config.display()
    );
    assert_eq!(told(&dry), (0, lines, String::new()));
    assert_eq!(tree(&desk.home()), before, "--dry-run writes nothing");

    let first = run(&desk, &["setup"]);
    let done =
        format!("created {}\nchanged {}\nhttps://bitbucket.org: first of 1\n", include.display(), config.display());
    assert_eq!(told(&first), (0, done, String::new()));
    let (after, inode) = (tree(&desk.home()), config.metadata().unwrap().ino());
    let second = run(&desk, &["setup"]);
    assert_eq!(told(&second), (0, "nothing to change\nhttps://bitbucket.org: first of 1\n".into(), String::new()));
    assert_eq!((tree(&desk.home()), config.metadata().unwrap().ino()), (after, inode));
    assert_eq!(told(&run(&desk, &["setup", "--dry-run"])), (0, "nothing to change\n".into(), String::new()));

    let undone = run(&desk, &["unsetup"]);
    let want = format!("changed {}\nremoved {}\n", config.display(), include.display());
    assert_eq!(told(&undone), (0, want, String::new()));
    assert_eq!(std::fs::read_to_string(&config).unwrap(), THEIRS);
    assert_eq!(told(&run(&desk, &["unsetup"])), (0, "nothing to change\n".into(), String::new()));
}

#[test]
fn unsetup_leaves_a_broken_configuration_behind() {
    let desk = desk();
    std::fs::write(gitconfig(&desk), THEIRS).unwrap();
    assert!(run(&desk, &["setup"]).status.success());
    desk.write_config("[entra\n");
    let undone = run(&desk, &["unsetup"]);
    assert_eq!(undone.status.code(), Some(0), "{}", said(&undone));
    assert_eq!(std::fs::read_to_string(gitconfig(&desk)).unwrap(), THEIRS);
}

#[test]
fn status_tells_who_else_git_asks_and_the_command_that_repairs_it() {
    let desk = desk();
    let warnings = || {
        let status = run(&desk, &["status"]);
        assert_eq!(status.status.code(), Some(0), "{}", said(&status));
        let text = stdout(&status);
        let lines = text.lines().skip_while(|line| !line.starts_with("    no token yet")).skip(1);
        let lines = lines.take_while(|line| !line.starts_with("decided by "));
        lines.flat_map(|line| [line, "\n"]).collect::<String>()
    };
    assert_eq!(
        warnings(),
        "    warning: https://bitbucket.org: git does not ask this helper\n        do this: git credential-bitbucket-sso \
         setup\n"
    );
    assert!(run(&desk, &["setup"]).status.success());
    assert_eq!(warnings(), "", "first and alone");
    let global = gitconfig(&desk);
    let text = std::fs::read_to_string(&global).unwrap();
    std::fs::write(&global, format!("{text}[credential]\n\thelper = store --file /secret/place\n")).unwrap();
    assert_eq!(
        warnings(),
        format!(
            "    warning: https://bitbucket.org: first, but the token is also given to `store` ({})\n        do this: git \
             credential-bitbucket-sso setup\n",
            global.display()
        )
    );
    assert!(stdout(&run(&desk, &["setup"])).ends_with("https://bitbucket.org: first of 1\n"));
    assert_eq!(warnings(), "");
}

#[test]
fn without_hosts_there_is_nothing_to_set_up() {
    let desk = Desk::bare(Path::new("/dev/null"));
    let want = "bitbucket-sso: no Bitbucket host is configured [no-hosts]\n  do this: git credential-bitbucket-sso setup \
                --from FILE    (ask your administrator for it)\n";
    for arguments in [&["setup"][..], &["setup", "--dry-run"], &["login"], &["status"], &["whoami"]] {
        assert_eq!(told(&run(&desk, arguments)), (3, String::new(), want.into()), "{arguments:?}");
    }
    assert!(!gitconfig(&desk).exists());
}

#[test]
fn a_home_that_is_unset_or_somebody_elses_is_left_alone() {
    let desk = desk();
    let offer = offer(&desk, OFFER);
    let config_home = desk.home().join(".config");
    let before = tree(&desk.home());
    let from = ["setup", "--from", offer.to_str().unwrap(), "--yes", "--sha256", &digest(OFFER)];
    for arguments in [&["setup"][..], &from, &["unsetup"]] {
        let output = desk.helper().args(arguments).env_remove("HOME").env("XDG_CONFIG_HOME", &config_home).output();
        let want = "bitbucket-sso: cannot register with git: HOME is not set [home-unset]\n  do this: HOME=/your/home git \
                    credential-bitbucket-sso setup\n";
        assert_eq!(told(&output.unwrap()), (3, String::new(), want.into()), "{arguments:?}");
    }
    if chown(desk.home(), Some(65_534), None).is_err() {
        _ = writeln!(std::io::stderr(), "partly not run: only root can give a home to somebody else");
        return;
    }
    for arguments in [&["setup"][..], &from, &["unsetup"]] {
        let want = format!(
            "bitbucket-sso: cannot register with git: HOME is {}, which belongs to another user [home-not-ours]\n  \
             do this: run `git credential-bitbucket-sso setup` as the owner of that directory, without sudo\n",
            desk.home().display()
        );
        assert_eq!(told(&run(&desk, arguments)), (3, String::new(), want), "{arguments:?}");
    }
    assert_eq!(tree(&desk.home()), before, "nothing was written there");
}

#[test]
fn a_read_only_gitconfig_is_left_alone_and_the_lines_are_handed_over() {
    let desk = desk();
    let config = gitconfig(&desk);
    let lines = format!(
        "# >>> bitbucket-sso >>>\n[include]\n\tpath = {}\n# <<< bitbucket-sso <<<\n",
        desk.home().join(".config/bitbucket-sso/gitconfig").display()
    );
    std::fs::write(&config, THEIRS).unwrap();
    std::fs::set_permissions(&config, PermissionsExt::from_mode(0o444)).unwrap();
    let want = format!(
        "bitbucket-sso: {0} is read-only or managed by another tool, so it was left as it is [gitconfig-read-only]\n  \
         do this: add these lines at the end of {0}, where it comes from:\n{lines}",
        config.display()
    );
    assert_eq!(told(&run(&desk, &["setup"])), (3, String::new(), want));
    assert_eq!(std::fs::read_to_string(&config).unwrap(), THEIRS);

    std::fs::set_permissions(&config, PermissionsExt::from_mode(0o644)).unwrap();
    std::fs::write(&config, format!("{THEIRS}\n{lines}")).unwrap();
    std::fs::set_permissions(&config, PermissionsExt::from_mode(0o444)).unwrap();
    assert_eq!(run(&desk, &["setup"]).status.code(), Some(0), "they were pasted: all is well");
    let want = format!(
        "bitbucket-sso: {0} is read-only or managed by another tool, so it was left as it is [gitconfig-read-only]\n  \
         do this: delete these lines where {0} comes from:\n{lines}",
        config.display()
    );
    assert_eq!(told(&run(&desk, &["unsetup"])), (3, String::new(), want));
}

#[test]
fn somebodys_configuration_is_taken_only_when_it_is_the_one_that_was_agreed_to() {
    let desk = Desk::bare(Path::new("/dev/null"));
    let file = offer(&desk, OFFER);
    let (name, sum) = (file.to_str().unwrap(), digest(OFFER));
    let shown = format!(
        "configuration of {name}\n  tenant     72f988bf-0000-4000-8000-2d7cd011db47\n  client id  \
         11111111-2222-4333-8444-555555555555\n  hosts      https://bitbucket.org\n  SHA-256    {sum}\n"
    );
    assert_eq!(told(&run(&desk, &["setup", "--from", name, "--dry-run"])), (0, shown.clone(), String::new()));

    let unasked = run(&desk, &["setup", "--from", name]);
    let want = format!(
        "{shown}bitbucket-sso: the configuration was not taken: there is no terminal to ask at; nothing was changed \
         [setup-unasked]\n  do this: compare its SHA-256 with your administrator's, then add: --yes --sha256 {sum}\n"
    );
    assert_eq!(told(&unasked), (4, String::new(), want));

    let wrong = run(&desk, &["setup", "--from", name, "--yes", "--sha256", &"0".repeat(64)]);
    let want = format!(
        "bitbucket-sso: the configuration is not the one that was agreed to, so it was not taken [bootstrap-digest]\n  \
         do this: ask your administrator which SHA-256 holds\n  detail:  SHA-256 {sum}, wanted {}\n",
        "0".repeat(64)
    );
    assert_eq!(told(&wrong), (3, String::new(), want));
    let (config, mine) = (gitconfig(&desk), desk.home().join(".config/bitbucket-sso/config.toml"));
    assert!(!config.exists() && !mine.exists(), "nothing was changed so far");

    let taken = run(&desk, &["setup", "--from", name, "--yes", "--sha256", &sum.to_uppercase()]);
    let include = desk.home().join(".config/bitbucket-sso/gitconfig");
    let want = format!(
        "{} written\ncreated {}\ncreated {}\nhttps://bitbucket.org: first of 1\n",
        mine.display(),
        include.display(),
        config.display()
    );
    assert_eq!(told(&taken), (0, want, String::new()));
    let again = run(&desk, &["setup", "--from", name, "--yes", "--sha256", &sum]);
    let want = format!("{} already says so\nnothing to change\nhttps://bitbucket.org: first of 1\n", mine.display());
    assert_eq!(told(&again), (0, want, String::new()));
}

#[test]
fn a_document_that_asks_for_too_much_is_refused() {
    let desk = Desk::bare(Path::new("/dev/null"));
    let refused = |from: &str, code: i32, what: &str, help: &str| {
        let want = format!("bitbucket-sso: {what}\n  do this: {help}\n");
        let sum = digest(&std::fs::read_to_string(from).unwrap_or_default());
        let output = run(&desk, &["setup", "--from", from, "--yes", "--sha256", &sum]);
        assert_eq!(told(&output), (code, String::new(), want));
    };
    let correct = "ask whoever published it to correct it";
    let tenant = "\"tenant\": \"72f988bf-0000-4000-8000-2d7cd011db47\"";
    for (instead, why) in [
        ("\"tenant\": \"common\"", "not valid: `entra.tenant` must name your own tenant; `common` is shared by all"),
        (
            &format!("{tenant}, \"client_secret\": \"x\""),
            "not accepted: `entra.client_secret` may not be set by somebody else's document",
        ),
        (&format!("{tenant}, \"flwo\": \"auto\""), "not accepted: `entra.flwo` is not a known key"),
    ] {
        let text = OFFER.replace(tenant, instead);
        let file = offer(&desk, &text);
        let what = format!("the configuration of {} is {why} [bootstrap-document]", file.display());
        refused(file.to_str().unwrap(), 3, &what, correct);
    }
    let from = "git credential-bitbucket-sso setup --from FILE    (or an https address, or `setup DOMAIN`)";
    let gone = desk.path("gone.json");
    let what = format!("{} cannot be read: there is no such file [bootstrap-unreadable]", gone.display());
    refused(gone.to_str().unwrap(), 3, &what, from);
    let what = "plain http to `sso.example` is not allowed; only https is (http for 127.0.0.1, [::1] and localhost) \
                [bootstrap-origin]";
    refused("http://sso.example/x.json", 2, what, from);
    let slash = run(&desk, &["setup", "contoso.example/x"]);
    let want = format!("bitbucket-sso: `contoso.example/x` is no domain [bootstrap-origin]\n  do this: {from}\n");
    assert_eq!(told(&slash), (2, String::new(), want));
    assert!(!desk.home().join(".config/bitbucket-sso/config.toml").exists());
}

#[test]
fn at_a_terminal_one_question_decides() {
    let desk = Desk::bare(Path::new("/dev/null"));
    let file = offer(&desk, OFFER);
    let mine = desk.home().join(".config/bitbucket-sso/config.toml");
    let command = format!("{HELPER} setup --from {}", file.display());
    let question = "sign in with this tenant from now on? [y/N] ";
    for no in ["\n", "n\n", "maybe\n"] {
        let (code, text) = at_terminal(&desk, &command, question, no);
        assert!(text.contains(&format!("  SHA-256    {}\r\n{question}", digest(OFFER))), "{text}");
        let want = "bitbucket-sso: the configuration was not taken: the answer was no; nothing was changed \
                    [setup-declined]\r\n  do this: ask your administrator whether the tenant and hosts are right\r\n";
        assert!(text.ends_with(want), "{text}");
        assert_eq!((code, mine.exists()), (5, false));
    }
    let (code, text) = at_terminal(&desk, &command, question, "y\n");
    assert!(text.ends_with("https://bitbucket.org: first of 1\r\n"), "{text}");
    assert_eq!((code, mine.exists()), (0, true));
}

fn desk() -> Desk {
    let desk = Desk::bare(Path::new("/dev/null"));
    desk.write_config(OURS);
    desk
}

fn gitconfig(desk: &Desk) -> PathBuf {
    desk.home().join(".gitconfig")
}

fn run(desk: &Desk, arguments: &[&str]) -> Output {
    // A session of its own: nobody sits at a terminal, wherever the tests run.
    desk.command("setsid").args(["--wait", HELPER]).args(arguments).output().unwrap()
}

fn told(output: &Output) -> (i32, String, String) {
    (output.status.code().unwrap(), stdout(output), stderr(output))
}

fn offer(desk: &Desk, text: &str) -> PathBuf {
    let file = desk.path("offer.json");
    std::fs::write(&file, text).unwrap();
    file
}

fn digest(text: &str) -> String {
    bitbucket_sso::basis::digest::of(text.as_bytes())
}

const OFFER: &str = r#"{
  "entra": {"tenant": "72f988bf-0000-4000-8000-2d7cd011db47", "client_id": "11111111-2222-4333-8444-555555555555"},
  "host": [{"url": "https://bitbucket.org", "source": "entra", "scope": "api://git-proxy/.default"}]
}"#;
