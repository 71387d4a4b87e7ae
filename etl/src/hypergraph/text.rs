//! Values as the text that pandas' `str` makes of them, which ids are built from.

use std::fmt::LowerExp;
use std::io::{Cursor, Write};
use std::str::FromStr;

use arrow::datatypes::{ArrowPrimitiveType, Float16Type, TimeUnit};
use chrono::{DateTime, FixedOffset, Offset, TimeZone};

/// How the values of a column are written; each is given as the bits of its word.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Form {
    /// `-7`.
    Int,
    /// `7`.
    Unsigned,
    /// `True` or `False`.
    Bool,
    /// `0.1`, `6.55e+04`: as `NumPy` writes half precision.
    Half,
    /// `0.1`, `1e+06`: as `NumPy` writes single precision.
    Single,
    /// `0.1`, `1e+16`: as Python writes a float.
    Double,
    /// Days since 1970: `2020-01-31`.
    Date,
    /// Time of the day in `per_second` parts of a second: `04:05:06`, `04:05:06.000700`.
    Time {
        /// Parts of a second.
        per_second: i64,
    },
    /// `2020-01-31 04:05:06`.
    Timestamp(Stamp),
    /// `-1 days +23:59:59`.
    Duration(Stamp),
}

/// What the values of a column of times have in common, since pandas writes all of them alike.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stamp {
    /// Parts of a second that a value counts.
    per_second: i64,
    /// Digits of the fraction of a second.
    digits: u32,
    /// Whether every value is a whole day, so that the time of the day is left out.
    whole_days: bool,
    /// The time zone; `None` if times have none.
    zone: Option<Zone>,
}

/// A time zone of a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Zone {
    /// Ahead of UTC by so many seconds.
    Fixed(i32),
    /// Of the time zone database.
    Named(chrono_tz::Tz),
}

type Half = <Float16Type as ArrowPrimitiveType>::Native;

const SECONDS_PER_DAY: i64 = 86_400;

impl Zone {
    /// Reads `UTC`, `+05:30` or a name such as `Europe/Berlin`; `None` if it is neither.
    pub(super) fn parse(name: &str) -> Option<Self> {
        if let Ok(offset) = FixedOffset::from_str(name) {
            return Some(Self::Fixed(offset.local_minus_utc()));
        }
        match chrono_tz::Tz::from_str(name) {
            Ok(chrono_tz::UTC) => Some(Self::Fixed(0)),
            zone => zone.ok().map(Self::Named),
        }
    }

    /// Seconds that this zone is ahead of UTC, `seconds` after 1970.
    fn offset(&self, seconds: i64) -> i32 {
        match self {
            Self::Fixed(offset) => *offset,
            // Beyond the years that the database can name, UTC is as good as any.
            Self::Named(zone) => DateTime::from_timestamp(seconds, 0).map_or(0, |time| {
                zone.offset_from_utc_datetime(&time.naive_utc()).fix().local_minus_utc()
            }),
        }
    }
}

impl Form {
    /// The form of times in `unit` and `zone`, whose values are the words in `values`.
    pub(super) fn timestamp(
        unit: TimeUnit,
        zone: Option<Zone>,
        values: impl Iterator<Item = u64>,
    ) -> Self {
        let mut stamp = Stamp::new(unit, values, &[0, 3, 6, 9]);
        stamp.whole_days &= zone.is_none();
        Self::Timestamp(Stamp { zone, ..stamp })
    }

    /// The form of durations in `unit`, whose values are the words in `values`.
    pub(super) fn duration(unit: TimeUnit, values: impl Iterator<Item = u64>) -> Self {
        Self::Duration(Stamp::new(unit, values, &[0, 6, 9]))
    }

