//! The long form of every error identifier: `docs/troubleshooting.md` is the table, and this reads it.

use crate::basis::failure::{Failure, Kind};
use crate::basis::nearest::nearest;

/// What an identifier means: cause, what it is for the person, steps, whom to ask.
pub fn explain(id: &str) -> Result<String, Failure> {
    let id = id.trim().trim_start_matches('[').trim_end_matches(']');
    let found = entries().find(|(known, _)| *known == id);
    found.map(|(id, text)| format!("{id}\n\n{text}\n")).ok_or_else(|| unknown_error(id))
}

/// No error has that identifier.
pub fn unknown_error(id: &str) -> Failure {
    let what = format!("no error is called `{}`", crate::basis::text::clean(id));
    let help = match nearest(id, entries().map(|(id, _)| id)) {
        Some(near) => format!("git credential-bitbucket-sso explain {near}"),
        None => "copy what stands in square brackets at the end of the error's first line".to_owned(),
    };
    Failure::new(Kind::Usage, "unknown-error", what, help)
}

/// Identifier and text; headings of groups end an entry.
fn entries() -> impl Iterator<Item = (&'static str, &'static str)> {
    let sections = TABLE.split("\n## ").skip(1);
    sections.filter_map(|section| {
        let (id, text) = section.split_once('\n')?;
        Some((id.trim(), text.split("\n# ").next().unwrap_or(text).trim()))
    })
}

const TABLE: &str = include_str!("../../../docs/troubleshooting.md");

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn every_identifier_has_an_entry_and_no_entry_is_unused() {
        let (told, written) = (told(), literals());
        let known: BTreeSet<String> = entries().map(|(id, _)| id.to_owned()).collect();
        assert!(told.len() > 100 && known.len() > 100, "{} {}", told.len(), known.len());
        let missing: Vec<_> = told.difference(&known).collect();
        assert!(missing.is_empty(), "write an entry in docs/troubleshooting.md for {missing:?}");
        let unused: Vec<_> = known.iter().filter(|id| !written.contains(*id)).collect();
        assert!(unused.is_empty(), "no failure has {unused:?}");
        assert_eq!(known.len(), entries().count(), "an entry stands there twice");
    }

    #[test]
    fn every_entry_has_cause_meaning_steps_and_somebody_to_ask() {
        for (id, text) in entries() {
            for part in ["Cause: ", "For you: ", "Do this:\n\n1. ", "Ask: "] {
                assert!(text.contains(part), "{id} has no `{part}`");
            }
        }
    }

    #[test]
    fn quoted_messages_are_messages_of_this_program() {
        let agreed = file("tests/messages.txt");
        for (id, text) in entries() {
            for quote in text.lines().filter_map(|line| line.strip_prefix("> ")) {
                assert!(agreed.contains(&format!("bitbucket-sso: {quote} [{id}]\n")), "{id}: {quote}");
            }
        }
    }

    #[test]
    fn a_mistyped_identifier_finds_its_neighbour() {
        assert_eq!(unknown_error("keyring-loked").help, "git credential-bitbucket-sso explain keyring-locked");
        assert!(explain("[tls]").unwrap().starts_with("tls\n\n> "));
        assert_eq!(explain("zzz").unwrap_err().kind.exit(), 2);
    }

    /// What failures carry: the sampled texts, and the literals beside a `Kind` or in a remedy.
    fn told() -> BTreeSet<String> {
        let sampled = file("tests/messages.txt");
        let mut ids: BTreeSet<String> = sampled
            .lines()
            .filter(|line| line.starts_with("bitbucket-sso: "))
            .filter_map(|line| Some(line.strip_suffix(']')?.rsplit_once(" [")?.1.to_owned()))
            .collect();
        for path in ["src/app/setup/words/mod.rs", "src/main.rs"] {
            let text = file(path);
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
            for lead in [
                "config( \"",
                "config(\"",
                "Kind::Usage, \"",
                "Kind::Busy, \"",
                "Kind::Network, \"",
                "kind, \"",
                "Kind::Declined, \"",
                "Kind::SignInNeeded, \"",
                "Missing) { \"",
                "else { \"git-",
            ] {
                for part in flat.split(lead).skip(1) {
                    let rest = part.split('"').next().unwrap_or_default();
                    ids.insert(if lead.ends_with("git-") { format!("git-{rest}") } else { rest.to_owned() });
                }
            }
        }
        let codes = file("src/session/codes.rs");
        let codes = codes.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
        let names = codes.split('"').skip(1).step_by(2).filter(|word| word.contains('-'));
        ids.extend(names.filter(|word| word.bytes().all(|c| c.is_ascii_lowercase() || c == b'-')).map(str::to_owned));
        ids
    }

    /// Every literal of the sources.
    fn literals() -> BTreeSet<String> {
        let mut found = BTreeSet::from(["bug".to_owned()]);
        walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        found
    }

    fn walk(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else {
                let text = fs_err::read_to_string(&path).unwrap_or_default();
                found.extend(text.split('"').map(str::to_owned).filter(|word| word.len() < 40));
            }
        }
    }

    fn file(name: &str) -> String {
        let text = fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
        text.replace("\r\n", "\n")
    }
}
