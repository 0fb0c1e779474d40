//! Where an installation goes.

use super::InstallError;
use crate::basis::env::Env;
use std::path::{Path, PathBuf};

/// The places of one installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    pub program: PathBuf,
    /// Manual pages and completions go below it; Windows reads none from a fixed place.
    pub share: Option<PathBuf>,
    /// What was installed.
    pub record: PathBuf,
}

/// The layout for one user, or for everybody.
pub fn of(env: &Env, system: bool, bin_dir: Option<&Path>) -> Result<Layout, InstallError> {
    let chosen = bin_dir.map(std::path::absolute).transpose();
    let chosen = chosen.map_err(|source| InstallError::Unreadable { path: ".".into(), source })?;
    if cfg!(windows) { windows(env, system, chosen) } else { unix(env, system, chosen) }
}

fn unix(env: &Env, system: bool, chosen: Option<PathBuf>) -> Result<Layout, InstallError> {
    let (bin, share) = if system {
        (PathBuf::from("/usr/local/bin"), PathBuf::from("/usr/local/share"))
    } else {
        let home = absolute(env, "HOME").ok_or(InstallError::NoHome)?;
        let or = |name: &str, below: &str| absolute(env, name).unwrap_or_else(|| home.join(below));
        (or("XDG_BIN_HOME", ".local/bin"), or("XDG_DATA_HOME", ".local/share"))
    };
    let record = share.join("bitbucket-sso").join(RECORD);
    Ok(Layout { program: chosen.unwrap_or(bin).join(NAME), share: Some(share), record })
}

/// Without a blank below the profile, since a blank in a helper's path has to be escaped (`facts/installers.md` F8).
fn windows(env: &Env, system: bool, chosen: Option<PathBuf>) -> Result<Layout, InstallError> {
    let folder = if system {
        absolute(env, "ProgramFiles").ok_or(InstallError::NoHome)?.join(NAME)
    } else {
        absolute(env, "LOCALAPPDATA").ok_or(InstallError::NoHome)?.join("Programs").join(NAME)
    };
    let program = chosen.unwrap_or_else(|| folder.clone()).join(format!("{NAME}.exe"));
    Ok(Layout { program, share: None, record: folder.join(RECORD) })
}

fn absolute(env: &Env, name: &str) -> Option<PathBuf> {
    env.os(name).map(PathBuf::from).filter(|path| path.is_absolute())
}

const NAME: &str = "git-credential-bitbucket-sso";
const RECORD: &str = "installed.json";

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn home_xdg_and_a_chosen_directory_decide() {
        let env = Env::fixed([("HOME", "/home/a b"), ("XDG_DATA_HOME", "relative")]);
        let layout = of(&env, false, None).unwrap();
        assert_eq!(layout.program, Path::new("/home/a b/.local/bin/git-credential-bitbucket-sso"));
        assert_eq!(layout.share.as_deref(), Some(Path::new("/home/a b/.local/share")));
        assert_eq!(layout.record, Path::new("/home/a b/.local/share/bitbucket-sso/installed.json"));
        let chosen = of(&env, true, Some(Path::new("/opt/bin"))).unwrap();
        assert_eq!(chosen.program, Path::new("/opt/bin/git-credential-bitbucket-sso"));
        assert_eq!(chosen.record, Path::new("/usr/local/share/bitbucket-sso/installed.json"));
        assert!(matches!(of(&Env::fixed([]), false, None), Err(InstallError::NoHome)));
        let windows = windows(&Env::fixed([("LOCALAPPDATA", "/l")]), false, None).unwrap();
        assert_eq!(
            windows.program,
            Path::new("/l/Programs/git-credential-bitbucket-sso/git-credential-bitbucket-sso.exe")
        );
        assert_eq!(windows.share, None);
    }
}