    /// Appends the value whose bits are `word`.
    pub(super) fn push(&self, word: u64, out: &mut Vec<u8>) {
        let signed = word.cast_signed();
        let written = match self {
            Self::Int => {
                if signed < 0 {
                    out.push(b'-');
                }
                push_number(signed.unsigned_abs(), out);
                Ok(())
            }
            Self::Unsigned => {
                push_number(word, out);
                Ok(())
            }
            Self::Bool => out.write_all(if word == 0 { b"False" } else { b"True" }),
            Self::Half => {
                push_half(word as u16, out);
                Ok(())
            }
            Self::Single => {
                let value = f32::from_bits(word as u32);
                // Compared as a double, since the nearest single to 1e-4 is below it.
                let positional = (1e-4..1e6).contains(&f64::from(value).abs());
                push_shortest(value, positional, out);
                Ok(())
            }
            Self::Double => {
                let value = f64::from_bits(word);
                push_shortest(value, (1e-4..1e16).contains(&value.abs()), out);
                Ok(())
            }
            Self::Date => {
                push_date(signed, out);
                Ok(())
            }
            Self::Time { per_second } => {
                let (seconds, part) =
                    (signed.div_euclid(*per_second), signed.rem_euclid(*per_second));
                let nanos = part * (1_000_000_000 / per_second);
                let digits = match nanos {
                    0 => 0,
                    _ if nanos % 1000 == 0 => 6,
                    _ => 9,
                };
                push_clock(seconds, nanos, digits, out);
                Ok(())
            }
            Self::Timestamp(stamp) => {
                stamp.push_time(signed, out);
                Ok(())
            }
            Self::Duration(stamp) => {
                stamp.push_duration(signed, out);
                Ok(())
            }
        };
        written.expect("writing to memory should not fail");
    }
}

/// Parts of a second that `unit` counts.
pub(super) fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

impl Stamp {
    /// The least of `allowed` numbers of digits that shows every value.
    fn new(unit: TimeUnit, values: impl Iterator<Item = u64>, allowed: &[u32]) -> Self {
        let per_second = per_second(unit);
        let mut digits = 0;
        let mut whole_days = true;
        for value in values.map(u64::cast_signed) {
            let part = value.rem_euclid(per_second);
            whole_days &= part == 0 && value.div_euclid(per_second) % SECONDS_PER_DAY == 0;
            let nanos = part * (1_000_000_000 / per_second);
            let needed = allowed.iter().find(|&&d| nanos % 10_i64.pow(9 - d) == 0);
            digits = digits.max(needed.copied().unwrap_or(9));
        }
        Self { per_second, digits, whole_days, zone: None }
    }

    /// Whole seconds, and nanoseconds beyond them.
    fn split(&self, value: i64) -> (i64, i64) {
        let nanos = value.rem_euclid(self.per_second) * (1_000_000_000 / self.per_second);
        (value.div_euclid(self.per_second), nanos)
    }

    fn push_time(&self, value: i64, out: &mut Vec<u8>) {
        let (seconds, nanos) = self.split(value);
        let offset = self.zone.as_ref().map(|zone| zone.offset(seconds));
        let local = seconds.saturating_add(i64::from(offset.unwrap_or(0)));
        push_date(local.div_euclid(SECONDS_PER_DAY), out);
        if self.whole_days {
            return;
        }
        out.push(b' ');
        push_clock(local.rem_euclid(SECONDS_PER_DAY), nanos, self.digits, out);
        if let Some(offset) = offset {
            out.push(if offset < 0 { b'-' } else { b'+' });
            let offset = offset.unsigned_abs();
            push_padded(u64::from(offset / 3600), 2, out);
            out.push(b':');
            push_padded(u64::from(offset / 60 % 60), 2, out);
            if offset % 60 != 0 {
                out.push(b':');
                push_padded(u64::from(offset % 60), 2, out);
            }
        }
    }

    fn push_duration(&self, value: i64, out: &mut Vec<u8>) {
        let (seconds, nanos) = self.split(value);
        let days = seconds.div_euclid(SECONDS_PER_DAY);
        out.extend_from_slice(days.to_string().as_bytes());
        out.extend_from_slice(b" days");
        if self.whole_days {
            return;
        }
        out.extend_from_slice(if days < 0 { b" +" } else { b" " });
        push_clock(seconds.rem_euclid(SECONDS_PER_DAY), nanos, self.digits, out);
    }
}

/// Appends `value` in digits.
fn push_number(value: u64, out: &mut Vec<u8>) {
    push_padded(value, 1, out);
}

/// Appends `value` with zeros in front up to `width` digits, of 20 at most.
fn push_padded(mut value: u64, width: usize, out: &mut Vec<u8>) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    while value > 0 {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    out.extend_from_slice(&digits[at.min(digits.len() - width)..]);
}

/// Appends `04:05:06`, and a fraction of so many digits.
fn push_clock(seconds: i64, nanos: i64, digits: u32, out: &mut Vec<u8>) {
    for (part, mark) in [(seconds / 3600, b':'), (seconds / 60 % 60, b':'), (seconds % 60, b'.')] {
        push_padded(part as u64, 2, out);
        if mark == b':' || digits > 0 {
            out.push(mark);
        }
    }
    if digits > 0 {
        push_padded((nanos / 10_i64.pow(9 - digits)) as u64, digits as usize, out);
    }
}

