//! How we stand in git's helper chain, in words.

use super::{SETUP, quoted};
use crate::app::setup::chain::{Chain, Helper, Verdict};
use crate::basis::text::clean;
use crate::config::settings::Host;

/// How we stand in git's helper chain of one host, and the one command that repairs it.
pub fn chain(host: &Host, chain: &Chain) -> String {
    let mut text = standing(&host.url.to_string(), chain.verdict, chain.culprit.as_ref());
    if chain.verdict == Verdict::First {
        text = format!("{}: first of {}", host.url, chain.helpers.len());
    }
    for part in &chain.narrower {
        text.push('\n');
        text.push_str(&standing(&clean(&part.url), part.verdict, part.culprit.as_ref()));
    }
    text + "\n"
}

/// The one command (or sentence) that makes us first and alone; `culprit` is the line in the way.
pub fn repair(culprit: Option<&Helper>) -> String {
    let Some(line) = culprit else { return SETUP.to_owned() };
    let local = line.origin.ends_with(".git/config") && line.scope.is_none();
    match line.scope.as_deref() {
        Some("worktree") => format!("git config --worktree --unset-all {}", quoted(&line.key)),
        Some("local") => format!("git config --local --unset-all {}", quoted(&line.key)),
        None if local => format!("git config --local --unset-all {}", quoted(&line.key)),
        Some("command") => COMMAND_LINE.to_owned(),
        None if line.origin.starts_with("command line") => COMMAND_LINE.to_owned(),
        _ => SETUP.to_owned(),
    }
}

fn standing(place: &str, verdict: Verdict, culprit: Option<&Helper>) -> String {
    let other = culprit.map_or_else(|| "another helper".to_owned(), named);
    let problem = match verdict {
        Verdict::First => return format!("{place}: first of 1"),
        Verdict::OthersAlso => format!("first, but the token is also given to {other}"),
        Verdict::NotFirst => format!("git asks {other} first"),
        Verdict::Absent if culprit.is_some() => format!("git does not ask this helper, because of {other}"),
        Verdict::Absent => "git does not ask this helper".to_owned(),
    };
    format!("{place}: {problem}\n  do this: {}", repair(culprit))
}

/// A helper by its first word and place: a snippet or an argument may hold a password.
fn named(helper: &Helper) -> String {
    let value = match helper.value.as_bytes().first() {
        None => "an empty `helper`".to_owned(),
        Some(b'!') => "a shell command".to_owned(),
        Some(_) => format!("`{}`", clean(helper.value.split(' ').next().unwrap_or_default())),
    };
    format!("{value} ({})", clean(helper.origin.trim_start_matches("file:").trim_end_matches(':')))
}

const COMMAND_LINE: &str =
    "drop `credential.helper` from `git -c`, GIT_CONFIG_COUNT and GIT_CONFIG_PARAMETERS of this environment";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::setup::samples::host;

    fn helper(scope: &str, key: &str, value: &str) -> Helper {
        let origin = "file:/home/u/.gitconfig".to_owned();
        Helper { value: value.into(), key: key.into(), scope: Some(scope.into()), origin }
    }

    fn judged(verdict: Verdict, culprit: Option<Helper>) -> String {
        let ours = helper("global", "credential.https://bitbucket.org.helper", "/opt/b");
        let chain = Chain { helpers: vec![ours], ours: Some(0), verdict, culprit, narrower: Vec::new() };
        super::chain(&host("https://bitbucket.org"), &chain)
    }

    #[test]
    fn a_chain_is_one_line_and_one_command() {
        assert_eq!(judged(Verdict::First, None), "https://bitbucket.org: first of 1\n");
        let want = "https://bitbucket.org: first, but the token is also given to `store` (/home/u/.gitconfig)\n  \
                    do this: git credential-bitbucket-sso setup\n";
        let store = helper("global", "credential.helper", "store --file /secret");
        assert_eq!(judged(Verdict::OthersAlso, Some(store)), want);
        let cleared = judged(Verdict::Absent, Some(helper("local", "credential.helper", "")));
        assert!(cleared.ends_with("do this: git config --local --unset-all 'credential.helper'\n"), "{cleared}");
    }

    #[test]
    fn a_snippet_with_a_password_is_not_shown() {
        let snippet = helper("command", "credential.helper", "!f() { echo password=hunter2; }; f");
        assert!(!judged(Verdict::NotFirst, Some(snippet)).contains("hunter2"));
    }

    #[test]
    fn a_key_from_a_repository_stays_one_word() {
        let line = helper("local", "credential.https://h/';reboot;'\x1b[2J  x.helper", "store");
        let want = "git config --local --unset-all 'credential.https://h/'\\'';reboot;'\\''\u{fffd}[2J  x.helper'";
        assert_eq!(repair(Some(&line)), want);
    }
}
