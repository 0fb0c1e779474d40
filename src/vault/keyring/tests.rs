//! The `secret_service_*` tests need a session bus with an unlocked daemon, as a user of its own:
//!
//! ```text
//! dbus-run-session -- sh -c 'printf pass | gnome-keyring-daemon --unlock --components=secrets;
//!   BITBUCKET_SSO_TEST_SECRET_SERVICE=open cargo test secret_service_'
//! ```
//!
//! `open` needs it so; `locked`, `frozen` (stopped by SIGSTOP) and `missing` each run the one test that says so.

use super::*;
#[cfg(not(windows))]
use crate::basis::env::Env;
use crate::basis::host_id::AccountId;

#[cfg(not(windows))]
#[test]
fn secret_service_keeps_what_it_is_given() {
    if !asked("open") {
        return;
    }
    let (keyring, name, mut seen) = (Keyring::new(false), name("round-trip"), 0);
    keyring.forget(&name).unwrap();
    for size in [1, 2_500, 4_096, 12_288] {
        let bytes = SecretBytes::new((0..size).map(|i| u8::try_from(i % 256).unwrap()).collect());
        seen = keyring.keep(&name, &bytes, seen).unwrap();
        let record = Keyring::new(false).load(&name).unwrap().unwrap();
        assert_eq!((record.generation, record.bytes.expose()), (seen, bytes.expose()));
    }
    assert!(matches!(keyring.keep(&name, &SecretBytes::default(), 1), Err(VaultError::Newer)));
    assert!(keyring.forget(&name).unwrap() && !keyring.forget(&name).unwrap());
}

#[cfg(not(windows))]
#[test]
fn secret_service_keeps_small_entries_and_sealing_keys() {
    if !asked("open") {
        return;
    }
    let bytes = SecretBytes::new(vec![5; 12_288]);
    let parts = Parts { entries: OsEntries, limit: 2_400 };
    keep(&parts, "test-parts", &bytes, 0).unwrap();
    assert_eq!(parts.read("test-parts").unwrap().unwrap().bytes.expose(), bytes.expose());
    assert!(parts.entries.get("test-parts.a5").unwrap().is_some());
    assert!(parts.remove("test-parts").unwrap());
    assert!(parts.entries.get("test-parts.a0").unwrap().is_none());
    let keyring = Keyring::new(false);
    let key = keyring.create("test-key", Duration::ZERO).unwrap();
    assert_eq!(Keys::read(&keyring, "test-key").unwrap().unwrap().expose(), key.expose());
    keyring.destroy("test-key").unwrap();
    assert!(Keys::read(&keyring, "test-key").unwrap().is_none());
}

#[cfg(not(windows))]
#[test]
fn secret_service_locked_is_said_without_a_prompt() {
    if asked("locked") {
        assert!(matches!(Keyring::new(false).load(&name("x")), Err(VaultError::Locked)));
        assert!(matches!(Keyring::new(false).keep(&name("x"), &SecretBytes::default(), 0), Err(VaultError::Locked)));
    }
}

#[cfg(not(windows))]
#[test]
fn secret_service_frozen_is_given_up_after_three_seconds() {
    if asked("frozen") {
        let keyring = Keyring::new(false);
        assert!(matches!(keyring.load(&name("x")), Err(VaultError::TimedOut(3))));
        // The second time it is not even asked.
        assert!(matches!(keyring.load(&name("x")), Err(VaultError::TimedOut(3))));
    }
}

#[cfg(not(windows))]
#[test]
fn secret_service_missing_is_said() {
    if asked("missing") {
        assert!(matches!(Keyring::new(false).load(&name("x")), Err(VaultError::Missing(_))));
    }
}

#[cfg(windows)]
mod windows {
    use super::*;

    #[test]
    fn credential_manager_keeps_more_than_2560_bytes() {
        let (keyring, name, mut seen) = (Keyring::new(false), super::name("windows-sizes"), 0);
        keyring.forget(&name).unwrap();
        for size in [1, 2_500, 4_096, 12_288, 100] {
            let bytes = SecretBytes::new((0..size).map(|i| u8::try_from(i % 256).unwrap()).collect());
            seen = keyring.keep(&name, &bytes, seen).unwrap();
            let record = Keyring::new(false).load(&name).unwrap().unwrap();
            assert_eq!((record.generation, record.bytes.expose()), (seen, bytes.expose()), "{size}");
        }
        assert!(matches!(keyring.keep(&name, &SecretBytes::default(), 1), Err(VaultError::Newer)), "a stale copy");
        assert!(keyring.forget(&name).unwrap() && !keyring.forget(&name).unwrap());
    }

