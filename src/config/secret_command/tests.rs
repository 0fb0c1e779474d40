use super::*;
use crate::basis::clock::{SystemClock, Timestamp};
use std::os::unix::fs::PermissionsExt;
use std::sync::Mutex;
use std::time::Instant;

/// Every wait makes it an hour later.
struct Hasty(Instant, Mutex<Duration>);

impl Clock for Hasty {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }
    fn steady(&self) -> Instant {
        self.0 + *self.1.lock().unwrap()
    }
    fn sleep(&self, _: Duration) {
        *self.1.lock().unwrap() += Duration::from_secs(3600);
    }
    fn zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::UTC
    }
}

fn shell(script: &str) -> SecretSource {
    SecretSource::Command(vec!["/bin/sh".into(), "-c".into(), script.into()])
}

fn got(source: &SecretSource, env: &Env) -> Result<String, String> {
    let secret = client_secret(source, env, &SystemClock);
    secret.map(|secret| secret.unwrap().expose().to_owned()).map_err(|error| error.to_string())
}

fn refused(source: &SecretSource) -> String {
    got(source, &Env::fixed([])).unwrap_err()
}

#[test]
fn a_program_prints_the_secret() {
    assert_eq!(got(&shell("printf 's3cret\\n'"), &Env::fixed([])), Ok("s3cret".into()));
    assert_eq!(got(&shell("cat; printf x"), &Env::fixed([])), Ok("x".into()), "there is no input");
}

#[test]
fn a_failing_silent_or_endless_program_is_told_apart() {
    assert!(refused(&shell("printf canary; exit 3")).contains("failed"));
    assert!(!refused(&shell("printf canary; exit 3")).contains("canary"));
    assert!(refused(&shell("true")).contains("empty"));
    assert!(refused(&shell("printf 'a\\nb'")).contains("control characters"));
    assert!(refused(&shell("head -c 65537 /dev/zero | tr '\\0' x")).contains("64 KiB"));
    let hasty = Hasty(SystemClock.steady(), Mutex::default());
    let error = client_secret(&shell("exec cat /dev/zero > /dev/null"), &Env::fixed([]), &hasty).unwrap_err();
    assert!(error.to_string().contains("within 10 seconds"), "{error}");
}

#[test]
fn the_current_directory_is_never_searched() {
    let dir = tempfile::tempdir().unwrap();
    let tool = dir.path().join("secret-tool-of-ours");
    std::fs::write(&tool, "#!/bin/sh\npwd\n").unwrap();
    std::fs::set_permissions(&tool, PermissionsExt::from_mode(0o755)).unwrap();
    let named = |name: &str| SecretSource::Command(vec![name.into()]);
    let path = format!(":.:relative:{}", dir.path().display());
    let own = dir.path().canonicalize().unwrap().display().to_string();
    assert_eq!(got(&named("secret-tool-of-ours"), &Env::fixed([("PATH", path.as_str())])), Ok(own));
    for (name, path) in
        [("secret-tool-of-ours", ":.:relative"), ("./secret-tool-of-ours", path.as_str()), ("src/x", path.as_str())]
    {
        assert!(got(&named(name), &Env::fixed([("PATH", path)])).is_err(), "{name}");
    }
}

#[test]
fn a_file_is_for_its_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secret");
    std::fs::write(&path, "s3cret\r\n").unwrap();
    for (mode, good) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o620, false)] {
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        let found = got(&SecretSource::File(path.clone()), &Env::fixed([]));
        assert_eq!(found.is_ok(), good, "{mode:o} {found:?}");
    }
    assert!(refused(&SecretSource::File(dir.path().to_owned())).contains("no file"));
    assert!(refused(&SecretSource::File("/no/such/file".into())).contains("/no/such/file"));
}
