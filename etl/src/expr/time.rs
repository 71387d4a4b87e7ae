//! Dates, times and lengths of time, from text and to it.

use std::fmt::{Display, Formatter};

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

use super::Interval;

const MICROS_PER_SECOND: i64 = 1_000_000;

/// Whether clocks in a zone show the moments as they are stored.
pub(crate) fn is_utc(zone: &str) -> bool {
    matches!(zone, "UTC" | "Etc/UTC" | "+00:00" | "Z")
}

/// Days since 1970-01-01.
pub(super) fn date(text: &str) -> Option<i32> {
    let date = NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d").ok()?;
    i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).ok()
}

/// Nanoseconds since midnight.
pub(super) fn time(text: &str) -> Option<i64> {
    let text = text.trim();
    let time = NaiveTime::parse_from_str(text, "%H:%M:%S%.f")
        .or_else(|_| NaiveTime::parse_from_str(text, "%H:%M"))
        .ok()?;
    Some(i64::from(time.num_seconds_from_midnight()) * 1_000_000_000 + i64::from(time.nanosecond()))
}

/// Microseconds since 1970-01-01 00:00, and whether that is in UTC because the text has an offset.
pub(super) fn timestamp(text: &str) -> Option<(i64, bool)> {
    let text = text.trim().replacen(' ', "T", 1);
    if let Some(days) = date(&text) {
        return Some((i64::from(days) * 86_400 * MICROS_PER_SECOND, false));
    }
    for format in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(&text, format) {
            return Some((time.and_utc().timestamp_micros(), false));
        }
    }
    let offset = text.replace(' ', "");
    for format in ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"] {
        if let Ok(time) = DateTime::parse_from_str(&offset, format) {
            return Some((time.timestamp_micros(), true));
        }
    }
    None
}

/// The text that [`date`] reads.
pub(super) fn write_date(days: i32, f: &mut Formatter<'_>) -> std::fmt::Result {
    match NaiveDate::default().checked_add_signed(chrono::Duration::days(days.into())) {
        Some(date) => date.fmt(f),
        None => write!(f, "day {days}"),
    }
}

/// The text that [`time()`] reads.
pub(super) fn write_time(nanos: i64, f: &mut Formatter<'_>) -> std::fmt::Result {
    let time = NaiveTime::MIN + chrono::Duration::nanoseconds(nanos);
    write!(f, "{}", time.format("%H:%M:%S%.f"))
}

/// The text that [`timestamp`] reads.
pub(super) fn write_timestamp(micros: i64, utc: bool, f: &mut Formatter<'_>) -> std::fmt::Result {
    match DateTime::from_timestamp_micros(micros) {
        Some(time) => {
            write!(f, "{}{}", time.format("%Y-%m-%d %H:%M:%S%.f"), if utc { "Z" } else { "" })
        }
        None => write!(f, "microsecond {micros}"),
    }
}

impl Interval {
    /// Reads numbers with units, such as `1 month 2 days`, and hours as `03:04:05`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut whole = Self::default();
        let mut words = text.split_whitespace().peekable();
        words.peek()?;
        while let Some(word) = words.next() {
            if word.contains(':') {
                let (negative, clock) = match word.strip_prefix('-') {
                    Some(rest) => (true, rest),
                    None => (false, word),
                };
                let micros = time(clock)? / 1_000;
                whole.micros = whole.micros.checked_add(if negative { -micros } else { micros })?;
                continue;
            }
            let split = word.find(|c: char| c.is_alphabetic()).unwrap_or(word.len());
            let (number, unit) = word.split_at(split);
            let unit = if unit.is_empty() { words.next()? } else { unit };
            whole.add(number, unit)?;
        }
        Some(whole)
    }

    fn add(&mut self, number: &str, unit: &str) -> Option<()> {
        let unit = unit.to_ascii_lowercase();
        let unit = unit.strip_suffix('s').filter(|rest| rest.len() > 1).unwrap_or(&unit);
        let whole = || number.parse::<i32>().ok();
        let micros = match unit {
            "year" | "yr" | "y" => {
                self.months = self.months.checked_add(whole()?.checked_mul(12)?)?;
                return Some(());
            }
            "month" | "mon" | "mo" => {
                self.months = self.months.checked_add(whole()?)?;
                return Some(());
            }
            "week" | "w" => {
                self.days = self.days.checked_add(whole()?.checked_mul(7)?)?;
                return Some(());
            }
            "day" | "d" => {
                self.days = self.days.checked_add(whole()?)?;
                return Some(());
            }
            "hour" | "hr" | "h" => 3_600 * MICROS_PER_SECOND,
            "minute" | "min" | "m" => 60 * MICROS_PER_SECOND,
            "second" | "sec" | "s" => MICROS_PER_SECOND,
            "millisecond" | "ms" => 1_000,
            "microsecond" | "us" => 1,
            _ => return None,
        };
        let amount = match number.parse::<i64>() {
            Ok(number) => number.checked_mul(micros)?,
            Err(_) => {
                let amount = (number.parse::<f64>().ok()? * micros as f64).round();
                // Beyond 2⁵³ microseconds, 285 years, a fraction would not be exact.
                (amount.abs() < 9.0e15).then_some(amount as i64)?
            }
        };
        self.micros = self.micros.checked_add(amount)?;
        Some(())
    }
}

impl Display for Interval {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} months {} days {} us", self.months, self.days, self.micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_timestamps_with_and_without_offsets() {
        assert_eq!(timestamp("1970-01-02"), Some((86_400_000_000, false)));
        assert_eq!(timestamp("1970-01-01 00:01"), Some((60_000_000, false)));
        assert_eq!(timestamp("1970-01-01T00:00:01.5"), Some((1_500_000, false)));
        assert_eq!(timestamp("1970-01-01T01:00:00+01:00"), Some((0, true)));
        assert_eq!(timestamp("1970-01-01 00:00:01Z"), Some((1_000_000, true)));
        assert_eq!(timestamp("1970-13-01"), None);
        assert_eq!(timestamp("yesterday"), None);
    }

    #[test]
    fn reads_intervals() {
        let read = |text| Interval::read(text).map(|i| (i.months, i.days, i.micros));
        assert_eq!(read("1 year 2 months 3 weeks 4 days"), Some((14, 25, 0)));
        assert_eq!(read("1.5 hours"), Some((0, 0, 5_400_000_000)));
        assert_eq!(read("90s 5ms"), Some((0, 0, 90_005_000)));
        assert_eq!(read("-00:00:01"), Some((0, 0, -1_000_000)));
        assert_eq!(read(""), None);
        assert_eq!(read("3 moons"), None);
        assert_eq!(read("1.5 months"), None);
    }
}
