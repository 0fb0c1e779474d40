//! `install.sh` over https and from a directory, and what the program then does with itself.

use crate::desk::{Desk, HELPER, said, stderr, stdout};
use crate::practice::http::{Door, Handler, Response, Server};
use crate::practice::tls::{Authority, Leaf};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

#[test]
fn a_release_over_https_is_verified_and_installed_in_dash_and_bash() {
    let office = Office::open();
    for shell in ["dash", "bash"] {
        let desk = Desk::bare(&office.ca);
        let untrusted = office.installer(&desk, shell).env_remove("CURL_CA_BUNDLE").output().unwrap();
        assert_eq!(untrusted.status.code(), Some(4), "{}", said(&untrusted));
        assert_eq!(files(&desk.home()), Vec::<PathBuf>::new());

        let first = office.installer(&desk, shell).output().unwrap();
        assert!(first.status.success(), "{}", said(&first));
        let program = desk.home().join(".local/bin").join(PROGRAM);
        let before = inodes(&desk.home());
        assert!(stdout(&first).contains(&format!("created {}\n", program.display())), "{}", said(&first));
        let again = office.installer(&desk, shell).output().unwrap();
        assert!(again.status.success() && inodes(&desk.home()) == before, "{}", said(&again));
        let page = desk.command("man").args(["-l", "--warnings"]).arg(page(&desk)).output();
        assert!(page.is_err() || page.is_ok_and(|page| stderr(&page).is_empty()), "man complains");
    }
}

#[test]
fn a_release_that_is_not_signed_by_the_key_in_the_script_is_not_installed() {
    let office = Office::open();
    let desk = Desk::bare(&office.ca);
    let release = office.dir.path().join(format!("mirror/v{VERSION}"));
    let sums = fs::read_to_string(release.join("SHA256SUMS")).unwrap();
    fs::write(release.join("SHA256SUMS"), sums.replace(['0', '1'], "2")).unwrap();
    let refused = office.installer(&desk, "dash").output().unwrap();
    assert_eq!(refused.status.code(), Some(5), "{}", said(&refused));
    assert!(stderr(&refused).contains("the signature of release"), "{}", said(&refused));
    fs::remove_file(release.join("SHA256SUMS.sig")).unwrap();
    let refused = office.installer(&desk, "dash").output().unwrap();
    assert_eq!(refused.status.code(), Some(5), "{}", said(&refused));
    assert_eq!(files(&desk.home()), Vec::<PathBuf>::new());
}

#[test]
fn it_installs_itself_registers_and_takes_back_exactly_that() {
    let desk = Desk::bare(Path::new("/dev/null"));
    let config = desk.home().join(".gitconfig");
    fs::write(&config, BEFORE).unwrap();
    desk.write_config(OURS);
    let planned = own(&desk, &["install", "--dry-run"]);
    assert!(planned.status.success() && stdout(&planned).contains("would create"), "{}", said(&planned));
    assert_eq!(files(&desk.home().join(".local")), Vec::<PathBuf>::new());

    let done = own(&desk, &["install"]);
    assert!(done.status.success(), "{}", said(&done));
    let program = desk.home().join(".local/bin").join(PROGRAM);
    assert_eq!(fs::metadata(&program).unwrap().mode() & 0o777, 0o755);
    let include = fs::read_to_string(desk.home().join(".config/bitbucket-sso/gitconfig")).unwrap();
    assert!(include.contains(&format!("helper = {}\n", program.display())), "{include}");
    let before = inodes(&desk.home());
    let again = own(&desk, &["install"]);
    assert!(stdout(&again).contains("is installed already"), "{}", said(&again));
    assert_eq!(inodes(&desk.home()), before);

    let changed = page(&desk);
    fs::write(&changed, "my own notes").unwrap();
    let gone = desk.command(&program).args(["self", "uninstall"]).output().unwrap();
    assert!(gone.status.success(), "{}", said(&gone));
    assert!(stdout(&gone).contains(&format!("left {}, which somebody changed", changed.display())), "{}", said(&gone));
    assert_eq!(fs::read_to_string(&config).unwrap(), BEFORE);
    assert_eq!(files(&desk.home().join(".local")), [changed]);
    let nothing = own(&desk, &["uninstall"]);
    assert_eq!(nothing.status.code(), Some(3), "{}", said(&nothing));
    assert!(stderr(&nothing).contains("[not-self-installed]"), "{}", said(&nothing));
}

