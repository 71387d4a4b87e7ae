//! Conditions on texts.

use arrow::array::{Array, ArrayRef, AsArray};

use super::super::query::{CharClass, TextKind, TextTest};
use super::super::set::Set;
use super::compare::Values;
use super::{Asked, nulls};
use crate::Result;

/// The rows whose text passes; a null passes if the test says so.
pub(super) fn test(column: &ArrayRef, test: &TextTest, rows: &Set, at: Asked) -> Result<Set> {
    let nulls = nulls(column)?;
    let Values::Texts(array) = Values::of(column)? else {
        if column.null_count() == column.len() || column.data_type().is_null() {
            return Ok(rows.filter(|_| test.na));
        }
        return Err(at.wrong_type(column, "a condition on texts"));
    };
    let texts = array.as_string_view();
    let ask = |passes: &(dyn Fn(&str) -> bool + Sync)| {
        rows.filter(|row| match nulls.contains(row) {
            true => test.na,
            false => passes(texts.value(row as usize)),
        })
    };
    Ok(match &test.kind {
        TextKind::Contains(part) => ask(&|text| text.contains(part.as_str())),
        TextKind::StartsWith { any, case: true } => {
            ask(&|text| any.iter().any(|start| text.starts_with(start.as_str())))
        }
        TextKind::StartsWith { any, case: false } => ask(&|text| {
            let text = text.to_lowercase();
            any.iter().any(|start| text.starts_with(start.as_str()))
        }),
        TextKind::EndsWith { any, case: true } => {
            ask(&|text| any.iter().any(|end| text.ends_with(end.as_str())))
        }
        TextKind::EndsWith { any, case: false } => ask(&|text| {
            let text = text.to_lowercase();
            any.iter().any(|end| text.ends_with(end.as_str()))
        }),
        TextKind::Regex(regex) => ask(&|text| regex.is_match(text)),
    })
}

/// The rows whose text is of the class; an empty one is of none, and neither is null.
pub(super) fn class(column: &ArrayRef, class: CharClass, rows: &Set, at: Asked) -> Result<Set> {
    let nulls = nulls(column)?;
    let Values::Texts(array) = Values::of(column)? else {
        return Err(at.wrong_type(column, "a class of characters"));
    };
    let texts = array.as_string_view();
    Ok(rows.filter(|row| !nulls.contains(row) && is_of(texts.value(row as usize), class)))
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
    use super::*;

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
