//! The stores that need no keyring service: kernel-sealed files and files in memory, and what happens where the
//! kernel refuses.

use crate::desk::{feed, said, stderr, stdout};
use crate::practice::{Options, Practice, Source};
use crate::tester::{Place, files, lying_about, request};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

#[test]
fn a_kernel_key_seals_the_session_and_its_end_is_the_sessions_end() {
    let Some((practice, place)) = alone(61_001, "kernel") else { return };
    let login = place.sign_in(&practice);
    assert!(login.status.success(), "{}", said(&login));
    assert_eq!(lying_about(&practice, place.path("home/.local").as_path(), &[]), [""; 0]);
    assert!(files(place.runtime()).is_empty(), "nothing in memory: {:?}", files(place.runtime()));
    for file in files(&place.path("home/.local")) {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{}", file.display());
    }
    let status = stdout(&run(place.helper(&["status"])));
    assert!(status.contains("a reboot means a new sign-in"), "{status}");
    let first = get(&practice, place.helper(&["get"]));
    assert!(stdout(&first).contains("password="), "{}", said(&first));

    let keys = stdout(&run(with(place.command("cat"), &["/proc/keys"])));
    let ours: Vec<_> = keys.lines().filter(|line| line.contains("bitbucket-sso:")).collect();
    assert!(ours.len() >= 2, "one for credentials, one for sessions:\n{keys}");
    for line in ours {
        // At most a day until the session's end, weeks for sessions and grants.
        let left = line.split_whitespace().nth(3).unwrap_or_default();
        let fits = if line.contains(":hot:") { left == "1d" || left.ends_with('h') } else { left.ends_with('w') };
        assert!(fits, "every key ends:\n{keys}");
    }

    // Another session keyring, as under sudo and in tmux.
    let mut elsewhere = place.command("keyctl");
    elsewhere.args(["session", "-"]).arg(place.helper_path()).arg("get");
    let again = get(&practice, elsewhere);
    assert!(stdout(&again).ends_with(&stdout(&first)), "{}", said(&again));

    // What a reboot does.
    forget_keys(&place);
    refused(&practice, place.helper(&["get"]), "sign-in-needed", 4);
    let login = place.sign_in(&practice);
    assert!(login.status.success(), "{}", said(&login));
    forget_keys(&place);
}

#[test]
fn a_full_kernel_keyring_is_named() {
    let Some((practice, place)) = alone(61_002, "kernel") else { return };
    let fill = "i=0; while keyctl add user filler$i \"$(head -c 500 /dev/zero | tr '\\0' x)\" @u >/dev/null 2>&1; \
                do i=$((i+1)); done; while keyctl add user small$i x @u >/dev/null 2>&1; do i=$((i+1)); done; echo $i";
    let filled = stdout(&run(with(place.command("sh"), &["-c", fill])));
    assert!(filled.trim().parse::<u32>().unwrap() > 10, "{filled}");
    let login = place.sign_in(&practice);
    assert_eq!(login.status.code(), Some(7), "{}", said(&login));
    let text = stderr(&login);
    assert!(text.contains("[kernel-keyring-full]") && text.contains("keyctl show @u"), "{text}");
    forget_keys(&place);
    let login = place.sign_in(&practice);
    assert!(login.status.success(), "room again: {}", said(&login));
    forget_keys(&place);
}

#[test]
fn where_the_kernel_refuses_its_keyring_memory_is_used() {
    for error in ["EPERM", "ENOSYS", "EACCES"] {
        let Some((practice, place)) = alone(61_003, "auto") else { return };
        let inject = format!("inject=keyctl,add_key,request_key:error={error}");
        let strace = |arguments: &[&str]| {
            // Outside a container, so that the kernel is asked at all.
            let mut command = outside(&place, "strace");
            command.args(["-f", "-qq", "-o", "/dev/null", "-e", &inject]).arg(place.helper_path()).args(arguments);
            command
        };
        let login = Place::sign_in_with(&practice, strace(&["login", "--device-code"]));
        assert!(login.status.success(), "{error}: {}", said(&login));
        let status = stdout(&run(strace(&["status"])));
        assert!(status.contains("kept in memory"), "{error}: {status}");
        let first = get(&practice, strace(&["get"]));
        assert!(stdout(&first).contains("password="), "{error}: {}", said(&first));
        assert_eq!(get(&practice, strace(&["get"])).stdout, first.stdout, "{error}");
        assert_eq!(lying_about(&practice, &place.path("home/.local"), &[]), [""; 0], "never to a disk");

        // Who insists on the kernel hears why that cannot be, before anybody is asked for anything.
        let insists = strace(&["login", "--device-code", "--force", "--set", "storage.refresh_tokens=kernel"]);
        let output = run(insists);
        assert_eq!(practice.entra.waiting_codes(), [""; 0], "{error}");
        assert_eq!(output.status.code(), Some(7), "{error}: {}", said(&output));
        assert!(stderr(&output).contains("the kernel refuses its keyring here"), "{error}: {}", said(&output));
    }
}

#[test]
fn outside_a_container_the_kernel_seals_and_inside_memory_holds() {
    let Some((practice, place)) = alone(61_004, "auto") else { return };
    let login = Place::sign_in_with(&practice, with(outside(&place, place.helper_path()), &["login", "--device-code"]));
    assert!(login.status.success(), "{}", said(&login));
    let status = run(with(outside(&place, place.helper_path()), &["status"]));
    assert!(stdout(&status).contains("kernel-held key"), "{}", said(&status));

    let mut inside = place.helper(&["status"]);
    inside.env("container", "podman");
    let status = run(inside);
    assert!(
        stdout(&status).contains("not signed in") && stdout(&status).contains("kept in memory"),
        "{}",
        said(&status)
    );
    forget_keys(&place);
}

