//! When a certificate begins and ends (RFC 5280 section 4.1), read from its DER and nothing else of it.

use crate::basis::clock::Timestamp;

/// The span in which a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Validity {
    pub from: Timestamp,
    pub until: Timestamp,
}

/// The validity of a certificate; `None` if it is none. It is neither verified nor trusted.
pub(super) fn validity(der: &[u8]) -> Option<Validity> {
    let (certificate, _) = element(der, SEQUENCE)?;
    let (mut rest, _) = element(certificate, SEQUENCE)?;
    if let Some((_, after)) = element(rest, VERSION) {
        rest = after;
    }
    // Serial number, algorithm and issuer.
    for tag in [INTEGER, SEQUENCE, SEQUENCE] {
        rest = element(rest, tag)?.1;
    }
    let (validity, _) = element(rest, SEQUENCE)?;
    let (from, rest) = time(validity)?;
    let (until, rest) = time(rest)?;
    rest.is_empty().then_some(Validity { from, until })
}

/// The content of an element that has this tag, and what follows it. Lengths are definite and have at most four bytes.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = bytes.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first);
    if first >= 0x80 {
        let count = usize::from(first & 0x7f);
        if !(1..=4).contains(&count) {
            return None;
        }
        let (digits, after) = rest.split_at_checked(count)?;
        length = digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit));
        rest = after;
    }
    (found == tag).then(|| rest.split_at_checked(length))?
}

/// `UTCTime` (its years are those from 1950 to 2049) or `GeneralizedTime`, in the one form that RFC 5280 allows.
fn time(bytes: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (digits, rest, century) = match bytes.first()? {
        &UTC_TIME => {
            let (digits, rest) = element(bytes, UTC_TIME)?;
            (digits, rest, if digits.first()? >= &b'5' { "19" } else { "20" })
        }
        _ => element(bytes, GENERALIZED_TIME).map(|(digits, rest)| (digits, rest, ""))?,
    };
    let text = format!("{century}{}", std::str::from_utf8(digits).ok()?);
    let plain = text.len() == 15 && text.ends_with('Z') && text.bytes().take(14).all(|byte| byte.is_ascii_digit());
    let part = |from: usize, to: usize| text.get(from..to).filter(|_| plain);
    let [year, month, day] = [part(0, 4)?, part(4, 6)?, part(6, 8)?];
    let [hour, minute, second] = [part(8, 10)?, part(10, 12)?, part(12, 14)?];
    Some((Timestamp::parse(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))?, rest))
}

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
/// `[0] EXPLICIT`, left out by certificates of version 1.
const VERSION: u8 = 0xa0;

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
            let mut der = vec![UTC_TIME, u8::try_from(bad.len()).unwrap()];
            der.extend(bad.as_bytes());
            assert_eq!(time(&der), None, "{bad}");
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
