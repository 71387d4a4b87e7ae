//! Dates and times as ISO 8601 writes them, and RFC 3339 and SQL with it.
//!
//! A date is `2024-02-29`. Behind a `T` or a blank may follow hours and minutes, seconds, and their fractions down to
//! microseconds; and behind these `Z` or an offset such as `+05:30`, `+0530` or `+05`. All else is text: ordinal dates,
//! weeks, dates without hyphens (which are integers), the 60th second, finer fractions, which would not come back.

/// What a field says of when something was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// A day, counted from 1970-01-01.
    Day(i32),
    /// Microseconds since 1970-01-01 00:00 by a clock of which nobody says where it is.
    Local(i64),
    /// Microseconds since 1970-01-01 00:00 UTC.
    Instant(i64),
}

/// The zone of columns of instants.
pub(crate) const UTC: &str = "UTC";

const MICROS_A_SECOND: i64 = 1_000_000;
const MICROS_A_DAY: i64 = 86_400 * MICROS_A_SECOND;

/// Microseconds from 1970 to the beginning of a day.
pub(crate) fn midnight(day: i32) -> i64 {
    i64::from(day) * MICROS_A_DAY
}

/// The moment that `field` writes; none for anything else.
#[inline]
pub(crate) fn moment(field: &[u8]) -> Option<Moment> {
    let (date, rest) = field.split_first_chunk::<10>()?;
    if date[4] != b'-' || date[7] != b'-' {
        return None;
    }
    let day = day(number(&date[..4])?, number(&date[5..7])?, number(&date[8..])?)?;
    let Some((separator, time)) = rest.split_first() else { return Some(Moment::Day(day)) };
    if !matches!(separator, b'T' | b't' | b' ') {
        return None;
    }
    let (time, rest) = clock(time)?;
    let local = midnight(day) + time;
    match rest {
        [] => Some(Moment::Local(local)),
        [b'Z' | b'z'] => Some(Moment::Instant(local)),
        [sign @ (b'+' | b'-'), offset @ ..] => {
            let ahead = offset_micros(offset)?;
            Some(Moment::Instant(if *sign == b'+' { local - ahead } else { local + ahead }))
        }
        _ => None,
    }
}

/// Microseconds since midnight, and what stands behind.
#[inline]
fn clock(text: &[u8]) -> Option<(i64, &[u8])> {
    let (start, rest) = text.split_first_chunk::<5>()?;
    if start[2] != b':' {
        return None;
    }
    let (hour, minute) = (below(&start[..2], 24)?, below(&start[3..], 60)?);
    let mut micros = (hour * 60 + minute) * 60 * MICROS_A_SECOND;
    let [b':', rest @ ..] = rest else { return Some((micros, rest)) };
    let (second, rest) = rest.split_first_chunk::<2>()?;
    micros += below(second, 60)? * MICROS_A_SECOND;
    let [b'.' | b',', rest @ ..] = rest else { return Some((micros, rest)) };
    let n_digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = rest.split_at(n_digits);
    let (kept, finer) = digits.split_at(n_digits.min(6));
    if kept.is_empty() || finer.iter().any(|&digit| digit != b'0') {
        return None;
    }
    let fraction = i64::from(number(kept)?);
    Some((micros + fraction * 10_i64.pow(6 - kept.len() as u32), rest))
}

/// Microseconds of an offset without its sign.
fn offset_micros(text: &[u8]) -> Option<i64> {
    let (hours, minutes) = match text {
        [_, _] => (text, &b"00"[..]),
        [_, _, b':', minutes @ ..] => (&text[..2], minutes),
        [_, _, minutes @ ..] => (&text[..2], minutes),
        _ => return None,
    };
    if minutes.len() != 2 {
        return None;
    }
    Some((below(hours, 24)? * 60 + below(minutes, 60)?) * 60 * MICROS_A_SECOND)
}

fn below(digits: &[u8], end: i64) -> Option<i64> {
    number(digits).map(i64::from).filter(|&value| value < end)
}

/// The number that at most nine digits write.
#[inline]
fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then_some(10 * value + u32::from(digit))
    })
}

