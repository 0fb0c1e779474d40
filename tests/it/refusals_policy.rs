//! Policy and managed defaults: what locks, what closes the door, what is only reported.
//!
//! They lie in `/etc/bitbucket-sso`. As root the helper runs in a mount namespace of its own whose `/etc` is empty
//! but for what the test puts there; anybody else could not own such files, so there the tests say why they did
//! not run.

use crate::desk::{Desk, HELPER, feed, said, stderr, stdout};
use crate::refusals_git::OURS;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};

#[test]
fn policy_locks_and_what_is_set_against_it_is_reported() {
    let Some(etc) = Etc::new() else { return };
    etc.write("policy.d/10.toml", &entra("99999999-0000-4000-8000-2d7cd011db47", "device_code = \"never\"\n"), 0o644);
    etc.write("policy.d/20.toml", "[entra]\ndevice_code = \"terminal\"\nflow = \"browser\"\n", 0o644);
    etc.write("policy.d/notes.txt", "not a drop-in [", 0o644);
    let desk = desk();
    let output = etc.run(&desk, &["status", "--set", "entra.device_code=terminal"]);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{}", said(&output));
    let text = stdout(&output);
    assert!(text.starts_with("99999999-0000-4000-8000-2d7cd011db47: not signed in"), "{text}");
    let file = desk.home().join(".config/bitbucket-sso/config.toml");
    for note in [
        "note: `--set entra.device_code=…` is ignored: policy locks it".to_owned(),
        format!("note: `entra.tenant` from {}:2 (user file) is ignored: policy locks it", file.display()),
    ] {
        assert!(text.lines().any(|line| line == note), "{note}\n{text}");
    }
    let shown = stdout(&etc.run(&desk, &["config", "show"]));
    for line in [
        "entra.tenant = 99999999-0000-4000-8000-2d7cd011db47    # policy /etc/bitbucket-sso/policy.d/10.toml:2",
        "entra.device_code = never    # policy /etc/bitbucket-sso/policy.d/10.toml:4",
        "entra.flow = browser    # policy /etc/bitbucket-sso/policy.d/20.toml:3",
        "entra.max_session = 24h    # built in",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}\n{shown}");
    }
    let asked = etc.feed(&desk, "get", b"protocol=https\nhost=bitbucket.org\n\n");
    assert_eq!((asked.status.code(), stderr(&asked).lines().count()), (Some(4), 2), "{}", said(&asked));
}

#[test]
fn a_thousand_drop_ins_are_read_and_one_more_closes_the_door() {
    let Some(etc) = Etc::new() else { return };
    let desk = desk();
    for number in 0..1000 {
        let host = format!("[[host]]\nurl = \"https://h{number}.example\"\nsource = \"entra\"\nscope = \"x\"\n");
        etc.write(&format!("policy.d/{number:04}.toml"), &host, 0o644);
    }
    let shown = etc.run(&desk, &["config", "show", "--json"]);
    assert_eq!(stdout(&shown).matches("policy.d/").count(), 3000, "{}", stderr(&shown));
    etc.write("policy.d/last.toml", "", 0o644);
    let refused = etc.run(&desk, &["config", "show"]);
    let line = "/etc/bitbucket-sso/policy.d cannot be read: it holds 1001 files, and 1000 are read at most";
    assert!(refused.status.code() == Some(3) && stderr(&refused).contains(line), "{}", said(&refused));
}

#[test]
fn a_policy_file_that_is_broken_or_not_trusted_closes_the_door() {
    let Some(etc) = Etc::new() else { return };
    let desk = desk();
    assert!(desk.helper().arg("setup").output().unwrap().status.success());
    let cases = [
        (
            "[entar]\n",
            0o644,
            "/etc/bitbucket-sso/policy.d/10.toml:1: unknown key `entar` [config-unknown-key]",
            "ask your administrator: write `entra` at /etc/bitbucket-sso/policy.d/10.toml:1",
        ),
        (
            "[token]\nmax_life = \"8h\"\n",
            0o666,
            "the policy file /etc/bitbucket-sso/policy.d/10.toml is not trusted, because it can be written by others \
             [config-untrusted-policy]",
            "ask your administrator: chown root /etc/bitbucket-sso/policy.d/10.toml && chmod go-w \
             /etc/bitbucket-sso/policy.d/10.toml",
        ),
    ];
    for (text, mode, what, help) in cases {
        etc.write("policy.d/10.toml", text, mode);
        let what = format!("bitbucket-sso: the configuration is not usable: {what}");
        for arguments in [&["status"][..], &["login"], &["config", "show"], &["setup"]] {
            let output = etc.run(&desk, arguments);
            let want = format!("{what}\n  do this: {help}\n");
            assert_eq!((output.status.code(), stderr(&output)), (Some(3), want), "{arguments:?}");
        }
        for (host, answer) in [("bitbucket.org", "quit=1\n"), ("github.com", "")] {
            let output = etc.feed(&desk, "get", format!("protocol=https\nhost={host}\n\n").as_bytes());
            let seen = (output.status.code(), stdout(&output), stderr(&output));
            assert_eq!(seen, (Some(3), answer.to_owned(), format!("{what}; do this: {help}\n")), "{host}");
        }
    }
}

