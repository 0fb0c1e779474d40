//! Programs to start: an absolute path, or a name in `PATH`. Never anything from the current directory, which may be
//! a hostile repository.

use crate::basis::env::Env;
use std::path::{Component, Path, PathBuf};

/// The program that `name` means: an absolute path itself, a bare name the first of `PATH`. `None` if it is not
/// there or cannot be run, and for relative paths. Relative entries of `PATH`, the empty one too, are skipped.
pub fn find(env: &Env, name: &Path) -> Option<PathBuf> {
    if name.is_absolute() {
        return is_program(name).then(|| name.to_owned());
    }
    all(env, name).into_iter().next()
}

/// Every program of that bare name in `PATH`, in its order.
pub fn all(env: &Env, name: &Path) -> Vec<PathBuf> {
    let mut parts = name.components();
    let (Some(Component::Normal(_)), None) = (parts.next(), parts.next()) else { return Vec::new() };
    let path = env.os("PATH").unwrap_or_default();
    let directories = std::env::split_paths(&path).filter(|directory| directory.is_absolute());
    directories.map(|directory| spelled(directory.join(name))).filter(|file| is_program(file)).collect()
}

/// On Windows a name may leave `.exe` out; a file without any ending cannot be started there.
fn spelled(file: PathBuf) -> PathBuf {
    let plain = !cfg!(windows) || file.extension().is_some();
    if plain { file } else { file.with_extension(std::env::consts::EXE_EXTENSION) }
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    file.is_file()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::fs::{Permissions, create_dir, set_permissions, write};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_absolute_directories_count() {
        let dir = tempfile::tempdir().unwrap();
        let [first, second] = ["one", "two"].map(|name| dir.path().join(name));
        for directory in [&first, &second] {
            create_dir(directory).unwrap();
            write(directory.join("tool"), "").unwrap();
        }
        set_permissions(second.join("tool"), Permissions::from_mode(0o755)).unwrap();
        let path = format!(":.:bin:{}:{}", first.display(), second.display());
        let env = Env::fixed([("PATH", path.as_str())]);
        let tool = |name: &str| find(&env, Path::new(name));
        assert_eq!(tool("tool"), Some(second.join("tool")), "what cannot be run is passed over");
        assert_eq!(tool(second.join("tool").to_str().unwrap()), Some(second.join("tool")));
        for none in
            ["tool.sh", "./tool", "../two/tool", "two/tool", "..", ".", "", "/", first.join("tool").to_str().unwrap()]
        {
            assert_eq!(tool(none), None, "{none}");
        }
        set_permissions(first.join("tool"), Permissions::from_mode(0o700)).unwrap();
        assert_eq!(all(&env, Path::new("tool")), [first.join("tool"), second.join("tool")]);
    }
}

#[cfg(test)]
#[cfg(windows)]
mod windows_tests {
    use super::*;

    #[test]
    fn a_name_may_leave_its_ending_out_and_scripts_are_none() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["tool.exe", "script.cmd", "plain"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let path = format!(r".;bin;;C:relative;{}", dir.path().display());
        let env = Env::fixed([("PATH", path.as_str())]);
        let find = |name: &str| super::find(&env, Path::new(name));
        assert_eq!(find("tool"), Some(dir.path().join("tool.exe")));
        assert_eq!(find("tool.exe"), Some(dir.path().join("tool.exe")));
        for none in ["plain", "script", r"..\tool", r"bin\tool", "C:tool.exe", ""] {
            assert_eq!(find(none), None, "{none}");
        }
    }
}
