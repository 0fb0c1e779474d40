//! `setup --migrate` on a home as they are found: what is told, what is changed, what stays byte for byte.

use crate::desk::{Desk, HELPER, feed, said, stderr, stdout};
use crate::pty::Terminal;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Output;

const SECRET: &str = "canary-5e0f1b2c3d";
const STORE: &str = "https://alice:canary-5e0f1b2c3d@bitbucket.org\nhttps://x:canary-5e0f1b2c3d@github.com\n# odd line\r\n\
                     https://alice:canary-5e0f1b2c3d@git.example.com%2fno\nhttps://bob:canary-5e0f1b2c3d@git.example.com/bitbucket";
const NETRC: &str = "# mine\nmachine github.com login x password canary-5e0f1b2c3d\nmachine bitbucket.org\n  login alice\n  \
                     password canary-5e0f1b2c3d\n\ndefault login anonymous password x\nmachine git.example.com login b password \
                     canary-5e0f1b2c3d macdef init\ncd /\n\n";
const CONFIG: &str = "[user]\n\tname = A  ; kept\n[url \"git@bitbucket.org:\"]\n\tinsteadOf = https://bitbucket.org/\n\
                      [url \"https://u:canary-5e0f1b2c3d@bitbucket.org/\"]\n\tinsteadOf = bb:\n[http \
                      \"https://bitbucket.org/\"]\n\textraHeader = Authorization: Basic canary-5e0f1b2c3d\n\tsslVerify = true\n";

#[test]
fn everything_is_found_and_no_secret_is_told() {
    let home = Home::new();
    let before = home.tree();
    let report = home.run(&["--json"]);
    assert!(report.status.success(), "{}", said(&report));
    let found: Value = serde_json::from_slice(&report.stdout).unwrap();
    let mut kinds: Vec<String> = rows(&found)
        .map(|row| format!("{} {}", row["kind"].as_str().unwrap(), row["host"].as_str().unwrap()))
        .collect();
    kinds.sort();
    let want = [
        "header https://bitbucket.org",
        "manager-file https://bitbucket.org",
        "netrc https://bitbucket.org",
        "netrc https://git.example.com/bitbucket",
        "ssh-instead-of https://bitbucket.org",
        "ssh-remote https://bitbucket.org",
        "ssh-remote https://git.example.com/bitbucket",
        "store-line https://bitbucket.org",
        "store-line https://git.example.com/bitbucket",
        "url-password https://bitbucket.org",
        "url-password https://bitbucket.org",
    ];
    assert_eq!(kinds, want, "{found:#}");
    let text = home.run(&[]);
    for output in [&report, &text] {
        assert!(!said(output).contains(SECRET), "{}", said(output));
    }
    let line = format!(
        "{}:1\n    password in a file of git's `store` helper for https://bitbucket.org, user alice, 16 to 64 characters\n",
        home.path(".git-credentials").display()
    );
    assert!(stdout(&text).contains(&line), "{}", said(&text));
    assert!(stdout(&text).contains("next: --erase") && !stdout(&text).contains("github"), "{}", said(&text));
    assert_eq!(home.tree(), before, "looking changes nothing");

    let asked = home.run(&["--erase"]);
    assert_eq!(asked.status.code(), Some(4), "{}", said(&asked));
    assert!(stderr(&asked).contains("[migrate-unasked]"), "{}", said(&asked));
    assert_eq!(home.run(&["--erase", "--dry-run"]).status.code(), Some(3), "two are left to a person");
    assert_eq!(home.tree(), before);
}

#[test]
fn secrets_are_erased_and_every_other_byte_stays() {
    let home = Home::new();
    let erased = home.run(&["--erase", "--yes"]);
    assert_eq!(erased.status.code(), Some(3), "{}", said(&erased));
    assert!(stderr(&erased).contains("[migrate-left-alone]") && !said(&erased).contains(SECRET), "{}", said(&erased));
    assert_eq!(
        home.read(".git-credentials"),
        "https://x:canary-5e0f1b2c3d@github.com\n# odd line\r\nhttps://alice:canary-5e0f1b2c3d@git.example.com%2fno\n"
    );
    let entry = "machine bitbucket.org\n  login alice\n  password canary-5e0f1b2c3d\n";
    assert_eq!(home.read(".netrc"), NETRC.replace(entry, ""));
    let config = CONFIG
        .replace("u:canary-5e0f1b2c3d@", "")
        .replace("\textraHeader = Authorization: Basic canary-5e0f1b2c3d\n", "");
    assert_eq!(home.read(".gitconfig"), config);
    let remote = home.git(&["config", "remote.secret.url"]);
    assert_eq!(remote, "https://bitbucket.org/acme/app.git\n");
    assert_eq!(home.path(".git-credentials").metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!home.desk.state().join("migrated.json").exists(), "nothing of an erased secret is kept");
    assert_eq!(stdout(&home.run(&["--undo"])), "nothing to take back\n");
    let again: Value = serde_json::from_slice(&home.run(&["--json"]).stdout).unwrap();
    assert!(rows(&again).filter(|row| row["secret"] == true).all(|row| row["left"].is_string()), "{again:#}");
}

