//! The helper chain, replayed as git builds it: in reading order an empty value clears the list, any other is
//! added; how specific a URL is does not matter (`facts/installers.md` F4).

use super::git::Entry;
use crate::basis::url::WebUrl;
use std::path::Path;

/// The helpers git asks for one host, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    pub helpers: Vec<Helper>,
    /// Where we are among them; `None` if git does not ask us.
    pub ours: Option<usize>,
    pub verdict: Verdict,
    /// The line that keeps us from being first and alone, if there is one to name.
    pub culprit: Option<Helper>,
    /// Narrower URLs of the host (a user name or a path of their own) whose chain is not first and alone.
    pub narrower: Vec<Narrower>,
}

/// One line of git's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Helper {
    /// As configured; empty where the line clears the list.
    pub value: String,
    /// The key it is under: `credential.helper` or `credential.URL.helper`.
    pub key: String,
    /// `system`, `global`, `local`, `worktree`, `command`; `None` before git 2.26.
    pub scope: Option<String>,
    /// `file:PATH`, or `command line:`.
    pub origin: String,
}

/// A part of the host with a chain of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Narrower {
    /// The URL as configured.
    pub url: String,
    pub verdict: Verdict,
    pub culprit: Option<Helper>,
}

/// How we stand in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// First and alone.
    First,
    /// First, but others are told our token when git stores it, and asked after us.
    OthersAlso,
    /// Others are asked before us.
    NotFirst,
    /// git does not ask us.
    Absent,
}

/// Replays the chain for `url`; `ours` is the helper value that `setup` writes for this program.
pub fn replay(entries: &[Entry], url: &WebUrl, ours: &str) -> Chain {
    let base = Request { url, user: None, path: url.path().to_owned() };
    let (helpers, position, verdict, culprit) = one(entries, &base, ours);
    let mut narrower: Vec<Narrower> = Vec::new();
    for (text, request) in entries.iter().filter_map(|entry| narrowed(entry.url.as_deref()?, url)) {
        let (_, _, verdict, culprit) = one(entries, &request, ours);
        if verdict != Verdict::First && !narrower.iter().any(|known| known.url == text) {
            narrower.push(Narrower { url: text, verdict, culprit });
        }
    }
    // What is wrong for the whole host is said once.
    narrower.retain(|part| (part.verdict, &part.culprit) != (verdict, &culprit));
    Chain { helpers, ours: position, verdict, culprit, narrower }
}

/// What git would ask with: the host, perhaps a user name, and a path.
struct Request<'a> {
    url: &'a WebUrl,
    user: Option<String>,
    path: String,
}

/// A URL of the configuration, in its parts.
struct Pattern {
    scheme: Option<String>,
    user: Option<String>,
    host: String,
    port: Option<u16>,
    path: String,
}

fn one(entries: &[Entry], request: &Request, ours: &str) -> (Vec<Helper>, Option<usize>, Verdict, Option<Helper>) {
    let mut helpers: Vec<Helper> = Vec::new();
    let mut cleared_us = None;
    for entry in entries.iter().filter(|entry| entry.url.as_deref().is_none_or(|url| request.matches(url))) {
        if !entry.value.is_empty() {
            helpers.push(helper(entry));
            continue;
        }
        if helpers.iter().any(|helper| is_us(&helper.value, ours)) {
            cleared_us = Some(helper(entry));
        }
        helpers.clear();
    }
    let position = helpers.iter().position(|helper| is_us(&helper.value, ours));
    let other = helpers.iter().find(|helper| !is_us(&helper.value, ours)).cloned();
    let verdict = match (position, &other) {
        (None, _) => Verdict::Absent,
        (Some(0), None) => Verdict::First,
        (Some(0), Some(_)) => Verdict::OthersAlso,
        (Some(_), _) => Verdict::NotFirst,
    };
    let culprit = if verdict == Verdict::Absent { cleared_us } else { other };
    (helpers, position, verdict, culprit)
}