#[test]
fn a_policy_directory_of_anybody_counts_as_absent_and_is_reported() {
    let Some(etc) = Etc::new() else { return };
    etc.write("policy.d/10.toml", &entra("99999999-0000-4000-8000-2d7cd011db47", ""), 0o644);
    etc.mode("policy.d", 0o777);
    let text = stdout(&etc.run(&desk(), &["status"]));
    assert!(text.starts_with("72f988bf-0000-4000-8000-2d7cd011db47: not signed in"), "{text}");
    let note = "note: /etc/bitbucket-sso/policy.d counts as absent, because it can be written by others";
    assert!(text.lines().any(|line| line == note), "{text}");
}

#[test]
fn broken_managed_defaults_are_skipped_and_reported() {
    let Some(etc) = Etc::new() else { return };
    etc.write("config.d/10.toml", "[entar]\n", 0o644);
    etc.write("config.d/20.toml", "[token]\nmax_life = \"8h\"\nmargin = \"4m\"\n", 0o644);
    let secret = "[[host]]\nurl = \"https://b.example\"\nclient_secret_command = [\"/bin/id\"]\n";
    etc.write("config.d/30.toml", secret, 0o644);
    let desk = desk();
    let output = etc.run(&desk, &["status", "--set", "token.margin=3m"]);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    let told: Vec<String> =
        stdout(&output).lines().filter(|line| line.starts_with("note: ")).map(str::to_owned).collect();
    assert_eq!(
        told,
        [
            "note: a file of the managed defaults is skipped: /etc/bitbucket-sso/config.d/10.toml:1: unknown key `entar`",
            "note: a file of the managed defaults is skipped: /etc/bitbucket-sso/config.d/30.toml:3: \
             `host.client_secret_command` may not be set in this layer (managed defaults)",
        ]
    );
    let shown = stdout(&etc.run(&desk, &["config", "show", "--set", "token.margin=3m"]));
    for line in [
        "token.max_life = 8h    # managed defaults /etc/bitbucket-sso/config.d/20.toml:2",
        "token.margin = 3m    # command line (token.margin)",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}\n{shown}");
    }
}

fn desk() -> Desk {
    let desk = Desk::bare(Path::new("/dev/null"));
    desk.write_config(OURS);
    desk
}

fn entra(tenant: &str, more: &str) -> String {
    format!("[entra]\ntenant = \"{tenant}\"\nclient_id = \"11111111-2222-4333-8444-555555555555\"\n{more}")
}

/// What `/etc/bitbucket-sso` shall be.
pub struct Etc(tempfile::TempDir);

impl Etc {
    /// `None`, with the reason on standard error, where the test cannot run.
    pub fn new() -> Option<Self> {
        let able = Command::new("unshare").args(["-m", "mount", "-t", "tmpfs", "tmpfs", "/etc"]).output();
        if !able.is_ok_and(|output| output.status.success()) {
            _ = writeln!(
                std::io::stderr(),
                "not run: policy must belong to root, and only root can mount an /etc of the test's own"
            );
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("policy.d")).unwrap();
        std::fs::create_dir(dir.path().join("config.d")).unwrap();
        Some(Self(dir))
    }

    pub fn write(&self, name: &str, text: &str, mode: u32) {
        std::fs::write(self.0.path().join(name), text).unwrap();
        self.mode(name, mode);
    }

    fn mode(&self, name: &str, mode: u32) {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(self.0.path().join(name), PermissionsExt::from_mode(mode)).unwrap();
    }

    pub fn run(&self, desk: &Desk, arguments: &[&str]) -> Output {
        self.command(desk).args(arguments).output().unwrap()
    }

    fn feed(&self, desk: &Desk, verb: &str, request: &[u8]) -> Output {
        feed(self.command(desk).arg(verb), request)
    }

    /// The helper, in a mount namespace whose `/etc` is this.
    pub fn command(&self, desk: &Desk) -> Command {
        let script = "mount -t tmpfs -o mode=755 tmpfs /etc && cp -a \"$1\" /etc/bitbucket-sso && \
                      chmod 755 /etc/bitbucket-sso && shift && exec \"$@\"";
        let mut command = desk.command("unshare");
        command.args(["-m", "sh", "-c", script, "sh"]).arg(self.0.path()).arg(HELPER);
        command
    }
}
