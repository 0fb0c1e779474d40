//! JSON Schema of a configuration file, for editors and for device management.

use crate::config::table::{Key, Kind, Section};
use serde_json::{Map, Value, json};

/// The schema (draft 2020-12), generated from the settings table.
pub fn schema() -> Value {
    let sections = Section::ALL.iter().map(|section| (section.name().to_owned(), schema_of(*section)));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "git-credential-bitbucket-sso",
        "type": "object",
        "properties": sections.collect::<Map<_, _>>(),
        "additionalProperties": false,
    })
}

fn schema_of(section: Section) -> Value {
    let properties = properties(section);
    match section {
        Section::Host => json!({
            "type": "array",
            "items": {
                "type": "object", "properties": properties, "required": ["url"], "additionalProperties": false,
                "allOf": source_rules(),
            },
        }),
        Section::Entra => {
            let named = json!({ "type": "object", "properties": properties, "additionalProperties": false });
            json!({ "type": "object", "properties": properties, "additionalProperties": named })
        }
        _ => json!({ "type": "object", "properties": properties, "additionalProperties": false }),
    }
}

fn properties(section: Section) -> Map<String, Value> {
    section.keys().map(|key| (key.name.to_owned(), property(key))).collect()
}

fn property(key: &Key) -> Value {
    let mut property = match key.kind {
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Words | Kind::Command | Kind::Keys => {
            json!({ "type": "array", "items": { "type": "string", "minLength": 1 }, "minItems": 1 })
        }
        Kind::Choice(choices) => json!({ "type": "string", "enum": choices }),
        Kind::Duration { .. } => json!({ "type": "string", "pattern": text_pattern(key, "[0-9]+[smh]") }),
        Kind::TimeOfDay => json!({ "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$" }),
        Kind::Guid => json!({ "type": "string", "pattern": GUID }),
        Kind::Version => json!({ "type": "string", "pattern": "^[0-9]+\\.[0-9]+\\.[0-9]+$" }),
        Kind::Tenant | Kind::Text | Kind::Url | Kind::Address | Kind::Redirect | Kind::Path | Kind::Secret
            if !key.empty =>
        {
            json!({ "type": "string", "minLength": 1 })
        }
        Kind::Tenant | Kind::Text | Kind::Url | Kind::Address | Kind::Redirect | Kind::Path | Kind::Secret => {
            json!({ "type": "string" })
        }
    };
    property["description"] = key.doc.into();
    if let [("", text)] = key.defaults {
        property["default"] = if key.kind == Kind::Flag { (*text == "true").into() } else { (*text).into() };
    }
    property
}

fn text_pattern(key: &Key, inner: &str) -> String {
    if key.empty { format!("^({inner})?$") } else { format!("^{inner}$") }
}

/// A host with a source has only the keys of that source.
fn source_rules() -> Vec<Value> {
    let rule = |source: &&str| {
        let foreign =
            Section::Host.keys().filter(|key| !key.fits(source)).map(|key| (key.name.to_owned(), false.into()));
        json!({
            "if": { "properties": { "source": { "const": source } }, "required": ["source"] },
            "then": { "properties": foreign.collect::<Map<String, Value>>() },
        })
    };
    let source = Section::Host.keys().find(|key| key.name == "source");
    source.map_or(&[][..], Key::choices).iter().map(rule).collect()
}

const GUID: &str = "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_described_where_it_belongs() {
        let schema = schema();
        for key in crate::config::table::TABLE {
            let section = &schema["properties"][key.section.name()];
            let holder = if key.section == Section::Host { &section["items"] } else { section };
            assert_eq!(holder["properties"][key.name]["description"], key.doc, "{}", key.path());
            assert!(holder["properties"][key.name]["type"].is_string());
        }
        assert_eq!(schema["properties"]["entra"]["additionalProperties"]["additionalProperties"], false);
    }

    #[test]
    fn a_source_excludes_foreign_keys() {
        let rules = source_rules();
        let exchange = rules.iter().find(|rule| rule["if"]["properties"]["source"]["const"] == "exchange").unwrap();
        assert_eq!(exchange["then"]["properties"]["client_secret"], false);
        assert!(exchange["then"]["properties"]["audience"].is_null());
    }
}
