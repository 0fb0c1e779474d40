//! `docs/reference.md`: every key, from the settings table, and the commands that need a page.

use crate::config::table::{Key, Kind, Rights, Section};
use std::fmt::Write as _;

/// The reference as Markdown.
pub fn reference() -> String {
    let mut text = INTRODUCTION.to_owned();
    for section in Section::ALL {
        let heading = if section == Section::Host { "[[host]]".to_owned() } else { format!("[{}]", section.name()) };
        // Writing to a String cannot fail.
        _ = writeln!(text, "\n## `{heading}`\n");
        text.push_str(about(section));
        text.push_str("| key | value | default | set by | variable | |\n|---|---|---|---|---|---|\n");
        section.keys().for_each(|key| line(&mut text, key));
    }
    text + "\n" + COMMANDS
}

fn line(text: &mut String, key: &Key) {
    let variable = key.variable().map_or(String::new(), |name| format!("`{name}`"));
    let sources = if key.sources.is_empty() { String::new() } else { format!(" For {}.", key.sources.join(", ")) };
    _ = writeln!(
        text,
        "| `{}` | {} | {} | {} | {variable} | {}{sources} |",
        key.name,
        value(key),
        default(key),
        rights(key.rights),
        key.doc
    );
}

fn value(key: &Key) -> String {
    let kind = match key.kind {
        Kind::Tenant => "GUID or domain".into(),
        Kind::Guid => "GUID".into(),
        Kind::Text => "text".into(),
        Kind::Url => "https URL".into(),
        Kind::Address => "https URL, a query allowed".into(),
        Kind::Redirect => "loopback URL".into(),
        Kind::Choice(choices) => choices.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        Kind::Duration { least, most } => format!("duration, {} to {}", span(least), span(most)),
        Kind::TimeOfDay => "`HH:MM`".into(),
        Kind::Flag => "`true`, `false`".into(),
        Kind::Words => "list of words".into(),
        Kind::Command => "list: program, arguments".into(),
        Kind::Path => "absolute path".into(),
        Kind::Secret => "secret".into(),
        Kind::Version => "version".into(),
        Kind::Keys => "list of SSH public keys".into(),
    };
    if key.empty { format!("{kind}, or empty") } else { kind }
}

fn default(key: &Key) -> String {
    let shown = |(source, text): &(&str, &str)| match *source {
        "" => format!("`{text}`"),
        source => format!("`{text}` ({source})"),
    };
    match key.defaults {
        [] if key.needed => "must be set".into(),
        [] => String::new(),
        defaults => defaults.iter().map(shown).collect::<Vec<_>>().join(", "),
    }
}

fn rights(rights: Rights) -> &'static str {
    match rights {
        Rights::Anyone => "every layer",
        Rights::Trust => "files (trust key)",
        Rights::PolicyOrUser => "policy, user file (trust key)",
        Rights::Files => "files",
        Rights::Policy => "policy",
    }
}

fn span(seconds: u64) -> String {
    match seconds {
        0 => "0".into(),
        seconds if seconds % 3600 == 0 => format!("{} h", seconds / 3600),
        seconds if seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

fn about(section: Section) -> &'static str {
    match section {
        Section::Entra => {
            "`[entra.NAME]` adds a tenant or an account; a host chooses it with `entra = \"NAME\"`. What such a table does \
             not set, it takes from `[entra]` of the same layer, trust keys excepted.\n\n"
        }
        Section::Host => {
            "One table per Bitbucket base URL. Tables of several layers with one `url` are one host; a host of the policy \
             keeps the profile that policy gave it. Of the three `client_secret` keys only one may be set. The variables \
             describe a single host, for containers.\n\n"
        }
        Section::Fleet => {
            "What an administrator says to every machine of a fleet (docs/fleet.md, docs/security.md).\n\n"
        }
        _ => "",
    }
}

/// Commands beside the settings, and what their JSON is called.
const COMMANDS: &str = include_str!("commands.md");

const INTRODUCTION: &str = "\
# Configuration reference

Generated from the settings table by `git credential-bitbucket-sso config schema --markdown`.

Files are TOML. Layers, the first that sets a key wins: policy, command line, environment, user file, managed defaults,
built in. Policy may set every key, and what it sets is locked: other values are ignored and reported by `status` and
`doctor`. Of several drop-ins in one directory the first, in byte order of their names, wins.

Trust keys come from files. Environment and command line may set them only where no file sets any trust key; the same
holds for `BITBUCKET_SSO_CONFIG`, the absolute path of a file to be read in place of the user file. A server that a host of policy names is policy's whole:
hosts of other layers at other paths of it are ignored.

Durations are digits and one of `s`, `m`, `h`. Flags in variables are `true` or `false`, lists are separated by spaces.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_in_docs_is_the_table() {
        let page = include_str!("../../docs/reference.md");
        assert!(page == reference(), "docs/reference.md differs; write into it:\n{}", reference());
    }
}
