//! What an organisation's configuration may say: tenants and hosts, no secret, no program, nothing of this machine.

use crate::config::table::{self, Key, Kind, Rights, Section};
use serde_json::{Map, Value};
use std::fmt::Write as _;

/// One setting that a document makes, under its full name: `entra.tenant`, `host "https://…".source`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    pub key: String,
    pub value: Value,
}

/// Why a document is not accepted; each names the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDocument {
    /// Not JSON, or not an object.
    #[error("it is not what was expected: {0}")]
    Syntax(String),
    /// A key that our configuration does not have here.
    #[error("`{0}` is not a known key")]
    Unknown(String),
    /// A key of our configuration that nobody may set for others.
    #[error("`{0}` may not be set by somebody else's document")]
    Forbidden(String),
    /// The value is of the wrong kind, or holds a control character.
    #[error("`{0}` must be {1}")]
    Wrong(String, &'static str),
    /// Nothing works without it.
    #[error("`{0}` is missing")]
    Missing(String),
}

/// Checks a document key by key and returns its settings in a fixed order.
pub fn check(document: &Value) -> Result<Vec<Setting>, BadDocument> {
    let top = document.as_object().ok_or_else(|| BadDocument::Syntax("not a table of settings".into()))?;
    let mut settings = Vec::new();
    for (key, value) in top {
        match key.as_str() {
            "entra" => entra(value, &mut settings)?,
            "host" => hosts(value, &mut settings)?,
            other if Section::named(other).is_some() => return Err(BadDocument::Forbidden(key.clone())),
            _ => return Err(BadDocument::Unknown(key.clone())),
        }
    }
    for needed in ["entra", "host"] {
        if !top.contains_key(needed) {
            return Err(BadDocument::Missing(needed.to_owned()));
        }
    }
    Ok(settings)
}

/// The settings of a file that may say more than a document may: everything else is passed over.
pub fn known(document: &Value) -> Vec<Setting> {
    let table = |key: &str| document.get(key).cloned();
    let mut settings = Vec::new();
    if let Some(Value::Object(entra)) = table("entra") {
        for (key, value) in entra {
            match value {
                Value::Object(profile) => settings.extend(plain(&format!("entra.{key}"), &profile)),
                value => settings.push(Setting { key: format!("entra.{key}"), value }),
            }
        }
    }
    for host in table("host").iter().filter_map(Value::as_array).flatten().filter_map(Value::as_object) {
        settings.extend(plain(&host_name(host), host));
    }
    settings
}

/// The same document as TOML, in our own order and spelling: what was checked is what is written.
pub fn to_toml(document: &Value) -> String {
    let mut text = String::new();
    if let Some(entra) = document.get("entra").and_then(Value::as_object) {
        table(&mut text, "[entra]", entra);
        for (name, profile) in entra {
            if let Some(profile) = profile.as_object() {
                table(&mut text, &format!("[entra.{name}]"), profile);
            }
        }
    }
    for host in document.get("host").iter().filter_map(|hosts| hosts.as_array()).flatten().filter_map(Value::as_object)
    {
        table(&mut text, "[[host]]", host);
    }
    text
}

fn entra(value: &Value, settings: &mut Vec<Setting>) -> Result<(), BadDocument> {
    let entra = value.as_object().ok_or(BadDocument::Wrong("entra".into(), "a table"))?;
    for (key, value) in entra {
        let full = format!("entra.{key}");
        match value.as_object() {
            Some(_) if table::find(Section::Entra, key).is_some() => return Err(BadDocument::Wrong(full, "a text")),
            Some(profile) if is_name(key) => {
                for (key, value) in profile {
                    setting(format!("{full}.{key}"), key, value, Section::Entra, settings)?;
                }
                needs(profile, &full, &["tenant", "client_id"])?;
            }
            _ => setting(full, key, value, Section::Entra, settings)?,
        }
    }
    if entra.values().any(|value| !value.is_object()) || entra.is_empty() {
        needs(entra, "entra", &["tenant", "client_id"])?;
    }
    Ok(())
}

fn hosts(value: &Value, settings: &mut Vec<Setting>) -> Result<(), BadDocument> {
    let wrong = || BadDocument::Wrong("host".into(), "a list of tables");
    let hosts = value.as_array().filter(|hosts| !hosts.is_empty()).ok_or_else(wrong)?;
    for host in hosts {
        let host = host.as_object().ok_or_else(wrong)?;
        let name = host_name(host);
        for (key, value) in host {
            setting(format!("{name}.{key}"), key, value, Section::Host, settings)?;
        }
        needs(host, &name, &["url", "source"])?;
    }
    Ok(())
}

fn setting(
    full: String,
    key: &str,
    value: &Value,
    section: Section,
    settings: &mut Vec<Setting>,
) -> Result<(), BadDocument> {
    let known = match table::find(section, key) {
        Some(known) if may_be_offered(known) => known,
        None if !key.starts_with("client_secret") => return Err(BadDocument::Unknown(full)),
        _ => return Err(BadDocument::Forbidden(full)),
    };
    if !holds(known.kind, value) {
        return Err(BadDocument::Wrong(full, kind_name(known.kind)));
    }
    settings.push(Setting { key: full, value: value.clone() });
    Ok(())
}

