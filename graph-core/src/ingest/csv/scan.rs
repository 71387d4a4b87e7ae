//! Rows and fields of delimited text.

use crate::{Error, Result};

/// What separates fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delimiter {
    Byte(u8),
    /// Any run of spaces and tabs.
    Whitespace,
}

/// How text is cut into rows and fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Syntax {
    pub delimiter: Delimiter,
    /// Whether lines that begin with `#` or `%` are comments.
    pub comments: bool,
}

/// One field: where its value sits, without quotes and outer blanks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FieldAt {
    pub start: u32,
    pub end: u32,
    pub quote: Quote,
}

/// Whether a field was quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quote {
    None,
    Plain,
    /// With doubled quotes inside, each meaning one.
    Doubled,
}

impl FieldAt {
    /// The value in `text`, doubled quotes still doubled.
    #[inline]
    pub(crate) fn of<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        &text[self.start as usize..self.end as usize]
    }

    /// Whether the field has no value: nothing, and not even quotes around it.
    #[inline]
    pub(crate) fn is_null(&self) -> bool {
        self.start == self.end && self.quote == Quote::None
    }
}

/// Makes null whichever of `fields` of `text` has one of the words `nulls` and no quotes.
pub(crate) fn blank(fields: &mut [FieldAt], text: &[u8], nulls: &[String]) {
    if nulls.is_empty() {
        return;
    }
    for field in fields {
        let is_null = |null: &String| null.as_bytes() == field.of(text);
        if field.quote == Quote::None && nulls.iter().any(is_null) {
            field.end = field.start;
        }
    }
}

/// `value` with each doubled quote made one.
pub(crate) fn undouble(value: &[u8]) -> Vec<u8> {
    let mut single = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = memchr::memchr(b'"', rest) {
        single.extend_from_slice(&rest[..=at]);
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    single.extend_from_slice(rest);
    single
}

/// Walks the rows of `text[..end]`.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    text: &'a [u8],
    end: usize,
    syntax: Syntax,
    /// Where the next row begins.
    pub at: usize,
    /// Line of the next row, from 1.
    pub line: usize,
}

impl<'a> Rows<'a> {
    /// Rows of `text[..end]`; bytes behind the end may be looked at, but mean nothing.
    pub(crate) fn new(text: &'a [u8], end: usize, syntax: Syntax) -> Self {
        Self { text, end, syntax, at: 0, line: 1 }
    }

    /// Puts the fields of the next row into `fields`; returns its line, or none at the end.
    ///
    /// Blank lines and comments are passed over.
    ///
    /// # Errors
    ///
    /// [`Error::UnclosedQuote`] and [`Error::TextAfterQuote`], with lines counted from the start
    /// of the text.
    #[inline]
    pub(crate) fn next_row(&mut self, fields: &mut Vec<FieldAt>) -> Result<Option<usize>> {
        fields.clear();
        while self.at < self.end {
            let line = self.line;
            match self.text[self.at] {
                b'\n' => self.skip_line(),
                b'#' | b'%' if self.syntax.comments => self.skip_line(),
                b'\r' if self.text[..self.end].get(self.at + 1) == Some(&b'\n') => self.skip_line(),
                _ => {
                    match self.syntax.delimiter {
                        Delimiter::Byte(delimiter) => self.delimited_row(delimiter, fields)?,
                        Delimiter::Whitespace => self.spaced_row(fields)?,
                    }
                    // A line of nothing but blanks has no fields.
                    if !fields.is_empty() {
                        return Ok(Some(line));
                    }
                }
            }
        }
        Ok(None)
    }

    fn skip_line(&mut self) {
        self.at += line_len(&self.text[self.at..self.end]);
        self.line += 1;
    }

    #[inline]
    fn delimited_row(&mut self, delimiter: u8, fields: &mut Vec<FieldAt>) -> Result<()> {
        let is_blank = |byte: u8| (byte == b' ' || byte == b'\t') && byte != delimiter;
        let text = self.text;
        loop {
            let mut start = self.at;
            while start < self.end && is_blank(text[start]) {
                start += 1;
            }
            let quote;
            let (mut value_start, mut value_end) = (start, start);
            let stop;
            if start < self.end && text[start] == b'"' {
                (value_start, value_end, quote) = self.quoted(start)?;
                stop = find(text, value_end + 1, self.end, delimiter);
                if !text[value_end + 1..stop].iter().all(u8::is_ascii_whitespace) {
                    return Err(Error::TextAfterQuote { line: self.line, field: fields.len() + 1 });
                }
            } else {
                quote = Quote::None;
                stop = find(text, start, self.end, delimiter);
                if start < stop {
                    value_end = stop;
                    while value_end > start
                        && (is_blank(text[value_end - 1]) || text[value_end - 1] == b'\r')
                    {
                        value_end -= 1;
                    }
                }
            }
            fields.push(FieldAt { start: value_start as u32, end: value_end as u32, quote });
            self.at = stop + 1;
            if stop >= self.end || text[stop] == b'\n' {
                self.line += 1;
                return Ok(());
            }
        }
    }

