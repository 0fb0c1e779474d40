//! What went wrong on the network, out of the errors of the libraries below.

use crate::net::{Flaw, NetError};
use std::error::Error;
use std::time::Duration;

/// Finds what really went wrong: the causes are looked through, outermost first. `longest` is how long the call was
/// allowed to take.
pub fn sorted(place: &str, longest: Duration, error: &(dyn Error + 'static)) -> NetError {
    let place = place.to_owned();
    let causes = causes(error);
    if let Some(tls) = causes.iter().find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        return match tls {
            rustls::Error::InvalidCertificate(why) => certificate(place, why),
            other => NetError::Tls { place, why: other.to_string(), flaw: Flaw::Other },
        };
    }
    let why = if causes.iter().any(|cause| cut_off(*cause)) {
        "the connection ended in the middle of the answer".to_owned()
    } else {
        causes.last().map(ToString::to_string).unwrap_or_default()
    };
    let text = causes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    if text.contains("tunnel error") || text.contains("proxy authoriz") {
        return NetError::Proxy { place, why };
    }
    if causes.iter().any(|cause| timed_out(*cause)) {
        return NetError::TimedOut { place, after: longest };
    }
    if text.contains("dns error") {
        return NetError::Unreachable { place, why: format!("its name cannot be resolved ({why})") };
    }
    NetError::Unreachable { place, why }
}

/// An error and its causes. `io::Error` hides the error it wraps from `source`, so it is opened.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    let mut all = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next.filter(|_| all.len() < 32) {
        all.push(cause);
        let wrapped = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = match wrapped {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => cause.source(),
        };
    }
    all
}

/// The innermost cause: the outer ones repeat the URL.
pub fn last_cause(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

fn timed_out(cause: &(dyn Error + 'static)) -> bool {
    let reqwest = cause.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_timeout);
    let io = cause.downcast_ref::<std::io::Error>();
    reqwest || io.is_some_and(|io| io.kind() == std::io::ErrorKind::TimedOut)
}

fn cut_off(cause: &(dyn Error + 'static)) -> bool {
    let io = cause.downcast_ref::<std::io::Error>();
    io.is_some_and(|io| io.kind() == std::io::ErrorKind::UnexpectedEof)
}

fn certificate(place: String, why: &rustls::CertificateError) -> NetError {
    use rustls::CertificateError as Bad;
    let (flaw, why) = match why {
        Bad::UnknownIssuer | Bad::BadSignature => (Flaw::Issuer, "nobody this machine trusts has issued it".into()),
        Bad::Expired | Bad::ExpiredContext { .. } => (Flaw::Dates, "it has expired".into()),
        Bad::NotValidYet | Bad::NotValidYetContext { .. } => (Flaw::Dates, "it is not valid yet".into()),
        Bad::NotValidForName | Bad::NotValidForNameContext { .. } => (Flaw::Name, "it is for another name".into()),
        Bad::Revoked => (Flaw::Other, "it has been revoked".into()),
        Bad::ApplicationVerificationFailure => (Flaw::Pin, "it is not the one that the platform announced".into()),
        other => (Flaw::Other, other.to_string()),
    };
    NetError::Tls { place, why, flaw }
}