#[test]
fn ssh_addresses_become_https_for_git_and_come_back() {
    let home = Home::new();
    let before = home.tree();
    assert_eq!(home.git(&["ls-remote", "--get-url", "https://bitbucket.org/acme/app"]), "git@bitbucket.org:acme/app\n");
    let applied = home.run(&["--apply", "--yes"]);
    assert!(applied.status.success(), "{}", said(&applied));
    assert_eq!(home.git(&["remote", "get-url", "origin"]), "https://bitbucket.org/acme/app.git\n");
    assert_eq!(home.git(&["remote", "get-url", "dc"]), "https://git.example.com/bitbucket/scm/PROJ/app.git\n");
    assert_eq!(home.git(&["remote", "get-url", "other"]), "git@github.com:acme/app.git\n");
    assert_eq!(
        home.git(&["ls-remote", "--get-url", "https://bitbucket.org/acme/app"]),
        "https://bitbucket.org/acme/app\n"
    );
    let record = fs::read_to_string(home.desk.state().join("migrated.json")).unwrap();
    assert!(record.contains("git@bitbucket.org") && !record.contains(SECRET), "{record}");
    assert_eq!(home.read(".netrc"), NETRC, "secrets are another matter");

    let undone = home.run(&["--undo"]);
    assert!(undone.status.success() && stdout(&undone).lines().count() == 3, "{}", said(&undone));
    fs::remove_dir_all(home.desk.home().join(".local")).unwrap();
    assert_eq!(home.tree(), before, "byte for byte");
}

#[test]
fn linked_and_read_only_files_are_left_to_whoever_manages_them() {
    let home = Home::new();
    let (managed, netrc) = (home.path("managed"), home.path(".netrc"));
    fs::rename(home.path(".git-credentials"), &managed).unwrap();
    symlink(&managed, home.path(".git-credentials")).unwrap();
    fs::set_permissions(&netrc, fs::Permissions::from_mode(0o400)).unwrap();
    let erased = home.run(&["--erase", "--yes"]);
    assert_eq!(erased.status.code(), Some(3), "{}", said(&erased));
    assert!(stdout(&erased).contains("symbolic link") && stdout(&erased).contains("read-only"), "{}", said(&erased));
    assert_eq!((fs::read_to_string(managed).unwrap(), home.read(".netrc")), (STORE.to_owned(), NETRC.to_owned()));
}

#[test]
fn a_person_is_told_that_it_is_for_good_before_it_is() {
    let home = Home::new();
    let line = format!("{HELPER} setup --migrate {} --erase", home.path("src").display());
    for (answer, code) in [("n", 5), ("y", 3)] {
        let before = home.read(".git-credentials");
        let mut terminal = Terminal::run(home.desk.command("script"), &line);
        terminal.shows("this cannot be taken back [y/N]");
        terminal.enter(answer);
        let (ended, screen) = terminal.end();
        assert_eq!(ended, Some(code), "{screen}");
        assert!(screen.contains("user alice") && !screen.contains(SECRET), "{screen}");
        assert_eq!(home.read(".git-credentials") == before, answer == "n");
    }
}

#[test]
fn gits_own_cache_is_asked_and_erased() {
    let home = Home::new();
    let socket = home.desk.path("cache/socket");
    let helper = format!("[credential]\n\thelper = cache --socket {}\n", socket.display());
    fs::write(home.path(".gitconfig"), format!("{CONFIG}{helper}")).unwrap();
    let cache = |verb: &str, input: &str| {
        let mut git = home.desk.git();
        feed(git.args(["credential-cache", "--socket"]).arg(&socket).arg(verb), input.as_bytes())
    };
    for host in ["bitbucket.org", "github.com"] {
        let stored = format!("protocol=https\nhost={host}\nusername=alice\npassword={SECRET}\n\n");
        assert!(cache("store", &stored).status.success());
    }
    let found = home.run(&[]);
    let want = "credential-cache --socket ";
    assert!(stdout(&found).contains(want) && !said(&found).contains(SECRET), "{}", said(&found));
    home.run(&["--erase", "--yes"]);
    let left = |host: &str| stdout(&cache("get", &format!("protocol=https\nhost={host}\n\n")));
    let (ours, theirs) = (left("bitbucket.org"), left("github.com"));
    assert!(cache("exit", "").status.success());
    assert!(!ours.contains("password") && theirs.contains(SECRET), "{ours} {theirs}");
}

struct Home {
    desk: Desk,
}

impl Home {
    fn new() -> Self {
        let desk = Desk::bare(Path::new("/dev/null"));
        desk.write_config(
            "[entra]\ntenant = \"contoso.example\"\nclient_id = \"11111111-2222-4333-8444-555555555555\"\n\n[[host]]\n\
             url = \"https://bitbucket.org\"\nsource = \"entra\"\nscope = \"api://x/.default\"\n\n[[host]]\nurl = \
             \"https://git.example.com/bitbucket\"\nsource = \"datacenter-oauth\"\nclient_id = \"link\"\n",
        );
        let home = Self { desk };
        home.write(".git-credentials", STORE);
        home.write(".netrc", NETRC);
        home.write(".gcm/store/git/https/bitbucket.org/alice.credential", &format!("{SECRET}\nservice=x\n"));
        fs::create_dir(home.path("src")).unwrap();
        home.git(&["init", "-q", "."]);
        for (name, url) in [
            ("origin", "git@bitbucket.org:acme/app.git"),
            ("dc", "ssh://git@git.example.com:7999/PROJ/app.git"),
            ("other", "git@github.com:acme/app.git"),
            ("secret", "https://alice:canary-5e0f1b2c3d@bitbucket.org/acme/app.git"),
        ] {
            home.git(&["remote", "add", name, url]);
        }
        home.write(".gitconfig", CONFIG);
        home
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut helper = self.desk.helper();
        helper.args(["setup", "--migrate"]).arg(self.path("src")).args(arguments).output().unwrap()
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = self.desk.git().current_dir(self.path("src")).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        stdout(&output)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.desk.home().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn tree(&self) -> Vec<(PathBuf, Vec<u8>)> {
        crate::tester::files(&self.desk.home())
            .into_iter()
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect()
    }
}

fn rows(found: &Value) -> impl Iterator<Item = &Value> {
    found["found"].as_array().unwrap().iter()
}