    #[inline]
    fn spaced_row(&mut self, fields: &mut Vec<FieldAt>) -> Result<()> {
        let text = self.text;
        loop {
            while self.at < self.end && matches!(text[self.at], b' ' | b'\t' | b'\r') {
                self.at += 1;
            }
            if self.at >= self.end || text[self.at] == b'\n' {
                self.at += 1;
                self.line += 1;
                return Ok(());
            }
            let start = self.at;
            if text[start] == b'"' {
                let (start, end, quote) = self.quoted(start)?;
                self.at = end + 1;
                if self.at < self.end && !text[self.at].is_ascii_whitespace() {
                    return Err(Error::TextAfterQuote { line: self.line, field: fields.len() + 1 });
                }
                fields.push(FieldAt { start: start as u32, end: end as u32, quote });
                continue;
            }
            while self.at < self.end && !matches!(text[self.at], b' ' | b'\t' | b'\r' | b'\n') {
                self.at += 1;
            }
            fields.push(FieldAt { start: start as u32, end: self.at as u32, quote: Quote::None });
        }
    }

    /// Start and end of the value of the quoted field that opens at `open`, and its kind.
    #[cold]
    fn quoted(&mut self, open: usize) -> Result<(usize, usize, Quote)> {
        match close_quote(&self.text[..self.end], open) {
            Some((close, quote)) => {
                self.line += memchr::memchr_iter(b'\n', &self.text[open..close]).count();
                Ok((open + 1, close, quote))
            }
            None => Err(Error::UnclosedQuote { line: self.line }),
        }
    }
}

/// Where the quoted field that opens at `open` closes.
fn close_quote(text: &[u8], open: usize) -> Option<(usize, Quote)> {
    let mut quote = Quote::Plain;
    let mut at = open + 1;
    loop {
        let close = at + memchr::memchr(b'"', &text[at..])?;
        if text.get(close + 1) != Some(&b'"') {
            return Some((close, quote));
        }
        quote = Quote::Doubled;
        at = close + 2;
    }
}

/// Length of the line that `text` begins with, its end included.
fn line_len(text: &[u8]) -> usize {
    memchr::memchr(b'\n', text).map_or(text.len(), |at| at + 1)
}

/// Position in `at..end` of the next `delimiter` or line end, else `end`.
///
/// Fields are short, so eight bytes at a time beat a call to a vectorized search.
#[inline]
fn find(text: &[u8], mut at: usize, end: usize, delimiter: u8) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let (delimiters, newlines) = (ONES * u64::from(delimiter), ONES * u64::from(b'\n'));
    // A zero byte is where subtracting 1 borrows; borrows only run upwards, so the lowest is right.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    while at < end {
        let Some(block) = text[at..].first_chunk::<8>() else {
            let rest = &text[at..end];
            return rest
                .iter()
                .position(|&byte| byte == delimiter || byte == b'\n')
                .map_or(end, |found| at + found);
        };
        let word = u64::from_le_bytes(*block);
        let hits = zeros(word ^ delimiters) | zeros(word ^ newlines);
        if hits != 0 {
            return (at + hits.trailing_zeros() as usize / 8).min(end);
        }
        at += 8;
    }
    end
}