/// Days from 1 March of the year 0 to 1970-01-01.
const TO_1970: i32 = 719_468;

/// Days from 1970-01-01 to a day of the Gregorian calendar.
///
/// Years begin in March here, so that a leap day is the last of its year, and 400 of them always have as many days.
#[inline]
fn day(year: u32, month: u32, of_month: u32) -> Option<i32> {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let longest = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => return None,
    };
    if year == 0 || !(1..=longest).contains(&of_month) {
        return None;
    }
    // March is the first month, and years count from 1 March of the year 0.
    let (years, months) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let before_month = (153 * months + 2) / 5;
    let before_year = 365 * years + years / 4 - years / 100 + years / 400;
    Some((before_year + before_month + of_month - 1) as i32 - TO_1970)
}

#[cfg(test)]
mod tests {
    use arrow::compute::kernels::cast_utils::string_to_timestamp_nanos;
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Option<Moment> {
        moment(text.as_bytes())
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut last = None;
        for year in 1..=2400 {
            for month in 1..=12 {
                for of_month in 1..=32 {
                    let Some(day) = day(year, month, of_month) else { continue };
                    assert!(last.is_none_or(|last| day == last + 1), "{year}-{month}-{of_month}");
                    last = Some(day);
                }
            }
        }
        assert_eq!(of("1970-01-01"), Some(Moment::Day(0)));
        assert_eq!(of("9999-12-31"), Some(Moment::Day(2_932_896)));
    }

    proptest! {
        /// Oracle: arrow's reader of times.
        #[test]
        fn times_are_read_as_arrow_reads_them(
            year in 1700..2250u32, month in 1..13u32, of_month in 1..32u32, hour in 0..24u32, minute in 0..60u32,
            second in 0..60u32, micros in 0..1_000_000u32, digits in 1..7usize,
            separator in prop::sample::select(vec!["T", " "]),
            zone in prop::sample::select(vec!["", "Z", "+05:30", "-08:00", "+0100", "-03"]),
        ) {
            let fraction = &format!("{micros:06}")[..digits];
            let text = format!("{year:04}-{month:02}-{of_month:02}{separator}{hour:02}:{minute:02}:{second:02}.{fraction}{zone}");
            let expected = string_to_timestamp_nanos(&text).ok().map(|nanos| nanos.div_euclid(1000));
            let expected = expected.map(|at| if zone.is_empty() { Moment::Local(at) } else { Moment::Instant(at) });
            prop_assert_eq!(of(&text), expected, "{}", text);
        }

        #[test]
        fn whatever_stands_there_nothing_panics(text in "[-0-9T:. Z+]{0,32}") {
            of(&text);
        }
    }

    #[test]
    fn what_is_no_moment_is_text() {
        for text in [
            "",
            "2024",
            "2024-01",
            "2024-1-01",
            "20240101",
            "2024-02-30",
            "2023-02-29",
            "2024-13-01",
            "2024-00-01",
            "2024-01-00",
            "0000-01-01",
            "2024-01-01T",
            "2024-01-01 ",
            "2024-01-01T1:00",
            "2024-01-01T24:00",
            "2024-01-01T10:60",
            "2024-01-01T23:59:60",
            "2024-01-01T10:00:00.",
            "2024-01-01T10:00:00.1234567",
            "2024-01-01T10:00:00+",
            "2024-01-01T10:00+1",
            "2024-01-01T10:00+24:00",
            "2024-01-01T10:00+01:0",
            "2024-01-01T10:00ZZ",
            "2024-01-01x10:00",
            "2024/01/01",
            "-024-01-01",
            "+2024-01-01",
            "2024-W01-1",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
        assert_eq!(of("2024-01-01T10:00:00.1234560"), of("2024-01-01 10:00:00.123456"));
        assert_eq!(of("2024-01-01T10:00+02:00"), of("2024-01-01T08:00Z"));
        assert_eq!(
            of("2024-01-01T10:00"),
            Some(Moment::Local(midnight(19_723) + 36_000 * MICROS_A_SECOND))
        );
    }
}
