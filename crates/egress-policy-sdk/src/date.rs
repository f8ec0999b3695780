//! Days and times of day in UTC, as far as policies speak of them: `2026-12-24`, and when in a week a moment is.
//!
//! Time zones with their changes are a library of their own; a rule in UTC is the same for everybody who reads it.

use alloc::format;
use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Deserializer, de::Error as _};

/// Seconds in a day, which UTC has none longer of as far as computers count.
pub const DAY: u64 = 86_400;

/// A day in UTC, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(u64);

/// Days in a week, beginning as ISO 8601 does.
pub const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Date {
    /// Reads `2026-12-24`; years from 1970 to 9999.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut number = |digits: usize| {
            let part = parts.next().filter(|part| part.len() == digits)?;
            if part.bytes().all(|byte| byte.is_ascii_digit()) { part.parse::<u64>().ok() } else { None }
        };
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        let valid = year >= 1970 && (1..=12).contains(&month) && (1..=days_of(year, month)).contains(&day);
        (parts.next().is_none() && valid).then(|| Date(days_before(year, month) + day - 1))
    }

    /// The day of this moment, in seconds since 1970.
    pub fn of(moment: u64) -> Self {
        Date(moment / DAY)
    }

    /// When it begins, in seconds since 1970.
    pub fn start(self) -> u64 {
        self.0 * DAY
    }

    /// The day that comes so many days later.
    #[must_use]
    pub fn plus_days(self, days: u64) -> Self {
        Date(self.0.saturating_add(days))
    }

    /// Its place in [`WEEKDAYS`]: Monday is 0.
    pub fn weekday(self) -> usize {
        // 1970-01-01 was a Thursday.
        usize::try_from((self.0 + 3) % 7).unwrap_or_default()
    }
}

/// Minutes since midnight, read from `08:30`; `24:00` is the end of the day.
pub fn minutes(text: &str) -> Option<u64> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |part: &str| if part.len() == 2 { part.parse::<u64>().ok() } else { None };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (minutes < 60 && hours * 60 + minutes <= 24 * 60).then_some(hours * 60 + minutes)
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A year has at least 365 days, so this one is never too early.
        let mut year = 1970 + self.0 / 366;
        while days_before(year + 1, 1) <= self.0 {
            year += 1;
        }
        let month = (1..=12).rev().find(|month| days_before(year, *month) <= self.0).unwrap_or(1);
        let day = self.0 - days_before(year, month) + 1;
        write!(formatter, "{year:04}-{month:02}-{day:02}")
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Date::parse(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is no day such as `2026-12-24`")))
    }
}

/// Days from 1970-01-01 to the first of a month.
fn days_before(year: u64, month: u64) -> u64 {
    let leap_days = |year: u64| year / 4 - year / 100 + year / 400;
    let years = (year - 1970) * 365 + leap_days(year - 1) - leap_days(1969);
    years + (1..month).map(|month| days_of(year, month)).sum::<u64>()
}

fn days_of(year: u64, month: u64) -> u64 {
    let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_day_is_counted_from_1970_and_knows_its_weekday() {
        assert_eq!(Date::parse("1970-01-01"), Some(Date(0)));
        let day = Date::parse("2026-11-22").unwrap();
        assert_eq!(day.start(), 1_795_305_600);
        assert_eq!(WEEKDAYS[day.weekday()], "sun");
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in ["", "2026-02-29", "2026-13-01", "2026-1-1", "1969-12-31", "2026-01-01-01", "2026-01-+1"]
        {
            assert_eq!(Date::parse(text), None, "{text}");
        }
        assert!(Date::parse("2028-02-29").is_some());
    }

    #[test]
    fn times_of_day_are_minutes() {
        assert_eq!(minutes("08:30"), Some(510));
        assert_eq!(minutes("24:00"), Some(1440));
        for text in ["8:30", "24:01", "08:60", "0830"] {
            assert_eq!(minutes(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn days_agree_with_a_library(days in 0u64..2_932_000) {
            let civil = jiff::civil::date(1970, 1, 1) + jiff::Span::new().days(i64::try_from(days).unwrap());

            prop_assert_eq!(Date(days).to_string(), civil.to_string());
            prop_assert_eq!(Date::parse(&civil.to_string()), Some(Date(days)));
            let weekday = usize::try_from(civil.weekday().to_monday_zero_offset()).unwrap();
            prop_assert_eq!(Date(days).weekday(), weekday);
        }
    }
}
