//! Form-encoded fields as a browser brings them, in a query or a body.

use crate::basis::secret::Code;

/// The fields of an answer; values are secret.
pub struct Fields(Vec<(String, Code)>);

impl Fields {
    /// The fields of form-encoded text; `None` if a name comes twice (RFC 6749 section 3.1).
    pub fn of_form(text: &str) -> Option<Self> {
        let mut fields: Vec<(String, Code)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            if fields.len() >= MOST_FIELDS || fields.iter().any(|(known, _)| *known == name) {
                return None;
            }
            fields.push((name.into_owned(), Code::new(value.into_owned())));
        }
        Some(Self(fields))
    }

    /// The fields in the query of a URL that somebody pasted; `None` if it has none.
    pub fn of_url(url: &str) -> Option<Self> {
        let (_, query) = url.trim().split_once('?')?;
        Self::of_form(query.split('#').next().unwrap_or_default())
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.expose())
    }
}

const MOST_FIELDS: usize = 64;