    #[test]
    fn an_interrupted_write_leaves_the_old_record_and_is_swept_up() {
        let (keyring, name) = (Keyring::new(false), super::name("windows-cut"));
        keyring.forget(&name).unwrap();
        let old = SecretBytes::new(vec![1; 6_000]);
        let seen = keyring.keep(&name, &old, 0).unwrap();
        // Parts of a write that died before its head.
        for part in ["b0", "b1", "b7"] {
            OsEntries.set(&format!("{}.{part}", name.text()), &SecretBytes::new(vec![b'x'; 2_400])).unwrap();
        }
        assert_eq!(keyring.load(&name).unwrap().unwrap().bytes.expose(), old.expose());
        keyring.keep(&name, &SecretBytes::new(vec![2; 6_000]), seen).unwrap();
        keyring.forget(&name).unwrap();
        for part in ["a0", "b0", "b1"] {
            assert!(OsEntries.get(&format!("{}.{part}", name.text())).unwrap().is_none(), "{part}");
        }
        OsEntries.delete(&format!("{}.b7", name.text())).unwrap();
    }

    #[test]
    fn what_is_too_large_is_said_without_the_secret() {
        let refused = OsEntries.set("test-too-large", &SecretBytes::new(vec![b'c'; 2_561]));
        assert!(matches!(&refused, Err(VaultError::Broken(why)) if why.contains("2560")), "{refused:?}");
        assert!(OsEntries.get("test-too-large").unwrap().is_none());
    }

    #[test]
    fn a_sealing_key_is_an_item_of_its_own() {
        let keyring = Keyring::new(false);
        let key = keyring.create("test-windows-key", Duration::ZERO).unwrap();
        assert_eq!(Keys::read(&keyring, "test-windows-key").unwrap().unwrap().expose(), key.expose());
        keyring.destroy("test-windows-key").unwrap();
        assert!(Keys::read(&keyring, "test-windows-key").unwrap().is_none());
    }

    #[test]
    fn an_entry_stays_on_this_machine() {
        let entry = open("test-windows-local").unwrap();
        entry.set_secret(b"x").unwrap();
        assert_eq!(entry.get_attributes().unwrap()["persistence"], "Local");
        assert!(OsEntries.delete("test-windows-local").unwrap());
    }

    /// Error 1312, as for network logons and some services; `tests/it/windows/` has a machine that says so itself.
    #[test]
    fn a_network_logon_counts_as_no_store() {
        let refused = explain(Error::NoStorageAccess("Windows ERROR_NO_SUCH_LOGON_SESSION".into()));
        assert!(matches!(&refused, VaultError::Missing(why) if why.contains("LOGON_SESSION")), "{refused:?}");
    }
}

/// As `security-framework` prints what `SecItemCopyMatching` says over SSH.
#[test]
fn a_keychain_that_may_not_ask_is_locked_and_not_broken() {
    #[derive(Debug)]
    #[expect(dead_code, reason = "read by Debug")]
    struct Status {
        code: i32,
    }
    let said = |code| format!("{:?}", Status { code });
    assert!(needs_a_person(&said(-25308)) && needs_a_person(&said(-25315)));
    assert!(!needs_a_person(&said(-25293)) && !needs_a_person(&said(-2530)), "a wrong password, another code");
    let refused = explain(Error::PlatformFailure("{ code: -25308 }".into()));
    assert!(matches!(refused, VaultError::Locked), "{refused:?}");
}

#[test]
fn errors_hold_nothing_of_a_secret() {
    let leaky = [Error::BadEncoding(b"canary".to_vec()), Error::BadDataFormat(b"canary".to_vec(), "x".into())];
    for error in leaky {
        assert!(!format!("{:?}", explain(error)).contains("canary"));
    }
    assert!(matches!(explain(Error::NoStorageAccess("x".into())), VaultError::Locked | VaultError::Missing(_)));
}

#[cfg(not(windows))]
#[expect(clippy::print_stderr, reason = "a test that did nothing says so")]
fn asked(for_state: &str) -> bool {
    let state = Env::Process.text("BITBUCKET_SSO_TEST_SECRET_SERVICE");
    let asked = state.as_deref() == Some(for_state);
    if !asked {
        eprintln!("not run: BITBUCKET_SSO_TEST_SECRET_SERVICE is {state:?}, not {for_state:?}");
    }
    asked
}

fn name(tenant: &str) -> Name {
    Name::Session(AccountId::new("https://login", tenant, "c", "test"))
}
