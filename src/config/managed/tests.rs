//! What `installers/managed/` writes into registries and preferences is what the reader of policy understands.

#[cfg(unix)]
use super::preferences;
use super::tree::{self, Data, Tree};
use crate::config::document::Document;
use crate::config::table::{Key, Kind, Section, TABLE};
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn the_registry_sample_is_read_as_every_setting() {
    for (text, whole) in [(file("windows/policy.reg"), false), (file("windows/policy.reg").replace(';', ""), true)] {
        // Elsewhere these paths are no absolute ones.
        let text = if cfg!(windows) { text } else { text.replace(r"C:\\ProgramData\\", "/") };
        let document = registry(&text);
        has_keys(&document, whole);
    }
}

#[test]
fn the_template_writes_every_setting_as_the_reader_takes_it() {
    let written = template();
    let all: BTreeSet<String> = TABLE.iter().map(Key::path).collect();
    assert_eq!(written.keys().cloned().collect::<BTreeSet<_>>(), all);
    for key in TABLE {
        let (shape, words) = &written[&key.path()];
        let data = match key.kind {
            Kind::Flag => Data::Number(1),
            Kind::Words | Kind::Command | Kind::Keys => Data::Words(vec!["a".into()]),
            _ => Data::Text("a".into()),
        };
        let tree = tree::of_registry(key.section.name(), key.name, data);
        let fits = matches!(
            (shape.as_str(), tree),
            ("flag", Tree::Flag(true)) | ("multiText", Tree::List(_)) | ("text" | "enum", Tree::Text(_))
        );
        assert!(fits, "{} is written as {shape}", key.path());
        assert_eq!(words.as_slice(), key.choices(), "{}", key.path());
    }
}

#[test]
fn every_text_of_the_template_is_there() {
    let (template, language) = (elements("windows/BitbucketSso.admx"), elements("windows/en-US/BitbucketSso.adml"));
    let named = |kind: &str| -> BTreeSet<String> {
        language.iter().filter(|(name, _)| name == kind).filter_map(|(_, found)| found.get("id").cloned()).collect()
    };
    let (strings, presentations) = (named("string"), named("presentation"));
    let values: Vec<&String> = template.iter().flat_map(|(_, found)| found.values()).collect();
    let wanted =
        |start: &'static str| values.iter().filter_map(move |value| value.strip_prefix(start)?.strip_suffix(')'));
    assert!(wanted("$(string.").count() > TABLE.len());
    assert!(wanted("$(string.").all(|id| strings.contains(id)));
    assert!(wanted("$(presentation.").all(|id| presentations.contains(id)));
}

#[cfg(unix)]
#[test]
fn the_configuration_profile_is_read_as_every_setting() {
    let text = file("macos/git-credential-bitbucket-sso.mobileconfig");
    has_keys(&preferences::document(forced(&text)).unwrap(), false);
    let uncommented = text.replace("<!-- <", "<").replace("> -->", ">");
    has_keys(&preferences::document(forced(&uncommented)).unwrap(), true);
}

/// Some settings; with `whole`, every one of the table.
fn has_keys(document: &Document, whole: bool) {
    let found: BTreeSet<String> = document.entries().map(|entry| entry.key.path()).collect();
    let all: BTreeSet<String> = TABLE.iter().map(Key::path).collect();
    assert!(found.contains("entra.tenant") && found.contains("host.url"), "{found:?}");
    assert!(found.is_subset(&all) && (found == all) == whole, "{:?}", all.difference(&found));
}

#[cfg(unix)]
/// The dictionary that macOS would put into the device's preferences.
fn forced(profile: &str) -> plist::Value {
    let root = plist::Value::from_reader_xml(profile.as_bytes()).unwrap();
    let payload = &root.as_dictionary().unwrap()["PayloadContent"].as_array().unwrap()[0];
    let payload = payload.as_dictionary().unwrap();
    assert_eq!(payload["PayloadType"].as_string(), Some("com.apple.ManagedClient.preferences"));
    let domain = &payload["PayloadContent"].as_dictionary().unwrap()["git-credential-bitbucket-sso"];
    let forced = &domain.as_dictionary().unwrap()["Forced"].as_array().unwrap()[0];
    forced.as_dictionary().unwrap()["mcx_preference_settings"].clone()
}

