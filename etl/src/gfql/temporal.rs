//! Dates and times in queries.

use chrono::{
    DateTime, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Timelike,
};

/// An instant: nanoseconds since 1970-01-01 UTC.
pub(super) type Moment = i128;

/// Nanoseconds since midnight.
pub(super) type TimeOfDay = i64;

const SECOND: i128 = 1_000_000_000;

/// Nanoseconds of a day.
pub(super) const DAY: i128 = 86_400_000_000_000;

/// The instant that an ISO 8601 text names; a text without an offset is in `zone`.
///
/// `None` if the text is none, the zone is unknown, or its clocks never show that time; where they
/// show it twice, it is the first.
pub(super) fn moment(text: &str, zone: &str) -> Option<Moment> {
    let text = text.trim();
    if let Some(exact) = with_offset(text) {
        return Some(exact);
    }
    let naive = naive(text)?;
    match Zone::of(zone)? {
        Zone::Fixed(offset) => Some(nanos(naive) - i128::from(offset) * SECOND),
        Zone::Named(zone) => match zone.from_local_datetime(&naive) {
            MappedLocalTime::Single(at) | MappedLocalTime::Ambiguous(at, _) => {
                Some(nanos(at.naive_utc()))
            }
            MappedLocalTime::None => None,
        },
    }
}

/// What clocks show somewhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Zone {
    /// Seconds before UTC.
    Fixed(i64),
    Named(chrono_tz::Tz),
}

impl Zone {
    /// `UTC`, an offset, or a name of the time zone database.
    pub(super) fn of(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("utc") {
            return Some(Self::Fixed(0));
        }
        offset_seconds(name).map(Self::Fixed).or_else(|| name.parse().ok().map(Self::Named))
    }

    /// The time on the clocks there at an instant, as if it were UTC.
    pub(super) fn local(self, at: Moment) -> Moment {
        let offset = match self {
            Self::Fixed(offset) => offset,
            Self::Named(zone) => {
                let at = i64::try_from(at.div_euclid(SECOND)).ok();
                let at = at.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
                at.map_or(0, |at| {
                    i64::from(
                        zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc(),
                    )
                })
            }
        };
        at + i128::from(offset) * SECOND
    }
}

/// Days since 1970-01-01 of an ISO 8601 date, or of the date of an ISO 8601 time.
pub(super) fn date(text: &str) -> Option<i32> {
    Some(naive(text.trim())?.date().to_epoch_days())
}

/// The time of day in `HH:MM:SS`, or of an ISO 8601 time.
pub(super) fn time_of_day(text: &str) -> Option<TimeOfDay> {
    let text = text.trim();
    let time = match NaiveTime::parse_from_str(text, "%H:%M:%S%.f") {
        Ok(time) => time,
        Err(_) => naive(text)?.time(),
    };
    let seconds = i64::from(time.num_seconds_from_midnight());
    Some(seconds * 1_000_000_000 + i64::from(time.nanosecond()))
}

fn nanos(at: NaiveDateTime) -> Moment {
    let at = at.and_utc();
    i128::from(at.timestamp()) * SECOND + i128::from(at.timestamp_subsec_nanos())
}

fn with_offset(text: &str) -> Option<Moment> {
    let normal = match text.strip_suffix(['Z', 'z']) {
        Some(rest) => format!("{rest}+00:00"),
        None => text.to_owned(),
    };
    let formats = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"];
    let at = formats.iter().find_map(|format| DateTime::parse_from_str(&normal, format).ok())?;
    Some(nanos(at.naive_utc()))
}

fn naive(text: &str) -> Option<NaiveDateTime> {
    let formats = [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M",
        "%Y%m%dT%H%M%S",
    ];
    if let Some(at) =
        formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
    {
        return Some(at);
    }
    if let Some(exact) = with_offset(text) {
        // The date and time on the clock that the text shows, wherever that is.
        let seconds = text.rfind(['+', '-']).and_then(|at| offset_seconds(&text[at..]));
        let local = exact + i128::from(seconds.unwrap_or(0)) * SECOND;
        let seconds = i64::try_from(local.div_euclid(SECOND)).ok()?;
        let nanos = local.rem_euclid(SECOND) as u32;
        return DateTime::from_timestamp(seconds, nanos).map(|at| at.naive_utc());
    }
    let day = ["%Y-%m-%d", "%Y%m%d"]
        .iter()
        .find_map(|format| NaiveDate::parse_from_str(text, format).ok())?;
    day.and_hms_opt(0, 0, 0)
}

/// Seconds of `+HH:MM`, `+HHMM`, `+HH`, or of those behind `UTC`.
fn offset_seconds(zone: &str) -> Option<i64> {
    let zone = zone.strip_prefix("UTC").unwrap_or(zone);
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits = digits.replace(':', "");
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i64, i64) = match digits.len() {
        2 => (digits.parse().ok()?, 0),
        4 => (digits[..2].parse().ok()?, digits[2..].parse().ok()?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_instant_has_many_spellings() {
        let noon = 1_577_880_000 * 1_000_000_000;
        for (text, zone) in [
            ("2020-01-01T12:00:00", "UTC"),
            ("2020-01-01T12:00:00Z", "US/Eastern"),
            ("2020-01-01T14:00:00+02:00", "UTC"),
            ("2020-01-01 07:00:00", "US/Eastern"),
            ("2020-01-01T13:30", "+0130"),
            ("2020-01-01T12:00:00.000", "utc"),
        ] {
            assert_eq!(moment(text, zone), Some(noon), "{text} {zone}");
        }
        assert_eq!(moment("2020-01-01", "UTC"), Some(noon - DAY / 2));
        assert_eq!(moment("2020-01-01T12:00:00.25Z", "UTC"), Some(noon + 250_000_000));
        assert_eq!(moment("1969-12-31T23:59:59.5", "UTC"), Some(-500_000_000));
    }

    #[test]
    fn times_that_no_clock_shows_are_none() {
        assert_eq!(moment("2021-03-14T02:30:00", "US/Eastern"), None);
        let first = moment("2021-11-07T01:30:00", "US/Eastern").unwrap();
        assert_eq!(first, moment("2021-11-07T05:30:00Z", "UTC").unwrap());
        for bad in ["", "yesterday", "2020-13-01", "2020-01-01T25:00:00"] {
            assert_eq!(moment(bad, "UTC"), None, "{bad}");
        }
        assert_eq!(moment("2020-01-01", "Mars/Olympus"), None);
    }

    #[test]
    fn clocks_of_a_zone_follow_its_seasons() {
        let shown =
            |text: &str, zone: &str| Zone::of(zone).unwrap().local(moment(text, "UTC").unwrap());
        let as_utc = |text: &str| moment(text, "UTC").unwrap();
        assert_eq!(shown("2021-01-01T02:00:00", "US/Eastern"), as_utc("2020-12-31T21:00:00"));
        assert_eq!(shown("2021-07-01T02:00:00", "US/Eastern"), as_utc("2021-06-30T22:00:00"));
        assert_eq!(shown("2021-07-01T23:00:00", "+02:00"), as_utc("2021-07-02T01:00:00"));
    }

    #[test]
    fn dates_and_times_are_those_on_the_clock() {
        assert_eq!(date("1970-01-03"), Some(2));
        assert_eq!(date("1970-01-03T23:30:00-05:00"), Some(2));
        assert_eq!(time_of_day("01:00:01"), Some(3_601_000_000_000));
        assert_eq!(time_of_day("2020-05-05T00:00:02"), Some(2_000_000_000));
        assert_eq!(time_of_day("25:00:00"), None);
    }
}