/// This program under its registered path, or under its own name from another installation.
fn is_us(value: &str, ours: &str) -> bool {
    let plain = value.replace('\\', "");
    let name = Path::new(plain.trim_start_matches('!')).file_name().and_then(|name| name.to_str());
    value == ours || value == "bitbucket-sso" || name.is_some_and(|name| name.trim_end_matches(".exe") == OUR_NAME)
}

impl Request<'_> {
    /// git's `match_urls`, and `credential_match` for a pattern without a scheme.
    fn matches(&self, pattern: &str) -> bool {
        let Some(pattern) = Pattern::parse(pattern) else { return false };
        let Some(scheme) = &pattern.scheme else {
            let path = pattern.path.is_empty() || pattern.path == self.path;
            let host = pattern.host.is_empty() || pattern.authority() == self.url.authority();
            return host && path && pattern.user.is_none_or(|user| self.user.as_ref() == Some(&user));
        };
        scheme == self.url.scheme()
            && host_matches(&pattern.host, self.url.host())
            && pattern.port.unwrap_or(default_port(scheme)) == self.url.effective_port()
            && pattern.user.as_ref().is_none_or(|user| self.user.as_ref() == Some(user))
            && below(&self.path, &pattern.path)
    }
}

impl Pattern {
    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, text),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (user, server) = match authority.rsplit_once('@') {
            Some((user, server)) => (user.split(':').next().map(str::to_owned), server),
            None => (None, authority),
        };
        let (host, port) = match server.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port).filter(|port| !port.is_empty())),
            _ => (server, None),
        };
        let port = match port {
            Some(port) => Some(port.parse().ok()?),
            None => None,
        };
        let path = path.trim_end_matches('/').to_owned();
        Some(Self { scheme, user, host: host.to_ascii_lowercase(), port, path })
    }

    fn authority(&self) -> String {
        self.port.map_or_else(|| self.host.clone(), |port| format!("{}:{port}", self.host))
    }
}

/// A `*` stands for one whole label, as in `https://*.example.com`.
fn host_matches(pattern: &str, host: &str) -> bool {
    let (mut wanted, mut given) = (pattern.split('.'), host.split('.'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(want), Some(have)) if want == "*" || want == have => {}
            _ => return false,
        }
    }
}

fn below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The request that only this pattern and wider ones match, if it lies within the host and is narrower.
fn narrowed<'a>(pattern: &str, url: &'a WebUrl) -> Option<(String, Request<'a>)> {
    let parts = Pattern::parse(pattern)?;
    let path = if below(&parts.path, url.path()) { parts.path.clone() } else { url.path().to_owned() };
    let request = Request { url, user: parts.user.clone(), path };
    let narrower = parts.user.is_some() || request.path != url.path();
    (narrower && request.matches(pattern)).then(|| (pattern.to_owned(), request))
}

fn default_port(scheme: &str) -> u16 {
    if scheme == "http" { 80 } else { 443 }
}

fn helper(entry: &Entry) -> Helper {
    let Entry { scope, origin, url, value } = entry.clone();
    let key = url.map_or_else(|| "credential.helper".to_owned(), |url| format!("credential.{url}.helper"));
    Helper { value, key, scope, origin }
}

