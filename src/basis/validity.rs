//! When a certificate begins and ends (RFC 5280 section 4.1), read from its DER and nothing else of it.

use super::clock::Timestamp;
use super::der::{self, Element, GENERALIZED_TIME, INTEGER, OWN, SEQUENCE, UTC_TIME};

/// The span in which a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    pub from: Timestamp,
    pub until: Timestamp,
}

/// The validity of a certificate; `None` if it is none. It is neither verified nor trusted.
pub fn validity(certificate: &[u8]) -> Option<Validity> {
    let mut rest = der::only(der::only(certificate, SEQUENCE)?, SEQUENCE)?;
    // The version is left out by certificates of version 1.
    if let Some((_, after)) = after(rest, OWN) {
        rest = after;
    }
    // Serial number, algorithm and issuer.
    for tag in [INTEGER, SEQUENCE, SEQUENCE] {
        rest = after(rest, tag)?.1;
    }
    let (from, rest) = der::next(der::only(rest, SEQUENCE)?)?;
    let (until, rest) = der::next(rest)?;
    rest.is_empty().then_some(Validity { from: time(&from)?, until: time(&until)? })
}

/// An element of this tag, and what follows it.
fn after(bytes: &[u8], tag: u8) -> Option<(Element<'_>, &[u8])> {
    der::next(bytes).filter(|(element, _)| element.tag == tag)
}

/// `UTCTime` (its years are those from 1950 to 2049) or `GeneralizedTime`, in the one form that RFC 5280 allows.
fn time(element: &Element<'_>) -> Option<Timestamp> {
    let digits = std::str::from_utf8(element.body).ok()?;
    let century = match element.tag {
        UTC_TIME if digits.get(..2)? < "50" => "20",
        UTC_TIME => "19",
        GENERALIZED_TIME => "",
        _ => return None,
    };
    let text = format!("{century}{digits}");
    let plain = text.len() == 15 && text.ends_with('Z') && text.bytes().take(14).all(|byte| byte.is_ascii_digit());
    let part = |from: usize, to: usize| text.get(from..to).filter(|_| plain);
    let [year, month, day] = [part(0, 4)?, part(4, 6)?, part(6, 8)?];
    let [hour, minute, second] = [part(8, 10)?, part(10, 12)?, part(12, 14)?];
    Timestamp::parse(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dates_are_those_of_the_certificate() {
        let long = made(1999, 2099);
        let found = validity(&long).unwrap();
        assert_eq!(
            (found.from.rfc3339().as_str(), found.until.rfc3339().as_str()),
            ("1999-03-01T00:00:00Z", "2099-03-01T00:00:00Z")
        );
        let without_version: Vec<u8> = sequence(&[&sequence(&[
            &[2, 1, 7],
            &sequence(&[]),
            &sequence(&[]),
            &sequence(&[b"\x17\x0d491231235959Z", b"\x17\x0d500101000000Z"]),
        ])]);
        let found = validity(&without_version).unwrap();
        assert_eq!(
            (found.from.rfc3339().as_str(), found.until.rfc3339().as_str()),
            ("2049-12-31T23:59:59Z", "1950-01-01T00:00:00Z")
        );
    }

    #[test]
    fn what_is_cut_is_none_and_no_change_of_a_byte_is_a_panic() {
        let whole = made(2026, 2029);
        let needed = (0..whole.len()).filter(|length| validity(&whole[..*length]).is_some()).count();
        assert_eq!(needed, 0, "every length counts");
        let mut read = 0;
        for at in 0..whole.len() {
            for value in [0, 1, 0x17, 0x30, 0x7f, 0x80, 0x81, 0x84, 0x85, 0xa0, 0xff] {
                let mut changed = whole.clone();
                changed[at] = value;
                read += usize::from(validity(&changed).is_some());
            }
        }
        assert!(read > 0, "most of it is not looked at");
        for nonsense in
            [&b""[..], b"\x30", b"\x30\x80\x00\x00", b"\x30\x84\xff\xff\xff\xff", b"\x30\x85\x00\x00\x00\x00\x01"]
        {
            assert_eq!(validity(nonsense), None);
        }
    }

    #[test]
    fn times_have_one_form() {
        for bad in
            ["2611241200Z", "261124120000", "2611241200000", "261324120000Z", "+61124120000Z", "26112412000\u{e9}"]
        {
            let element = Element { tag: UTC_TIME, body: bad.as_bytes() };
            assert_eq!(time(&element), None, "{bad}");
        }
    }

    fn made(from: i32, until: i32) -> Vec<u8> {
        let mut parameters = rcgen::CertificateParams::default();
        parameters.not_before = rcgen::date_time_ymd(from, 3, 1);
        parameters.not_after = rcgen::date_time_ymd(until, 3, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        parameters.self_signed(&key).unwrap().der().to_vec()
    }

    fn sequence(parts: &[&[u8]]) -> Vec<u8> {
        let inner = parts.concat();
        let mut der = vec![SEQUENCE, u8::try_from(inner.len()).unwrap()];
        der.extend(inner);
        der
    }
}
