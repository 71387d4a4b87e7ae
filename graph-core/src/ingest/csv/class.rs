//! What a field of text can be read as, and how to read it.

use std::ops::{BitOr, BitOrAssign};

use crate::ingest::moment::{Moment, moment};

/// Set of the classes of value that a column has shown. What a column becomes is a function of
/// this set, so it does not matter in which order, or in which chunks, the values were seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Classes(u16);

impl Classes {
    /// Nothing, or no value.
    pub(crate) const NONE: Self = Self(0);
    /// An integer in `0..=i64::MAX`.
    const NATURAL: Self = Self(1);
    /// An integer in `i64::MIN..0`.
    const NEGATIVE: Self = Self(1 << 1);
    /// An integer in `i64::MAX + 1..=u64::MAX`.
    const BIG: Self = Self(1 << 2);
    /// An integer beyond 64 bits.
    const HUGE: Self = Self(1 << 3);
    /// Another number, or one in another notation.
    const FLOAT: Self = Self(1 << 4);
    /// `true` or `false`.
    const BOOL: Self = Self(1 << 5);
    /// Anything else.
    pub(crate) const TEXT: Self = Self(1 << 6);
    /// A day, such as `2024-02-29`.
    const DAY: Self = Self(1 << 7);
    /// A day and a time, of a clock that stands nobody knows where.
    const LOCAL: Self = Self(1 << 8);
    /// A day and a time with their distance from UTC.
    const INSTANT: Self = Self(1 << 9);
    /// An integer with a point, such as `3.0`: what is left of integers in a column that once had a gap.
    const WHOLE: Self = Self(1 << 10);
    /// All that are numbers.
    const NUMBERS: Self = Self(
        Self::NATURAL.0
            | Self::NEGATIVE.0
            | Self::BIG.0
            | Self::HUGE.0
            | Self::FLOAT.0
            | Self::WHOLE.0,
    );

    fn has(self, classes: Self) -> bool {
        self.0 & classes.0 != 0
    }

    /// Whether the words of a header could be of these classes: anything but numbers and truth values.
    pub(crate) fn are_words(self) -> bool {
        self != Self::NONE && Self(self.0 & !(Self::TEXT | Self::moments()).0) == Self::NONE
    }

    /// Whether there are moments among these that `others` show too.
    pub(crate) fn share_moments(self, others: Self) -> bool {
        Self(self.0 & others.0).has(Self::moments())
    }

    fn moments() -> Self {
        Self::DAY | Self::LOCAL | Self::INSTANT
    }

    /// Whether there are numbers among these.
    pub(crate) fn show_numbers(self) -> bool {
        self.has(Self::NUMBERS)
    }

    /// Type of an attribute column that shows these classes.
    pub(crate) fn kind(self) -> Kind {
        let is_mixed = [self.has(Self::BOOL), self.show_numbers(), self.has(Self::moments())];
        if self == Self::NONE {
            Kind::Null
        } else if self.has(Self::TEXT) || is_mixed.into_iter().filter(|&is| is).count() > 1 {
            Kind::Text
        } else if self.has(Self::INSTANT) {
            // Of the others nobody knows when they were, only what a clock showed.
            if self == Self::INSTANT { Kind::Instant } else { Kind::Text }
        } else if self.has(Self::LOCAL) {
            Kind::Local
        } else if self.has(Self::DAY) {
            Kind::Day
        } else if self.has(Self::BOOL) {
            Kind::Bool
        } else if self.has(Self::FLOAT | Self::WHOLE | Self::HUGE)
            || (self.has(Self::BIG) && self.has(Self::NEGATIVE))
        {
            Kind::Float
        } else if self.has(Self::BIG) {
            Kind::UInt
        } else {
            Kind::Int
        }
    }

    /// Type of id columns that together show these classes: integers or text. Integers that no
    /// type holds are an error when they are read.
    pub(crate) fn id_kind(self) -> Kind {
        if self.has(Self::TEXT | Self::FLOAT | Self::BOOL | Self::moments()) {
            Kind::Text
        } else if self.has(Self::WHOLE) {
            if self.has(Self::BIG | Self::HUGE) { Kind::Text } else { Kind::Whole }
        } else if self.has(Self::BIG) && !self.has(Self::NEGATIVE) {
            Kind::UInt
        } else {
            Kind::Int
        }
    }
}

