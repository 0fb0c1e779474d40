//! `ci env`: the registration with git as environment variables, which git reads after every file, so that neither a
//! file nor another helper stands before us (`facts/installers.md` F1, F11).

use crate::app::pick;
use crate::app::setup;
use crate::app::words;
use crate::app::world::World;
use crate::basis::env::Env;
use crate::basis::failure::Failure;

/// For whom the variables are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `export` lines of any POSIX shell.
    Sh,
    /// One assignment. PowerShell cannot set an empty variable, which the list of `GIT_CONFIG_VALUE_n` needs.
    Powershell,
    /// Lines of the file that `GITHUB_ENV` names.
    Github,
    /// A `variables:` block of `.gitlab-ci.yml`, for jobs that set no such variables themselves.
    Gitlab,
}

/// The variables that make git ask us first and alone for the configured hosts, or for the named one.
pub fn env(world: &World, host: Option<&str>, form: Form) -> Result<String, Failure> {
    let wanted = pick::hosts(world, host)?;
    let chosen: Vec<_> = wanted.iter().map(|wanted| &wanted.host.url).collect();
    let pairs = setup::pairs(&world.loaded.settings.hosts, &world.exe, |url| chosen.contains(&url));
    let pairs = pairs.map_err(|error| setup::words::failure(&error))?;
    match form {
        Form::Powershell => Ok(powershell(&world.env, &pairs)),
        Form::Gitlab => Ok(gitlab(&listed(0, &pairs))),
        Form::Sh => Ok(lines(&listed(start(&world.env, &pairs)?, &pairs), sh)),
        Form::Github => Ok(lines(&listed(start(&world.env, &pairs)?, &pairs), |name, value| format!("{name}={value}"))),
    }
}

type Pair = (String, String);

/// Where our entries begin: after those that are there, or where they already are.
fn start(env: &Env, pairs: &[Pair]) -> Result<usize, Failure> {
    let Some(text) = env.text(COUNT) else { return Ok(0) };
    let count: usize = text.parse().ok().filter(|count| *count < MOST).ok_or_else(|| words::ci_count(&text))?;
    let Some(first) = count.checked_sub(pairs.len()) else { return Ok(count) };
    let there = pairs.iter().zip(first..).all(|((key, value), at)| {
        let is = |prefix: &str, want: &str| env.text(&format!("{prefix}{at}")).unwrap_or_default() == want;
        is(KEY, key) && is(VALUE, value)
    });
    Ok(if there { first } else { count })
}

/// The variables of `git-config`, "ENVIRONMENT"; git reads them from 2.31 on.
fn listed(start: usize, pairs: &[Pair]) -> Vec<Pair> {
    let mut variables = vec![(COUNT.to_owned(), (start + pairs.len()).to_string())];
    for (at, (key, value)) in (start..).zip(pairs) {
        variables.push((format!("{KEY}{at}"), key.clone()));
        variables.push((format!("{VALUE}{at}"), value.clone()));
    }
    variables
}

fn lines(variables: &[Pair], line: impl Fn(&str, &str) -> String) -> String {
    variables.iter().map(|(name, value)| line(name, value) + "\n").collect()
}

fn sh(name: &str, value: &str) -> String {
    format!("export {name}={}", single(value))
}

/// `$` would be expanded by GitLab; in a single-quoted YAML text only the quote is special.
fn gitlab(variables: &[Pair]) -> String {
    let line = |name: &str, value: &str| format!("  {name}: '{}'", value.replace('$', "$$").replace('\'', "''"));
    format!("variables:\n{}", lines(variables, line))
}

/// What `git -c` hands to its children: never empty, and one variable for all.
fn powershell(env: &Env, pairs: &[Pair]) -> String {
    let ours: Vec<String> = pairs.iter().map(|(key, value)| format!("{}={}", single(key), single(value))).collect();
    let ours = ours.join(" ");
    let before = env.text(PARAMETERS).unwrap_or_default();
    let all = match before.as_str() {
        "" => ours,
        before if before.ends_with(&ours) => before.to_owned(),
        before => format!("{before} {ours}"),
    };
    format!("$env:{PARAMETERS} = '{}'\n", all.replace('\'', "''"))
}

/// One word for a POSIX shell, and for git's own list of parameters.
fn single(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

const COUNT: &str = "GIT_CONFIG_COUNT";
const KEY: &str = "GIT_CONFIG_KEY_";
const VALUE: &str = "GIT_CONFIG_VALUE_";
const PARAMETERS: &str = "GIT_CONFIG_PARAMETERS";
/// git counts with an `int`.
const MOST: usize = i32::MAX as usize;
