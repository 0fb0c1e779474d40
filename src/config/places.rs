//! Where configuration and state are, per operating system (DESIGN.md section 5).

use crate::basis::env::Env;
use std::path::PathBuf;

/// The places of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// `policy.d`.
    pub policy_dir: PathBuf,
    /// `config.d` beside it: managed defaults.
    pub managed_dir: PathBuf,
    /// The user file; `BITBUCKET_SSO_CONFIG` is not regarded here. `None` without a home.
    pub user_file: Option<PathBuf>,
    /// Our state directory; nobody has made or checked it yet.
    pub state: PathBuf,
    /// The file of ours that the user's git configuration includes. `None` without a home.
    pub git_include: Option<PathBuf>,
}

impl Places {
    /// The places for that environment.
    pub fn of(env: &Env) -> Self {
        let system = system_dir(env);
        let own = config_dir(env).map(|dir| dir.join(NAME));
        Self {
            policy_dir: system.join("policy.d"),
            managed_dir: system.join("config.d"),
            user_file: own.as_ref().map(|dir| dir.join("config.toml")),
            state: state_dir(env).join(NAME),
            git_include: own.map(|dir| dir.join("gitconfig")),
        }
    }
}

fn system_dir(env: &Env) -> PathBuf {
    if cfg!(windows) {
        let usual = || absolute(env, "ProgramData").unwrap_or_else(|| r"C:\ProgramData".into()).join(NAME);
        return vouched_for(env).unwrap_or_else(usual);
    }
    let parent = if cfg!(target_os = "macos") { "/Library/Application Support" } else { "/etc" };
    PathBuf::from(parent).join(NAME)
}

/// The folder that an administrator names, whatever the environment says: whoever could move policy by a variable could
/// do without it.
#[cfg(windows)]
fn vouched_for(env: &Env) -> Option<PathBuf> {
    if matches!(env, Env::Process) { crate::config::managed::directory() } else { None }
}

#[cfg(not(windows))]
fn vouched_for(_: &Env) -> Option<PathBuf> {
    None
}

/// Command-line users look in `~/.config` on macOS too.
fn config_dir(env: &Env) -> Option<PathBuf> {
    if cfg!(windows) {
        return absolute(env, "APPDATA").or_else(|| known(env, dirs::config_dir));
    }
    absolute(env, "XDG_CONFIG_HOME").or_else(|| Some(home(env)?.join(".config")))
}

fn state_dir(env: &Env) -> PathBuf {
    let inside = |below: &str| Some(home(env)?.join(below));
    let found = if cfg!(windows) {
        absolute(env, "LOCALAPPDATA").or_else(|| known(env, dirs::data_local_dir))
    } else if cfg!(target_os = "macos") {
        inside("Library/Application Support")
    } else {
        absolute(env, "XDG_STATE_HOME").or_else(|| inside(".local/state"))
    };
    found.unwrap_or_else(|| homeless(env))
}

fn home(env: &Env) -> Option<PathBuf> {
    absolute(env, "HOME").or_else(|| known(env, dirs::home_dir))
}

/// What the system knows without the environment; never asked for an environment that was handed in.
fn known(env: &Env, ask: fn() -> Option<PathBuf>) -> Option<PathBuf> {
    // It may say `HOME` as it is.
    matches!(env, Env::Process).then(ask).flatten().filter(|path| path.is_absolute())
}

/// Without a home, as for an arbitrary user id in a container. Whoever uses it checks the owner.
fn homeless(env: &Env) -> PathBuf {
    absolute(env, "XDG_RUNTIME_DIR").unwrap_or_else(|| std::env::temp_dir().join(format!("{NAME}-{}", user_id())))
}

#[cfg(unix)]
fn user_id() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn user_id() -> u32 {
    0
}

/// Relative paths count as unset, as the XDG base directory specification says.
fn absolute(env: &Env, name: &str) -> Option<PathBuf> {
    env.os(name).map(PathBuf::from).filter(|path| path.is_absolute())
}

const NAME: &str = "bitbucket-sso";

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn home_and_xdg_decide() {
        let places =
            Places::of(&Env::fixed([("HOME", "/home/a"), ("XDG_STATE_HOME", "/s"), ("XDG_CONFIG_HOME", "rel")]));
        assert_eq!(places.user_file.unwrap(), PathBuf::from("/home/a/.config/bitbucket-sso/config.toml"));
        assert_eq!(places.git_include.unwrap(), PathBuf::from("/home/a/.config/bitbucket-sso/gitconfig"));
        assert_eq!(places.state, PathBuf::from("/s/bitbucket-sso"));
        assert_eq!(places.policy_dir, PathBuf::from("/etc/bitbucket-sso/policy.d"));
        assert_eq!(places.managed_dir, PathBuf::from("/etc/bitbucket-sso/config.d"));
    }

    #[test]
    fn without_a_home_there_is_state_but_no_user_file() {
        let places = Places::of(&Env::fixed([("XDG_RUNTIME_DIR", "/run/user/7")]));
        assert_eq!((places.user_file, places.git_include), (None, None));
        assert_eq!(places.state, PathBuf::from("/run/user/7/bitbucket-sso"));
        assert!(Places::of(&Env::fixed([])).state.is_absolute());
    }
}
