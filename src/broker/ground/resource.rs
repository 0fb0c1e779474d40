//! What is asked for: a host, or one repository on it, in its one spelling.

use crate::basis::url::WebUrl;
use crate::broker::ground::right::HostKind;
use std::fmt;

/// A configured host, or a repository on it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Resource {
    /// As configured.
    pub host: WebUrl,
    pub kind: HostKind,
    /// Workspace and repository (lower-case), or project key (upper-case; `~user` lower-case) and repository.
    /// `None`: the host as a whole.
    pub repository: Option<(String, String)>,
}

/// Why a text names no resource of a host.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadResource {
    /// It is no absolute https URL, or has a user, query or fragment.
    #[error("the resource is no https URL without user, query and fragment")]
    NoUrl,
    /// It is on none of the configured hosts.
    #[error("no host of this broker has the resource `{0}`")]
    UnknownHost(String),
    /// It is on a host, but names no repository of it.
    #[error("the resource `{0}` names no repository: WORKSPACE/REPOSITORY, or scm/PROJECT/REPOSITORY on Data Center")]
    NoRepository(String),
    /// A segment is empty, `.` or `..`, is percent-encoded, or has letters that no repository name has.
    #[error("the resource has the segment `{0}`, which no repository is called")]
    Segment(String),
}

