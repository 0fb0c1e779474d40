//! TOML as JSON's types, for whoever checks a document without being this room.

/// The document as JSON, or why it is no TOML; the reason quotes nothing of it.
pub fn toml_value(text: &str) -> Result<serde_json::Value, String> {
    toml::from_str(text).map_err(|error: toml::de::Error| error.message().to_owned())
}
