//! Reads a redirect URL that a person copied from a browser on another machine.

use crate::basis::digest;
use crate::basis::secret::Code;
use crate::basis::text;
use url::Url;

/// Why the pasted text gives no code; named for what the person does next.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasteError {
    /// Not a URL: paste the whole address.
    #[error("that is no complete address")]
    NotAnAddress,
    /// The address of another page: wait for the one that cannot be shown, and paste that.
    #[error("that is not the address of the last page, which starts with {expected}")]
    OtherPage { expected: String },
    /// An answer to another question, an older one perhaps: start again.
    #[error("that address belongs to another sign-in")]
    OtherSignIn,
    /// The person said no.
    #[error("access was declined in the browser")]
    Declined,
    /// Bitbucket said no.
    #[error("Bitbucket refused: {error}: {description}")]
    Refused { error: String, description: String },
    /// Neither a code nor an error in it.
    #[error("that address holds no code")]
    NoCode,
}

/// The code of a redirect to `redirect_uri` that answers the request with this `state` (RFC 6749 section 4.1.2).
/// Nothing in the address is believed before its state is.
pub fn parse(pasted: &str, redirect_uri: &str, state: &str) -> Result<Code, PasteError> {
    let url = Url::parse(bare(pasted)).map_err(|_| PasteError::NotAnAddress)?;
    if !same_page(&url, redirect_uri) {
        return Err(PasteError::OtherPage { expected: redirect_uri.to_owned() });
    }
    let one = |name: &str| {
        let mut values = url.query_pairs().filter(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        values.next().filter(|_| values.next().is_none())
    };
    if !one("state").is_some_and(|given| digest::equal(given.as_bytes(), state.as_bytes())) {
        return Err(PasteError::OtherSignIn);
    }
    match (one("error"), one("code")) {
        (Some(error), _) if error == "access_denied" => Err(PasteError::Declined),
        (Some(error), _) => {
            let description = text::clean(&one("error_description").unwrap_or_default());
            Err(PasteError::Refused { error: text::clean(&error), description })
        }
        (None, Some(code)) if !code.is_empty() => Ok(Code::new(code)),
        (None, _) => Err(PasteError::NoCode),
    }
}

/// Pasted text without the marks that mail and chat programs put round an address.
pub fn bare(pasted: &str) -> &str {
    pasted.trim().trim_matches(['"', '\'', '<', '>'])
}

/// Same scheme, host, port and path; browsers add the slash that a bare host lacks.
fn same_page(url: &Url, redirect_uri: &str) -> bool {
    let place = |url: &Url| (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port_or_known_default());
    Url::parse(redirect_uri).is_ok_and(|want| place(url) == place(&want) && url.path() == want.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REDIRECT: &str = "http://127.0.0.1:41000/callback";

    fn parsed(text: &str) -> Result<String, PasteError> {
        parse(text, REDIRECT, "st-1").map(|code| code.expose().to_owned())
    }

    #[test]
    fn the_code_is_decoded_and_white_space_forgiven() {
        let pasted = "  \"http://127.0.0.1:41000/callback?code=a%2Bb&state=st-1#\" \n";
        assert_eq!(parsed(pasted), Ok("a+b".into()));
        assert!(parse("http://localhost:7/?code=c&state=s", "http://localhost:7", "s").is_ok());
    }

    #[test]
    fn only_our_page_and_our_state_are_believed() {
        let other = Err(PasteError::OtherPage { expected: REDIRECT.into() });
        for page in
            ["https://127.0.0.1:41000/callback", "http://127.0.0.1:41001/callback", "http://127.0.0.1:41000/callbackx"]
        {
            assert_eq!(parsed(&format!("{page}?code=c&state=st-1")), other, "{page}");
        }
        for query in ["code=c", "code=c&state=st-2", "code=c&state=st-1&state=st-1", "error=access_denied&state="] {
            assert_eq!(parsed(&format!("{REDIRECT}?{query}")), Err(PasteError::OtherSignIn), "{query}");
        }
        assert_eq!(parsed("code"), Err(PasteError::NotAnAddress));
    }

    #[test]
    fn errors_are_understood_and_cleaned() {
        let at = |query: &str| parsed(&format!("{REDIRECT}?state=st-1&{query}"));
        assert_eq!(at("error=access_denied&error_description=x"), Err(PasteError::Declined));
        let want = PasteError::Refused { error: "invalid_scope".into(), description: "no\u{fffd}[31m".into() };
        assert_eq!(at("error=invalid_scope&error_description=no%1B%5B31m&code=c"), Err(want));
        for query in ["", "code=", "code=a&code=b"] {
            assert_eq!(at(query), Err(PasteError::NoCode), "{query}");
        }
    }
}