impl BitOr for Classes {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Classes {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// Type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No value seen.
    Null,
    Bool,
    Int,
    /// Integers, of which some are written as `3.0`; of ids alone.
    Whole,
    UInt,
    Float,
    /// Days.
    Day,
    /// Times of a clock, and days that begin at its midnight.
    Local,
    /// Moments of UTC.
    Instant,
    Text,
}

/// Class of a field that is not empty.
pub(crate) fn classify(field: &[u8]) -> Classes {
    let digits = field.strip_prefix(b"-").unwrap_or(field);
    if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) {
        // `007` and `-0` would not come back as they were written: they are names.
        if (digits[0] == b'0' && digits.len() > 1) || field == b"-0" {
            return Classes::TEXT;
        }
        let text = std::str::from_utf8(field).unwrap_or_default();
        return match (text.parse::<i64>(), text.parse::<u64>()) {
            (Ok(0..), _) => Classes::NATURAL,
            (Ok(_), _) => Classes::NEGATIVE,
            (_, Ok(_)) => Classes::BIG,
            _ => Classes::HUGE,
        };
    }
    if field.eq_ignore_ascii_case(b"true") || field.eq_ignore_ascii_case(b"false") {
        Classes::BOOL
    } else if whole(field, 0, field.len()).is_some() {
        Classes::WHOLE
    } else if float(field, 0, field.len()).is_some() {
        Classes::FLOAT
    } else {
        match moment(field) {
            Some(Moment::Day(_)) => Classes::DAY,
            Some(Moment::Local(_)) => Classes::LOCAL,
            Some(Moment::Instant(_)) => Classes::INSTANT,
            None => Classes::TEXT,
        }
    }
}

/// The number that `text[start..end]` writes; none for names such as `007`.
#[inline]
pub(crate) fn float(text: &[u8], start: usize, end: usize) -> Option<f64> {
    let sign = usize::from(matches!(text[start], b'-' | b'+'));
    let digits = &text[start + sign..];
    if end - start - sign > 1 && digits[0] == b'0' && digits[1].is_ascii_digit() {
        return None;
    }
    decimal(text, start, end).or_else(|| exotic(&text[start..end]))
}

/// The number that `text[start..end]` writes with at most 15 digits, perhaps a point among or
/// around them, and perhaps a minus; none for anything else.
#[inline]
fn decimal(text: &[u8], start: usize, end: usize) -> Option<f64> {
    const POWERS: [f64; 16] =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    const ONES: u128 = u128::from_ne_bytes([1; 16]);
    let negative = text[start] == b'-';
    let start = start + usize::from(negative);
    let len = end - start;
    if !(1..=16).contains(&len) {
        return None;
    }
    let word = match text[start..].first_chunk::<16>() {
        Some(block) => u128::from_le_bytes(*block),
        None => {
            let mut padded = [0; 16];
            padded[..len].copy_from_slice(&text[start..end]);
            u128::from_le_bytes(padded)
        }
    };
    let unused = 8 * (16 - len as u32);
    let word = word << unused >> unused;
    // The lowest byte of a difference of zero is where subtracting 1 borrows.
    let points = word ^ (ONES * u128::from(b'.'));
    let point = (points.wrapping_sub(ONES) & !points & (ONES << 7)).trailing_zeros() / 8;
    let (digits, n_digits, n_decimals) = if point < len as u32 {
        // Closes the gap that the point leaves.
        let whole = word & ((1 << (8 * point)) - 1);
        let decimals = (word >> (8 * point)) >> 8;
        (whole | decimals << (8 * point), len as u32 - 1, len as u32 - 1 - point)
    } else {
        (word, len as u32, 0)
    };
    // More digits need not be exact in f64; up to 15 are, and so is the power of ten: one division
    // rounds once.
    if !(1..=15).contains(&n_digits) {
        return None;
    }
    let zeros = (ONES * u128::from(b'0')) >> (8 * n_digits);
    let aligned = digits << (8 * (16 - n_digits)) | zeros;
    let mantissa =
        eight_digits(aligned as u64)? * 100_000_000 + eight_digits((aligned >> 64) as u64)?;
    let value = mantissa as f64 / POWERS[n_decimals as usize];
    Some(if negative { -value } else { value })
}

