//! The administrative template: one policy per setting, so that each is locked or left alone by itself.

use super::registry::KEY;
use bitbucket_sso::config::table::{Key, Kind, Section};
use std::fmt::Write as _;

/// `BitbucketSso.admx`.
pub fn definitions() -> String {
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <policyDefinitions xmlns=\"{SCHEMA}\" revision=\"1.0\" schemaVersion=\"1.0\">\n  <policyNamespaces>\n    \
         <target prefix=\"bitbucketsso\" namespace=\"BitbucketSso.Policies\" />\n  </policyNamespaces>\n  \
         <resources minRequiredRevision=\"1.0\" />\n  <supportedOn>\n    <definitions>\n      \
         <definition name=\"any\" displayName=\"$(string.any)\" />\n    </definitions>\n  </supportedOn>\n  <categories>\n    \
         <category name=\"all\" displayName=\"$(string.all)\" />\n"
    );
    for (name, _) in categories() {
        _ = writeln!(
            text,
            "    <category name=\"{name}\" displayName=\"$(string.cat_{name})\">\n      <parentCategory ref=\"all\" />\n    \
             </category>"
        );
    }
    text.push_str("  </categories>\n  <policies>\n");
    for setting in settings() {
        text.push_str(&policy(&setting));
    }
    text + "  </policies>\n</policyDefinitions>\n"
}

/// `en-US/BitbucketSso.adml`.
pub fn language() -> String {
    let mut strings =
        vec![("any".to_owned(), "Any Windows".to_owned()), ("all".to_owned(), "Bitbucket SSO".to_owned())];
    strings.extend(categories().into_iter().map(|(name, title)| (format!("cat_{name}"), title)));
    let mut presentations = String::new();
    for setting in settings() {
        let Setting { id, key, .. } = &setting;
        strings.push((id.clone(), key.name.to_owned()));
        strings.push((format!("{id}_help"), help(key)));
        strings.extend(key.choices().iter().map(|word| (choice(id, word), (*word).to_owned())));
        presentations.push_str(&presentation(&setting));
    }
    let line = |(id, text): &(String, String)| {
        format!("      <string id=\"{id}\">{}</string>\n", super::property_list::escaped(text))
    };
    let strings = strings.iter().map(line).collect::<Vec<_>>().concat();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <policyDefinitionResources xmlns=\"{SCHEMA}\" revision=\"1.0\" schemaVersion=\"1.0\">\n  \
         <displayName>Bitbucket SSO</displayName>\n  <description>git-credential-bitbucket-sso</description>\n  <resources>\n    \
         <stringTable>\n{strings}    </stringTable>\n    <presentationTable>\n{presentations}    </presentationTable>\n  \
         </resources>\n</policyDefinitionResources>\n"
    )
}

/// One policy: a setting, for hosts in one of their places.
struct Setting {
    id: String,
    category: String,
    /// Below [`KEY`].
    below: String,
    key: &'static Key,
}

fn settings() -> Vec<Setting> {
    let of = |section: Section, category: &str, below: &str| -> Vec<Setting> {
        let one = |key: &'static Key| Setting {
            id: format!("{category}_{}", key.name),
            category: category.to_owned(),
            below: below.to_owned(),
            key,
        };
        section.keys().map(one).collect()
    };
    let mut settings = Vec::new();
    for section in Section::ALL {
        if section == Section::Host {
            let places = 1..=PLACES;
            settings.extend(places.flat_map(|place| of(section, &format!("host{place}"), &format!("host\\{place}"))));
        } else {
            settings.extend(of(section, section.name(), section.name()));
        }
    }
    settings
}

fn categories() -> Vec<(String, String)> {
    let mut categories = Vec::new();
    for section in Section::ALL {
        if section == Section::Host {
            categories.extend((1..=PLACES).map(|place| (format!("host{place}"), format!("Host {place}"))));
        } else {
            categories.push((section.name().to_owned(), format!("[{}]", section.name())));
        }
    }
    categories
}

fn policy(setting: &Setting) -> String {
    let Setting { id, category, below, key } = setting;
    let flag = key.kind == Kind::Flag;
    let at =
        if flag { format!(" valueName=\"{}\"", key.name) } else { format!(" presentation=\"$(presentation.{id})\"") };
    let body = if flag {
        "      <enabledValue><decimal value=\"1\" /></enabledValue>\n      <disabledValue><decimal value=\"0\" \
         /></disabledValue>\n"
            .to_owned()
    } else {
        format!("      <elements>\n{}      </elements>\n", element(id, key))
    };
    format!(
        "    <policy name=\"{id}\" class=\"Machine\" displayName=\"$(string.{id})\" explainText=\"$(string.{id}_help)\" \
         key=\"{KEY}\\{below}\"{at}>\n      <parentCategory ref=\"{category}\" />\n      <supportedOn ref=\"any\" />\n{body}    \
         </policy>\n"
    )
}

fn element(id: &str, key: &Key) -> String {
    let name = key.name;
    match key.kind {
        Kind::Choice(words) => {
            let item = |word: &&str| {
                format!(
                    "          <item displayName=\"$(string.{})\"><value><string>{word}</string></value></item>\n",
                    choice(id, word)
                )
            };
            let items: String = words.iter().map(item).collect();
            format!("        <enum id=\"{name}\" valueName=\"{name}\" required=\"true\">\n{items}        </enum>\n")
        }
        Kind::Words | Kind::Command | Kind::Keys => {
            format!("        <multiText id=\"{name}\" valueName=\"{name}\" required=\"true\" />\n")
        }
        _ => {
            let required = if key.empty { "" } else { " required=\"true\"" };
            format!("        <text id=\"{name}\" valueName=\"{name}\"{required} maxLength=\"1023\" />\n")
        }
    }
}

fn presentation(setting: &Setting) -> String {
    let Setting { id, key, .. } = setting;
    let name = key.name;
    let inner = match key.kind {
        Kind::Flag => return String::new(),
        Kind::Choice(_) => format!("<dropdownList refId=\"{name}\">{name}</dropdownList>"),
        Kind::Words | Kind::Command | Kind::Keys => format!("<multiTextBox refId=\"{name}\" />"),
        _ => format!("<textBox refId=\"{name}\"><label>{name}</label></textBox>"),
    };
    format!("      <presentation id=\"{id}\">{inner}</presentation>\n")
}

fn choice(id: &str, word: &str) -> String {
    format!("{id}_{}", word.replace('-', "_"))
}

fn help(key: &Key) -> String {
    let sources = if key.sources.is_empty() { String::new() } else { format!(" For {}.", key.sources.join(", ")) };
    let default = match key.defaults {
        [("", text)] => format!(" Without it: {text}."),
        _ => String::new(),
    };
    let list = if matches!(key.kind, Kind::Words | Kind::Command | Kind::Keys) { " One per line." } else { "" };
    format!("{}{sources}{list}{default} What is set here is locked.", key.doc)
}

const SCHEMA: &str = "http://schemas.microsoft.com/GroupPolicy/2006/07/PolicyDefinitions";
/// Hosts that the template has room for; more are set by other means, as further subkeys.
const PLACES: u8 = 4;
