//! Columns of CSV that look like numbers or days and are not: what the engine would make of them would not come back.

use super::broken::TextFiles;

/// Files of a table whose first rows are looked at, unless all rows are.
const LOOKED_AT: usize = 16;

/// The places of columns of CSV that should be read as text, by the first `n_rows` rows of each file, or by all:
///
/// - numbers that begin with a zero, such as `02139`: they are names, and a number would lose the zero;
/// - days such as `01/02/2021`, of which nobody can tell whether they are in January or in February. They are left to the engine,
///   which takes the first number for the day, if that is above 12 somewhere and the second one nowhere.
///
/// Files of another machine, or that cannot be read, have none; the engine says what is wrong with them.
pub(super) fn names(files: &TextFiles, n_rows: Option<usize>) -> Vec<usize> {
    let mut columns: Vec<Seen> = Vec::new();
    let n_files = if n_rows.is_some() { LOOKED_AT } else { usize::MAX };
    for file in files.files().iter().take(n_files) {
        files.each_row(file, n_rows.unwrap_or(usize::MAX), |fields| {
            columns.resize_with(columns.len().max(fields.len()), Seen::default);
            for (seen, field) in columns.iter_mut().zip(fields) {
                if let Ok(text) = std::str::from_utf8(field) {
                    seen.add(text);
                }
            }
        });
    }
    (0..columns.len()).filter(|&at| columns[at].is_text()).collect()
}

/// What the texts of a column have shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Seen {
    /// A number that begins with a zero.
    zero: bool,
    /// A day whose first number is above 12, one whose second is, and one of which neither is.
    day_first: bool,
    month_first: bool,
    either: bool,
}

impl Seen {
    fn add(&mut self, text: &str) {
        self.zero |= begins_with_zero(text);
        if let Some((first, second)) = day_and_month(text) {
            self.day_first |= 12 < first;
            self.month_first |= 12 < second;
            self.either |= first <= 12 && second <= 12;
        }
    }

    fn is_text(self) -> bool {
        self.zero || self.month_first || (self.either && !self.day_first)
    }
}

/// Whether a text writes a number that no number would be written as.
fn begins_with_zero(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+']).as_bytes();
    (matches!(digits, [b'0', b'0'..=b'9', ..]) && text.parse::<f64>().is_ok()) || text == "-0"
}

/// The two short numbers that a date with its year behind them begins with; none of any other text.
fn day_and_month(text: &str) -> Option<(u8, u8)> {
    let date = text.split([' ', 'T']).next()?;
    let separator = date.chars().find(|c| !c.is_ascii_digit())?;
    let mut parts = date.split(separator);
    let (first, second, year) = (parts.next()?, parts.next()?, parts.next()?);
    let short = |part: &str| (1..=2).contains(&part.len()).then(|| part.parse().ok()).flatten();
    let is_date = matches!(separator, '/' | '-' | '.')
        && parts.next().is_none()
        && year.len() == 4
        && year.bytes().all(|byte| byte.is_ascii_digit());
    is_date.then_some((short(first)?, short(second)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(texts: &[&str]) -> Seen {
        let mut seen = Seen::default();
        for text in texts {
            seen.add(text);
        }
        seen
    }

    #[test]
    fn zeros_in_front_make_names() {
        for name in ["007", "-01", "00", "00.5", "01e3", "-0"] {
            assert!(seen(&["1", name, "2"]).is_text(), "{name}");
        }
        for number in ["0", "-0.5", "0.5", "10", "1007", "", "0x1f", "00:15", "0-1", "2021-01-02"] {
            assert!(!seen(&[number]).is_text(), "{number}");
        }
    }

    #[test]
    fn days_and_months_are_told_apart_where_that_can_be() {
        assert!(seen(&["01/02/2021", "3/4/2021", "05-06-2021 10:00"]).is_text());
        assert!(!seen(&["01/02/2021", "13/04/2021"]).is_text());
        // The engine would read the first one as in February.
        assert!(seen(&["01/02/2021", "04/13/2021"]).is_text());
        assert!(seen(&["13/04/2021", "04/13/2021"]).is_text());
        for other in
            ["2021-01-02", "1/2", "1/2/21", "1.2.3.4", "a/b/2021", "", "1/2/2021/3", "1-2/2021"]
        {
            assert_eq!(day_and_month(other), None, "{other}");
        }
    }
}