/// Signs, exponents, many digits, `inf` and `nan`.
#[cold]
fn exotic(field: &[u8]) -> Option<f64> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

/// The integer that `text[start..end]` writes, if it fits in `i64` and is written plainly.
#[inline]
pub(crate) fn integer(text: &[u8], start: usize, end: usize) -> Option<i64> {
    if text[start] == b'-' {
        if end - start == 1 || text[start + 1] == b'0' {
            return None;
        }
        // The least integer has no positive counterpart.
        return Some(0_i64.wrapping_sub_unsigned(
            natural(text, start + 1, end).filter(|&value| value <= 1 << 63)?,
        ));
    }
    natural(text, start, end).and_then(|value| i64::try_from(value).ok())
}

/// The integer that `text[start..end]` writes with a point and nothing but zeros behind it.
pub(crate) fn whole(text: &[u8], start: usize, end: usize) -> Option<i64> {
    let field = &text[start..end];
    let point = field.iter().position(|&byte| byte == b'.')?;
    let zeros = &field[point + 1..];
    let is_whole = point > 0 && !zeros.is_empty() && zeros.iter().all(|&byte| byte == b'0');
    // In a text of its own: longer integers are read together with what is before them.
    let mut padded = [b' '; 32];
    let room = padded.len() - 8;
    is_whole.then_some(())?;
    padded.get_mut(..point).filter(|_| point <= room)?.copy_from_slice(&field[..point]);
    integer(&padded, 0, point)
}

/// The integer that `text[start..end]` writes, if it fits in `u64` and is written plainly.
#[inline]
pub(crate) fn natural(text: &[u8], start: usize, end: usize) -> Option<u64> {
    let len = end - start;
    if text[start] == b'0' && len > 1 {
        return None;
    }
    match len {
        1..=8 => {
            let block = u64::from_le_bytes(*text.get(start..)?.first_chunk()?);
            eight_digits(block << (64 - 8 * len) | ZEROS.unbounded_shr(8 * len as u32))
        }
        9..=16 => {
            let low = u64::from_le_bytes(*text[..end].last_chunk()?);
            Some(natural(text, start, end - 8)? * 100_000_000 + eight_digits(low)?)
        }
        17..=19 => {
            let (middle, low) = text[start..end].last_chunk::<16>()?.split_at(8);
            let (middle, low) = (
                u64::from_le_bytes(middle.try_into().ok()?),
                u64::from_le_bytes(low.try_into().ok()?),
            );
            let high = natural(text, start, end - 16)?;
            Some(
                high * 10_000_000_000_000_000
                    + eight_digits(middle)? * 100_000_000
                    + eight_digits(low)?,
            )
        }
        20 => {
            let digits = text[start..end].iter().all(u8::is_ascii_digit);
            std::str::from_utf8(&text[start..end]).ok().filter(|_| digits)?.parse().ok()
        }
        _ => None,
    }
}

