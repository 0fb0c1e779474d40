//! The shapes of single values: tenants, GUIDs, loopback URLs, durations.

use crate::basis::ssh_signature::SigningKey;
use crate::basis::url::{BadUrl, WebUrl};
use crate::config::error::Reason;
use std::time::Duration;

/// A GUID or a domain, lower-case; Entra's shared tenants are refused (`facts/entra.md` 1.1).
pub fn tenant(text: &str) -> Result<String, Reason> {
    let lower = text.to_ascii_lowercase();
    if SHARED.contains(&lower.as_str()) {
        return Err(Reason::SharedTenant(lower));
    }
    guid(&lower).or_else(|| is_domain(&lower).then_some(lower)).ok_or(Reason::Tenant)
}

/// A GUID without braces, lower-case.
pub fn guid(text: &str) -> Option<String> {
    let right =
        |(at, byte): (usize, u8)| if matches!(at, 8 | 13 | 18 | 23) { byte == b'-' } else { byte.is_ascii_hexdigit() };
    (text.len() == 36 && text.bytes().enumerate().all(right)).then(|| text.to_ascii_lowercase())
}

/// A line with an Ed25519 public key.
pub fn is_key(line: &str) -> bool {
    line.parse::<SigningKey>().is_ok()
}

/// A URL that only this machine can answer, as written.
pub fn redirect(text: &str) -> Result<String, Reason> {
    let url: WebUrl = text.parse().map_err(|_| Reason::Redirect)?;
    let here = url.is_loopback() && url.scheme() == "http";
    here.then(|| text.to_owned()).ok_or(Reason::Redirect)
}

/// https, or http on a loopback address; a query may follow, a user or a fragment not.
pub fn address(text: &str) -> Result<String, Reason> {
    let (place, query) = text.split_once('?').unwrap_or((text, ""));
    place.parse::<WebUrl>().map_err(Reason::Url)?;
    let fine = query.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    fine.then(|| text.to_owned()).ok_or(Reason::Url(BadUrl::Extras))
}

/// Digits and one of `s`, `m`, `h`; bounds in seconds.
pub fn span(text: &str, least: u64, most: u64) -> Result<Duration, Reason> {
    let (digits, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or(Reason::Duration)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(Reason::Duration),
    };
    if digits.is_empty() || digits.bytes().any(|byte| !byte.is_ascii_digit()) {
        return Err(Reason::Duration);
    }
    // What does not fit is too long for any key.
    let seconds = digits.parse::<u64>().unwrap_or(u64::MAX).saturating_mul(unit);
    match seconds {
        seconds if seconds < least => Err(Reason::TooShort(least)),
        seconds if seconds > most => Err(Reason::TooLong(most)),
        seconds => Ok(Duration::from_secs(seconds)),
    }
}

/// The shortest way to write a duration.
pub fn span_text(span: Duration) -> String {
    match span.as_secs() {
        seconds if seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        seconds if seconds % 60 == 0 => format!("{}m", seconds / 60),
        seconds => format!("{seconds}s"),
    }
}

fn is_domain(text: &str) -> bool {
    let labels: Vec<&str> = text.split('.').collect();
    let label = |label: &&str| {
        let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        inner && matches!(label.len(), 1..64) && !label.starts_with('-') && !label.ends_with('-')
    };
    let named = labels.last().is_some_and(|last| last.bytes().any(|byte| byte.is_ascii_alphabetic()));
    text.len() < 254 && labels.len() > 1 && labels.iter().all(label) && named
}

/// The last is the tenant of personal accounts, which `consumers` stands for.
const SHARED: [&str; 4] = ["common", "organizations", "consumers", "9188040d-6c67-4c5b-b112-36a304b66dad"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_are_guids_or_domains_of_ones_own() {
        assert_eq!(tenant("72F988BF-0000-4000-8000-2D7CD011DB47").unwrap(), "72f988bf-0000-4000-8000-2d7cd011db47");
        assert_eq!(tenant("Contoso.OnMicrosoft.com").unwrap(), "contoso.onmicrosoft.com");
        for shared in SHARED {
            assert_eq!(tenant(&shared.to_uppercase()), Err(Reason::SharedTenant(shared.into())));
        }
        let long = format!("{}.com", "a".repeat(64));
        for bad in ["contoso", "10.0.0.1", "-a.com", "a..com", "a.com/x", "72f988bf-0000-4000-8000-2d7cd011db4", &long]
        {
            assert_eq!(tenant(bad), Err(Reason::Tenant), "{bad}");
        }
    }

    #[test]
    fn guids_have_one_form() {
        for bad in [
            "{11111111-2222-3333-4444-555555555555}",
            "11111111222233334444555555555555",
            "g1111111-2222-3333-4444-555555555555",
        ] {
            assert_eq!(guid(bad), None, "{bad}");
        }
    }

    #[test]
    fn redirects_stay_on_this_machine_and_as_written() {
        for good in
            ["http://localhost", "http://127.0.0.1/callback", "http://[::1]:8400/", "http://LOCALHOST:34107/callback"]
        {
            assert_eq!(redirect(good).unwrap(), good);
        }
        for bad in [
            "https://localhost",
            "http://example.com",
            "http://localhost.example.com",
            "http://localhost?x=1",
            "localhost",
        ] {
            assert_eq!(redirect(bad), Err(Reason::Redirect), "{bad}");
        }
    }

    #[test]
    fn an_address_may_have_a_query_and_nothing_else_rides_along() {
        let good = "https://login.microsoftonline.com/t/federationmetadata/2007-06/federationmetadata.xml?appid=1-2";
        assert_eq!(address(good).unwrap(), good);
        for bad in ["https://u:p@h/?a=1", "http://h?a=1", "https://h?a=1#b", "https://h?a b", "h?a=1"] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn durations_have_one_unit() {
        for (text, seconds) in [("30s", 30), ("5m", 300), ("24h", 86_400), ("0h", 0)] {
            assert_eq!(span(text, 0, 86_400), Ok(Duration::from_secs(seconds)));
        }
        for bad in ["", "h", "5", "5 m", "-5m", "+5m", "5d", "1h30m", "5µ", "½h"] {
            assert_eq!(span(bad, 0, 86_400), Err(Reason::Duration), "{bad}");
        }
        assert_eq!(span("99999999999999999999h", 0, 60), Err(Reason::TooLong(60)));
    }
}
