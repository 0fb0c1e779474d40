//! Registration with every git at hand: what `facts/installers.md` F1 to F9 found, in temporary homes.

#![cfg(unix)]

mod files;

use super::chain::Verdict;
use super::git::Git;
use super::samples::host;
use super::*;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use tempfile::TempDir;

/// A home of its own, a helper with a blank in its path, a system configuration of its own, and one git.
struct Machine {
    dir: TempDir,
    env: Env,
    exe: PathBuf,
    include: PathBuf,
}

const URL: &str = "https://bitbucket.org";

fn machines() -> Vec<Machine> {
    let dirs = ["/usr/local/bin:/usr/bin:/bin", "/usr/bin:/bin"];
    let machines: Vec<Machine> = dirs.into_iter().filter(|path| has_git(path)).map(Machine::new).collect();
    assert!(!machines.is_empty(), "no git to test with");
    machines
}

fn has_git(path: &str) -> bool {
    path.split(':').next().is_some_and(|dir| Path::new(dir).join("git").exists())
}

impl Machine {
    fn new(path: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        let env = Env::fixed([
            ("PATH", path),
            ("HOME", &at("")),
            ("GIT_CONFIG_SYSTEM", &at("etc-gitconfig")),
            // The test's own directory may lie in a repository with helpers.
            ("GIT_DIR", &at("no-repository")),
        ]);
        let exe = dir.path().join("my tools (x)/git-credential-bitbucket-sso");
        let include = dir.path().join(".config/bitbucket-sso/gitconfig");
        let machine = Self { dir, env, exe, include };
        machine.program(&machine.exe);
        machine
    }

    /// A helper that answers `get` and writes down every call.
    fn program(&self, path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let log = self.at("calls");
        let script = format!(
            "#!/bin/sh\necho \"$1\" >>'{}'\n[ \"$1\" = get ] && printf 'username=x\\npassword=ours\\n'\nexit 0\n",
            log.display()
        );
        fs::write(path, script).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.at(name).parent().unwrap()).unwrap();
        fs::write(self.at(name), text).unwrap();
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap()
    }

    fn surroundings(&self) -> Surroundings<'_> {
        Surroundings { env: &self.env, exe: &self.exe, include_file: &self.include, euid_owner_check: owned_by_us }
    }

    fn setup(&self) -> Result<Report, SetupError> {
        apply(&plan(&self.surroundings(), &[host(URL)])?)
    }

    fn git(&self) -> Git {
        Git::find(&self.env).unwrap()
    }

    fn verdict(&self) -> Verdict {
        replay(&self.surroundings(), &host(URL)).unwrap().verdict
    }

    /// The password git finds, without asking anybody.
    fn fill(&self, input: &str) -> String {
        let answer = self.git().must(&["credential", "fill"], input);
        answer.lines().find_map(|line| line.strip_prefix("password=")).unwrap().to_owned()
    }

    fn approve(&self) {
        let input = "protocol=https\nhost=bitbucket.org\nusername=x\npassword=ours\n";
        self.git().must(&["credential", "approve"], input);
    }

    /// A generic `store`, as half the world has it, with its file and one stale entry.
    fn store(&self) -> String {
        self.write("credentials", "https://x:stale@bitbucket.org\n");
        format!("[credential]\n\thelper = store --file {}\n", self.at("credentials").display())
    }
}

#[test]
fn setup_wins_over_a_generic_helper_and_keeps_the_token_from_it() {
    for machine in machines() {
        let before = format!("[user]\n\tname = x\n[credential]\n\thelper =\n{}", machine.store());
        machine.write(".gitconfig", &before);
        machine.write("etc-gitconfig", "[credential]\n\thelper = store\n");
        assert_eq!(machine.fill("url=https://bitbucket.org\n"), "stale");
        assert_eq!(machine.verdict(), Verdict::Absent);
        machine.setup().unwrap();
        assert_eq!(machine.verdict(), Verdict::First);
        assert_eq!(machine.fill("url=https://bitbucket.org/team/repo.git\n"), "ours");
        machine.approve();
        assert_eq!(machine.text("credentials"), "https://x:stale@bitbucket.org\n", "F2");
        assert_eq!(machine.text("calls"), "get\nstore\n");
        undo(&machine.surroundings()).unwrap();
        assert_eq!(machine.text(".gitconfig"), before);
        assert!(!machine.include.exists());
    }
}

#[test]
fn a_second_setup_touches_no_file() {
    for machine in machines() {
        machine.write(".gitconfig", "[user]\n\tname = x");
        machine.setup().unwrap();
        let inodes =
            || [machine.at(".gitconfig"), machine.include.clone()].map(|path| fs::metadata(path).unwrap().ino());
        let (first, text) = (inodes(), machine.text(".gitconfig"));
        let again = machine.setup().unwrap();
        assert_eq!((inodes(), machine.text(".gitconfig")), (first, text));
        assert!(again.files.iter().all(|done| done.outcome == Outcome::Unchanged));
        let nothing = words::plan(&plan(&machine.surroundings(), &[host(URL)]).unwrap());
        assert_eq!(nothing, "nothing to change\n");
    }
}

