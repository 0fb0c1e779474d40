//! Versions as they are released: `1.2.3`, and `1.2.3-rc.1` before it.

/// This program's.
pub const OURS: &str = env!("CARGO_PKG_VERSION");

/// Whether `one` comes after `other`; text that is no version comes after nothing.
pub fn newer(one: &str, other: &str) -> bool {
    matches!((parse(one), parse(other)), (Some(one), Some(other)) if one > other)
}

/// Whether the text is a version.
pub fn is_version(text: &str) -> bool {
    parse(text).is_some()
}

/// The numbers, then whether it is the release itself, then the parts of its pre-release.
type Parsed<'a> = ([u64; 3], bool, Vec<(u64, &'a str)>);

fn parse(text: &str) -> Option<Parsed<'_>> {
    let (numbers, before) = text.split_once('-').map_or((text, None), |(numbers, rest)| (numbers, Some(rest)));
    let parts: Vec<u64> = numbers.split('.').map(number).collect::<Option<_>>()?;
    let before: Vec<&str> = before.map(|rest| rest.split('.').collect()).unwrap_or_default();
    let good = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !before.iter().all(good) {
        return None;
    }
    // A number comes before every word.
    let ranked = before.iter().map(|part| (number(part).unwrap_or(u64::MAX), *part)).collect();
    Some((parts.try_into().ok()?, before.is_empty(), ranked))
}

fn number(text: &str) -> Option<u64> {
    (text.len() < 10 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_number() {
        let order = ["0.9.0", "0.10.0-alpha", "0.10.0-rc.2", "0.10.0-rc.10", "0.10.0", "0.10.1", "1.0.0"];
        for (at, one) in order.iter().enumerate() {
            for (other_at, other) in order.iter().enumerate() {
                assert_eq!(newer(one, other), at > other_at, "{one} {other}");
            }
        }
        for text in ["", "1.2", "1.2.3.4", "v1.2.3", "1.2.x", "1.2.3-", "1.2.3-a b", "1.2.3 ", "99999999999.0.0"] {
            assert!(!is_version(text) && !newer(text, "0.0.0"), "{text}");
        }
    }
}
