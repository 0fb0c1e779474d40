//! How durations are written.

use std::time::Duration;

/// A whole number and a unit: `90s`, `15m`, `1h`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let digits = text.strip_suffix(unit)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        _ => return None,
    };
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse::<u64>().ok().filter(|_| plain)?.checked_mul(seconds).map(Duration::from_secs)
}

/// The shortest way to write one.
pub(super) fn span(span: Duration) -> String {
    match span.as_secs() {
        seconds if seconds > 0 && seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        seconds if seconds > 0 && seconds % 60 == 0 => format!("{}m", seconds / 60),
        seconds => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_one_unit() {
        for (text, seconds) in [("90s", 90), ("15m", 900), ("1h", 3600), ("0s", 0)] {
            assert_eq!(duration(text), Some(Duration::from_secs(seconds)));
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
        for bad in ["", "h", "5", "5 m", "-5m", "+5m", "5d", "1h30m", "5µ", "½h", "99999999999999999999h"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }
}
