//! The table of keys in `docs/broker-reference.md`.

use crate::broker::settings::table::{KEYS, Key, Kind, TABLES, is_list};
use std::fmt::Write as _;

/// Every key of `broker.toml` as Markdown.
pub fn reference() -> String {
    let mut text = String::new();
    for (name, about) in TABLES {
        let heading = match name {
            "" => "Top of the file".to_owned(),
            name if is_list(name) => format!("`[[{name}]]`"),
            name => format!("`[{name}]`"),
        };
        // Writing to a String cannot fail.
        _ = writeln!(text, "### {heading}\n\n{about}\n\n| key | value | default | |\n|---|---|---|---|");
        KEYS.iter().filter(|key| key.table == name).for_each(|key| line(&mut text, key));
        text.push('\n');
    }
    text
}

fn line(text: &mut String, key: &Key) {
    let default = if key.default.is_empty() { String::new() } else { format!("`{}`", key.default) };
    _ = writeln!(text, "| `{}` | {} | {default} | {} |", key.name, value(key.kind), key.doc);
}

fn value(kind: Kind) -> String {
    match kind {
        Kind::Text => "text".into(),
        Kind::Url => "https URL".into(),
        Kind::Path => "path".into(),
        Kind::Paths => "list of paths".into(),
        Kind::Words => "list of texts".into(),
        Kind::Flag => "`true`, `false`".into(),
        Kind::Choice(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        Kind::Number(least, most) => format!("{least} to {most}"),
        Kind::Duration(least, most) => format!("time, {} to {}", span(least), span(most)),
        Kind::Socket => "`ADDRESS:PORT`".into(),
        Kind::Networks => "list of networks".into(),
        Kind::Guid => "GUID".into(),
    }
}

fn span(seconds: u64) -> String {
    match seconds {
        0 => "0s".into(),
        seconds if seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        seconds if seconds % 60 == 0 => format!("{}m", seconds / 60),
        seconds => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_the_table_of_keys_as_it_is() {
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/broker-reference.md")).unwrap();
        if !page.contains(&reference()) {
            let path = std::env::temp_dir().join(format!("broker-reference-{}.md", std::process::id()));
            std::fs::write(&path, reference()).unwrap();
            panic!("docs/broker-reference.md: its keys are not those of the settings table; {}", path.display());
        }
    }
}
