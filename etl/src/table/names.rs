//! Columns of CSV that look like numbers or days and are not: what the engine would make of them would not come back.

use std::path::Path;

use graph_core::{ReadOptions, sample_text};

use super::scan::ScanOptions;

/// Files of a table whose first rows are looked at.
const LOOKED_AT: usize = 16;

/// Rows of each that are looked at.
const ROWS: usize = 10_000;

/// The columns of local files of CSV with the separator `separator` that should be read as text:
///
/// - numbers that begin with a zero, such as `02139`: they are names, and a number would lose the zero;
/// - days such as `01/02/2021`, of which nobody can tell whether they are in January or in February. Where a column has
///   a first number above 12, that is the day.
///
/// A file that cannot be read has none; the engine says what is wrong with it.
pub(super) fn names<S: AsRef<str>>(
    paths: &[S],
    separator: u8,
    options: &ScanOptions,
) -> Vec<String> {
    let read = ReadOptions {
        delimiter: Some(char::from(separator)),
        header: Some(options.header),
        comments: options.comment.is_some(),
        nulls: options.nulls.clone(),
        ..ReadOptions::default()
    };
    let mut found: Vec<String> = Vec::new();
    let mut days: Vec<(String, Days)> = Vec::new();
    for path in paths.iter().take(LOOKED_AT) {
        let path = plain(path.as_ref());
        if !Path::new(&path).is_file() {
            continue;
        }
        let Ok(sample) = sample_text(&path, &read, ROWS) else { continue };
        for (at, name) in sample.names.iter().enumerate() {
            // Columns without names are numbered by the engine.
            let name = if options.header { name.clone() } else { format!("column_{}", at + 1) };
            let values = || sample.rows.iter().filter_map(|row| row.get(at)?.as_deref());
            if values().any(begins_with_zero) {
                found.push(name);
                continue;
            }
            let seen = values().filter_map(Days::of).reduce(Days::and);
            match (seen, days.iter_mut().find(|(known, _)| *known == name)) {
                (Some(seen), Some((_, days))) => *days = days.and(seen),
                (Some(seen), None) => days.push((name, seen)),
                (None, _) => {}
            }
        }
    }
    found.extend(days.into_iter().filter(|(_, days)| *days == Days::Either).map(|(name, _)| name));
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether a text writes a number with a zero in front of other digits.
fn begins_with_zero(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+']).as_bytes();
    matches!(digits, [b'0', b'0'..=b'9', ..]) && text.parse::<f64>().is_ok()
}

/// What texts say of the order of day and month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Days {
    /// Both orders make sense.
    Either,
    /// One of them does.
    Certain,
}

impl Days {
    /// Of a text that begins with two short numbers and a year; none of any other.
    fn of(text: &str) -> Option<Self> {
        let (date, _) = text.split_at_checked(text.find([' ', 'T']).unwrap_or(text.len()))?;
        let separator = date.chars().find(|c| !c.is_ascii_digit())?;
        let mut parts = date.split(separator);
        let (first, second, year) = (parts.next()?, parts.next()?, parts.next()?);
        let short = |part: &str| (1..=2).contains(&part.len()).then(|| part.parse::<u8>().ok());
        let (first, second) = (short(first)??, short(second)??);
        let is_date = matches!(separator, '/' | '-' | '.')
            && parts.next().is_none()
            && year.len() == 4
            && year.bytes().all(|byte| byte.is_ascii_digit());
        is_date.then_some(match first <= 12 && second <= 12 {
            true => Self::Either,
            false => Self::Certain,
        })
    }

    fn and(self, other: Self) -> Self {
        if self == Self::Either { other } else { self }
    }
}

/// The path that a pattern without choices means: `a[?].csv` is `a?.csv`.
fn plain(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(at) = rest.find('[') {
        let (before, behind) = rest.split_at(at);
        let mut marks = behind.chars().skip(1);
        text.push_str(before);
        match (marks.next(), marks.next()) {
            (Some(mark), Some(']')) => {
                text.push(mark);
                rest = &behind[2 + mark.len_utf8()..];
            }
            _ => {
                text.push('[');
                rest = &behind[1..];
            }
        }
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_in_front_make_names() {
        for name in ["007", "-01", "00", "00.5", "01e3"] {
            assert!(begins_with_zero(name), "{name}");
        }
        for number in ["0", "-0", "0.5", "10", "1007", "", "0x1f", "00:15", "0-1", "01/02/2021"] {
            assert!(!begins_with_zero(number), "{number}");
        }
    }

    #[test]
    fn days_and_months_are_told_apart_where_that_can_be() {
        let of = |texts: &[&str]| texts.iter().filter_map(|text| Days::of(text)).reduce(Days::and);
        assert_eq!(of(&["01/02/2021", "3/4/2021", "05-06-2021 10:00"]), Some(Days::Either));
        assert_eq!(of(&["01/02/2021", "13/04/2021"]), Some(Days::Certain));
        assert_eq!(of(&["12.31.2021"]), Some(Days::Certain));
        for other in
            ["2021-01-02", "1/2", "1/2/21", "1.2.3.4", "a/b/2021", "", "1/2/2021/3", "1-2/2021"]
        {
            assert_eq!(Days::of(other), None, "{other}");
        }
    }

    #[test]
    fn patterns_without_choices_are_paths() {
        assert_eq!(plain("a[?]b[[]c[]]d.csv"), "a?b[c]d.csv");
        assert_eq!(plain("a.csv"), "a.csv");
        assert_eq!(plain("a[0-9].csv"), "a[0-9].csv");
        assert_eq!(plain("ä[*]["), "ä*[");
    }
}
