//! The emulators' time: the real one, moved or stopped by a test.

use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

/// A clock that all emulators of one `Practice` share.
#[derive(Debug, Default)]
pub struct Clock(Mutex<Setting>);

#[derive(Debug, Default)]
struct Setting {
    shift_ms: i64,
    stopped_ms: Option<i64>,
}

impl Clock {
    /// Seconds since 1970.
    pub fn now(&self) -> i64 {
        self.now_ms().div_euclid(1000)
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        let setting = self.0.lock().unwrap();
        setting.stopped_ms.unwrap_or_else(|| real_ms() + setting.shift_ms)
    }

    /// Moves the clock by so many seconds, running or stopped.
    pub fn advance(&self, seconds: i64) {
        let mut setting = self.0.lock().unwrap();
        setting.shift_ms += seconds * 1000;
        setting.stopped_ms = setting.stopped_ms.map(|at| at + seconds * 1000);
    }

    /// Stops the clock at this second, for products that are tested with a clock of their own.
    pub fn stop_at(&self, seconds: i64) {
        self.0.lock().unwrap().stopped_ms = Some(seconds * 1000);
    }

    /// Lets it run again with the real time.
    pub fn run(&self) {
        *self.0.lock().unwrap() = Setting::default();
    }
}

/// `2026-01-02 03:04:05Z`, the way Entra writes it.
pub fn stamp(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// `Fri, 02 Jan 2026 03:04:05 GMT`, as an HTTP header.
pub fn http_date(seconds: i64) -> String {
    let days = seconds.div_euclid(86_400);
    let (year, month, day) = civil(days);
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][usize::try_from(days.rem_euclid(7)).unwrap()];
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months[usize::try_from(month - 1).unwrap()];
    let time = &stamp(seconds)[11..19];
    format!("{weekday}, {day:02} {month} {year:04} {time} GMT")
}

/// Days since 1970 to a date of the Gregorian calendar (Howard Hinnant's `civil_from_days`).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let month = if march < 10 { march + 3 } else { march - 9 };
    (year + era * 400 + i64::from(month <= 2), month, of_year - (153 * march + 2) / 5 + 1)
}

fn real_ms() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}
