//! The git that is there: found by absolute path, asked without a prompt, never run from the current directory.

use crate::basis::env::Env;
use crate::basis::program;
use crate::basis::secret::SecretBytes;
use crate::basis::text::clean;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// One git program and the environment it is asked in.
#[derive(Clone, Debug)]
pub struct Git {
    program: PathBuf,
    variables: Vec<(String, OsString)>,
}

/// Why git gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// No absolute directory of `PATH` holds one.
    #[error("no git is found in PATH")]
    Missing,
    /// It is there but does not start.
    #[error("{program} cannot be started: {why}")]
    Start { program: PathBuf, why: String },
    /// It ran and failed, most often over a broken configuration file, which `why` names.
    #[error("`git {command}` failed: {why}")]
    Failed { command: String, why: String },
}

/// One `credential.*helper` line as git reads it, in reading order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `system`, `global`, `local`, `worktree` or `command`; `None` before git 2.26.
    pub scope: Option<String>,
    /// Where the line is: `file:PATH`, or `command line:`.
    pub origin: String,
    /// The URL of `credential.URL.helper`; `None` for the generic key.
    pub url: Option<String>,
    /// Empty clears the list of helpers.
    pub value: String,
}

impl Git {
    /// The first git in `PATH`.
    pub fn find(env: &Env) -> Result<Self, GitError> {
        Self::all(env).into_iter().next().ok_or(GitError::Missing)
    }

    /// Every git in `PATH`, in its order. Relative and empty entries mean the current directory and are skipped.
    pub fn all(env: &Env) -> Vec<Self> {
        let variables = variables(env);
        let git = |program| Self { program, variables: variables.clone() };
        program::all(env, Path::new("git")).into_iter().map(git).collect()
    }

    /// Where it is.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// What it says of its version, e.g. `2.43.0`.
    pub fn version(&self) -> Result<String, GitError> {
        let output = self.run(&["--version"])?;
        let said = clean(&String::from_utf8_lossy(&output.stdout));
        let version = said.strip_prefix("git version ").and_then(|rest| rest.split(' ').next());
        version.map(str::to_owned).ok_or_else(|| failed(&["--version"], &output))
    }

    /// All lines that name credential helpers, of every scope that holds in the current directory
    /// (`facts/installers.md`, "Best registration").
    pub fn helpers(&self) -> Result<Vec<Entry>, GitError> {
        let scoped = self.run(&SCOPED)?;
        match scoped.status.code() {
            Some(0) => Ok(entries(&scoped.stdout, true)),
            Some(NOTHING_FOUND) => Ok(Vec::new()),
            Some(USAGE) => self.helpers_without_scope(),
            _ => Err(failed(&SCOPED, &scoped)),
        }
    }

    /// The file this git reads as the system's: `git var` tells it from 2.41 on; before that git hands its name to
    /// the editor. `None` if this git has none.
    pub fn system_file(&self) -> Option<PathBuf> {
        let ask = |arguments: &[&str]| {
            // Whoever sets it hides the system's file from this shell, not from everybody.
            let mut command = self.command(arguments);
            let output = command.env_remove("GIT_CONFIG_NOSYSTEM").stdin(Stdio::null()).output().ok()?;
            output.status.success().then_some(output)
        };
        let output = ask(&["var", "GIT_CONFIG_SYSTEM"]).or_else(|| ask(&["config", "--system", "--edit"]))?;
        let text = String::from_utf8(output.stdout).ok()?;
        let path = PathBuf::from(text.lines().next()?.trim_end());
        path.is_absolute().then_some(path)
    }

    /// The lines that a command prints, or its fields where it ends them with NUL; none where it fails.
    pub fn lines(&self, arguments: &[&str]) -> Vec<String> {
        let output = self.run(arguments).ok().filter(|output| output.status.success());
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        text.split_terminator(if text.contains('\0') { '\0' } else { '\n' }).map(str::to_owned).collect()
    }

    /// Speaks with a helper of git's own, outside of any repository, whose aliases must not take its place: what it
    /// answers, which may be nothing. `None` where it fails.
    pub fn credential(&self, helper: &[String], verb: &str, request: &str) -> Option<SecretBytes> {
        use std::io::Write;
        let words: Vec<&str> = helper.iter().map(String::as_str).chain([verb]).collect();
        let mut command = self.command(&words);
        command.current_dir(NOT_A_REPOSITORY).env_remove("GIT_DIR").env_remove("GIT_WORK_TREE");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
        // One that does not read ends with an error, which counts.
        child.stdin.take().map(|mut input| input.write_all(request.as_bytes()));
        let output = child.wait_with_output().ok()?;
        output.status.success().then(|| SecretBytes::new(output.stdout))
    }

    /// `--show-scope` came with git 2.26; without it nobody can tell the scope, the chain is the same.
    fn helpers_without_scope(&self) -> Result<Vec<Entry>, GitError> {
        let plain: Vec<&str> = SCOPED.into_iter().filter(|argument| *argument != "--show-scope").collect();
        let output = self.run(&plain)?;
        match output.status.code() {
            Some(0) => Ok(entries(&output.stdout, false)),
            Some(NOTHING_FOUND) => Ok(Vec::new()),
            _ => Err(failed(&plain, &output)),
        }
    }

