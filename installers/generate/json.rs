//! The manifest with which Jamf Pro shows the settings as a form ("Application & Custom Settings", external schema).

use serde_json::{Value, json};

/// The JSON Schema of a configuration, for the preference domain.
pub fn manifest() -> String {
    let mut schema = bitbucket_sso::config::schema();
    let properties = schema["properties"].take();
    let manifest: Value = json!({
        "title": "git-credential-bitbucket-sso",
        "description": "Bitbucket sign-in by Entra ID. What is set here is locked.",
        "__preferencedomain": "git-credential-bitbucket-sso",
        "properties": properties,
    });
    format!("{manifest:#}\n")
}