/// Where the last whole row of `text` ends, and where a quote is open at the end of the text.
pub(crate) fn last_row_end(text: &[u8], syntax: Syntax) -> (usize, Option<usize>) {
    if memchr::memchr(b'"', text).is_none() {
        return (memchr::memrchr(b'\n', text).map_or(0, |at| at + 1), None);
    }
    let is_separator = |byte: u8| match syntax.delimiter {
        Delimiter::Byte(delimiter) => byte == delimiter,
        Delimiter::Whitespace => byte == b' ' || byte == b'\t',
    };
    let mut whole = 0;
    let mut at = 0;
    while at < text.len() {
        // At the start of a row.
        if syntax.comments && matches!(text[at], b'#' | b'%') {
            match memchr::memchr(b'\n', &text[at..]) {
                Some(len) => at += len + 1,
                None => return (whole, None),
            }
            whole = at;
            continue;
        }
        loop {
            // At the start of a field.
            while at < text.len() && matches!(text[at], b' ' | b'\t') {
                at += 1;
            }
            if at < text.len() && text[at] == b'"' {
                match close_quote(text, at) {
                    Some((close, _)) => at = close + 1,
                    None => return (whole, Some(at)),
                }
            }
            at = match syntax.delimiter {
                Delimiter::Byte(delimiter) => find(text, at, text.len(), delimiter),
                Delimiter::Whitespace => text[at..]
                    .iter()
                    .position(|&byte| is_separator(byte) || byte == b'\n')
                    .map_or(text.len(), |found| at + found),
            };
            if at >= text.len() {
                return (whole, None);
            }
            at += 1;
            if text[at - 1] == b'\n' {
                whole = at;
                break;
            }
        }
    }
    (whole, None)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COMMA: Syntax = Syntax { delimiter: Delimiter::Byte(b','), comments: true };
    const SPACE: Syntax = Syntax { delimiter: Delimiter::Whitespace, comments: true };

    fn rows(text: &str, syntax: Syntax) -> Vec<(usize, Vec<String>)> {
        let mut rows = Rows::new(text.as_bytes(), text.len(), syntax);
        let mut fields = Vec::new();
        let mut all = Vec::new();
        while let Some(line) = rows.next_row(&mut fields).unwrap() {
            let values = fields.iter().map(|field| {
                let value = field.of(text.as_bytes());
                let value =
                    if field.quote == Quote::Doubled { undouble(value) } else { value.to_vec() };
                String::from_utf8(value).unwrap()
            });
            all.push((line, values.collect()));
        }
        all
    }

    fn row(line: usize, fields: &[&str]) -> (usize, Vec<String>) {
        (line, fields.iter().map(|&field| field.to_owned()).collect())
    }

    #[test]
    fn quotes_hold_delimiters_newlines_and_quotes() {
        let text = "a,\"b,c\"\r\n\"d\ne\", \"say \"\"hi\"\"\" ,f\n\"\"\"\",\n";
        let expected =
            [row(1, &["a", "b,c"]), row(2, &["d\ne", "say \"hi\"", "f"]), row(4, &["\"", ""])];
        assert_eq!(rows(text, COMMA), expected);
    }

    #[test]
    fn blank_lines_and_comments_are_passed_over() {
        let text = "# head\n\na,b\r\n\r\n% more\nc,d";
        assert_eq!(rows(text, COMMA), [row(3, &["a", "b"]), row(6, &["c", "d"])]);
    }

    #[test]
    fn runs_of_blanks_separate_and_do_not_frame() {
        let text = "  1   2\t\t3 \r\n\n   \n\"a b\" 4\n";
        assert_eq!(rows(text, SPACE), [row(1, &["1", "2", "3"]), row(4, &["a b", "4"])]);
    }

    #[test]
    fn an_open_quote_names_its_line() {
        let text = "a,b\nc,\"d\n\n";
        let mut rows = Rows::new(text.as_bytes(), text.len(), COMMA);
        let mut fields = Vec::new();
        rows.next_row(&mut fields).unwrap();
        let error = rows.next_row(&mut fields).unwrap_err();
        assert_eq!(error.to_string(), "line 2 opens a quoted field that the file never closes");
    }

    #[test]
    fn text_after_a_quote_is_refused() {
        let text = "\"a\"b,c\n";
        let error =
            Rows::new(text.as_bytes(), text.len(), COMMA).next_row(&mut Vec::new()).unwrap_err();
        assert!(matches!(error, Error::TextAfterQuote { line: 1, field: 1 }), "{error}");
    }

    proptest! {
        /// Cutting text at the last row end anywhere leaves the rows as they are.
        #[test]
        fn a_cut_at_a_row_end_changes_no_row(fields in prop::collection::vec(prop::collection::vec("[a, \"\n#]{0,4}", 1..4), 0..8), cut in 0..80usize) {
            let line = |row: &Vec<String>| row.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\""))).collect::<Vec<_>>().join(",") + "\n";
            let text: String = fields.iter().map(line).collect();
            let (end, _) = last_row_end(&text.as_bytes()[..cut.min(text.len())], COMMA);
            let (head, tail) = text.split_at(end);
            let values = |text| rows(text, COMMA).into_iter().map(|(_, row)| row).collect::<Vec<_>>();
            let mut parts = values(head);
            parts.extend(values(tail));
            prop_assert_eq!(&parts, &values(&text));
            prop_assert_eq!(parts, fields);
        }
    }
}
