//! The pages of the documentation as a reader walks them: no link leads nowhere, and README leads to every page.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// README and every page below `docs/`, from the root of the repository.
pub fn all() -> Vec<String> {
    let docs =
        fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let pages = docs
        .filter(|name| Path::new(name).extension().is_some_and(|kind| kind == "md"))
        .map(|name| format!("docs/{name}"));
    let mut all: Vec<String> = std::iter::once("README.md".to_owned()).chain(pages).collect();
    all.sort();
    all
}

#[test]
fn every_link_of_the_documentation_leads_somewhere() {
    let mut seen = 0;
    for page in all() {
        for link in links(&read(&page)) {
            assert_eq!(dead(&page, &link), None, "{page}: {link}");
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen}");
    for link in ["docs/nowhere.md", "#nowhere", "docs/fleet.md#nowhere", "docs/sign-in.md#"] {
        assert!(dead("README.md", link).is_some(), "{link}");
    }
}

#[test]
fn readme_leads_to_every_page() {
    let readme = read("README.md");
    let named: BTreeSet<String> = links(&readme).into_iter().filter_map(|link| file("README.md", &link)).collect();
    let missing: Vec<_> = all().into_iter().filter(|page| page != "README.md" && !named.contains(page)).collect();
    assert!(missing.is_empty(), "README.md links to none of {missing:?}");
}

#[test]
fn every_picture_and_schema_is_shown_somewhere() {
    let named: BTreeSet<String> = all()
        .into_iter()
        .flat_map(|page| links(&read(&page)).into_iter().filter_map(|link| file(&page, &link)).collect::<Vec<_>>())
        .collect();
    for dir in ["docs/pages", "docs/schema"] {
        for entry in fs::read_dir(root().join(dir)).unwrap() {
            let name = format!("{dir}/{}", entry.unwrap().file_name().to_str().unwrap());
            assert!(named.contains(&name), "no page links to {name}");
        }
    }
}

/// Why a link of this page leads nowhere; links to elsewhere are not followed.
fn dead(page: &str, link: &str) -> Option<String> {
    if link.starts_with("https://") {
        return None;
    }
    let target = file(page, link)?;
    if !root().join(&target).exists() {
        return Some(format!("there is no {target}"));
    }
    let (_, anchor) = link.split_once('#')?;
    (!anchors(&read(&target)).contains(anchor)).then(|| format!("{target} has no heading #{anchor}"))
}

/// The file that a relative link means, from the root.
fn file(page: &str, link: &str) -> Option<String> {
    if link.contains("://") {
        return None;
    }
    let path = link.split('#').next().unwrap_or_default();
    if path.is_empty() {
        return Some(page.to_owned());
    }
    let mut found = PathBuf::new();
    for part in Path::new(page).parent().unwrap().join(path).components() {
        match part {
            Component::ParentDir => assert!(found.pop(), "{page}: {link} leaves the repository"),
            other => found.push(other),
        }
    }
    Some(found.to_str().unwrap().to_owned())
}

/// The targets of `[text](target)` and `![text](target)`, code left out.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let targets = prose.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.split(' ').next().unwrap_or_default().to_owned()).collect()
}

/// Without fenced blocks and code spans.
fn prose(text: &str) -> String {
    let fenced: String = text.split("```").step_by(2).collect();
    fenced.split('`').step_by(2).collect()
}

/// Headings as GitHub names them: small letters, words joined by dashes, other marks left out.
fn anchors(text: &str) -> BTreeSet<String> {
    let plain: String = text.split("```").step_by(2).collect();
    let headings = plain.lines().filter_map(|line| Some(line.strip_prefix('#')?.trim_start_matches('#').trim()));
    let kept = |c: char| c.is_alphanumeric() || c == '-' || c == '_' || c == ' ';
    let name =
        |heading: &str| heading.to_lowercase().chars().filter(|c| kept(*c)).collect::<String>().replace(' ', "-");
    headings.map(name).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
