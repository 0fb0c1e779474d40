//! Which repositories a rule is about: `HOST/CONTAINER/REPOSITORY`, where `*` stands for one whole segment.

use crate::broker::ground::resource::Resource;
use crate::broker::policy::surroundings::{KnownHost, Surroundings};

/// Repositories of one host, in their one spelling. A repository without a container cannot be written down.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pattern {
    /// Position among [`Surroundings::hosts`].
    pub host: usize,
    pub part: Part,
}

/// How much of the host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// `HOST/*/*`
    All,
    /// `HOST/CONTAINER/*`
    Container(String),
    /// `HOST/CONTAINER/REPOSITORY`
    Repository(String, String),
}

/// Where an ask points: a repository, or the host as a whole.
pub(super) type Target<'a> = (usize, Option<(&'a str, &'a str)>);

/// Why a text is no pattern: what, and what to write instead.
pub(super) type Bad = (String, String);

impl Pattern {
    /// Reads one.
    pub fn parse(text: &str, around: &Surroundings) -> Result<Self, Bad> {
        let (host, known, rest) = host_of(text, around)?;
        let Some((container, repository)) = rest.rsplit_once('/') else { return Err(too_short(text, &known.name())) };
        let container = container.strip_prefix("scm/").unwrap_or(container);
        let part = match (container, repository) {
            ("*", "*") => Part::All,
            ("*", _) => return Err(any_container(text)),
            (_, "*") => Part::Container(spelled(known, container, "x", text)?.0),
            _ => {
                let (container, repository) = spelled(known, container, repository, text)?;
                Part::Repository(container, repository)
            }
        };
        Ok(Self { host, part })
    }

    /// Whether everything that `other` is about is in this.
    pub fn covers(&self, other: &Self) -> bool {
        self.host == other.host
            && match (&self.part, &other.part) {
                (Part::All, _) => true,
                (Part::Container(mine), Part::Container(other) | Part::Repository(other, _)) => mine == other,
                (mine, other) => mine == other,
            }
    }

    /// Whether it covers what is asked; the host as a whole only if it is about the whole host.
    pub fn covers_target(&self, (host, place): Target<'_>) -> bool {
        self.host == host
            && match (&self.part, place) {
                (Part::All, _) => true,
                (_, None) => false,
                (Part::Container(mine), Some((container, _))) => mine == container,
                (Part::Repository(mine, name), Some((container, repository))) => {
                    mine == container && name == repository
                }
            }
    }

    /// Whether what is asked reaches into it: as above, and a host as a whole reaches everywhere on it.
    pub fn is_touched_by(&self, target: Target<'_>) -> bool {
        if target.1.is_none() { self.host == target.0 } else { self.covers_target(target) }
    }

    /// As it is written.
    pub fn text(&self, around: &Surroundings) -> String {
        let host = around.hosts.get(self.host).map(KnownHost::name).unwrap_or_default();
        match &self.part {
            Part::All => format!("{host}/*/*"),
            Part::Container(container) => format!("{host}/{container}/*"),
            Part::Repository(container, repository) => format!("{host}/{container}/{repository}"),
        }
    }
}

/// The configured host with the longest name that the text begins with.
fn host_of<'t, 's>(text: &'t str, around: &'s Surroundings) -> Result<(usize, &'s KnownHost, &'t str), Bad> {
    let rest_on = |host: &KnownHost| match text.strip_prefix(&host.name())? {
        "" => Some(""),
        rest => rest.strip_prefix('/'),
    };
    let fits = around.hosts.iter().enumerate().filter_map(|(at, host)| Some((at, host, rest_on(host)?)));
    fits.max_by_key(|(_, host, _)| host.url.path().len()).ok_or_else(|| {
        let names: Vec<String> = around.hosts.iter().map(KnownHost::name).collect();
        (format!("the resource `{text}` is on no configured host"), format!("configured: {}", names.join(", ")))
    })
}

/// Container and repository as [`Resource`] spells them, so that the two can be compared byte for byte.
fn spelled(host: &KnownHost, container: &str, repository: &str, text: &str) -> Result<(String, String), Bad> {
    let bad = |why: String| (format!("the resource `{text}` cannot be read"), why);
    if container.contains('*') || repository.contains('*') {
        return Err(bad("a `*` stands for one whole segment, never for a part of one or for more".into()));
    }
    if container.contains('/') {
        return Err(bad("write HOST/CONTAINER/REPOSITORY: a workspace or project, then a repository".into()));
    }
    if container.is_empty() || repository.is_empty() {
        return Err(bad("a segment is empty".into()));
    }
    let place = host.url.join(&format!("/{container}/{repository}"));
    let read = Resource::parse(&place, [(&host.url, host.kind)]).map_err(|error| bad(error.to_string()))?;
    read.repository.ok_or_else(|| bad("it names no repository".into()))
}

fn too_short(text: &str, host: &str) -> Bad {
    let more = if text.len() > host.len() { "/*" } else { "/*/*" };
    (
        format!("the resource `{text}` has too few segments"),
        format!("for all of it write `{}{more}`", text.trim_end_matches('/')),
    )
}

fn any_container(text: &str) -> Bad {
    let why = "anybody can make a repository of that name; name the workspace or project, or write `HOST/*/*`";
    (format!("the resource `{text}` is about one name in every container"), why.into())
}