#[test]
fn git_configuration_is_left_alone_when_asked_and_other_copies_are_never_unregistered() {
    let desk = Desk::bare(Path::new("/dev/null"));
    desk.write_config(OURS);
    let setup = desk.helper().arg("setup").output().unwrap();
    assert!(setup.status.success(), "{}", said(&setup));
    let config = fs::read_to_string(desk.home().join(".gitconfig")).unwrap();
    let done = own(&desk, &["install", "--no-git-config"]);
    assert!(done.status.success(), "{}", said(&done));
    let gone = own(&desk, &["uninstall"]);
    assert!(gone.status.success(), "{}", said(&gone));
    assert_eq!(fs::read_to_string(desk.home().join(".gitconfig")).unwrap(), config);
}

#[test]
fn a_newer_version_is_replaced_only_when_asked() {
    let desk = Desk::bare(Path::new("/dev/null"));
    own(&desk, &["install"]);
    let record = desk.home().join(".local/share/bitbucket-sso/installed.json");
    let text = fs::read_to_string(&record).unwrap();
    fs::write(&record, text.replace(&format!("\"{VERSION}\""), "\"99.0.0\"")).unwrap();
    let program = desk.home().join(".local/bin").join(PROGRAM);
    fs::write(&program, "newer").unwrap();
    let kept = own(&desk, &["install"]);
    assert!(kept.status.success() && stdout(&kept).contains("99.0.0 is installed"), "{}", said(&kept));
    assert_eq!(fs::read_to_string(&program).unwrap(), "newer");
    let back = own(&desk, &["install", "--allow-downgrade"]);
    assert!(stdout(&back).contains(&format!("replaced {}", program.display())), "{}", said(&back));
}

#[test]
fn purge_signs_out_and_leaves_nothing_of_ours() {
    let desk = Desk::bare(Path::new("/dev/null"));
    fs::write(desk.home().join(".gitconfig"), BEFORE).unwrap();
    desk.write_config(OURS);
    own(&desk, &["install"]);
    let gone = own(&desk, &["uninstall", "--purge"]);
    assert!(gone.status.success(), "{}", said(&gone));
    assert_eq!(files(&desk.home()), [desk.home().join(".gitconfig")], "{}", said(&gone));
    assert_eq!(fs::read_to_string(desk.home().join(".gitconfig")).unwrap(), BEFORE);
}

#[test]
fn a_newer_version_is_told_and_never_fetched() {
    let office = Office::open();
    let desk = Desk::bare(&office.ca);
    let unset = desk.helper().args(["self", "update", "--check"]).env("BITBUCKET_SSO_UPDATE_URL", &office.url).output();
    let unset = unset.unwrap();
    assert!(stderr(&unset).contains("[update-url-missing]"), "the environment must not set it: {}", said(&unset));
    desk.write_config(&format!("[network]\nca_file = {:?}\nupdate_url = {:?}\n", office.ca, office.url));
    let cases = [
        ("9.0.0\n", Some(0), "9.0.0 is offered by"),
        (VERSION, Some(0), "nothing newer"),
        ("0.0.1", Some(0), "nothing newer"),
        ("<html>", Some(6), "[update-answer]"),
    ];
    for (latest, code, words) in cases {
        fs::write(office.dir.path().join("mirror/latest"), latest).unwrap();
        let told = own(&desk, &["update", "--check"]);
        assert!(told.status.code() == code && said(&told).contains(words), "{latest}: {}", said(&told));
    }
    fs::remove_file(office.dir.path().join("mirror/latest")).unwrap();
    let told = own(&desk, &["update", "--check"]);
    assert!(stderr(&told).contains("answered 404 [update-answer]"), "{}", said(&told));
    assert_eq!(files(&desk.home().join(".local")), Vec::<PathBuf>::new());
}

#[test]
fn both_scripts_have_the_lines_that_a_release_fills_in_and_the_windows_one_stays_short() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("installers");
    for name in ["install.sh", "install.ps1"] {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        for marker in ["'@ALLOWED_SIGNERS@'", "'@BASE_URL@'"] {
            assert_eq!(text.matches(marker).count(), 1, "{name}: {marker}");
        }
    }
    let script = fs::read_to_string(folder.join("install.sh")).unwrap();
    assert_eq!(script.lines().last(), Some("{ main \"$@\"; }"));
    let lines = fs::read_to_string(folder.join("install.ps1")).unwrap().lines().count();
    assert!(lines <= 40, "install.ps1 has {lines} lines; what it does belongs into the program");
}

