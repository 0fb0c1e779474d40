//! Policy and defaults as files.

use super::sample::{Layer, Place, Sample, Table};
use bitbucket_sso::config::table::Section;
use std::fmt::Write as _;

/// The file's text: what is not set is there as a comment.
pub fn file(tables: &[Table], layer: Layer, place: Place) -> String {
    let mut text = head(layer, place);
    for table in tables {
        text.push('\n');
        if !table.title.is_empty() {
            _ = writeln!(text, "# {}", table.title);
        }
        let active = table.rows.iter().any(|row| row.active);
        let header = match table.section {
            Section::Host => "[[host]]".to_owned(),
            section => format!("[{}]", section.name()),
        };
        _ = writeln!(text, "{}{header}", mark(active));
        for row in &table.rows {
            _ = writeln!(text, "# {}", row.key.doc);
            _ = writeln!(text, "{}{} = {}", mark(row.active), row.key.name, literal(&row.value));
        }
    }
    text
}

fn mark(active: bool) -> &'static str {
    if active { "" } else { "#" }
}

fn literal(value: &Sample) -> String {
    match value {
        Sample::Text(text) => quoted(text),
        Sample::Flag(flag) => flag.to_string(),
        Sample::List(list) => format!("[{}]", list.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", ")),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn head(layer: Layer, place: Place) -> String {
    let (folder, drop_in) = (place.folder(), if layer == Layer::Policy { "policy.d" } else { "config.d" });
    let separator = if place == Place::Windows { "\\" } else { "/" };
    let rule = if layer == Layer::Policy { "What it sets is locked." } else { "Everybody may set it otherwise." };
    let (owner, note) = if place == Place::Windows { ("Administrators", NAMED) } else { ("root", "") };
    format!(
        "# Copy to {folder}{drop_in}{separator}50-acme.toml, owned by {owner} and writable by nobody else. {rule}\n{note}\
         # Check it with: git credential-bitbucket-sso config validate FILE\n"
    )
}

/// Below `ProgramData` anybody may make a folder.
const NAMED: &str = "\
# It counts where the value `Directory` of HKLM\\SOFTWARE\\Policies\\BitbucketSso names the folder (docs/platforms.md), else as
# absent. The registry alone does as well: BitbucketSso.admx.
";
