use super::*;
use std::fs;

fn sources(dir: &Path, env: &[(&str, &str)]) -> Sources {
    let places = Places {
        policy_dir: dir.join("policy.d"),
        managed_dir: dir.join("config.d"),
        user_file: Some(dir.join("config.toml")),
        state: dir.join("state"),
        git_include: None,
    };
    Sources { places, env: Env::fixed(env.iter().copied()), flags: Vec::new() }
}

#[test]
fn the_variable_moves_the_user_file_only_where_nothing_is_trusted_yet() {
    let dir = tempfile::tempdir().unwrap();
    let moved = dir.path().join("moved.toml");
    fs::write(&moved, full()).unwrap();
    let moved = moved.to_str().unwrap();
    let at = |place: &str| load(&sources(dir.path(), &[("BITBUCKET_SSO_CONFIG", place)]));
    assert_eq!(at(moved).unwrap().settings.hosts.len(), 1);
    assert!(matches!(at("moved.toml").err(), Some(ConfigError::BadValue { reason: Reason::RelativePath, .. })));
    assert!(matches!(
        at(if cfg!(windows) { "C:/no/such/file" } else { "/no/such/file" }).err(),
        Some(ConfigError::Unreadable { .. })
    ));
    fs::write(dir.path().join("config.toml"), "[token]\nmargin = \"7m\"\n").unwrap();
    assert_eq!(at(moved).unwrap().settings.hosts.len(), 1);
    fs::write(dir.path().join("config.toml"), format!("[entra]\n{TENANT}")).unwrap();
    let loaded = at(moved).unwrap();
    assert!(loaded.settings.hosts.is_empty());
    assert_eq!(ignored(&loaded)[0].0, "BITBUCKET_SSO_CONFIG");
}

#[test]
#[cfg(unix)]
fn drop_ins_are_read_in_order_and_judged_by_their_layer() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let dir = tempfile::tempdir().unwrap();
    let (policy, defaults) = (dir.path().join("policy.d"), dir.path().join("config.d"));
    for place in [&policy, &defaults] {
        fs::create_dir(place).unwrap();
        fs::set_permissions(place, PermissionsExt::from_mode(0o755)).unwrap();
    }
    let write = |path: PathBuf, text: &str, mode| {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
    };
    write(policy.join("20.toml"), "[token]\nmargin = \"8m\"\n", 0o644);
    write(policy.join("10.toml"), "[token]\nmargin = \"6m\"\n", 0o644);
    write(policy.join(".hidden.toml"), "broken", 0o644);
    write(policy.join("readme"), "broken", 0o644);
    write(defaults.join("a.toml"), "[ui]\nbackgroud = \"never\"\n", 0o644);
    write(defaults.join("b.toml"), "[ui]\non_failure = \"pass\"\n", 0o644);
    let load = || load(&sources(dir.path(), &[]));
    let loaded = load().unwrap();
    if policy.metadata().unwrap().uid() != 0 {
        let absent = |finding: &Finding| matches!(finding, Finding::UntrustedDirectory { why: Distrust::Owner, .. });
        assert!(loaded.findings.iter().filter(|finding| absent(finding)).count() == 2);
        assert_eq!(loaded.settings.token.margin, Duration::from_secs(300));
        return;
    }
    assert_eq!(loaded.settings.token.margin, Duration::from_secs(360));
    assert_eq!(loaded.settings.ui.on_failure, OnFailure::Pass);
    assert!(loaded.findings.iter().any(|finding| matches!(finding,
        Finding::Skipped { file, error: ConfigError::UnknownKey { .. } } if file.ends_with("a.toml"))));
    write(policy.join("30.toml"), "[token]\n", 0o666);
    assert!(matches!(load().err(), Some(ConfigError::Untrusted { why: Distrust::Writable, .. })));
    write(policy.join("30.toml"), "[tokn]\n", 0o644);
    assert!(matches!(load().err(), Some(ConfigError::UnknownKey { at, .. }) if at.line == 1));
}

#[test]
fn large_files_work_and_larger_ones_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.toml");
    let line = "# a comment of sixty-four bytes, to fill the file with nothing.\n";
    fs::write(&file, format!("{}{}", line.repeat(160 * 1024), full())).unwrap();
    assert_eq!(load(&sources(dir.path(), &[])).unwrap().settings.hosts.len(), 1);
    fs::write(&file, line.repeat(256 * 1024 + 1)).unwrap();
    assert!(matches!(load(&sources(dir.path(), &[])).err(), Some(ConfigError::TooLarge(_))));
}

#[test]
fn a_file_is_validated_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.toml");
    let check = |text: &str| {
        fs::write(&file, text).unwrap();
        validate(&file)
    };
    assert!(check(HOST).is_ok(), "tenant and profile may come from another layer");
    assert!(check("[entra]\nentra_outage_grace = \"1h\"\n").is_ok(), "it may be meant as policy");
    assert!(check("[[host]]\nurl = \"https://h\"\nauth_scheme = \"bearer\"\n").is_ok());
    assert!(matches!(check("[[host]]\nurl = \"https://h\"\nsource = \"entra\"\n"), Err(ConfigError::Missing { .. })));
    assert!(matches!(check("[entra]\ntenant = \"common\"\n"), Err(ConfigError::BadValue { .. })));
    assert!(validate(&dir.path().join("none")).is_err());
}
