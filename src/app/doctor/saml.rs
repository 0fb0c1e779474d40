//! The certificate with which Entra signs Atlassian's SAML sign-in: when it ends, nobody gets in any more.

use super::certificate::{Validity, validity};
use super::finding::{Finding, Severity};
use super::metadata::signing_certificates;
use crate::app::words::Seen;
use crate::app::world::World;
use crate::basis::clock::Timestamp;
use crate::basis::digest;
use crate::net::Call;
use std::time::Duration;

/// Nothing where no metadata is configured.
pub(super) fn check(world: &World, offline: bool) -> Vec<Finding> {
    let configured = world.loaded.settings.saml.metadata_url.as_deref();
    let Some(url) = configured.filter(|_| !offline) else { return Vec::new() };
    let place = url.split('?').next().unwrap_or(url);
    let reply = match world.http.get().send(&Call::get(url)) {
        Ok(reply) => reply,
        Err(error) => {
            let finding = Finding::seen("saml", Severity::Warning, &Seen::SamlUnreachable(&error.to_string()));
            return vec![finding.with("place", place)];
        }
    };
    let xml = std::str::from_utf8(reply.body.expose()).unwrap_or_default();
    let found = signing_certificates(xml).filter(|_| reply.status == 200);
    vec![judged(found.as_deref(), world.clock.now()).with("place", place).with("status", reply.status)]
}

/// Of several that are valid the last to end counts: which one signs is not told.
fn judged(certificates: Option<&[Vec<u8>]>, now: Timestamp) -> Finding {
    let Some(certificates) = certificates else {
        return Finding::seen("saml", Severity::Warning, &Seen::SamlNoMetadata);
    };
    let read = certificates.iter().filter_map(|der| Some((validity(der)?, der)));
    let begun = |(one, _): &(Validity, _)| (one.from <= now, one.until);
    let Some((counts, der)) = read.max_by_key(begun) else {
        return Finding::seen("saml", Severity::Warning, &Seen::SamlNoCertificate);
    };
    let left = now.until(counts.until);
    let (severity, seen) = match () {
        () if counts.until <= now => (Severity::Error, Seen::SamlOver),
        () if counts.from > now => (Severity::Warning, Seen::SamlNotYet),
        () if left <= NOTICE => (Severity::Warning, Seen::SamlEnds),
        () => (Severity::Ok, Seen::SamlLasts),
    };
    let finding = Finding::seen("saml", severity, &seen).with("ends", counts.until.rfc3339());
    let short = digest::of(der);
    finding
        .with("days left", left.as_secs() / 86_400)
        .with("certificates", certificates.len())
        .with("sha256", short.get(..16).unwrap_or_default())
}

/// Time enough for an administrator to renew it.
const NOTICE: Duration = Duration::from_secs(30 * 86_400);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_days_ahead_it_warns_and_afterwards_it_is_an_error() {
        let now = at(2027, 1, 31);
        for (until, severity) in [
            ((2027, 3, 3), Severity::Ok),
            ((2027, 3, 2), Severity::Warning),
            ((2027, 2, 1), Severity::Warning),
            ((2027, 1, 31), Severity::Error),
            ((2026, 1, 1), Severity::Error),
        ] {
            let finding = judged(Some(&[made((2020, 1, 1), until)]), now);
            assert_eq!(finding.severity, severity, "{until:?}: {finding:?}");
        }
    }

    #[test]
    fn of_several_the_valid_one_that_ends_last_counts() {
        let now = at(2027, 1, 31);
        let (old, new, later) =
            (made((2020, 1, 1), (2027, 2, 2)), made((2026, 1, 1), (2029, 1, 1)), made((2028, 1, 1), (2040, 1, 1)));
        let finding = judged(Some(&[old.clone(), new, later.clone()]), now);
        assert_eq!((finding.severity, finding.evidence["ends"].as_str()), (Severity::Ok, "2029-01-01T00:00:00Z"));
        let finding = judged(Some(&[old, later.clone()]), now);
        assert_eq!(finding.severity, Severity::Warning, "the next one does not sign yet");
        assert_eq!(judged(Some(&[later]), now).severity, Severity::Warning);
    }

    #[test]
    fn wrong_input_is_said() {
        let said = |certificates: Option<&[Vec<u8>]>| judged(certificates, at(2027, 1, 31)).summary;
        assert!(said(None).contains("no federation metadata"));
        assert!(said(Some(&[])).contains("no signing certificate") && said(Some(&[vec![48, 0]])) == said(Some(&[])));
    }

    fn at(year: i32, month: u8, day: u8) -> Timestamp {
        Timestamp::parse(&format!("{year}-{month:02}-{day:02}T00:00:00Z")).unwrap()
    }

    fn made(from: (i32, u8, u8), until: (i32, u8, u8)) -> Vec<u8> {
        let mut parameters = rcgen::CertificateParams::default();
        parameters.not_before = rcgen::date_time_ymd(from.0, from.1, from.2);
        parameters.not_after = rcgen::date_time_ymd(until.0, until.1, until.2);
        let key = rcgen::KeyPair::generate().unwrap();
        parameters.self_signed(&key).unwrap().der().to_vec()
    }
}
