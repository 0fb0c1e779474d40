//! Sealing keys in the Linux kernel's user keyring: a read costs microseconds, the kernel ends them by itself,
//! and nothing of them is ever on a disk.

use crate::basis::seal::SealKey;
use crate::basis::secret::SecretBytes;
use crate::vault::VaultError;
use crate::vault::keys::Keys;
use linux_keyutils::{Key, KeyError, KeyRing, KeyRingIdentifier};
use std::time::Duration;

/// Keys in `@u`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kernel;

impl Keys for Kernel {
    fn read(&self, name: &str) -> Result<Option<SealKey>, VaultError> {
        let Some(key) = find(name)? else { return Ok(None) };
        let mut bytes = vec![0; 32];
        match key.read(&mut bytes) {
            Ok(32) => Ok(SealKey::new(SecretBytes::new(bytes))),
            Ok(_) => Ok(None),
            Err(error) => gone(error).map(|()| None),
        }
    }

    fn create(&self, name: &str, lasts: Duration) -> Result<SealKey, VaultError> {
        let new = SealKey::random()?;
        // Made in the process's own keyring and shown to others only when it has its end.
        let ours = possessed()?;
        let key = ours.add_key(name, new.expose()).map_err(refusal)?;
        key.set_timeout(seconds(lasts)).map_err(refusal)?;
        KeyRing::from_special_id(KeyRingIdentifier::User, true).and_then(|user| user.link_key(key)).map_err(refusal)?;
        ours.unlink_key(key).map_err(refusal)?;
        Ok(new)
    }

    fn extend(&self, name: &str, lasts: Duration) -> Result<(), VaultError> {
        match find(name)? {
            Some(key) => key.set_timeout(seconds(lasts)).or_else(gone),
            None => Ok(()),
        }
    }

    fn destroy(&self, name: &str) -> Result<(), VaultError> {
        match find(name)? {
            Some(key) => key.invalidate().or_else(gone),
            None => Ok(()),
        }
    }
}

fn find(name: &str) -> Result<Option<Key>, VaultError> {
    match possessed()?.search(name) {
        Ok(key) => Ok(Some(key)),
        Err(error) => gone(error).map(|()| None),
    }
}

/// The process keyring with `@u` linked in. Without the link the keys are there but not possessed, and reads fail
/// under sudo, tmux and anonymous session keyrings (keyrings(7), user-keyring(7)).
fn possessed() -> Result<KeyRing, VaultError> {
    let process = KeyRing::from_special_id(KeyRingIdentifier::Process, true).map_err(refusal)?;
    process.link_keyring_id(KeyRingIdentifier::User).map_err(refusal)?;
    Ok(process)
}

/// A key that is not there any more is no error.
fn gone(error: KeyError) -> Result<(), VaultError> {
    match error {
        KeyError::KeyDoesNotExist | KeyError::KeyExpired | KeyError::KeyRevoked => Ok(()),
        other => Err(refusal(other)),
    }
}

/// `add_key(2)` and `keyctl(2)`, section ERRORS; containers answer EPERM or ENOSYS.
fn refusal(error: KeyError) -> VaultError {
    let no_system_call = rustix::io::Errno::NOSYS.raw_os_error();
    match error {
        KeyError::QuotaExceeded => VaultError::Quota,
        KeyError::AccessDenied | KeyError::PermissionDenied | KeyError::OperationNotSupported => missing(),
        KeyError::Unknown(code) if code == no_system_call => missing(),
        other => VaultError::Broken(format!("the kernel keyring: {other:?}")),
    }
}

fn missing() -> VaultError {
    VaultError::Missing("the kernel refuses its keyring here".into())
}

/// Zero would mean "for ever".
fn seconds(lasts: Duration) -> usize {
    usize::try_from(lasts.as_secs()).unwrap_or(usize::MAX).clamp(1, LONGEST)
}

/// 90 days, as long as Entra's own refresh tokens.
const LONGEST: usize = 90 * 24 * 3600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_found_and_destroyed() {
        let name = format!("bitbucket-sso:test:{}", std::process::id());
        if refused() {
            return;
        }
        assert!(Kernel.read(&name).unwrap().is_none());
        let made = Kernel.create(&name, Duration::from_secs(60)).unwrap();
        assert_eq!(Kernel.read(&name).unwrap().unwrap().expose(), made.expose());
        assert!(expiry(&name).is_some_and(|left| left != "perm"), "every kernel key has a time-out");
        Kernel.extend(&name, Duration::from_secs(7_200)).unwrap();
        assert!(expiry(&name).is_some_and(|left| left.ends_with('h') || left == "119m"), "{:?}", expiry(&name));
        Kernel.destroy(&name).unwrap();
        assert!(Kernel.read(&name).unwrap().is_none());
        Kernel.destroy(&name).unwrap();
        Kernel.extend(&name, Duration::from_secs(60)).unwrap();
    }

    #[test]
    fn another_thread_possesses_it_too() {
        let name = format!("bitbucket-sso:test-thread:{}", std::process::id());
        if refused() {
            return;
        }
        let made = Kernel.create(&name, Duration::from_secs(60)).unwrap();
        let read = std::thread::scope(|scope| scope.spawn(|| Kernel.read(&name).unwrap()).join().unwrap());
        assert_eq!(read.unwrap().expose(), made.expose());
        Kernel.destroy(&name).unwrap();
    }

    #[test]
    fn refusals_are_named_for_what_comes_next() {
        assert!(matches!(refusal(KeyError::QuotaExceeded), VaultError::Quota));
        let refused = [KeyError::AccessDenied, KeyError::PermissionDenied, KeyError::Unknown(libc_enosys())];
        assert!(refused.into_iter().all(|error| matches!(refusal(error), VaultError::Missing(_))));
        assert!(matches!(refusal(KeyError::OutOfMemory), VaultError::Broken(_)));
        assert!(gone(KeyError::KeyExpired).is_ok() && gone(KeyError::AccessDenied).is_err());
        assert_eq!((seconds(Duration::ZERO), seconds(Duration::MAX)), (1, LONGEST));
    }

    /// Where the kernel refuses, the refusal itself is what is tested.
    #[expect(clippy::print_stderr, reason = "a machine that forbids kernel keys must be noticed")]
    fn refused() -> bool {
        match Kernel.read("bitbucket-sso:probe") {
            Ok(_) => false,
            Err(VaultError::Missing(why)) => {
                eprintln!("KERNEL KEYS ARE NOT TESTED ON THIS MACHINE: {why}");
                true
            }
            Err(other) => panic!("a refusal must read as missing, not as {other}"),
        }
    }

    fn expiry(name: &str) -> Option<String> {
        let all = std::fs::read_to_string("/proc/keys").ok()?;
        let line = all.lines().find(|line| line.contains(&format!("{name}:")))?;
        line.split_whitespace().nth(3).map(str::to_owned)
    }

    fn libc_enosys() -> i32 {
        rustix::io::Errno::NOSYS.raw_os_error()
    }
}
