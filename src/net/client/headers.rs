//! Headers, out and in.

use crate::basis::secret::SecretBytes;
use crate::net::NetError;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

/// The headers of a call to `place`; JSON is asked for unless `named` says otherwise.
pub fn of_call(
    place: &str,
    content_type: Option<&'static str>,
    named: &[(&'static str, SecretBytes)],
) -> Result<HeaderMap, NetError> {
    let mut map = HeaderMap::new();
    map.insert("accept", HeaderValue::from_static("application/json"));
    if let Some(content_type) = content_type {
        map.insert("content-type", HeaderValue::from_static(content_type));
    }
    for (name, value) in named {
        let why = || format!("the header `{name}` cannot be sent");
        let bad = || NetError::Unreachable { place: place.to_owned(), why: why() };
        let mut value = HeaderValue::from_bytes(value.expose()).map_err(|_| bad())?;
        value.set_sensitive(true);
        map.insert(HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?, value);
    }
    Ok(map)
}

/// The headers of a reply that are text, names lower-case.
pub fn of_reply(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |(name, value): (&HeaderName, &HeaderValue)| Some((name.to_string(), value.to_str().ok()?.into()));
    headers.iter().filter_map(text).collect()
}
