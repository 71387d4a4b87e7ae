//! Conditions on texts.

use arrow::array::{
    Array, ArrayRef, AsArray, GenericStringArray, LargeStringArray, OffsetSizeTrait, StringArray,
    StringViewArray,
};
use arrow::datatypes::DataType;

use super::super::query::{CharClass, Comparison, TextKind, TextTest};
use super::super::set::{DENSE, Set, passing};
use super::kind::Kind;
use super::{Asked, nulls, present};
use crate::Result;

/// The texts of a column.
pub(super) enum Texts<'a> {
    Small(&'a StringArray),
    Large(&'a LargeStringArray),
    View(&'a StringViewArray),
}

impl<'a> Texts<'a> {
    /// The texts of a column that has the kind of texts.
    pub(super) fn of(column: &'a ArrayRef) -> Self {
        match column.data_type() {
            DataType::Utf8 => Self::Small(column.as_string()),
            DataType::LargeUtf8 => Self::Large(column.as_string()),
            DataType::Utf8View => Self::View(column.as_string_view()),
            other => unreachable!("{other} should not be taken for texts"),
        }
    }

    #[inline]
    pub(super) fn value(&self, row: u32) -> &'a str {
        match self {
            Self::Small(array) => array.value(row as usize),
            Self::Large(array) => array.value(row as usize),
            Self::View(array) => array.value(row as usize),
        }
    }
}

/// The rows whose text compares with `to` as asked; what is below a null may be among them.
pub(super) fn compare(column: &ArrayRef, comparison: Comparison, to: &str, rows: &Set) -> Set {
    let texts = Texts::of(column);
    let equal = || match &texts {
        Texts::Small(array) => equal(array, to, rows),
        Texts::Large(array) => equal(array, to, rows),
        Texts::View(array) => rows.filter(|row| array.value(row as usize) == to),
    };
    match comparison {
        Comparison::Eq => equal(),
        Comparison::Ne => rows.without(&equal()),
        _ => rows.filter(|row| comparison.accepts(texts.value(row).cmp(to))),
    }
}

/// The rows whose text is `wanted`.
///
/// 64 neighbors are told apart without a branch, by their lengths and first eight bytes: which of them says no cannot be
/// foreseen. Those that pass are asked for the rest. Few of 64, and those at the end, where eight bytes cannot be read, are
/// asked one by one.
fn equal<O: OffsetSizeTrait>(array: &GenericStringArray<O>, wanted: &str, rows: &Set) -> Set {
    let (offsets, bytes) = (array.value_offsets(), array.value_data());
    let wanted = wanted.as_bytes();
    let is_wanted = |row: u32| array.value(row as usize).as_bytes() == wanted;
    let head = wanted.len().min(8);
    let mut first = [0; 8];
    first[..head].copy_from_slice(&wanted[..head]);
    let mask = u64::MAX.checked_shr(64 - 8 * head as u32).unwrap_or(0);
    let first = u64::from_le_bytes(first);
    let length = O::usize_as(wanted.len());
    rows.filter_words(|start, bits| {
        let ends = offsets.get(start as usize..).and_then(<[O]>::first_chunk::<65>);
        let is_readable = |ends: &&[O; 65]| ends[64].as_usize() + 8 <= bytes.len();
        let Some(ends) = ends.filter(is_readable).filter(|_| bits.count_ones() >= DENSE) else {
            return passing(start, bits, is_wanted);
        };
        let is_hit = |i: usize| {
            let text = bytes[ends[i].as_usize()..]
                .first_chunk()
                .map_or(0, |text| u64::from_le_bytes(*text));
            u64::from(ends[i + 1] - ends[i] == length) & u64::from(text & mask == first)
        };
        // Eight at a time, so that each is shifted by a constant.
        let eight = |start: usize| (0..8).fold(0, |hits, i| hits | is_hit(start + i) << i);
        let mut hits = (0..64).step_by(8).fold(0, |hits, start| hits | eight(start) << start);
        hits &= bits;
        if head < wanted.len() { passing(start, hits, is_wanted) } else { hits }
    })
}

/// The rows whose text passes; a null passes if the test says so.
pub(super) fn test(column: &ArrayRef, test: &TextTest, rows: &Set, at: Asked) -> Result<Set> {
    let missing = nulls(column)?;
    let missing_pass = match &missing {
        Some(missing) if test.na => Some(missing & rows),
        _ => None,
    };
    if Kind::of(column.data_type()) != Kind::Texts {
        if column.null_count() == column.len() || column.data_type().is_null() {
            return Ok(missing_pass.unwrap_or_else(|| Set::empty(rows.len())));
        }
        return Err(at.wrong_type(column, "a condition on texts"));
    }
    let texts = Texts::of(column);
    let rows = match &missing {
        Some(missing) => &rows.without(missing),
        None => rows,
    };
    let ask = |passes: &(dyn Fn(&str) -> bool + Sync)| rows.filter(|row| passes(texts.value(row)));
    let mut hits = match &test.kind {
        TextKind::Contains(part) => {
            let finder = memchr::memmem::Finder::new(part.as_bytes());
            ask(&|text| finder.find(text.as_bytes()).is_some())
        }
        TextKind::StartsWith { any, case: true } => {
            ask(&|text| any.iter().any(|start| text.starts_with(start.as_str())))
        }
        TextKind::StartsWith { any, case: false } => remembering(&texts, rows, |text| {
            let text = text.to_lowercase();
            any.iter().any(|start| text.starts_with(start.as_str()))
        }),
        TextKind::EndsWith { any, case: true } => {
            ask(&|text| any.iter().any(|end| text.ends_with(end.as_str())))
        }
        TextKind::EndsWith { any, case: false } => remembering(&texts, rows, |text| {
            let text = text.to_lowercase();
            any.iter().any(|end| text.ends_with(end.as_str()))
        }),
        TextKind::Regex(regex) => remembering(&texts, rows, |text| regex.is_match(text)),
    };
    if let Some(pass) = &missing_pass {
        hits |= pass;
    }
    Ok(hits)
}

/// The rows that pass a test that costs more than to remember what it said of short texts.
fn remembering(texts: &Texts, rows: &Set, passes: impl Fn(&str) -> bool + Sync) -> Set {
    rows.filter_with(Memory::default, |memory, row| {
        let text = texts.value(row);
        memory.ask(text, || passes(text))
    })
}

/// What a test said of the short texts that came last, a place for each remainder of their hash.
struct Memory {
    known: Box<[(u128, bool); Self::PLACES]>,
}

impl Default for Memory {
    fn default() -> Self {
        // No text has this key: the top byte is its length.
        Self { known: Box::new([(u128::MAX, false); Self::PLACES]) }
    }
}

impl Memory {
    const PLACES: usize = 128;

    #[inline]
    fn ask(&mut self, text: &str, test: impl FnOnce() -> bool) -> bool {
        let bytes = text.as_bytes();
        if bytes.len() > 15 {
            return test();
        }
        let mut key = [0; 16];
        key[..bytes.len()].copy_from_slice(bytes);
        key[15] = bytes.len() as u8;
        let key = u128::from_le_bytes(key);
        let hash = (key as u64 ^ (key >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let place = &mut self.known[(hash >> 57) as usize];
        if place.0 != key {
            *place = (key, test());
        }
        place.1
    }
}

/// The rows whose text is of the class; an empty one is of none, and neither is null.
pub(super) fn class(column: &ArrayRef, class: CharClass, rows: &Set, at: Asked) -> Result<Set> {
    if Kind::of(column.data_type()) != Kind::Texts {
        return Err(at.wrong_type(column, "a class of characters"));
    }
    let texts = Texts::of(column);
    Ok(present(column, rows)?.filter(|row| is_of(texts.value(row), class)))
}

fn is_of(text: &str, class: CharClass) -> bool {
    let all = |of: fn(char) -> bool| !text.is_empty() && text.chars().all(of);
    match class {
        CharClass::Numeric => all(char::is_numeric),
        CharClass::Alpha => all(char::is_alphabetic),
        CharClass::Alnum => all(char::is_alphanumeric),
        CharClass::Space => all(char::is_whitespace),
        CharClass::Digit => all(|char| is_decimal(char) || is_other_digit(char)),
        CharClass::Decimal => all(is_decimal),
        CharClass::Lower => text.chars().any(char::is_lowercase) && !text.chars().any(is_raised),
        CharClass::Upper => {
            text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase)
        }
        CharClass::Title => is_title(text),
    }
}

/// Whether a character is upper or title case.
fn is_raised(char: char) -> bool {
    char.is_uppercase() || matches!(char, 'ǅ' | 'ǈ' | 'ǋ' | 'ǲ')
}

/// Digits that make decimal numbers, in any script.
fn is_decimal(char: char) -> bool {
    // The class of decimal digits is what `\d` is.
    static DECIMAL: std::sync::LazyLock<regex::Regex> = std::sync::LazyLock::new(|| {
        regex::Regex::new(r"\A\d\z").expect("the pattern should be valid")
    });
    char.is_ascii_digit() || !char.is_ascii() && DECIMAL.is_match(char.encode_utf8(&mut [0; 4]))
}

/// Digits that make no numbers: raised, lowered, and in circles.
fn is_other_digit(char: char) -> bool {
    matches!(
        char,
        '²' | '³' | '¹' | '⁰' | '⁴'..='⁹' | '₀'..='₉' | '①'..='⑨' | '⓪' | '⑴'..='⑼'
            | '⒈'..='⒐' | '⓵'..='⓽' | '⓿' | '❶'..='❾' | '➀'..='➈' | '➊'..='➒'
    )
}

/// Whether every word starts with a capital, goes on without one, and there is a word.
fn is_title(text: &str) -> bool {
    let (mut inside, mut any) = (false, false);
    for char in text.chars() {
        if is_raised(char) {
            if inside {
                return false;
            }
            (inside, any) = (true, true);
        } else if char.is_lowercase() {
            if !inside {
                return false;
            }
            (inside, any) = (true, true);
        } else {
            inside = false;
        }
    }
    any
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Oracle: the texts one by one. Of texts of few letters, many are equal, or begin so.
        #[test]
        fn equal_texts_are_found_wherever_they_lie(
            texts in prop::collection::vec("[ab]{0,3}|a{6,11}b?", 1..150),
            n_empty in prop_oneof![3 => Just(0), 1 => 1..100_usize],
            wanted in "[ab]{0,3}|a{6,11}b?",
            (skip, asked) in (0..20_usize, prop::collection::btree_set(0..150_u32, 0..150)),
        ) {
            let texts = [texts, vec![String::new(); n_empty]].concat();
            let rows = texts.len().saturating_sub(skip);
            let asked = Set::of_members(rows, asked.into_iter().filter(|&row| (row as usize) < rows));
            for asked in [asked, Set::full(rows)] {
                let mut expected = Vec::new();
                asked.each(|row| if texts[texts.len() - rows + row as usize] == wanted { expected.push(row) });
                let columns: [ArrayRef; 3] = [
                    Arc::new(StringArray::from(texts.clone())),
                    Arc::new(LargeStringArray::from(texts.clone())),
                    Arc::new(StringViewArray::from_iter_values(&texts)),
                ];
                for column in columns {
                    let column = column.slice(texts.len() - rows, rows);
                    let found = compare(&column, Comparison::Eq, &wanted, &asked);
                    prop_assert_eq!(found.members(), expected.clone());
                }
            }
        }
    }

    #[test]
    fn classes_are_those_of_python() {
        // What Python's `str` methods say, in the order of the columns.
        for (text, yes) in [
            ("", ""),
            ("abc", "al"),
            ("ABC", "au"),
            ("Abc Def", "t"),
            ("Abc", "at"),
            ("12", "ndc"),
            ("²", "nd"),
            ("½", "n"),
            ("٣", "ndc"),
            (" \t", "s"),
            ("a1", "l"),
            ("A1", "ut"),
            ("Ab1Cd", "t"),
        ] {
            let classes = [
                (CharClass::Numeric, 'n'),
                (CharClass::Alpha, 'a'),
                (CharClass::Digit, 'd'),
                (CharClass::Decimal, 'c'),
                (CharClass::Lower, 'l'),
                (CharClass::Upper, 'u'),
                (CharClass::Space, 's'),
                (CharClass::Title, 't'),
            ];
            for (class, letter) in classes {
                assert_eq!(is_of(text, class), yes.contains(letter), "{text:?} {class:?}");
            }
        }
    }
}