const OUR_NAME: &str = "git-credential-bitbucket-sso";

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "/opt/b/git-credential-bitbucket-sso";

    /// `URL|value` per line, in reading order; no URL means the generic key.
    fn chain(url: &str, lines: &[&str]) -> Chain {
        let entry = |line: &&str| {
            let (url, value) = line.split_once('|').unwrap();
            let url = (!url.is_empty()).then(|| url.to_owned());
            Entry { scope: Some("global".into()), origin: "file:/x".into(), url, value: value.into() }
        };
        replay(&lines.iter().map(entry).collect::<Vec<_>>(), &url.parse().unwrap(), OURS)
    }

    fn verdict(lines: &[&str]) -> Verdict {
        chain("https://bitbucket.org", lines).verdict
    }

    const RESET: &str = "https://bitbucket.org|";
    const US: &str = "https://bitbucket.org|/opt/b/git-credential-bitbucket-sso";

    #[test]
    fn order_decides_not_how_specific_a_url_is() {
        assert_eq!(verdict(&["|store", RESET, US]), Verdict::First);
        assert_eq!(verdict(&[RESET, US, "|store"]), Verdict::OthersAlso);
        assert_eq!(verdict(&["|store", US]), Verdict::NotFirst);
        assert_eq!(verdict(&[RESET, US, "|", "|manager"]), Verdict::Absent);
        assert_eq!(verdict(&["|store"]), Verdict::Absent);
        assert_eq!(verdict(&[RESET, US, RESET, US]), Verdict::First);
    }

    #[test]
    fn the_culprit_is_the_line_that_spoils_it() {
        let cleared = chain("https://bitbucket.org", &[RESET, US, "|", "|manager"]);
        assert_eq!(
            cleared.culprit.map(|line| (line.key, line.value)),
            Some(("credential.helper".into(), String::new()))
        );
        let also = chain("https://bitbucket.org", &[RESET, US, "https://bitbucket.org|store"]);
        let want = ("credential.https://bitbucket.org.helper".to_owned(), "store".to_owned());
        assert_eq!(also.culprit.map(|line| (line.key, line.value)), Some(want));
        assert!(chain("https://bitbucket.org", &["|store"]).culprit.is_none());
    }

    #[test]
    fn urls_match_as_in_git() {
        let hears = |url: &str, pattern: &str| !chain(url, &[&format!("{pattern}|x")]).helpers.is_empty();
        for pattern in ["https://H.example", "https://h.example:443/", "https://*.example", "h.example", "https://"] {
            assert_eq!(hears("https://h.example", pattern), pattern != "https://", "{pattern}");
        }
        for pattern in ["http://h.example", "https://example", "https://a.h.example", "https://h.example:8443"] {
            assert!(!hears("https://h.example", pattern), "{pattern}");
        }
        assert!(hears("https://h.example:8443/bitbucket", "https://h.example:8443/bitbucket/"));
        assert!(hears("https://h.example/bitbucket", "https://h.example"));
        assert!(!hears("https://h.example/bitbucket", "https://h.example/bit"));
        assert!(
            !hears("https://h.example", "https://me@h.example") && !hears("https://h.example", "https://h.example/x")
        );
    }

    #[test]
    fn a_part_of_the_host_with_other_helpers_is_named() {
        let user = chain("https://bitbucket.org", &[RESET, US, "https://me@bitbucket.org|store"]);
        assert_eq!(user.verdict, Verdict::First);
        assert_eq!(user.narrower.len(), 1);
        assert_eq!(user.narrower[0].verdict, Verdict::OthersAlso);
        let path = chain("https://bitbucket.org", &["https://bitbucket.org/team|store", RESET, US]);
        assert!(path.narrower.is_empty(), "our reset comes later");
        let whole = chain("https://bitbucket.org", &[RESET, US, "|store", "https://me@bitbucket.org|"]);
        assert_eq!(whole.narrower.iter().map(|part| part.verdict).collect::<Vec<_>>(), [Verdict::Absent]);
    }

    #[test]
    fn another_installation_of_ours_is_us() {
        for value in [
            "bitbucket-sso",
            "/usr/bin/git-credential-bitbucket-sso",
            r"C:/Program\ Files/b/git-credential-bitbucket-sso.exe",
        ] {
            assert!(is_us(value, OURS), "{value}");
        }
        assert!(!is_us("store", OURS) && !is_us("/usr/bin/git-credential-bitbucket-sso-x", OURS));
    }
}