/// Appends the date `days` after 1970 in the proleptic Gregorian calendar.
///
/// Counts years from March, so that the leap day is the last of its year: a year then has
/// `153 m + 2` over 5 days before its month `m`.
fn push_date(days: i64, out: &mut Vec<u8>) {
    // Days from 0000-03-01 to 1970-01-01, and days of 400 years. Days are of 32 bits, or of times in 64, and so far from
    // the largest number.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = 400 * era + year + next;
    if year < 0 {
        out.push(b'-');
    }
    push_padded(year.unsigned_abs(), 4, out);
    for part in [month, day] {
        out.push(b'-');
        push_padded(part.unsigned_abs(), 2, out);
    }
}

/// Appends a float by the fewest digits that read back as the same.
fn push_shortest(value: impl LowerExp, positional: bool, out: &mut Vec<u8>) {
    // 17 digits, two signs, a point, and an exponent of three digits.
    let mut text = Cursor::new([0; 32]);
    write!(text, "{value:e}").expect("digits of a float should be few");
    let length = text.position() as usize;
    let text = text.into_inner();
    push_float(str::from_utf8(&text[..length]).expect("digits should be text"), positional, out);
}

/// Appends a float given as its shortest digits with an exponent, as Rust's `{:e}` prints it.
fn push_float(digits: &str, positional: bool, out: &mut Vec<u8>) {
    let Some((mantissa, exponent)) = digits.split_once('e') else {
        // Not a number has no exponent, nor has infinity, which both write alike.
        return out.extend_from_slice(digits.as_bytes());
    };
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let exponent: i32 = exponent.parse().expect("an exponent should be a number");
    out.extend_from_slice(sign.as_bytes());
    if !positional && mantissa != "0" {
        let sign = if exponent < 0 { '-' } else { '+' };
        let exponent = exponent.unsigned_abs();
        write!(out, "{mantissa}e{sign}{exponent:02}").expect("writing to memory should not fail");
        return;
    }
    let (first, rest) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let (first, rest) = (first.as_bytes(), rest.as_bytes());
    // Digits behind the first that are before the point.
    let Ok(before) = usize::try_from(exponent) else {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', exponent.unsigned_abs() as usize - 1));
        out.extend_from_slice(first);
        out.extend_from_slice(rest);
        return;
    };
    let (whole, behind) = rest.split_at(before.min(rest.len()));
    out.extend_from_slice(first);
    out.extend_from_slice(whole);
    out.extend(std::iter::repeat_n(b'0', before - whole.len()));
    out.push(b'.');
    out.extend_from_slice(if behind.is_empty() { b"0" } else { behind });
}

/// Appends a float of half precision by the fewest digits that read back as the same.
fn push_half(bits: u16, out: &mut Vec<u8>) {
    let half = Half::from_bits(bits);
    let value = half.to_f64();
    let digits = (0..5)
        .map(|places| format!("{value:.places$e}"))
        .find(|text| text.parse().is_ok_and(|read| Half::from_f64(read) == half))
        .unwrap_or_else(|| format!("{value:e}"));
    // A rounded digit may leave zeros at the end, but fewer digits would have been found first.
    push_float(&digits, (1e-4..1e3).contains(&value.abs()), out);
}

