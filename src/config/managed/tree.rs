//! Values as registries and property lists hold them, and their TOML.

use crate::config::document::{Document, Source};
use crate::config::error::{ConfigError, Layer, Origin};
use crate::config::file;
#[cfg(any(windows, test))]
use crate::config::table::{self, Kind, Section};

/// A value. Numbers other than those that stand for a flag are taken by no key and become errors there.
pub(super) enum Tree {
    Text(String),
    Flag(bool),
    Number(i64),
    List(Vec<Tree>),
    Table(Vec<(String, Tree)>),
}

/// A value as the registry holds it: `REG_SZ`, `REG_DWORD`, `REG_MULTI_SZ`.
#[cfg(any(windows, test))]
pub(super) enum Data {
    Text(String),
    Number(u32),
    Words(Vec<String>),
}

/// A registry value of a section; a number stands for a flag where the key is one.
#[cfg(any(windows, test))]
pub(super) fn of_registry(section: &str, name: &str, data: Data) -> Tree {
    let kind = Section::named(section).and_then(|section| table::find(section, name)).map(|key| key.kind);
    match data {
        Data::Text(text) => Tree::Text(text),
        Data::Number(number) if kind == Some(Kind::Flag) => Tree::Flag(number != 0),
        Data::Number(number) => Tree::Number(number.into()),
        Data::Words(words) => Tree::List(words.into_iter().map(Tree::Text).collect()),
    }
}

/// The policy that a table of sections holds.
pub(super) fn document(sections: &[(String, Tree)], place: &str) -> Result<Document, ConfigError> {
    let origin = Origin::Managed(place.to_owned());
    let lines: Vec<String> =
        sections.iter().map(|(name, tree)| format!("{} = {}\n", quoted(name), toml(tree))).collect();
    let mut document = file::parse(lines.concat().as_bytes(), origin.clone(), Layer::Policy)?;
    // The lines are ours; nobody could find them.
    document.source = Source::named(origin, Vec::new());
    document.check_rights()?;
    Ok(document)
}

fn toml(tree: &Tree) -> String {
    match tree {
        Tree::Text(text) => quoted(text),
        Tree::Flag(flag) => flag.to_string(),
        Tree::Number(number) => number.to_string(),
        Tree::List(list) => format!("[{}]", list.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Tree::Table(pairs) => {
            let pairs: Vec<String> =
                pairs.iter().map(|(name, tree)| format!("{} = {}", quoted(name), toml(tree))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
    }
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.extend(["\\u", &format!("{:04X}", u32::from(c))]),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str, value: &str) -> (String, Tree) {
        (name.into(), Tree::Text(value.into()))
    }

    #[test]
    fn a_tree_is_read_like_a_file() {
        let host = vec![text("url", "https://h"), text("source", "entra"), text("scope", "a\"\\b")];
        let entra = vec![("reauthenticate".into(), Tree::Flag(true)), text("entra_outage_grace", "1h")];
        let tree = [("host".into(), Tree::List(vec![Tree::Table(host)])), ("entra".into(), Tree::Table(entra))];
        let document = document(&tree, "HKLM").unwrap();
        let shown: Vec<String> = document.entries().map(|e| format!("{}={}", e.key.path(), e.value.shown())).collect();
        let want = "entra.entra_outage_grace=1h entra.reauthenticate=true host.scope=a\"\\b host.source=entra host.url=https://h";
        assert_eq!(shown.join(" "), want);
        assert_eq!(document.source.spot(3).to_string(), "HKLM");
    }

    #[test]
    fn what_does_not_fit_is_an_error_of_that_place() {
        let error = |tree| document(&[("entra".into(), Tree::Table(vec![tree]))], "HKLM").err().unwrap().to_string();
        assert!(error(("flow".into(), Tree::Number(1))).contains("must be a string, not an integer"));
        assert!(error(text("a\nb", "x")).starts_with("HKLM"));
        assert!(error(text("flow", "a\nb\u{7f}")).contains("control characters"));
    }
}