impl Resource {
    /// Reads `resource` against the configured hosts; the longest context path wins. What is not spelled plainly is
    /// refused rather than decoded: what the policy compares and what Bitbucket serves must be the same place.
    pub fn parse<'a>(text: &str, hosts: impl IntoIterator<Item = (&'a WebUrl, HostKind)>) -> Result<Self, BadResource> {
        // Looked at before the parser of URLs, which would resolve dot segments.
        spelled_plainly(text)?;
        let url: WebUrl = text.parse().map_err(|_| BadResource::NoUrl)?;
        let on = |host: &WebUrl| {
            let rest = url.path().strip_prefix(host.path())?;
            (host.same_origin(&url) && (rest.is_empty() || rest.starts_with('/'))).then(|| rest.to_owned())
        };
        let fits = hosts.into_iter().filter_map(|(host, kind)| Some((host, kind, on(host)?)));
        let unknown = || BadResource::UnknownHost(crate::basis::text::clean(text));
        let (host, kind, rest) = fits.max_by_key(|(host, ..)| host.path().len()).ok_or_else(unknown)?;
        Ok(Self { host: host.clone(), kind, repository: repository(kind, &rest)? })
    }

    /// Host, context path and repository without the scheme, which rules are compared with.
    pub fn name(&self) -> String {
        let host = format!("{}{}", self.host.authority(), self.host.path());
        match &self.repository {
            Some((container, repository)) => format!("{host}/{container}/{repository}"),
            None => host,
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

fn spelled_plainly(text: &str) -> Result<(), BadResource> {
    // A parser of URLs takes one slash after the scheme, or four, for the two that belong there.
    let scheme = |text: &str| text.eq_ignore_ascii_case("https") || text.eq_ignore_ascii_case("http");
    let (_, rest) = text.split_once("://").filter(|(before, _)| scheme(before)).ok_or(BadResource::NoUrl)?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    // A parser of URLs takes a backslash for the slash that begins the path.
    if authority.is_empty() || !authority.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:[]".contains(&byte))
    {
        return Err(BadResource::NoUrl);
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    let plain = |segment: &str| {
        let letters = segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte));
        letters && !matches!(segment, "" | "." | "..")
    };
    let bad = path.split('/').find(|segment| !plain(segment));
    match bad {
        Some(bad) if !path.is_empty() => Err(BadResource::Segment(crate::basis::text::clean(bad))),
        _ => Ok(()),
    }
}

/// `/WORKSPACE/REPOSITORY[.git]`, or `[/scm]/PROJECT/REPOSITORY[.git]` (`facts/bitbucket.md` A2 and B5).
fn repository(kind: HostKind, path: &str) -> Result<Option<(String, String)>, BadResource> {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let none = || BadResource::NoRepository(crate::basis::text::clean(path));
    let (container, name) = match (kind, segments.as_slice()) {
        (_, []) => return Ok(None),
        (HostKind::DataCenter, ["scm", container, name]) | (_, [container, name]) => (*container, *name),
        _ => return Err(none()),
    };
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix(".git").unwrap_or(&name).to_owned();
    // What is left may be read once more, by Bitbucket or as an address: `...git` must not become `..`.
    if matches!(name.as_str(), "" | "." | "..") || name.strip_suffix(".git").is_some() {
        return Err(none());
    }
    let container = match kind {
        HostKind::DataCenter if !container.starts_with('~') => container.to_ascii_uppercase(),
        _ => container.to_ascii_lowercase(),
    };
    Ok(Some((container, name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, BadResource> {
        let cloud: WebUrl = "https://bitbucket.org".parse().unwrap();
        let center: WebUrl = "https://git.example.com/bitbucket".parse().unwrap();
        let hosts = [(&cloud, HostKind::Cloud), (&center, HostKind::DataCenter)];
        Resource::parse(text, hosts).map(|resource| resource.name())
    }

    #[test]
    fn one_repository_has_one_spelling() {
        assert_eq!(read("https://bitbucket.org/Acme/App.git").as_deref(), Ok("bitbucket.org/acme/app"));
        assert_eq!(read("https://BITBUCKET.org:443/acme/app/").as_deref(), Ok("bitbucket.org/acme/app"));
        assert_eq!(read("https://bitbucket.org").as_deref(), Ok("bitbucket.org"));
        let want = Ok("git.example.com/bitbucket/PAY/api");
        assert_eq!(read("https://git.example.com/bitbucket/scm/pay/API.git").as_deref(), want);
        assert_eq!(read("https://git.example.com/bitbucket/PAY/api").as_deref(), want);
        let personal = read("https://git.example.com/bitbucket/scm/~Ada/x.git");
        assert_eq!(personal.as_deref(), Ok("git.example.com/bitbucket/~ada/x"));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for bad in [
            "https://bitbucket.org/acme/../other",
            "https://bitbucket.org/acme/./app",
            "https://bitbucket.org/acme%2fapp",
            "https://bitbucket.org/acme/%2e%2e/app",
            "https://bitbucket.org//acme/app",
            "https://bitbucket.org/acme/app\\..",
            "https://bitbucket.org/acme/app?x",
            "https://bitbucket.org/acme/app#x",
            "https://bitbucket.org/acme/é",
        ] {
            assert!(matches!(read(bad), Err(BadResource::Segment(_))), "{bad}: {:?}", read(bad));
        }
        assert!(matches!(read("https://bitbucket.org/acme"), Err(BadResource::NoRepository(_))));
        assert!(matches!(read("https://bitbucket.org/a/b/c"), Err(BadResource::NoRepository(_))));
        for name in [".git", "..git", "...git", "...GIT", "app.git.git", "app.git.Git"] {
            let url = format!("https://bitbucket.org/acme/{name}");
            assert!(matches!(read(&url), Err(BadResource::NoRepository(_))), "{url}");
        }
        assert!(matches!(read("https://git.example.com/bitbucketx/PAY/api"), Err(BadResource::UnknownHost(_))));
        assert!(matches!(read("https://bitbucket.org.evil.example/a/b"), Err(BadResource::UnknownHost(_))));
        for authority in
            ["bitbucket.org\\acme\\app", "bitbucket.org\\acme/app", "/bitbucket.org/acme/app", "bitbucket.org%2f"]
        {
            assert_eq!(read(&format!("https://{authority}")), Err(BadResource::NoUrl), "{authority}");
        }
        for text in
            ["https:/bitbucket.org/acme%2f..://x", "https:bitbucket.org/acme/%41://x/y", " https://bitbucket.org"]
        {
            assert_eq!(read(text), Err(BadResource::NoUrl), "{text}");
        }
        assert!(matches!(read("http://bitbucket.org/a/b"), Err(BadResource::NoUrl)));
        assert!(matches!(read("https://u@bitbucket.org/a/b"), Err(BadResource::NoUrl)));
        assert!(matches!(read("acme/app"), Err(BadResource::NoUrl)));
    }
}