#[test]
fn what_git_adds_later_is_repaired_by_setup_and_kept_by_undo() {
    for machine in machines() {
        machine.write(".gitconfig", "[user]\n\tname = x\n");
        machine.setup().unwrap();
        let git = machine.git();
        git.must(&["config", "--global", "credential.helper", "store"], "");
        git.must(&["config", "--global", "--add", "include.path", "/other"], "");
        assert!(machine.text(".gitconfig").contains("\tpath = /other\n# <<<"), "F5: inside our block");
        assert_eq!(machine.verdict(), Verdict::OthersAlso);
        let report = machine.setup().unwrap();
        assert_eq!(machine.verdict(), Verdict::First);
        assert_eq!(report.files[1].kept, ["[include]", "\tpath = /other"]);
        assert_eq!(machine.setup().unwrap().files[1].outcome, Outcome::Unchanged);
        undo(&machine.surroundings()).unwrap();
        let rest = "[user]\n\tname = x\n[include]\n\tpath = /other\n[credential]\n\thelper = store\n";
        assert_eq!(machine.text(".gitconfig"), rest);
    }
}

#[test]
fn a_path_that_git_replaced_is_kept_and_setup_restores_ours() {
    for machine in machines() {
        machine.setup().unwrap();
        machine.git().must(&["config", "--global", "include.path", "/new"], "");
        assert_eq!(machine.verdict(), Verdict::Absent);
        machine.setup().unwrap();
        assert_eq!(machine.verdict(), Verdict::First);
        undo(&machine.surroundings()).unwrap();
        assert_eq!(machine.text(".gitconfig"), "[include]\n\tpath = /new\n");
    }
}

#[test]
fn the_spellings_that_git_takes_for_the_host_reach_us_and_no_others() {
    for machine in machines() {
        machine.write(".gitconfig", &machine.store());
        machine.write("credentials", "https://x:other@sub.bitbucket.org\nhttp://x:other@bitbucket.org\n");
        machine.setup().unwrap();
        for url in ["https://me@bitbucket.org/t/r.git", "https://BitBucket.org:443/t/r"] {
            assert_eq!(machine.fill(&format!("url={url}\n")), "ours", "{url}");
        }
        for url in ["https://sub.bitbucket.org/t/r", "http://bitbucket.org/t/r"] {
            assert_eq!(machine.fill(&format!("url={url}\n")), "other", "{url}");
        }
    }
}

#[test]
fn the_path_reaches_the_helper_where_two_bitbuckets_share_a_server() {
    for machine in machines() {
        let hosts = [host("https://h.example/bitbucket"), host("https://h.example")];
        apply(&plan(&machine.surroundings(), &hosts).unwrap()).unwrap();
        let path = |url: &str| machine.git().must(&["credential", "fill"], url).contains("path=");
        assert!(path("url=https://h.example/bitbucket/scm/p/r.git\n"));
        assert!(!path("url=https://h.example/scm/p/r.git\n"));
        assert_eq!(replay(&machine.surroundings(), &hosts[0]).unwrap().verdict, Verdict::First);
    }
}

#[test]
fn the_replayed_chain_is_the_one_git_calls() {
    let configurations = [
        "|a;https://bitbucket.org|b;|c",
        "|a;https://bitbucket.org|;https://bitbucket.org|b",
        "https://bitbucket.org|a;|;|b",
        "https://me@bitbucket.org|a;http://bitbucket.org|b;https://bitbucket.org:443/|c",
        "https://*.org|a;https://*|b;bitbucket.org|c;https://bitbucket.org/team|d;HTTPS://BITBUCKET.ORG|e",
        "https://bitbucket.org.evil.example|a;https://ucket.org|b;https://bitbucket.org/|c",
        "https://bitbucket.org:8443|a;//bitbucket.org|b;bitbucket.org/team|c;me@bitbucket.org|d",
    ];
    for machine in machines() {
        for configuration in configurations {
            let line = |line: &str| {
                let (url, name) = line.split_once('|').unwrap();
                let section = if url.is_empty() { "[credential]".into() } else { format!("[credential \"{url}\"]") };
                let log = machine.at("log");
                let call = format!("!f() {{ echo {name} >>'{}'; }}; f", log.display());
                let value = if name.is_empty() { String::new() } else { format!("\"{call}\"") };
                format!("{section}\n\thelper = {value}\n")
            };
            machine.write(".gitconfig", &configuration.split(';').map(line).collect::<String>());
            machine.write("log", "");
            machine.approve();
            let chain = replay(&machine.surroundings(), &host(URL)).unwrap();
            let name = |helper: &chain::Helper| helper.value.split(' ').nth(3).unwrap().to_owned() + "\n";
            let ours: String = chain.helpers.iter().map(name).collect();
            assert_eq!(ours, machine.text("log"), "{configuration}");
        }
    }
}

#[test]
fn the_system_file_is_a_fallback_that_a_generic_helper_wipes() {
    for machine in machines() {
        machine.write("etc-gitconfig", "[user]\n\tname = x\n");
        let include = machine.at("etc/bitbucket-sso/gitconfig");
        let surroundings = Surroundings { include_file: &include, ..machine.surroundings() };
        apply(&system(&surroundings, &[host(URL)]).unwrap()).unwrap();
        assert_eq!(machine.verdict(), Verdict::First);
        assert_eq!(fs::metadata(&include).unwrap().permissions().mode() & 0o777, 0o644);
        let again = apply(&system(&surroundings, &[host(URL)]).unwrap()).unwrap();
        assert!(again.files.iter().all(|done| done.outcome == Outcome::Unchanged));
        machine.write(".gitconfig", "[credential]\n\thelper =\n\thelper = store\n");
        let wiped = replay(&machine.surroundings(), &host(URL)).unwrap();
        assert_eq!(wiped.verdict, Verdict::Absent, "F1");
        assert_eq!(wiped.culprit.unwrap().scope.as_deref(), Some("global"));
        undo_system(&surroundings).unwrap();
        assert_eq!(machine.text("etc-gitconfig"), "[user]\n\tname = x\n");
        assert!(!include.exists());
    }
}