/// Appends a decimal of `digits`, its last one worth `10^-scale`, as Python's `Decimal` prints it.
pub(super) fn push_decimal(digits: &str, scale: i32, out: &mut Vec<u8>) {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    out.extend_from_slice(sign.as_bytes());
    let n_digits = digits.len() as i32;
    let point = n_digits - scale;
    if scale < 0 || point < -5 {
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        write!(out, "{first}{dot}{rest}E{:+}", point - 1)
            .expect("writing to memory should not fail");
    } else if scale == 0 {
        out.extend_from_slice(digits.as_bytes());
    } else if point <= 0 {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', point.unsigned_abs() as usize));
        out.extend_from_slice(digits.as_bytes());
    } else {
        let (whole, part) = digits.split_at(point as usize);
        out.extend_from_slice(whole.as_bytes());
        out.push(b'.');
        out.extend_from_slice(part.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    fn text(form: &Form, word: u64) -> String {
        let mut out = Vec::new();
        form.push(word, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn doubles_are_written_as_python_does() {
        for (value, expected) in [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (0.1, "0.1"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (123_456.789, "123456.789"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (5e-324, "5e-324"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(text(&Form::Double, f64::to_bits(value)), expected);
        }
    }

    #[test]
    fn singles_and_halves_are_written_as_numpy_does() {
        for (value, expected) in [
            (0.1, "0.1"),
            (1e-4, "1e-04"),
            (1.5e-4, "0.00015"),
            (123_456.78, "123456.78"),
            (1e6, "1e+06"),
            (16_777_216.0, "1.6777216e+07"),
        ] {
            assert_eq!(text(&Form::Single, u64::from(f32::to_bits(value))), expected);
        }
        for (value, expected) in [
            (0.1, "0.1"),
            (1e-4, "0.0001"),
            (9e-5, "9e-05"),
            (0.3333, "0.3333"),
            (999.0, "999.0"),
            (1001.0, "1.001e+03"),
            (9999.0, "1e+04"),
            (65504.0, "6.55e+04"),
            (0.0, "0.0"),
        ] {
            assert_eq!(text(&Form::Half, u64::from(Half::from_f64(value).to_bits())), expected);
        }
    }

    #[test]
    fn times_show_as_much_as_the_column_needs() {
        let stamps = |unit, zone, values: &[i64]| -> Vec<String> {
            let words = || values.iter().map(|value| value.cast_unsigned());
            let form = Form::timestamp(unit, zone, words());
            words().map(|word| text(&form, word)).collect()
        };
        assert_eq!(stamps(TimeUnit::Second, None, &[0, -86_400]), ["1970-01-01", "1969-12-31"]);
        assert_eq!(
            stamps(TimeUnit::Millisecond, None, &[0, -1]),
            ["1970-01-01 00:00:00.000", "1969-12-31 23:59:59.999"]
        );
        assert_eq!(stamps(TimeUnit::Nanosecond, None, &[1000]), ["1970-01-01 00:00:00.000001"]);
        assert_eq!(
            stamps(TimeUnit::Second, Zone::parse("UTC"), &[0]),
            ["1970-01-01 00:00:00+00:00"]
        );
        assert_eq!(
            stamps(TimeUnit::Second, Zone::parse("-05:30"), &[0]),
            ["1969-12-31 18:30:00-05:30"]
        );
        let berlin = Zone::parse("Europe/Berlin");
        assert_eq!(
            stamps(TimeUnit::Second, berlin, &[1_577_836_800, 1_593_561_600, -30_641_760_000]),
            [
                "2020-01-01 01:00:00+01:00",
                "2020-07-01 02:00:00+02:00",
                "0999-01-01 00:53:28+00:53:28"
            ]
        );
        assert_eq!(stamps(TimeUnit::Second, None, &[951_782_400]), ["2000-02-29"]);
        assert_eq!(Zone::parse("Europe/Nowhere"), None);
    }

    #[test]
    fn durations_count_days_downwards() {
        let durations = |unit, values: &[i64]| -> Vec<String> {
            let words = || values.iter().map(|value| value.cast_unsigned());
            let form = Form::duration(unit, words());
            words().map(|word| text(&form, word)).collect()
        };
        assert_eq!(durations(TimeUnit::Second, &[86_400, 0]), ["1 days", "0 days"]);
        assert_eq!(durations(TimeUnit::Second, &[-1]), ["-1 days +23:59:59"]);
        assert_eq!(
            durations(TimeUnit::Millisecond, &[500, 86_400_000]),
            ["0 days 00:00:00.500000", "1 days 00:00:00.000000"]
        );
    }

    #[test]
    fn decimals_keep_their_scale() {
        let decimal = |digits: &str, scale| {
            let mut out = Vec::new();
            push_decimal(digits, scale, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(decimal("110", 2), "1.10");
        assert_eq!(decimal("-5", 0), "-5");
        assert_eq!(decimal("0", 7), "0E-7");
        assert_eq!(decimal("0", 6), "0.000000");
        assert_eq!(decimal("-12", 8), "-1.2E-7");
        assert_eq!(decimal("100", -2), "1.00E+4");
    }

    #[test]
    fn every_date_is_the_day_after_the_last() {
        let start = NaiveDate::from_ymd_opt(-5, 1, 1).unwrap();
        let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
        for (i, day) in start.iter_days().take(400 * 366 * 6).enumerate().step_by(17) {
            let days = (start - epoch).num_days() + i as i64;
            assert_eq!(text(&Form::Date, days.cast_unsigned()), day.to_string(), "{days}");
        }
    }
}
