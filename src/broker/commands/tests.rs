//! Commands as they are typed, against files and a running broker.

use super::*;
use crate::broker::serve::samples::settings_in;
use std::fs;

fn typed(words: &[&str]) -> (u8, String, String) {
    let (mut out, mut errors) = (Vec::new(), Vec::new());
    let words = ["bitbucket-sso-broker"].iter().chain(words).map(OsString::from);
    let code = run(words, &mut out, &mut errors);
    (code, String::from_utf8(out).unwrap(), String::from_utf8(errors).unwrap())
}

#[test]
fn a_file_is_validated_with_its_policy_and_without_its_secrets() {
    let dir = tempfile::tempdir().unwrap();
    settings_in(dir.path(), "");
    let file = dir.path().join("broker.toml");
    let file = file.to_str().unwrap();
    let (code, out, errors) = typed(&["config", "validate", file]);
    assert!(code == 0 && out.ends_with("1 hosts, 1 issuers; nothing is wrong\n"), "{out}{errors}");
    fs::remove_file(dir.path().join("password")).unwrap();
    assert_eq!(typed(&["config", "validate", file]).0, 3);
    assert_eq!(typed(&["config", "validate", file, "--without-secrets"]).0, 0);
    fs::write(dir.path().join("policy.d/policy.toml"), "[ceilin]\n").unwrap();
    let (code, _, errors) = typed(&["config", "validate", file, "--without-secrets"]);
    assert!(code == 3 && errors.contains("ceilin"), "{errors}");
    assert_eq!((typed(&["config", "validate"]).0, typed(&["--version"]).0, typed(&["nothing"]).0), (2, 0, 2));
}

#[test]
fn a_broker_is_probed_and_its_record_verified() {
    let dir = tempfile::tempdir().unwrap();
    let running = crate::broker::serve::start(settings_in(dir.path(), ""), Arc::new(SystemClock)).unwrap();
    let cases = dir.path().join("cases.toml");
    let broker = running.address;
    let probed = |expect: &str| {
        let text = format!(
            "broker = \"http://{broker}\"\n[[case]]\nname = \"nobody\"\n\
             resource = \"https://git.example.com/bitbucket/PAY/api\"\nexpect = \"{expect}\"\n"
        );
        fs::write(&cases, text).unwrap();
        typed(&["probe", cases.to_str().unwrap()])
    };
    assert_eq!(probed("invalid_grant"), (0, "ok    nobody: invalid_grant\n".into(), String::new()));
    let (code, out, errors) = probed("granted");
    assert_eq!((code, out.as_str()), (5, "FAIL  nobody: invalid_grant, expected granted\n"));
    assert!(errors.contains("1 of 1 cases"), "{errors}");
    running.stop();
    assert_eq!(probed("invalid_grant").0, 6, "nobody listens");
    let file = dir.path().join("broker.toml");
    let verify = || typed(&["audit", "verify", file.to_str().unwrap()]);
    assert!(verify().1.starts_with("the record holds: 3 records in 1 files"), "{:?}", verify());
    let record = dir.path().join("audit.jsonl");
    let text = fs::read_to_string(&record).unwrap();
    fs::write(&record, text.replacen("invalid_grant", "access_denied", 1)).unwrap();
    let (code, _, errors) = verify();
    assert!(code == 5 && errors.contains("does not follow the line before it"), "{errors}");
}

#[test]
fn keys_say_what_they_seal() {
    let dir = tempfile::tempdir().unwrap();
    settings_in(dir.path(), "");
    let file = dir.path().join("broker.toml");
    let (code, out, errors) = typed(&["keys", "status", file.to_str().unwrap()]);
    assert!(code == 0 && out.ends_with("  seals, 0 rows\n"), "{out}{errors}");
    let (code, out, errors) = typed(&["keys", "rotate", file.to_str().unwrap()]);
    assert!(code == 0 && out.ends_with(" seals; 0 rows sealed anew\n"), "{out}{errors}");
}