/// A mirror over https with one signed release, and the script that knows its key.
struct Office {
    dir: tempfile::TempDir,
    ca: PathBuf,
    url: String,
    _server: Server,
}

impl Office {
    fn open() -> Self {
        let dir = tempfile::Builder::new().prefix("office").tempdir().unwrap();
        let authority = Authority::new(dir.path());
        let door = Door::new();
        let (url, root) = (door.https(), dir.path().join("mirror"));
        release(dir.path(), &root);
        let handler: Handler =
            Arc::new(move |request| match fs::read(root.join(request.path.trim_start_matches('/'))) {
                Ok(bytes) => Response::new(200, "application/octet-stream", bytes).into(),
                Err(_) => Response::text(404, "no such file").into(),
            });
        let server = door.serve(Some(authority.server(Leaf::Good, &[])), handler);
        Self { ca: authority.file().to_owned(), dir, url, _server: server }
    }

    fn installer(&self, desk: &Desk, shell: &str) -> Command {
        let mut command = desk.command(shell);
        command.arg(self.dir.path().join("install.sh")).args(["--base-url", &self.url]);
        command.env("CURL_CA_BUNDLE", &self.ca);
        command
    }
}

/// As `installers/release` lays it out.
fn release(dir: &Path, mirror: &Path) {
    let name = format!("{PROGRAM}-{VERSION}-{}-unknown-linux-musl", std::env::consts::ARCH);
    let (packed, release) = (dir.join(&name), mirror.join(format!("v{VERSION}")));
    fs::create_dir_all(&packed).unwrap();
    fs::create_dir_all(&release).unwrap();
    let helper = packed.join(PROGRAM);
    fs::copy(HELPER, &helper).unwrap();
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
    let script = format!(
        "set -e; strip {name}/{PROGRAM}; tar -cf - {name} | gzip -1n > {0}/{name}.tar.gz; cd {0}; \
         sha256sum {name}.tar.gz > SHA256SUMS; echo {VERSION} > ../latest; \
         ssh-keygen -q -t ed25519 -N '' -f {1}/key; ssh-keygen -q -Y sign -f {1}/key -n {PROGRAM} SHA256SUMS",
        release.display(),
        dir.display()
    );
    let packed = Command::new("sh").args(["-c", &script]).current_dir(dir).output().unwrap();
    assert!(packed.status.success(), "{}", said(&packed));
    let public = fs::read_to_string(dir.join("key.pub")).unwrap();
    let key = public.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let signer = format!("release namespaces=\"{PROGRAM}\" {key}");
    let script = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("installers/install.sh")).unwrap();
    assert!(script.contains("'@ALLOWED_SIGNERS@'") && script.contains("'@BASE_URL@'"));
    fs::write(dir.join("install.sh"), script.replace("@ALLOWED_SIGNERS@", &signer)).unwrap();
}

fn own(desk: &Desk, words: &[&str]) -> Output {
    desk.helper().arg("self").args(words).output().unwrap()
}

fn page(desk: &Desk) -> PathBuf {
    desk.home().join(format!(".local/share/man/man1/{PROGRAM}.1"))
}

/// All files below a directory, sorted.
fn files(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> =
        paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect();
    found.sort();
    found
}

/// What would tell a file that was written again.
fn inodes(dir: &Path) -> Vec<(PathBuf, u64, i64, Vec<u8>)> {
    let look = |path: PathBuf| {
        let meta = fs::symlink_metadata(&path).unwrap();
        (path.clone(), meta.ino(), meta.mtime_nsec(), fs::read(&path).unwrap_or_default())
    };
    files(dir).into_iter().map(look).collect()
}

const PROGRAM: &str = "git-credential-bitbucket-sso";
const VERSION: &str = env!("CARGO_PKG_VERSION");
const BEFORE: &str = "[user]\n\tname = Alice\n[credential]\n\thelper = store";
const OURS: &str = r#"
[entra]
tenant = "contoso.example"
client_id = "11111111-2222-4333-8444-555555555555"

[[host]]
url = "https://bitbucket.org"
source = "entra"
scope = "api://git-proxy/.default"

[storage]
refresh_tokens = "kernel"
"#;