    fn run(&self, arguments: &[&str]) -> Result<Output, GitError> {
        let start = |error: std::io::Error| GitError::Start { program: self.program.clone(), why: error.to_string() };
        self.command(arguments).stdin(Stdio::null()).output().map_err(start)
    }

    #[expect(clippy::disallowed_methods, reason = "the owner of git as a child: absolute path, no prompt")]
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.envs(QUIET);
        command
    }
}

/// The keys of git that also hold for us, each with its last value, as they are outside of any repository: a clone's
/// own configuration is never asked (DESIGN.md section 5). Empty where there is no git.
pub fn values_outside_repositories(env: &Env, keys: &str) -> Vec<(String, String)> {
    let Ok(git) = Git::find(env) else { return Vec::new() };
    let mut command = git.command(&["config", "--null", "--get-regexp", keys]);
    command.current_dir(NOT_A_REPOSITORY).env_remove("GIT_DIR").env_remove("GIT_WORK_TREE");
    let Ok(output) = command.stdin(Stdio::null()).output() else { return Vec::new() };
    let text = String::from_utf8_lossy(&output.stdout);
    let pairs = text.split_terminator('\0').filter_map(|entry| entry.split_once('\n'));
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[cfg(unix)]
const NOT_A_REPOSITORY: &str = "/";
#[cfg(not(unix))]
const NOT_A_REPOSITORY: &str = "C:\\";

/// The environment without what would change the answer: `GIT_CONFIG` redirects `git config` but not the
/// credential machinery, tracing writes into our streams.
fn variables(env: &Env) -> Vec<(String, OsString)> {
    let kept = |name: &String| name != "GIT_CONFIG" && !name.starts_with("GIT_TRACE");
    let pair = |name: String| env.os(&name).map(|value| (name, value));
    env.names("").into_iter().filter(kept).filter_map(pair).collect()
}

/// With `--null` an entry is `[scope NUL] origin NUL key LF value NUL`; a key without `=` has no LF and is
/// skipped, git itself refuses it.
fn entries(output: &[u8], scoped: bool) -> Vec<Entry> {
    let text = String::from_utf8_lossy(output);
    let mut fields = text.split_terminator('\0');
    let mut found = Vec::new();
    loop {
        let scope = if scoped { fields.next().map(str::to_owned) } else { None };
        let (Some(origin), Some(line)) = (fields.next(), fields.next()) else { return found };
        if let Some((url, value)) = line.split_once('\n').and_then(|(key, value)| Some((url_of(key)?, value))) {
            let url = (!url.is_empty()).then(|| url.to_owned());
            found.push(Entry { scope, origin: origin.to_owned(), url, value: value.to_owned() });
        }
    }
}

/// `credential.helper` → empty, `credential.URL.helper` → that URL.
fn url_of(key: &str) -> Option<&str> {
    let middle = key.strip_prefix("credential.")?.strip_suffix("helper")?;
    if middle.is_empty() { Some(middle) } else { middle.strip_suffix('.') }
}

fn failed(arguments: &[&str], output: &Output) -> GitError {
    let why = clean(&String::from_utf8_lossy(&output.stderr));
    GitError::Failed { command: arguments.iter().take(1).copied().collect(), why }
}

const SCOPED: [&str; 6] =
    ["config", "--show-scope", "--show-origin", "--null", "--get-regexp", r"^credential\.(.*\.)?helper$"];
/// Exit statuses of `git config` and of git's option parser.
const NOTHING_FOUND: i32 = 1;
const USAGE: i32 = 129;
/// `GIT_EDITOR=echo` makes `git config --edit` print the name of the file it would open.
const QUIET: [(&str, &str); 4] =
    [("GIT_TERMINAL_PROMPT", "0"), ("GIT_EDITOR", "echo"), ("GIT_OPTIONAL_LOCKS", "0"), ("LC_ALL", "C")];

#[cfg(test)]
#[cfg(unix)]
impl Git {
    /// Runs any git command with `input`; its standard output, errors included in the panic.
    pub(super) fn must(&self, arguments: &[&str], input: &str) -> String {
        use std::io::Write;
        let mut command = self.command(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("written");
        let output = child.wait_with_output().expect("ends");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_keep_order_origin_and_url() {
        let output =
            b"global\0file:/a\0credential.helper\nstore\0local\0file:.git/config\0credential.https://h.helper\n\0";
        let found = entries(output, true);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].url.as_deref(), found[0].value.as_str()), (None, "store"));
        assert_eq!((found[1].url.as_deref(), found[1].value.as_str()), (Some("https://h"), ""));
        assert_eq!(found[1].scope.as_deref(), Some("local"));
        assert!(entries(b"file:/a\0credential.helper\nstore\0", false)[0].scope.is_none());
    }

    #[test]
    fn relative_directories_of_the_path_are_never_searched() {
        let env = Env::fixed([("PATH", ".:bin::target")]);
        assert!(matches!(Git::find(&env), Err(GitError::Missing)));
    }
}