fn needs(table: &Map<String, Value>, name: &str, keys: &[&str]) -> Result<(), BadDocument> {
    let missing = keys.iter().find(|key| !table.contains_key(**key));
    missing.map_or(Ok(()), |key| Err(BadDocument::Missing(format!("{name}.{key}"))))
}

fn plain(name: &str, table: &Map<String, Value>) -> Vec<Setting> {
    // A person's own file may hold a secret; it is compared with nothing.
    let open = table.iter().filter(|(key, _)| !key.starts_with("client_secret"));
    open.map(|(key, value)| Setting { key: format!("{name}.{key}"), value: value.clone() }).collect()
}

fn host_name(host: &Map<String, Value>) -> String {
    let url = host.get("url").and_then(Value::as_str).unwrap_or("?");
    let one_spelling = url.parse::<crate::basis::url::WebUrl>().map_or_else(|_| url.to_owned(), |url| url.to_string());
    format!("host \"{}\"", crate::basis::text::clean(&one_spelling))
}

/// A profile's name becomes a bare key.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn table(text: &mut String, header: &str, table: &Map<String, Value>) {
    let plain: Vec<_> = table.iter().filter(|(_, value)| !value.is_object()).collect();
    if plain.is_empty() {
        return;
    }
    text.push('\n');
    text.push_str(header);
    text.push('\n');
    for (key, value) in plain {
        // JSON's spelling of texts without control characters, of truth values and of lists is TOML's too.
        // Writing to a String cannot fail.
        _ = writeln!(text, "{key} = {value}");
    }
}

/// Nobody sets for others what is a secret, names a program or a file of this machine, or is policy's alone.
fn may_be_offered(key: &Key) -> bool {
    let open = matches!(key.rights, Rights::Anyone | Rights::Trust);
    open && !matches!(key.kind, Kind::Secret | Kind::Path | Kind::Command)
}

/// Whether the value is of the kind; what it says is for the full check of a configuration.
fn holds(kind: Kind, value: &Value) -> bool {
    let text = |value: &Value| value.as_str().is_some_and(|text| !text.chars().any(char::is_control));
    match kind {
        Kind::Flag => value.is_boolean(),
        Kind::Words => value.as_array().is_some_and(|texts| texts.iter().all(text)),
        _ => text(value),
    }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Flag => "true or false",
        Kind::Words => "a list of texts",
        _ => "a text without control characters",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document() -> Value {
        json!({
            "entra": { "tenant": "t", "client_id": "c", "reauthenticate": true, "b": { "tenant": "u", "client_id": "d" } },
            "host": [{ "url": "https://h", "source": "cloud-oauth", "scopes": ["a", "b \"x\" \\"] }],
        })
    }

    #[test]
    fn what_was_checked_is_what_is_written() {
        assert_eq!(check(&document()).unwrap().len(), 8);
        let want = "\n[entra]\nclient_id = \"c\"\nreauthenticate = true\ntenant = \"t\"\n\
                    \n[entra.b]\nclient_id = \"d\"\ntenant = \"u\"\n\
                    \n[[host]]\nscopes = [\"a\",\"b \\\"x\\\" \\\\\"]\nsource = \"cloud-oauth\"\nurl = \"https://h\"\n";
        assert_eq!(to_toml(&document()), want);
    }

    #[test]
    fn nobody_sets_secrets_programs_or_this_machine_for_others() {
        let refused = |place: &str, value: Value| {
            let mut document = document();
            *document.pointer_mut(place.rsplit_once('/').unwrap().0).unwrap().as_object_mut().unwrap() = {
                let mut table =
                    document.pointer(place.rsplit_once('/').unwrap().0).unwrap().as_object().unwrap().clone();
                table.insert(place.rsplit_once('/').unwrap().1.to_owned(), value);
                table
            };
            check(&document).unwrap_err()
        };
        for place in [
            "/host/0/client_secret",
            "/host/0/client_secret_command",
            "/entra/entra_outage_grace",
            "/ui",
            "/network",
            "/fleet",
        ] {
            assert!(matches!(refused(place, json!("x")), BadDocument::Forbidden(_)), "{place}");
        }
        for place in ["/host/0/program", "/entra/tenants", "/hosts", "/entra/b/x"] {
            assert!(matches!(refused(place, json!("x")), BadDocument::Unknown(_)), "{place}");
        }
        assert!(matches!(refused("/entra/tenant", json!("a\nb")), BadDocument::Wrong(..)));
        assert!(matches!(refused("/entra/tenant", json!({ "tenant": "x" })), BadDocument::Wrong(..)));
        assert!(matches!(refused("/entra/a.b]", json!({ "tenant": "x" })), BadDocument::Unknown(_)));
        assert!(matches!(refused("/host", json!([])), BadDocument::Wrong(..)));
        assert!(matches!(check(&json!({ "entra": { "tenant": "t" }, "host": [] })), Err(BadDocument::Missing(_))));
        assert!(matches!(check(&json!([])), Err(BadDocument::Syntax(_))));
    }
}