/// Eight times the digit 0.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// The number that eight ASCII digits write, the first digit in the lowest byte: pairs of
/// neighbors are joined three times.
#[inline]
fn eight_digits(block: u64) -> Option<u64> {
    let high_nibbles = 0xf0f0_f0f0_f0f0_f0f0;
    let carried = block.wrapping_add(0x0606_0606_0606_0606);
    if (block & high_nibbles) != ZEROS || (carried & high_nibbles) != ZEROS {
        return None;
    }
    let digits = block - ZEROS;
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some((fours * 10_000 + (fours >> 32)) & 0xffff_ffff)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `field` in the middle of other text, as the scanner sees it.
    fn in_text<R>(field: &str, read: impl Fn(&[u8], usize, usize) -> R) -> R {
        let text = format!("99,{field},12345678901234567890");
        read(text.as_bytes(), 3, 3 + field.len())
    }

    proptest! {
        #[test]
        fn integers_read_as_they_print(value: i64, shift in 0..64u32) {
            let value = value >> shift;
            prop_assert_eq!(in_text(&value.to_string(), integer), Some(value));
        }

        #[test]
        fn naturals_read_as_they_print(value: u64, shift in 0..64u32) {
            let value = value >> shift;
            prop_assert_eq!(in_text(&value.to_string(), natural), Some(value));
        }

        /// Oracle: the standard library, and the rule that the text must come back.
        #[test]
        fn anything_else_is_no_integer(field in "[-+0-9. a/:]{1,21}") {
            let expected = field.parse::<i64>().ok().filter(|value| value.to_string() == field);
            prop_assert_eq!(in_text(&field, integer), expected);
            let expected = field.parse::<u64>().ok().filter(|value| value.to_string() == field);
            prop_assert_eq!(in_text(&field, natural), expected);
        }

        /// Oracle: the standard library, bit by bit, but for names such as `007`.
        #[test]
        fn numbers_read_as_the_standard_library_reads_them(field in "[-+]?[0-9]{0,9}[.]?[0-9]{0,9}(e-?[0-9]{1,3})?|[-0-9./:]{1,18}") {
            prop_assume!(!field.is_empty());
            let unsigned = field.trim_start_matches(['-', '+']).as_bytes();
            let is_name = matches!(unsigned, [b'0', b'0'..=b'9', ..]);
            let expected = field.parse().ok().filter(|_| !is_name).map(f64::to_bits);
            prop_assert_eq!(in_text(&field, float).map(f64::to_bits), expected);
            prop_assert_eq!(float(field.as_bytes(), 0, field.len()).map(f64::to_bits), expected);
        }

        #[test]
        fn decimals_read_as_they_print(value: f64, digits in 0..17usize) {
            let field = format!("{:.digits$}", value % 1e6);
            prop_assert_eq!(in_text(&field, float).map(f64::to_bits), field.parse().ok().map(f64::to_bits));
        }
    }

    #[test]
    fn classes_make_types() {
        let kind = |fields: &[&str]| {
            fields.iter().map(|f| classify(f.as_bytes())).fold(Classes::NONE, BitOr::bitor).kind()
        };
        let big = "18446744073709551615";
        assert_eq!(kind(&[]), Kind::Null);
        assert_eq!(kind(&["1", "-2"]), Kind::Int);
        assert_eq!(kind(&["1", big]), Kind::UInt);
        assert_eq!(kind(&["-1", big]), Kind::Float);
        assert_eq!(kind(&["1", "2.5"]), Kind::Float);
        assert_eq!(kind(&["1e9", "nan"]), Kind::Float);
        assert_eq!(kind(&["true", "FALSE"]), Kind::Bool);
        assert_eq!(kind(&["true", "1"]), Kind::Text);
        assert_eq!(kind(&["007"]), Kind::Text);
        assert_eq!(kind(&["1", "x"]), Kind::Text);
        assert_eq!(kind(&["2024-01-01"]), Kind::Day);
        assert_eq!(kind(&["2024-01-01", "2024-01-01 10:00"]), Kind::Local);
        assert_eq!(kind(&["2024-01-01T10:00Z", "2024-01-01T10:00+02:00"]), Kind::Instant);
        assert_eq!(kind(&["2024-01-01T10:00Z", "2024-01-01T10:00"]), Kind::Text);
        assert_eq!(kind(&["2024-01-01T10:00Z", "2024-01-01"]), Kind::Text);
        assert_eq!(kind(&["2024-01-01", "2024"]), Kind::Text);
        assert_eq!(kind(&["2024-01-01", "true"]), Kind::Text);
        assert_eq!(kind(&["2024-01-01", "x"]), Kind::Text);
        assert_eq!(kind(&["1", "2.0"]), Kind::Float);
        assert_eq!(classify(b"2024-01-01").id_kind(), Kind::Text);
        let id_kind = |fields: &[&str]| {
            let classes = fields.iter().map(|f| classify(f.as_bytes()));
            classes.fold(Classes::NONE, BitOr::bitor).id_kind()
        };
        assert_eq!(id_kind(&["1", "2.0", "-3.00"]), Kind::Whole);
        for other in ["2.5", "x", "007.0", "-0.0", ".0", "1.", "1.0e3", big] {
            assert_eq!(id_kind(&["2.0", other]), Kind::Text, "{other}");
        }
        for (text, number) in
            [("9007199254740993.0", Some(9_007_199_254_740_993)), ("9223372036854775808.0", None)]
        {
            assert_eq!(whole(text.as_bytes(), 0, text.len()), number);
        }
    }
}