/// Reads what `reg import` would write.
fn registry(text: &str) -> Document {
    let mut sections: Vec<(String, Tree)> = Vec::new();
    for line in text.lines().skip(1).filter(|line| !line.trim().is_empty() && !line.starts_with(';')) {
        if let Some(key) = line.strip_prefix(&format!("[HKEY_LOCAL_MACHINE\\{PATH}\\")) {
            let name = key.trim_end_matches(']').split('\\').next().unwrap();
            match sections.iter_mut().find(|(known, _)| known == name) {
                Some((_, Tree::List(hosts))) => hosts.push(Tree::Table(Vec::new())),
                _ if name == "host" => sections.push((name.into(), Tree::List(vec![Tree::Table(Vec::new())]))),
                _ => sections.push((name.into(), Tree::Table(Vec::new()))),
            }
            continue;
        }
        let (name, data) = line.strip_prefix('"').unwrap().split_once("\"=").unwrap();
        let (section, tree) = sections.last_mut().unwrap();
        let value = tree::of_registry(section, name, registry_data(data));
        let table = match tree {
            Tree::List(hosts) => hosts.last_mut().unwrap(),
            table => table,
        };
        let Tree::Table(pairs) = table else { panic!("{line}") };
        pairs.push((name.into(), value));
    }
    tree::document(&sections, "HKLM").unwrap_or_else(|error| panic!("{error}"))
}

fn registry_data(text: &str) -> Data {
    if let Some(hex) = text.strip_prefix("hex(7):") {
        let bytes: Vec<u8> = hex.split(',').map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect();
        let units: Vec<u16> = bytes.chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        let text = String::from_utf16(&units).unwrap();
        return Data::Words(text.trim_end_matches('\0').split('\0').map(str::to_owned).collect());
    }
    match text.strip_prefix("dword:") {
        Some(number) => Data::Number(u32::from_str_radix(number, 16).unwrap()),
        None => Data::Text(text.trim_matches('"').replace("\\\\", "\\").replace("\\\"", "\"")),
    }
}

/// By setting: how the template writes it, and the words that it lets choose.
fn template() -> BTreeMap<String, (String, Vec<String>)> {
    let mut written = BTreeMap::new();
    let mut at = (String::new(), String::new());
    let mut words = Vec::new();
    for (name, found) in elements("windows/BitbucketSso.admx") {
        match name.as_str() {
            "policy" => {
                let below = found["key"].strip_prefix(&format!("{PATH}\\")).unwrap().to_owned();
                let section = below.split('\\').next().unwrap().to_owned();
                assert_eq!(found["class"], "Machine");
                assert_eq!(below.contains('\\'), section == Section::Host.name(), "{below}");
                if let Some(value) = found.get("valueName") {
                    written.insert(format!("{section}.{value}"), ("flag".to_owned(), Vec::new()));
                }
                at.0 = section;
            }
            "text" | "multiText" | "enum" => {
                at.1 = format!("{}.{}", at.0, found["valueName"]);
                words.clear();
                written.insert(at.1.clone(), (name, Vec::new()));
            }
            "#string" => {
                words.push(found["#"].clone());
                written.insert(at.1.clone(), ("enum".into(), words.clone()));
            }
            _ => {}
        }
    }
    written
}

/// Tags with their attributes, in order; the text of `<string>` as `#string`. Panics if it is not well-formed.
fn elements(name: &str) -> Vec<(String, BTreeMap<String, String>)> {
    let text = file(name);
    let mut rest = text.strip_prefix("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n").unwrap();
    let (mut open, mut found): (Vec<String>, Vec<_>) = (Vec::new(), Vec::new());
    while let Some((before, after)) = rest.split_once('<') {
        assert!(!before.contains('>') && (before.trim().is_empty() || !open.is_empty()), "{before}");
        let entities = before.split('&').skip(1);
        assert!(entities.clone().all(|entity| ["amp;", "lt;", "gt;"].iter().any(|known| entity.starts_with(known))));
        let (tag, later) = after.split_once('>').unwrap();
        rest = later;
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(closed), "{name}");
            if closed == "string" {
                found.push(("#string".into(), BTreeMap::from([("#".into(), before.to_owned())])));
            }
            continue;
        }
        let (tag, alone) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (element, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        found.push((element.to_owned(), pairs(attributes)));
        if !alone {
            open.push(element.to_owned());
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest}");
    found
}

fn pairs(mut text: &str) -> BTreeMap<String, String> {
    let mut pairs = BTreeMap::new();
    while !text.trim().is_empty() {
        let (name, rest) = text.trim_start().split_once("=\"").unwrap();
        let (value, rest) = rest.split_once('"').unwrap();
        assert!(name.bytes().all(|byte| byte.is_ascii_alphabetic()) && !value.contains(['<', '&']), "{text}");
        assert!(pairs.insert(name.to_owned(), value.to_owned()).is_none(), "{name} twice");
        text = rest;
    }
    pairs
}

fn file(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("installers/managed").join(name);
    fs_err::read_to_string(path).unwrap().replace("\r\n", "\n")
}

const PATH: &str = "SOFTWARE\\Policies\\BitbucketSso";
