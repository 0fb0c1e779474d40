//! The git configuration file that is ours alone: for each host the empty reset, then our absolute path.

use super::SetupError;
use crate::basis::url::WebUrl;
use crate::config::settings::{Host, Source};
use std::fmt::Write as _;
use std::path::Path;

/// The file's text. git reads it after everything before our block, so the empty `helper` clears whatever helper
/// was configured so far, for these hosts only (`facts/installers.md` F4).
pub fn render(hosts: &[Host], exe: &Path) -> Result<String, SetupError> {
    let helper = config_value(&helper(exe)?);
    let mut text = format!("{FIRST_LINE}\n");
    for (position, host) in hosts.iter().enumerate() {
        if hosts.iter().take(position).any(|earlier| earlier.url == host.url) {
            continue;
        }
        let url = host.url.to_string().replace('\\', r"\\").replace('"', "\\\"");
        // Writing to a String cannot fail.
        _ = write!(text, "[credential \"{url}\"]\n\thelper =\n\thelper = {helper}\n");
        if needs_path(host, hosts) {
            text.push_str("\tuseHttpPath = true\n");
        }
    }
    Ok(text)
}

/// The same as keys and values of git's configuration, for the hosts that are wanted.
pub fn pairs(
    hosts: &[Host],
    exe: &Path,
    wanted: impl Fn(&WebUrl) -> bool,
) -> Result<Vec<(String, String)>, SetupError> {
    let helper = helper(exe)?;
    let mut pairs = Vec::new();
    for (position, host) in hosts.iter().enumerate() {
        let again = hosts.iter().take(position).any(|earlier| earlier.url == host.url);
        if again || !wanted(&host.url) {
            continue;
        }
        let key = format!("credential.{}.helper", host.url);
        pairs.push((key.clone(), String::new()));
        pairs.push((key, helper.clone()));
        if needs_path(host, hosts) {
            pairs.push((format!("credential.{}.useHttpPath", host.url), "true".to_owned()));
        }
    }
    Ok(pairs)
}

/// Whether a file is one of ours: nothing else may be overwritten or removed.
pub fn is_ours(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte == b'\n').next().is_some_and(|line| line == FIRST_LINE.as_bytes())
}

/// Whether a file of ours makes git call the program at `exe`.
pub fn calls(bytes: &[u8], exe: &Path) -> bool {
    let line = helper(exe).map(|helper| format!("\thelper = {}", config_value(&helper)));
    line.is_ok_and(|line| bytes.split(|byte| *byte == b'\n').any(|known| known == line.as_bytes()))
}

/// The value of `helper`: git hands it to a shell, so whatever a shell would act on is escaped (F8).
pub fn helper(exe: &Path) -> Result<String, SetupError> {
    let mut escaped = String::new();
    for c in text(exe)?.chars() {
        if c.is_ascii() && !c.is_ascii_alphanumeric() && !PLAIN.contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    Ok(escaped)
}

/// A path as git takes it: absolute text without control characters, forward slashes on Windows.
pub fn text(path: &Path) -> Result<String, SetupError> {
    let bad = || SetupError::BadPath { path: path.to_owned() };
    let text =
        path.to_str().filter(|text| path.is_absolute() && !text.chars().any(char::is_control)).ok_or_else(bad)?;
    if cfg!(windows) {
        // The verbatim prefix is for Windows' own calls; a shell cannot use it.
        let plain = match text.strip_prefix(r"\\?\UNC\") {
            Some(share) => format!(r"\\{share}"),
            None => text.trim_start_matches(r"\\?\").to_owned(),
        };
        return Ok(plain.replace('\\', "/"));
    }
    Ok(text.to_owned())
}

/// A value as git's configuration syntax wants it: quoted where a comment or a blank end would be lost.
pub fn config_value(value: &str) -> String {
    let escaped = value.replace('\\', r"\\").replace('"', "\\\"");
    let quoted = value.starts_with(' ') || value.ends_with(' ') || value.contains(['#', ';']);
    if quoted { format!("\"{escaped}\"") } else { escaped }
}

/// git sends the repository's path only where asked to: we need it to ask per repository, and to tell two
/// Bitbuckets on one server apart.
fn needs_path(host: &Host, hosts: &[Host]) -> bool {
    let per_repository = matches!(&host.source, Source::Exchange(exchange) if exchange.per_repository);
    let neighbour = |other: &Host| other.url != host.url && other.url.same_origin(&host.url);
    per_repository || (!host.url.path().is_empty() && hosts.iter().any(neighbour))
}

const FIRST_LINE: &str = "# Written by git-credential-bitbucket-sso setup, which overwrites changes made here.";
/// ASCII that no shell acts on inside a word.
const PLAIN: &str = "/._-+:,@%";

#[cfg(test)]
mod tests {
    use super::super::samples::{exchange, host};
    use super::*;

    /// An absolute path of this system, as git takes it.
    const EXE: &str = if cfg!(windows) { "C:/opt/b" } else { "/opt/b" };

    #[test]
    fn every_host_is_reset_and_then_ours() {
        let text = render(&[host("https://bitbucket.org"), host("https://bitbucket.org")], Path::new(EXE)).unwrap();
        let want = format!("{FIRST_LINE}\n[credential \"https://bitbucket.org\"]\n\thelper =\n\thelper = {EXE}\n");
        assert_eq!(text, want);
        assert!(is_ours(text.as_bytes()) && !is_ours(b"[user]\n"));
    }

    #[test]
    fn the_path_is_asked_for_only_where_it_is_needed() {
        let asks = |hosts: &[Host]| {
            render(hosts, Path::new(EXE)).unwrap().lines().filter(|line| line.contains("useHttpPath")).count()
        };
        assert_eq!(asks(&[host("https://h/bitbucket"), host("https://other")]), 0);
        assert_eq!(asks(&[host("https://h/bitbucket"), host("https://h")]), 1);
        assert_eq!(asks(&[host("https://h/a"), host("https://h/b")]), 2);
        assert_eq!(asks(&[exchange("https://h", true), exchange("https://i", false)]), 1);
    }

    #[cfg(windows)]
    #[test]
    fn a_windows_path_is_one_that_a_shell_can_use() {
        let path = Path::new(r"C:\Program Files (x86)\Jürgen's tools\b.exe");
        assert_eq!(helper(path).unwrap(), r"C:/Program\ Files\ \(x86\)/Jürgen\'s\ tools/b.exe");
        let long = Path::new(r"\\?\C:\a\b.exe");
        assert_eq!(helper(long).unwrap(), "C:/a/b.exe", "the verbatim prefix is for Windows itself");
        assert_eq!(helper(Path::new(r"\\?\UNC\server\share\b.exe")).unwrap(), "//server/share/b.exe");
        assert_eq!(helper(Path::new(r"\\server\share\b.exe")).unwrap(), "//server/share/b.exe");
        for bad in ["relative", r"C:relative", "C:/a\nb", r"\no\drive"] {
            assert!(matches!(helper(Path::new(bad)), Err(SetupError::BadPath { .. })), "{bad}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_path_survives_the_shell_and_the_configuration() {
        let path = Path::new("/opt/my tools (x86)/it's;#1");
        assert_eq!(helper(path).unwrap(), r"/opt/my\ tools\ \(x86\)/it\'s\;\#1");
        assert_eq!(config_value(&helper(path).unwrap()), r#""/opt/my\\ tools\\ \\(x86\\)/it\\'s\\;\\#1""#);
        for bad in ["relative", "/a\nb"] {
            assert!(matches!(helper(Path::new(bad)), Err(SetupError::BadPath { .. })), "{bad}");
        }
    }
}
