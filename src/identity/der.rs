//! As much of DER (X.690) as certificates and key files need: one element after the other, never beyond its end.

/// One element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    pub tag: u8,
    pub body: &'a [u8],
}

/// The first element, and what follows it.
pub(super) fn next(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&tag, &first) = (bytes.first()?, bytes.get(1)?);
    let (length, header) = match first {
        0..=0x7f => (usize::from(first), 2),
        // A length of up to four bytes; the indefinite form is no DER.
        0x81..=0x84 => {
            let count = usize::from(first & 0x7f);
            let digits = bytes.get(2..2 + count)?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), 2 + count)
        }
        _ => return None,
    };
    let whole = bytes.get(..header.checked_add(length)?)?;
    Some((Element { tag, body: &whole[header..] }, &bytes[whole.len()..]))
}

/// All elements side by side; what is no element ends them.
pub(super) fn all(bytes: &[u8]) -> Vec<Element<'_>> {
    let mut rest = bytes;
    std::iter::from_fn(|| {
        let (element, after) = next(rest)?;
        rest = after;
        Some(element)
    })
    .collect()
}

/// The first element, if it has this tag.
pub(super) fn only(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    next(bytes).filter(|(element, _)| element.tag == tag).map(|(element, _)| element.body)
}

/// A small number.
pub(super) fn number(element: &Element<'_>) -> Option<u32> {
    let short = element.tag == INTEGER && (1..=4).contains(&element.body.len());
    short.then(|| element.body.iter().fold(0, |number, digit| number << 8 | u32::from(*digit)))
}

const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
/// The context's own tag 0, constructed.
pub(super) const OWN: u8 = 0xa0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_read_beyond_its_end() {
        assert_eq!(only(&[0x30, 2, 5, 0], SEQUENCE), Some([5, 0].as_slice()));
        assert_eq!(only(&[0x30, 0x81, 2, 5, 0], SEQUENCE), Some([5, 0].as_slice()));
        for bad in [&[][..], &[0x30], &[0x30, 3, 5, 0], &[0x30, 0x80, 0, 0], &[0x30, 0x84, 255, 255, 255, 255, 1]] {
            assert!(next(bad).is_none(), "{bad:?}");
        }
        assert_eq!(all(&[2, 1, 7, 2, 1, 8, 9]).len(), 2);
    }
}
