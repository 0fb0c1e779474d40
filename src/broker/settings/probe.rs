//! The cases that `probe` tries.

use crate::basis::secret::Assertion;
use crate::basis::url::WebUrl;
use crate::broker::settings::error::{Problem, SettingsError};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// A file of cases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cases {
    pub broker: WebUrl,
    pub ca_file: Option<PathBuf>,
    #[serde(rename = "case")]
    pub cases: Vec<Case>,
}

/// What is asked for, and what must come of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    /// A file with the subject token, which something else keeps fresh; without one, a token that is none is sent.
    pub token_file: Option<PathBuf>,
    #[serde(default = "jwt")]
    pub token_type: String,
    pub resource: Option<String>,
    pub audience: Option<String>,
    pub scope: Option<String>,
    /// `granted`, or the name of an error.
    pub expect: String,
    /// Only of a token that is granted: how long it may live, and by which rule.
    pub max_seconds: Option<u64>,
    pub rule: Option<String>,
}

/// Reads the cases; paths are as they are written, or beside the file.
pub fn read(file: &Path) -> Result<Cases, SettingsError> {
    let wrong = |line, problem| SettingsError { file: file.to_owned(), line, problem };
    let text = std::fs::read_to_string(file).map_err(|error| wrong(0, Problem::Unreadable(error.to_string())))?;
    let mut cases: Cases = toml::from_str(&text).map_err(|error| {
        let line =
            error.span().and_then(|span| text.get(..span.start)).map_or(0, |before| before.matches('\n').count() + 1);
        wrong(line, Problem::Syntax(crate::basis::text::clean(error.message())))
    })?;
    let beside = file.parent().unwrap_or(Path::new(""));
    cases.ca_file = cases.ca_file.map(|path| beside.join(path));
    for case in &mut cases.cases {
        case.token_file = case.token_file.take().map(|path| beside.join(path));
    }
    Ok(cases)
}

impl Case {
    /// The subject token.
    pub fn token(&self) -> Result<Assertion, SettingsError> {
        let Some(path) = &self.token_file else { return Ok(Assertion::new("no-token".into())) };
        let text = std::fs::read_to_string(path).map_err(|error| SettingsError {
            file: path.clone(),
            line: 0,
            problem: Problem::Unreadable(error.to_string()),
        })?;
        Ok(Assertion::new(text.trim().to_owned()))
    }
}

fn jwt() -> String {
    "urn:ietf:params:oauth:token-type:jwt".to_owned()
}
