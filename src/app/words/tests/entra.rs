use super::*;
use crate::idtoken::IdTokenError;
use crate::net::NetError;
use crate::session::loopback::LoopbackError;
use crate::session::{Refusal, SessionError};

pub(super) fn tell(book: &mut Book) {
    for (case, error) in errors() {
        book.fail(&format!("session {case}"), &session(&wanted(&book.world, "exchange"), &error));
    }
    for (error, code) in CODES {
        for (case, stored) in [("stored", true), ("at sign-in", false)] {
            let refusal = Box::new(Refusal::sample(error, *code, stored));
            let failure = session(&wanted(&book.world, "exchange"), &SessionError::Refused(refusal));
            book.fail(&format!("session AADSTS{code} {case}"), &failure);
        }
    }
    let by_code = Box::new(Refusal { by_code: true, ..Refusal::sample("access_denied", 53003, false) });
    let failure = session(&wanted(&book.world, "exchange"), &SessionError::Refused(by_code));
    book.fail("session AADSTS53003 by code", &failure);
    for (case, error) in id_tokens() {
        book.fail(&format!("session {case}"), &session(&wanted(&book.world, "exchange"), &error.into()));
    }
    let failures = {
        let broker = wanted(&book.world, "exchange");
        [
            ("loopback Taken", loopback(&broker, &LoopbackError::Taken { port: 34107 })),
            ("loopback Fixed", loopback(&broker, &LoopbackError::Fixed { port: 34107 })),
            ("loopback BadUri", loopback(&broker, &LoopbackError::BadUri("https://localhost".into()))),
            ("loopback Broken", loopback(&broker, &LoopbackError::Broken("permission denied".into()))),
            ("loopback TimedOut", loopback(&broker, &LoopbackError::TimedOut)),
            ("browser_needed", browser_needed(&broker)),
            ("no_id_token", no_id_token(&broker)),
            ("no_refresh_token", no_refresh_token(&broker)),
        ]
    };
    for (name, failure) in failures {
        book.fail(name, &failure);
    }
}

fn errors() -> Vec<(&'static str, SessionError)> {
    let place = || "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token".to_owned();
    let what = "answered with a page of HTML".to_owned();
    vec![
        ("Net", NetError::Unreachable { place: place(), why: "no such host".into() }.into()),
        ("Upstream", SessionError::Upstream { place: place(), status: 200, what }),
        ("Metadata", SessionError::Metadata("it names no endpoint for device codes".into())),
        ("Throttled", SessionError::Throttled { after: Duration::from_secs(60) }),
        ("DeviceExpired", SessionError::DeviceExpired),
        ("DeviceDeclined", SessionError::DeviceDeclined),
        ("Stray", SessionError::Stray),
        ("CancelledAtPage", SessionError::CancelledAtPage),
    ]
}

fn id_tokens() -> Vec<(&'static str, IdTokenError)> {
    let by = Duration::from_secs(7200);
    vec![
        ("IdToken Malformed", IdTokenError::Malformed),
        ("IdToken Algorithm", IdTokenError::Algorithm("none".into())),
        ("IdToken UnknownKey", IdTokenError::UnknownKey("k9".into())),
        ("IdToken ForeignKey", IdTokenError::ForeignKey("k9".into())),
        ("IdToken Signature", IdTokenError::Signature),
        ("IdToken Version", IdTokenError::Version),
        ("IdToken Issuer", IdTokenError::Issuer("https://evil.example".into())),
        ("IdToken Tenant", IdTokenError::Tenant("99999999-0000-4000-8000-2d7cd011db47".into())),
        ("IdToken Audience", IdTokenError::Audience("another-client".into())),
        ("IdToken Nonce", IdTokenError::Nonce),
        ("IdToken MissingClaim", IdTokenError::MissingClaim("oid")),
        ("IdToken Expired", IdTokenError::Expired { by }),
        ("IdToken NotYetValid", IdTokenError::NotYetValid { by }),
    ]
}

/// One of every class and every meaning, and some whose words are Entra's own.
const CODES: &[(&str, u32)] = &[
    ("invalid_client", 7_000_218),
    ("interaction_required", 53003),
    ("invalid_grant", 50105),
    ("invalid_grant", 65001),
    ("invalid_grant", 50057),
    ("invalid_grant", 700_082),
    ("invalid_grant", 50196),
    ("invalid_grant", 50034),
    ("invalid_grant", 50173),
    ("interaction_required", 50076),
    ("interaction_required", 50079),
    ("interaction_required", 53000),
    ("interaction_required", 530_003),
    ("access_denied", 530_033),
    ("access_denied", 530_084),
    ("invalid_request", 50011),
    ("invalid_grant", 50020),
    ("invalid_grant", 50053),
    ("invalid_grant", 50055),
    ("unauthorized_client", 50194),
    ("access_denied", 65004),
    ("access_denied", 90094),
    ("unauthorized_client", 700_016),
    ("invalid_request", 90002),
    ("temporarily_unavailable", 90033),
    ("invalid_request", 900_144),
    ("invalid_scope", 70011),
    ("invalid_request", 90112),
    ("access_denied", 40008),
    ("invalid_grant", 123_456),
];
