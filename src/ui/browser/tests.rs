//! Which browser is started, with what, and when none is.

use super::*;
#[cfg(unix)]
use std::fs;

fn no(usable: Usable) -> String {
    match usable {
        Usable::No(why) => why,
        Usable::Yes(why) => panic!("usable: {why}"),
    }
}

#[test]
fn only_pages_that_are_safe_to_open_are_opened() {
    for good in
        ["https://login.microsoftonline.com/x?y=1", "http://127.0.0.1:8/", "http://localhost", "http://[::1]:9/c"]
    {
        assert!(allowed(good).is_some(), "{good}");
    }
    for bad in [
        "http://bitbucket.org/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://u:p@h/",
        "http://localhost.evil.example/",
        "-x",
        "ms-settings:",
        "",
    ] {
        assert!(allowed(bad).is_none(), "{bad}");
        assert!(matches!(open(&Env::fixed([]), "", bad), Err(UiError::Refused)), "{bad}");
    }
}

#[test]
fn entries_of_browser_are_programs_with_arguments() {
    let shown = |list| {
        let wanted = listed(list, "https://h/?a b");
        wanted.into_iter().map(|wanted| (wanted.program, wanted.arguments)).collect::<Vec<_>>()
    };
    let want = [
        (OsString::from("lynx"), vec![OsString::from("https://h/?a b")]),
        (OsString::from("firefox"), vec!["--url=https://h/?a b".into(), "-P".into()]),
    ];
    let separator = if cfg!(windows) { ";" } else { ":" };
    assert_eq!(shown(&["lynx", "", "firefox --url=%s -P"].join(separator)), want);
}

#[test]
fn a_name_that_is_not_ours_starts_nothing() {
    let env = Env::fixed([("PATH", "/usr/bin:/bin"), ("DISPLAY", ":0")]);
    for name in ["sh", "/bin/sh", "firefox --evil", "../firefox"] {
        assert!(matches!(open(&env, name, "https://h/"), Err(UiError::NoBrowser(_))), "{name}");
        assert!(no(usable(&env, name)).contains("no browser known"), "{name}");
    }
    assert!(matches!(open(&env, "none", "https://h/"), Err(UiError::NoBrowser(_))));
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// Longer than any of the programs here runs.
    const AGES: Duration = Duration::from_secs(60);

    /// A file that could be run, but is not: running what was just written is refused now and then.
    fn program(directory: &Path, name: &str) {
        let file = directory.join(name);
        fs::write(&file, "").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn env(directory: &Path, browser: &str) -> Env {
        let path = format!(":.:relative:{}:/usr/bin:/bin", directory.display());
        Env::fixed([("PATH", path.as_str()), ("BROWSER", browser), ("BITBUCKET_SSO_X", "s"), ("PWD", "/")])
    }

    #[cfg(not(target_os = "macos"))]
    #[test]
    fn auto_wants_a_display_a_program_and_no_ssh() {
        let home = tempfile::tempdir().unwrap();
        program(home.path(), "firefox");
        let path = home.path().to_str().unwrap();
        let judged =
            |pairs: &[(&str, &str)], choice| usable(&Env::fixed([("PATH", path)].iter().chain(pairs).copied()), choice);
        assert_eq!(judged(&[("DISPLAY", ":0")], "firefox"), Usable::Yes("DISPLAY is set".into()));
        assert_eq!(judged(&[("WAYLAND_DISPLAY", "w")], "firefox"), Usable::Yes("WAYLAND_DISPLAY is set".into()));
        assert_eq!(judged(&[("BROWSER", "firefox %s")], "system"), Usable::Yes("BROWSER is set".into()));
        assert!(no(judged(&[], "firefox")).contains("no display"));
        assert!(no(judged(&[("DISPLAY", ":0")], "none")).contains("none"));
        assert!(no(judged(&[("DISPLAY", ":0")], "chromium")).contains("not installed"));
        assert!(no(judged(&[("BROWSER", "lynx")], "")).contains("BROWSER"));
        for ssh in ["SSH_CONNECTION", "SSH_TTY"] {
            assert!(no(judged(&[("DISPLAY", ":0"), (ssh, "x")], "firefox")).contains("SSH"));
        }
    }

    #[test]
    fn the_next_program_is_tried_and_gets_the_page_unharmed() {
        let home = tempfile::tempdir().unwrap();
        let seen = home.path().join("seen");
        let browser = format!("missing:false:ln -s %s {}:false", seen.display());
        open_within(&env(home.path(), &browser), "", "https://h/a?b=c&d=$(x)", AGES).unwrap();
        assert_eq!(fs::read_link(seen).unwrap(), Path::new("https://h/a?b=c&d=$(x)"));
    }

    #[test]
    fn our_variables_are_taken_away() {
        let home = tempfile::tempdir().unwrap();
        program(home.path(), "works");
        let command = commands(&env(home.path(), "works"), "", "https://h/", Path::new(PROC)).unwrap().remove(0);
        let removed: Vec<_> = command.get_envs().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
        assert_eq!(removed, ["BITBUCKET_SSO_X"]);
    }

    #[test]
    fn when_all_fail_the_last_reason_is_told() {
        let home = tempfile::tempdir().unwrap();
        let failed = open_within(&env(home.path(), "false"), "", "https://h/", AGES).unwrap_err().to_string();
        assert!(failed.contains("false failed"), "{failed}");
    }

    #[test]
    fn a_program_that_goes_on_running_is_the_browser() {
        let home = tempfile::tempdir().unwrap();
        open_within(&env(home.path(), "env -u %s sleep 2"), "", "https://h/", Duration::ZERO).unwrap();
    }
}
