//! `setup --user --quiet`: the registration that every desktop sign-in may ask for. It reads a handful of files, asks
//! nobody and starts nothing.

use super::{SetupError, Surroundings, apply, plan};
use crate::basis::env::Env;
use crate::config::settings::Host;

/// Registers if anything is missing, silently. Nothing is done without hosts, without a home of our own, or for a
/// machine's account: management tools run such lines as root or SYSTEM, whose configuration no developer reads
/// (`facts/installers.md` section 2).
pub fn register(surroundings: &Surroundings, hosts: &[Host]) -> Result<(), SetupError> {
    if hosts.is_empty() || !somebodys(surroundings.env, privileged()) {
        return Ok(());
    }
    match plan(surroundings, hosts) {
        Err(SetupError::HomeUnset | SetupError::HomeNotOurs { .. }) => Ok(()),
        plan => apply(&plan?).map(drop),
    }
}

/// Whether a person is at work. Root is one only in a session of its own, and not where another user became root;
/// SYSTEM never is.
fn somebodys(env: &Env, root: bool) -> bool {
    let set = |name: &&str| env.os(name).is_some();
    if cfg!(windows) {
        return !env.text("USERPROFILE").is_some_and(|home| home.to_ascii_lowercase().contains("systemprofile"));
    }
    !root || (SESSION.iter().any(set) && !BECAME_ROOT.iter().any(set))
}

#[cfg(unix)]
fn privileged() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn privileged() -> bool {
    false
}

/// What a desktop or a login of one's own sets (`pam_systemd`, the desktops, sshd).
const SESSION: [&str; 5] = ["XDG_SESSION_ID", "XDG_CURRENT_DESKTOP", "DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION"];
/// What sudo, doas and pkexec set.
const BECAME_ROOT: [&str; 4] = ["SUDO_USER", "SUDO_UID", "DOAS_USER", "PKEXEC_UID"];

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn root_is_somebody_only_in_a_session_of_its_own() {
        let somebody =
            |root: bool, variables: &[&str]| somebodys(&Env::fixed(variables.iter().map(|name| (*name, "x"))), root);
        assert!(somebody(false, &[]));
        assert!(!somebody(true, &[]), "a management tool, a package script");
        assert!(!somebody(true, &["XDG_SESSION_ID", "SUDO_USER"]) && !somebody(true, &["DISPLAY", "PKEXEC_UID"]));
        assert!(somebody(true, &["XDG_CURRENT_DESKTOP"]) && somebody(true, &["SSH_CONNECTION"]));
    }
}
