//! The signing certificates in SAML federation metadata: those of `IDPSSODescriptor`, as far as they are for signing.
//!
//! Not an XML parser: tags are told from text, names are compared without their prefix, nothing is expanded. A document
//! type, which metadata never has, is refused.

use crate::basis::base64;

/// The certificates, DER; `None` if the text is no metadata of an identity provider.
pub(super) fn signing_certificates(xml: &str) -> Option<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    let mut place = Place::default();
    let mut rest = xml.trim_start_matches('\u{feff}');
    while let Some(start) = rest.find('<') {
        let (text, tag) = rest.split_at(start);
        if place.inside(&["IDPSSODescriptor", "KeyDescriptor", "X509Certificate"]) {
            found.extend(certificate(text));
        }
        rest = place.pass(tag)?;
    }
    (place.provider && place.open.is_empty()).then_some(found)
}

/// The elements that are open.
#[derive(Default)]
struct Place<'a> {
    open: Vec<&'a str>,
    /// Whether an identity provider was met.
    provider: bool,
    /// Whether the present `KeyDescriptor` is for something else than signing.
    other_use: bool,
}

impl<'a> Place<'a> {
    /// Goes past the markup that `text` begins with; `None` where it has no end, or closes what is not open.
    fn pass(&mut self, text: &'a str) -> Option<&'a str> {
        for (lead, end) in [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")] {
            if let Some(rest) = text.strip_prefix(lead) {
                return rest.split_once(end).map(|(_, after)| after);
            }
        }
        let (tag, rest) = text.get(1..)?.split_at_checked(end(text.get(1..)?)?)?;
        match tag.strip_prefix('/') {
            Some(name) => (self.open.pop()? == local(name.trim_end())).then_some(())?,
            None => self.enter(tag)?,
        }
        rest.get(1..)
    }

    fn enter(&mut self, tag: &'a str) -> Option<()> {
        let name = local(tag.split(|c: char| c.is_ascii_whitespace() || c == '/').next()?);
        if name.is_empty() || name.starts_with('!') || self.open.len() >= DEEPEST {
            return None;
        }
        self.provider |= name == "IDPSSODescriptor";
        if name == "KeyDescriptor" {
            self.other_use = tag.contains("use=\"encryption\"") || tag.contains("use='encryption'");
        }
        if !tag.ends_with('/') {
            self.open.push(name);
        }
        Some(())
    }

    /// Whether the first two are open, and the last is the innermost.
    fn inside(&self, names: &[&str; 3]) -> bool {
        let [outer, inner, last] = names;
        let open = |name| self.open.contains(name);
        !self.other_use && open(outer) && open(inner) && self.open.last() == Some(last)
    }
}

/// Where a tag ends: at the first `>` outside quotes.
fn end(tag: &str) -> Option<usize> {
    let mut quote = None;
    tag.bytes().position(|byte| {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
        quote.is_none() && byte == b'>'
    })
}

/// A name without its prefix.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// Base64, with line breaks wherever they please; text that is none is a certificate nobody can read.
fn certificate(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    base64::from_standard(&digits).map(|der| der.expose().to_vec()).filter(|der| !der.is_empty())
}

/// Metadata has eight.
const DEEPEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_signing_certificates_of_the_identity_provider_count() {
        assert_eq!(signing_certificates(&document()), Some(vec![b"sign".to_vec(), b"both".to_vec()]));
    }

    #[test]
    fn what_is_no_metadata_is_told() {
        let whole = document();
        let html = "<html><body>Sign in</body></html>";
        for text in ["", "{}", html, "<!DOCTYPE x [<!ENTITY a 'b'>]><IDPSSODescriptor/>", "<IDPSSODescriptor><a></b>"] {
            assert_eq!(signing_certificates(text), None, "{text}");
        }
        assert_eq!(signing_certificates("<IDPSSODescriptor/>"), Some(Vec::new()), "it has none");
        let cut = (0..whole.len() - 1)
            .filter(|end| whole.is_char_boundary(*end))
            .filter(|end| signing_certificates(&whole[..*end]).is_some())
            .count();
        assert_eq!(cut, 0, "no beginning passes for the whole");
        let deep = "<a>".repeat(100_000);
        assert_eq!(signing_certificates(&format!("<IDPSSODescriptor>{deep}")), None);
    }

    fn document() -> String {
        let key = |attributes: &str, text: &str| {
            format!(
                "<KeyDescriptor{attributes}><ds:KeyInfo xmlns:ds=\"x\"><X509Data><X509Certificate>\n {}\n </X509Certificate></X509Data>\
                 </ds:KeyInfo></KeyDescriptor>",
                std::str::from_utf8(base64::standard(text.as_bytes()).expose()).unwrap()
            )
        };
        format!(
            "\u{feff}<?xml version=\"1.0\"?><!-- <IDPSSODescriptor> --><md:EntityDescriptor a='>'><RoleDescriptor>{}</RoleDescriptor>\
             <md:IDPSSODescriptor>{}{}{}<SingleSignOnService/></md:IDPSSODescriptor><SPSSODescriptor>{}</SPSSODescriptor>\
             </md:EntityDescriptor>",
            key(" use=\"signing\"", "role"),
            key(" use=\"signing\"", "sign"),
            key(" use=\"encryption\"", "crypt"),
            key("", "both"),
            key(" use=\"signing\"", "provider"),
        )
    }
}
