//! What the engine says, in our words: it has names of its own for types and columns.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Where the engine names types, each in backticks.
static TYPES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"conversion from `[^`]*` to `[^`]*` failed|supported for dtype `[^`]*`").ok()
});

/// How the engine shows a column.
static COLUMN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"\bcol\("([^"]*)"\)"#).ok());

/// Where advice begins on how to call the engine, and what it has planned.
const ADVICE: [&str; 3] =
    ["\n\nYou might want to try", "\n\nResolved plan until failure", ", hint: specify this column"];

/// Where advice begins on columns of one name: to call a method that SQL has not.
const ONE_NAME: &str = "It's possible that multiple expressions are returning the same";

/// The `reason` that the engine gave, without its own names of types and columns.
pub(crate) fn in_our_words(reason: &str) -> String {
    let end = ADVICE.iter().filter_map(|advice| reason.find(advice)).min();
    let mut text = reason[..end.unwrap_or(reason.len())].to_owned();
    if let Some((what, _)) = text.split_once(ONE_NAME) {
        let what = what.trim_end_matches(['.', ' ', '\n']);
        text = match what.contains("group_by keys") {
            true => format!("{what}: group by the names that these have in SELECT"),
            false => format!("{what}: name one of these columns otherwise, as in `x AS other`"),
        };
    }
    if let Some(types) = TYPES.as_ref() {
        text = types.replace_all(&text, |found: &Captures<'_>| types_in(&found[0])).into_owned();
    }
    if let Some(column) = COLUMN.as_ref() {
        text = column.replace_all(&text, "`$1`").into_owned();
    }
    text
}

fn types_in(phrase: &str) -> String {
    let phrase = phrase.replace("dtype ", "");
    let parts = phrase.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { called(part) } else { part.to_owned() }).collect()
}

/// What a type is called that the engine has a shorter name of.
pub(super) fn called(data_type: &str) -> String {
    let within = |begin: &str| data_type.strip_prefix(begin)?.strip_suffix(']');
    if let Some(entry) = within("list[") {
        return format!("list of {}", called(entry));
    }
    if let Some(digits) = within("decimal[") {
        return format!("decimal({})", digits.replace(',', ", "));
    }
    if let Some(unit) = within("duration[") {
        return format!("duration in {}", unit.replace('μ', "u"));
    }
    let (letter, rest) = data_type.split_at_checked(1).unwrap_or((data_type, ""));
    let is_number = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    match (letter, data_type) {
        ("i", _) if is_number => format!("int{rest}"),
        ("u", _) if is_number => format!("uint{rest}"),
        ("f", _) if is_number => format!("float{rest}"),
        (_, "str") => "text".to_owned(),
        (_, "bool") => "boolean".to_owned(),
        (_, "cat" | "enum") => "category".to_owned(),
        (_, other) if other.starts_with("datetime") => "timestamp".to_owned(),
        (_, other) if other.starts_with("struct[") => "struct".to_owned(),
        (_, other) => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_columns_have_our_names() {
        for (reason, expected) in [
            (
                "conversion from `str` to `i64` failed in column 'a' for 1 out of 2 values: [\"x\"]",
                "conversion from text to int64 failed in column 'a' for 1 out of 2 values: [\"x\"]",
            ),
            (
                "conversion from `list[u8]` to `datetime[μs]` failed in column 'a'\n\nYou might want to try:\n- more",
                "conversion from list of uint8 to timestamp failed in column 'a'",
            ),
            (
                "`sum` operation not supported for dtype `bool`",
                "`sum` operation not supported for boolean",
            ),
            ("found col(\"a b\")", "found `a b`"),
            ("`a` is there twice\n\nResolved plan until failure:\n\n\tDF", "`a` is there twice"),
            (
                "`a` is there twice. It's possible that multiple expressions are returning the same default column name.",
                "`a` is there twice: name one of these columns otherwise, as in `x AS other`",
            ),
            (
                "group_by keys contained `a` twice. It's possible that multiple expressions are returning the same",
                "group_by keys contained `a` twice: group by the names that these have in SELECT",
            ),
            // What says where a value is, is read from the words of the engine.
            ("could not parse `x` as dtype `i64` at", "could not parse `x` as dtype `i64` at"),
        ] {
            assert_eq!(in_our_words(reason), expected);
        }
        assert_eq!(called("decimal[10,2]"), "decimal(10, 2)");
        assert_eq!(called("duration[μs]"), "duration in us");
    }
}
