//! When a session ends: the first start of a day that is far enough away (DESIGN.md section 8).

use crate::basis::clock::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A time of day, `HH:MM`, in local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay {
    hour: i8,
    minute: i8,
}

/// The text is no time of day.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no time of day; write it as \"04:00\"")]
pub struct BadTimeOfDay(String);

impl FromStr for TimeOfDay {
    type Err = BadTimeOfDay;

    fn from_str(text: &str) -> Result<Self, BadTimeOfDay> {
        let bad = || BadTimeOfDay(text.to_owned());
        let (hour, minute) = text.split_once(':').ok_or_else(bad)?;
        let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        if !two_digits(hour) || !two_digits(minute) {
            return Err(bad());
        }
        match (hour.parse(), minute.parse()) {
            (Ok(hour @ 0..24), Ok(minute @ 0..60)) => Ok(Self { hour, minute }),
            _ => Err(bad()),
        }
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = BadTimeOfDay;

    fn try_from(text: String) -> Result<Self, BadTimeOfDay> {
        text.parse()
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

/// The end of a session that starts at `start`: the first `day_starts` at least six hours later, and
/// never more than `longest` away. A time that daylight saving skips counts as the moment after the gap.
pub fn end_of_day(start: Timestamp, day_starts: TimeOfDay, longest: Duration, zone: &TimeZone) -> Timestamp {
    let earliest = start.after(LEAST);
    let local = earliest.instant().to_zoned(zone.clone());
    let on = |date: jiff::civil::Date| {
        let moment = date.at(day_starts.hour, day_starts.minute, 0, 0).to_zoned(zone.clone());
        moment.ok().map(|zoned| Timestamp(zoned.timestamp().as_second()))
    };
    let today = on(local.date()).filter(|end| *end >= earliest);
    let end = today.or_else(|| local.date().tomorrow().ok().and_then(on));
    end.unwrap_or(earliest).min(start.after(longest))
}

/// Nobody is asked again sooner than this after a sign-in.
const LEAST: Duration = Duration::from_secs(6 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn end(start: &str, zone: &str, longest: Duration) -> String {
        let zone = TimeZone::get(zone).unwrap();
        let start = Timestamp(start.parse::<jiff::Timestamp>().unwrap().as_second());
        end_of_day(start, "04:00".parse().unwrap(), longest, &zone).rfc3339()
    }

    #[test]
    fn a_morning_sign_in_lasts_until_the_next_early_morning() {
        assert_eq!(end("2026-11-24T08:00:00Z", "Europe/Berlin", DAY), "2026-11-25T03:00:00Z");
    }

    #[test]
    fn a_sign_in_just_before_the_day_starts_is_not_cut_after_minutes() {
        assert_eq!(end("2026-11-24T02:30:00Z", "Europe/Berlin", DAY * 2), "2026-11-25T03:00:00Z");
        assert_eq!(end("2026-11-24T02:30:00Z", "Europe/Berlin", DAY), "2026-11-25T02:30:00Z");
    }

    #[test]
    fn daylight_saving_moves_the_end_with_the_local_clock() {
        assert_eq!(end("2026-03-28T20:00:00Z", "Europe/Berlin", DAY), "2026-03-29T02:00:00Z");
        assert_eq!(end("2026-10-24T20:00:00Z", "Europe/Berlin", DAY), "2026-10-25T03:00:00Z");
    }

    #[test]
    fn max_session_is_the_latest_end() {
        assert_eq!(end("2026-11-24T08:00:00Z", "UTC", DAY / 3), "2026-11-24T16:00:00Z");
    }

    #[test]
    fn only_real_times_are_accepted() {
        for bad in ["", "4:00", "24:00", "04:60", "+4:00", "04:00:00", "aa:bb"] {
            assert!(bad.parse::<TimeOfDay>().is_err(), "{bad}");
        }
    }
}
