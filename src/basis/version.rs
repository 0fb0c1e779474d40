//! Versions of this program, as a policy names the oldest one that it accepts.

use std::fmt;
use std::str::FromStr;

/// Three numbers; later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version([u32; 3]);

impl Version {
    /// This program's. A release candidate counts as its release.
    pub fn own() -> Self {
        let text = env!("CARGO_PKG_VERSION");
        text.split(['-', '+']).next().and_then(|numbers| numbers.parse().ok()).unwrap_or(Self([0; 3]))
    }
}

impl FromStr for Version {
    type Err = ();

    /// `1.4.0`: three numbers without sign or leading zero.
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('.').map(|part| {
            let plain = part == "0" || part.starts_with(|first: char| matches!(first, '1'..='9'));
            part.parse().ok().filter(|_| plain)
        });
        let mut next = || parts.next().flatten().ok_or(());
        let numbers = [next()?, next()?, next()?];
        if parts.next().is_some() { Err(()) } else { Ok(Self(numbers)) }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([major, minor, patch]) = self;
        write!(f, "{major}.{minor}.{patch}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_as_numbers() {
        let version = |text: &str| text.parse::<Version>().unwrap();
        assert!(version("0.10.0") > version("0.9.12") && version("1.0.0") > version("0.99.99"));
        assert_eq!(version("1.2.3").to_string(), "1.2.3");
        assert!(Version::own() > version("0.0.0"));
        for bad in ["", "1", "1.2", "1.2.3.4", "01.2.3", "1.2.x", "1.2.3-rc", "+1.2.3", "1..3", "99999999999.0.0"] {
            assert!(bad.parse::<Version>().is_err(), "{bad}");
        }
    }
}
