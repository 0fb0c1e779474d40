//! Linux on Windows: the browser is next door. Windows forwards `localhost` to us, so that its answer arrives.

use super::Wanted;
use crate::basis::env::Env;
use std::path::Path;

/// Whether this is WSL and Windows programs can be started: its own variables, else what the kernel says of itself.
/// `proc` is where the kernel tells it.
pub fn is_here(env: &Env, proc: &Path) -> bool {
    if !cfg!(target_os = "linux") {
        return false;
    }
    let told = ["WSL_DISTRO_NAME", "WSL_INTEROP"].iter().any(|name| env.os(name).is_some());
    let interop = ["WSLInterop", "WSLInterop-late"].map(|name| proc.join("sys/fs/binfmt_misc").join(name));
    let windows = |kernel: String| kernel.to_ascii_lowercase().contains("microsoft");
    told || interop.iter().any(|file| file.exists())
        // A container on Docker Desktop has that kernel too, but no Windows next door.
        || std::fs::read_to_string(proc.join("version")).is_ok_and(windows) && proc.join("sys/fs/binfmt_misc/status").exists()
}

/// What opens a page of Windows: the tool made for it, else PowerShell, by name and where Windows keeps it.
pub(super) fn next_door(url: &str) -> Vec<Wanted> {
    let start = format!("Start-Process -FilePath '{}'", quoted(url));
    let powershell = |program| Wanted::new(program, ["-NoProfile", "-NonInteractive", "-Command", &start]);
    vec![Wanted::new("wslview", [url]), powershell("powershell.exe"), powershell(SYSTEM)]
}

/// Inside single quotes PowerShell reads everything as it is but single quotes, which are doubled; it takes the
/// typographic ones for single quotes too, but a URL that was parsed holds ASCII only, and neither blank nor `"`.
fn quoted(url: &str) -> String {
    url.replace('\'', "''")
}

const SYSTEM: &str = "/mnt/c/Windows/System32/WindowsPowerShell/v1.0/powershell.exe";

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use crate::ui::browser::{Usable, allowed, commands, usable_at};
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    /// A machine: its `PATH` with these programs, its `/proc` with these files.
    struct Machine(tempfile::TempDir);

    impl Machine {
        fn with(programs: &[&str], proc: &[(&str, &str)]) -> Self {
            let dir = tempfile::tempdir().unwrap();
            fs::create_dir(dir.path().join("bin")).unwrap();
            for program in programs {
                let file = dir.path().join("bin").join(program);
                fs::write(&file, "").unwrap();
                fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
            }
            for (name, text) in proc {
                let file = dir.path().join("proc").join(name);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, text).unwrap();
            }
            Self(dir)
        }

        fn env(&self, more: &[(&str, &str)]) -> Env {
            let path = self.0.path().join("bin");
            Env::fixed([("PATH", path.to_str().unwrap())].iter().chain(more).copied())
        }

        fn proc(&self) -> std::path::PathBuf {
            self.0.path().join("proc")
        }

        /// What would be started: the program's name and its arguments.
        fn starts(&self, url: &str) -> Vec<Vec<String>> {
            let all = commands(&self.env(&[("WSL_DISTRO_NAME", "Ubuntu")]), "", url, &self.proc()).unwrap();
            let text = |part: &std::ffi::OsStr| part.to_str().unwrap().to_owned();
            let name = |program: &std::ffi::OsStr| text(Path::new(program).file_name().unwrap());
            let words = |command: &std::process::Command| {
                [name(command.get_program())].into_iter().chain(command.get_args().map(text)).collect()
            };
            all.iter().map(words).collect()
        }
    }

    const KERNEL: (&str, &str) = ("version", "Linux version 5.15.167.4-microsoft-standard-WSL2 (root@x)");

    #[test]
    fn wsl_is_known_by_its_variables_or_by_its_kernel() {
        let interop = ("sys/fs/binfmt_misc/WSLInterop", "enabled");
        let here = |variables: &[(&str, &str)], proc: &[(&str, &str)]| {
            let machine = Machine::with(&[], proc);
            is_here(&machine.env(variables), &machine.proc())
        };
        assert!(here(&[("WSL_DISTRO_NAME", "Ubuntu")], &[]));
        assert!(here(&[], &[interop]));
        assert!(here(&[], &[KERNEL, ("sys/fs/binfmt_misc/status", "enabled")]));
        assert!(!here(&[], &[KERNEL]), "a container on that kernel");
        assert!(!here(&[], &[("version", "Linux version 6.1.0-debian"), ("sys/fs/binfmt_misc/status", "enabled")]));
        assert!(!here(&[], &[]));
    }

    #[test]
    fn the_browser_next_door_is_usable_without_a_display() {
        let machine = Machine::with(&["powershell.exe"], &[]);
        let judged = |more: &[(&str, &str)], choice| usable_at(&machine.env(more), choice, &machine.proc());
        let wsl = ("WSL_DISTRO_NAME", "Ubuntu");
        assert_eq!(judged(&[wsl], ""), Usable::Yes("Windows is next door (WSL)".into()));
        assert!(matches!(judged(&[], ""), Usable::No(_)));
        assert!(matches!(judged(&[wsl], "none"), Usable::No(_)));
        assert!(matches!(judged(&[wsl, ("SSH_TTY", "x")], ""), Usable::No(_)));
        let bare = Machine::with(&[], &[]);
        assert!(matches!(usable_at(&bare.env(&[wsl]), "", &bare.proc()), Usable::No(why) if why.contains("wslview")));
    }

    #[test]
    fn wslview_comes_before_powershell_and_that_before_the_rest() {
        let machine = Machine::with(&["powershell.exe", "xdg-open", "wslview"], &[]);
        let names: Vec<String> = machine.starts("https://h/").into_iter().map(|words| words[0].clone()).collect();
        assert_eq!(names[..3], ["wslview", "powershell.exe", "xdg-open"]);
    }

    #[test]
    fn nothing_in_an_address_is_a_command_of_powershell() {
        let url = allowed("https://h/a'b?c=d&e=$(calc);`x`|y \u{2019};z#'\";calc").unwrap();
        let words = Machine::with(&["powershell.exe"], &[]).starts(url.as_str()).remove(0);
        assert_eq!(words[1..4], ["-NoProfile", "-NonInteractive", "-Command"]);
        let inner = words[4].strip_prefix("Start-Process -FilePath '").unwrap().strip_suffix('\'').unwrap();
        assert!(!inner.replace("''", "").contains('\''), "{inner}");
        assert!(inner.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"'), "{inner}");
        assert_eq!(inner.replace("''", "'"), url.as_str(), "and it is the same address");
    }
}