#[test]
fn memory_files_are_private_and_lie_in_memory() {
    let Some((practice, mut place)) = alone(61_005, "memory-file") else { return };
    let login = place.sign_in(&practice);
    assert!(login.status.success(), "{}", said(&login));
    let kept = files(place.runtime());
    assert!(!kept.is_empty());
    for file in &kept {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
        assert_eq!(file.parent().unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }
    assert!(!lying_about(&practice, place.runtime(), &[]).is_empty(), "it is there, in memory");
    assert_eq!(lying_about(&practice, &place.path("home/.local"), &[]), [""; 0], "and nowhere else");

    // A runtime directory on a disk is not used.
    let disk = place.path("open").display().to_string();
    place.set("XDG_RUNTIME_DIR", &disk);
    let login = place.sign_in(&practice);
    assert!(login.status.success(), "{}", said(&login));
    assert!(files(Path::new(&disk)).is_empty(), "{:?}", files(Path::new(&disk)));
    assert!(!lying_about(&practice, Path::new("/dev/shm/bitbucket-sso-61005"), &[]).is_empty());
    assert!(run(place.helper(&["logout", "--all"])).status.success());
    std::fs::remove_dir_all("/dev/shm/bitbucket-sso-61005").unwrap();

    // Neither: every command signs in again, and says so.
    let bare = ["unshare", "-m", "sh", "-c", "mount -t ramfs none /mnt; mount --bind /tmp /dev/shm; exec \"$@\"", "sh"];
    let status = run(with(place.inside(&bare, place.helper_path()), &["status"]));
    assert!(stdout(&status).contains("each command signs in again"), "{}", said(&status));
}

#[test]
fn two_containers_of_one_user_do_not_share_a_session() {
    let Some((practice, place)) = alone(61_006, "auto") else { return };
    // As containers are: memory of their own, one kernel, one user, here even one home.
    let container = |arguments: &[&str]| {
        let own =
            format!("mount -t tmpfs none /dev/shm && mount -t tmpfs none {}; exec \"$@\"", place.runtime().display());
        let unshare = ["unshare", "-m", "sh", "-c", &own, "sh"];
        let mut command = place.inside(&unshare, place.helper_path());
        command.args(arguments).env("container", "docker").env_remove("XDG_RUNTIME_DIR");
        command
    };
    let script = format!("{0} login --device-code >&2 && {0} status", place.helper_path().display());
    let own = "mount -t tmpfs none /dev/shm; exec \"$@\"";
    let mut first = place.inside(&["unshare", "-m", "sh", "-c", own, "sh"], "sh");
    first.args(["-c", &script]).env("container", "docker").env_remove("XDG_RUNTIME_DIR");
    let first = Place::sign_in_with(&practice, first);
    assert!(stdout(&first).contains("signed in as alice"), "{}", said(&first));
    let second = run(container(&["status"]));
    assert!(stdout(&second).contains("not signed in"), "{}", said(&second));
    refused(&practice, container(&["get"]), "sign-in-needed", 4);
    assert_eq!(lying_about(&practice, &place.path("home/.local"), &[]), [""; 0]);
    let keys = std::fs::read_to_string("/proc/keys").unwrap();
    let of_user = |line: &&str| line.contains(" 61006 ") && line.contains("bitbucket-sso");
    assert!(!keys.lines().any(|line| of_user(&line)), "{keys}");
}

/// A user nobody else is, with this storage; `None`, and why, where only root could arrange that.
#[expect(clippy::print_stderr, reason = "a test that did nothing says so")]
fn alone(uid: u32, storage: &str) -> Option<(Practice, Place)> {
    let Some(place) = Place::of_nobody_else(uid) else {
        eprintln!("NOT RUN: only root can be another user, with a kernel keyring and mounts of its own");
        return None;
    };
    let practice = Practice::start(&Options::default());
    let storage = format!("[storage]\nrefresh_tokens = \"{storage}\"\n");
    let storage = if storage.contains("auto") { String::new() } else { storage };
    let place = place.configured(&practice, Source::Exchange, &storage);
    // What a test left that failed.
    forget_keys(&place);
    Some((practice, place))
}

/// The program where no file at the root says that this is a container.
fn outside(place: &Place, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let root = place.path("root");
    std::fs::create_dir_all(&root).unwrap();
    let script = format!(
        "set -e; R={}; mount -t tmpfs none $R; cd /; for d in *; do if [ -L $d ]; then cp -P $d $R/$d; \
         elif [ -d $d ]; then mkdir $R/$d; mount --rbind $d $R/$d; fi; done; exec chroot $R \"$@\"",
        root.display()
    );
    place.inside(&["unshare", "-m", "sh", "-c", &script, "sh"], program)
}

fn with(mut command: Command, arguments: &[&str]) -> Command {
    command.args(arguments);
    command
}

fn run(mut command: Command) -> Output {
    command.output().unwrap()
}

fn get(practice: &Practice, mut command: Command) -> Output {
    feed(&mut command, request(practice.url(Source::Exchange)).as_bytes())
}

fn refused(practice: &Practice, command: Command, id: &str, exit: i32) {
    let output = get(practice, command);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(exit), "quit=1\n"), "{}", said(&output));
    assert!(stderr(&output).contains(&format!("[{id}]")), "{}", said(&output));
}

/// Empties the user's keyring in the kernel.
fn forget_keys(place: &Place) {
    let mut clear = place.command("keyctl");
    assert!(clear.args(["clear", "@u"]).status().unwrap().success());
}
