//! How a text is delimited, whether it has a header, and what its columns look like.

use std::io::Read;

use crate::ingest::columns::names_ends;
use crate::ingest::csv::blocks::LONGEST_ROW;
use crate::ingest::csv::class::{Classes, classify};
use crate::ingest::csv::scan::{
    Delimiter, FieldAt, Quote, Rows, Syntax, blank, last_row_end, undouble,
};
use crate::ingest::input::Input;
use crate::{Error, ReadOptions, Result};

/// Delimiters that are tried, the first of equals wins.
const CANDIDATES: [Delimiter; 5] = [
    Delimiter::Byte(b'\t'),
    Delimiter::Byte(b','),
    Delimiter::Byte(b';'),
    Delimiter::Byte(b'|'),
    Delimiter::Whitespace,
];

/// Rows that the delimiter and the header are judged by.
const JUDGED_ROWS: usize = 100;

/// Bytes that the dialect and the first guess of the types are judged by.
const SAMPLE_BYTES: usize = 1 << 18;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What the first rows of a text tell about it.
#[derive(Debug, Clone)]
pub(crate) struct Dialect {
    pub syntax: Syntax,
    pub header: bool,
    /// Words that mean that there is no value.
    pub nulls: Vec<String>,
    /// Column names: of the header, of the last comment above the rows, or made up.
    pub names: Vec<String>,
    /// Byte of the input at which the rows begin, and the number of lines above.
    pub start: u64,
    pub lines_above: usize,
    /// Classes of value that each column shows in the sample.
    pub classes: Vec<Classes>,
    /// Bytes and rows of the sample, for a guess at sizes.
    pub sample: (usize, usize),
}

impl Dialect {
    /// The separator as the caller knows it; a space for any run of blanks.
    pub(crate) fn delimiter_char(&self) -> char {
        match self.syntax.delimiter {
            Delimiter::Byte(byte) => char::from(byte),
            Delimiter::Whitespace => ' ',
        }
    }

    /// Looks at the first rows of `input`.
    pub(crate) fn detect(input: &Input, options: &ReadOptions) -> Result<Self> {
        let given = options.delimiter.map(delimiter).transpose()?;
        let mut sample_bytes = SAMPLE_BYTES;
        loop {
            let mut text = Vec::new();
            input
                .stream()?
                .take(sample_bytes as u64)
                .read_to_end(&mut text)
                .map_err(|error| input.explain(error))?;
            let is_whole = text.len() < sample_bytes;
            if let Some(dialect) = Self::of_sample(&text, is_whole, given, options)? {
                return Ok(dialect);
            }
            if is_whole {
                return Err(Error::EmptyFile);
            }
            if sample_bytes > LONGEST_ROW {
                return Err(Error::LongRow { line: 1, longest: LONGEST_ROW });
            }
            sample_bytes *= 8;
        }
    }

    /// The dialect of a text that begins with `text`; none if that does not reach into the rows.
    fn of_sample(
        text: &[u8],
        is_whole: bool,
        given: Option<Delimiter>,
        options: &ReadOptions,
    ) -> Result<Option<Self>> {
        let bom = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let text = &text[bom..];
        let judge = |delimiter| {
            let syntax = Syntax { delimiter, comments: options.comments };
            let end = if is_whole { text.len() } else { last_row_end(text, syntax).0 };
            (syntax, end, score(&text[..end], syntax))
        };
        let (syntax, end, _) = match given {
            Some(delimiter) => judge(delimiter),
            None => {
                // The last of equals is the maximum, so the order is turned around.
                let best =
                    CANDIDATES.into_iter().rev().map(judge).max_by_key(|&(_, _, score)| score);
                match best {
                    Some((syntax, end, 1..)) => (syntax, end, 1),
                    _ => judge(Delimiter::Byte(b',')),
                }
            }
        };
        let text = &text[..end];
        let mut rows = Rows::new(text, end, syntax);
        let mut fields = Vec::new();
        let Some(first_line) = rows.next_row(&mut fields)? else { return Ok(None) };
        let written: Vec<Vec<u8>> = fields.iter().map(|field| value(text, field)).collect();
        blank(&mut fields, text, &options.nulls);
        let first: Vec<Vec<u8>> = fields.iter().map(|field| value(text, field)).collect();
        let below_first = (rows.at.min(end), rows.line);
        let mut classes = vec![Classes::NONE; first.len()];
        let mut values_again = false;
        let mut n_rows = 0;
        while let Ok(Some(_)) = rows.next_row(&mut fields) {
            blank(&mut fields, text, &options.nulls);
            for (at, field) in fields.iter().enumerate().take(first.len()) {
                if field.start < field.end {
                    classes[at] |= classify(field.of(text));
                }
                values_again |= n_rows < JUDGED_ROWS && field.of(text) == first[at];
            }
            n_rows += 1;
        }
        let is_header = |first: &[Vec<u8>]| {
            let of_first = |at: usize| classify(&first[at]);
            let named = [&options.source, &options.target, &options.weight, &options.id]
                .into_iter()
                .flatten()
                .any(|name| written.iter().any(|field| field == name.as_bytes()));
            // A day above other days is one of them; above anything else it is the name of a column.
            let is_name =
                |at: usize| of_first(at).are_words() && !of_first(at).share_moments(classes[at]);
            // The name of an index column is often left out.
            let all_text = first.iter().any(|field| !field.is_empty())
                && (0..first.len()).all(|at| first[at].is_empty() || is_name(at));
            let a_value_differs = (0..first.len()).any(|at| {
                classes[at] != Classes::NONE
                    && !first[at].is_empty()
                    && of_first(at) | classes[at] != classes[at]
            });
            let known = names_ends(&to_names(written.clone()));
            named
                || (all_text
                    && (known
                        || a_value_differs
                        || (syntax.delimiter != Delimiter::Whitespace && !values_again)))
        };
        let header = options.header.unwrap_or_else(|| is_header(&first));
        let (start, lines_above, names);
        if header {
            (start, lines_above) = (below_first.0, below_first.1 - 1);
            names = to_names(written);
        } else {
            let above = row_start(text, first_line);
            (start, lines_above) = (above, first_line - 1);
            for (class, field) in classes.iter_mut().zip(&first) {
                if !field.is_empty() && !options.nulls.iter().any(|null| null.as_bytes() == field) {
                    *class |= classify(field);
                }
            }
            names = commented_names(&text[..above], first.len(), syntax)
                .unwrap_or_else(|| to_names(vec![Vec::new(); first.len()]));
        }
        let sample = (end - start, n_rows + usize::from(!header));
        let start = (bom + start) as u64;
        let nulls = options.nulls.clone();
        Ok(Some(Self { syntax, header, nulls, names, start, lines_above, classes, sample }))
    }
}

/// The delimiter that the caller gave as a character.
fn delimiter(given: char) -> Result<Delimiter> {
    match given {
        ' ' => Ok(Delimiter::Whitespace),
        '"' | '\n' | '\r' => Err(Error::BadDelimiter { delimiter: given }),
        c if c.is_ascii() => Ok(Delimiter::Byte(c as u8)),
        _ => Err(Error::BadDelimiter { delimiter: given }),
    }
}

/// How many of the first rows have as many fields as the first, if that has at least two.
fn score(text: &[u8], syntax: Syntax) -> usize {
    let mut rows = Rows::new(text, text.len(), syntax);
    let mut fields = Vec::new();
    let Ok(Some(_)) = rows.next_row(&mut fields) else { return 0 };
    let n_fields = fields.len();
    if n_fields < 2 {
        return 0;
    }
    let mut alike = 1;
    for _ in 1..JUDGED_ROWS {
        match rows.next_row(&mut fields) {
            Ok(Some(_)) => alike += usize::from(fields.len() == n_fields),
            _ => break,
        }
    }
    alike
}

/// Byte at which line `line` of `text` begins, lines counted from 1.
fn row_start(text: &[u8], line: usize) -> usize {
    match line.checked_sub(2) {
        None => 0,
        Some(newline) => {
            memchr::memchr_iter(b'\n', text).nth(newline).map_or(text.len(), |at| at + 1)
        }
    }
}

/// Names in the last comment above the rows, if it has as many words as there are columns:
/// `# FromNodeId  ToNodeId`, as in the files of SNAP.
fn commented_names(above: &[u8], n_columns: usize, syntax: Syntax) -> Option<Vec<String>> {
    let comment = above
        .split(|&byte| byte == b'\n')
        .rfind(|line| matches!(line.first(), Some(b'#' | b'%')))?;
    let names = &comment[1..];
    for syntax in [syntax, Syntax { delimiter: Delimiter::Whitespace, comments: false }] {
        let mut fields = Vec::new();
        let mut rows = Rows::new(names, names.len(), Syntax { comments: false, ..syntax });
        rows.next_row(&mut fields).ok()?;
        let values: Vec<Vec<u8>> = fields.iter().map(|field| value(names, field)).collect();
        let is_name = |value: &Vec<u8>| !value.is_empty() && classify(value).are_words();
        if values.len() == n_columns && values.iter().all(is_name) {
            // Any other words are prose.
            return Some(to_names(values)).filter(|names| names_ends(names));
        }
    }
    None
}

fn value(text: &[u8], field: &FieldAt) -> Vec<u8> {
    match field.quote {
        Quote::Doubled => undouble(field.of(text)),
        _ => field.of(text).to_vec(),
    }
}

/// Names that differ: a missing one is made up, a repeated one gets a number.
fn to_names(values: Vec<Vec<u8>>) -> Vec<String> {
    let made_up = values.iter().all(Vec::is_empty);
    let mut names: Vec<String> = Vec::with_capacity(values.len());
    for (at, value) in values.into_iter().enumerate() {
        let given = String::from_utf8_lossy(&value).into_owned();
        let base = match (at, given.is_empty()) {
            (_, false) => given,
            (0, _) if made_up => "source".to_owned(),
            (1, _) if made_up => "target".to_owned(),
            _ => format!("column_{}", at + 1),
        };
        let mut name = base.clone();
        let mut copy = 2;
        while names.contains(&name) {
            name = format!("{base}_{copy}");
            copy += 1;
        }
        names.push(name);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Dialect {
        Dialect::of_sample(text.as_bytes(), true, None, &ReadOptions::default()).unwrap().unwrap()
    }

    #[test]
    fn delimiters_are_found() {
        let cases = [
            ("a,b\n1,2\n", ','),
            ("a;b\n1,5;2,5\n", ';'),
            ("a\tb\nx y\tz w\n", '\t'),
            ("a|b\n1|2\n", '|'),
            ("1 2\n2  3\n", ' '),
            ("\"a,b\";c\n1;2\n", ';'),
            ("source,target\n1,2\n1,2,3\n", ','),
        ];
        for (text, delimiter) in cases {
            assert_eq!(of(text).delimiter_char(), delimiter, "{text:?}");
        }
    }

    #[test]
    fn words_for_nothing_are_judged_as_nothing() {
        let nulls = vec!["NA".to_owned()];
        let options = ReadOptions { nulls, ..ReadOptions::default() };
        let header = |text: &str| {
            let dialect = Dialect::of_sample(text.as_bytes(), true, None, &options).unwrap();
            dialect.map(|dialect| (dialect.header, dialect.names)).unwrap()
        };
        let made_up = (false, vec!["source".to_owned(), "target".to_owned()]);
        assert_eq!(header("ann,NA\nbob,NA\neve,NA\n"), made_up);
        assert_eq!(header("ann,\nbob,\neve,\n"), made_up);
        let named = (true, vec!["id".to_owned(), "NA".to_owned()]);
        assert_eq!(header("id,NA\n1,2\nNA,3\n"), named);
    }

    #[test]
    fn headers_are_told_from_rows() {
        let cases = [
            ("source,target\nann,bob\n", true),
            ("person,friend\nann,bob\n", true),
            ("ann,bob\nann,eve\n", false),
            ("ann bob\nbob eve\n", false),
            ("source target\nbob eve\n", true),
            ("x y\n1 2\n", true),
            ("1,2\n3,4\n", false),
            ("a,1\nb,2\n", false),
            ("a,b,2024-01-01\nb,c,2024-01-02\n", false),
            ("person,friend,since\na,b,2024-01-01\n", true),
            ("person,friend,2024-01-01,2024-01-02\na,b,1,2\n", true),
        ];
        for (text, header) in cases {
            assert_eq!(of(text).header, header, "{text:?}");
        }
    }

    #[test]
    fn names_in_the_last_comment_count() {
        let dialect = of("# Nodes: 3\n# FromNodeId\tToNodeId\n1\t2\n2\t3\n");
        assert_eq!(dialect.names, ["FromNodeId", "ToNodeId"]);
        assert_eq!((dialect.header, dialect.lines_above), (false, 2));
    }

    #[test]
    fn names_are_made_up_and_made_different() {
        assert_eq!(of("1,2,3\n4,5,6\n").names, ["source", "target", "column_3"]);
        assert_eq!(of("a,,a\n4,5,6\n").names, ["a", "column_2", "a_2"]);
    }

    #[test]
    fn rows_begin_behind_mark_comments_and_header() {
        let text = "\u{feff}% one\n\na,b\r\n1,2\r\n";
        let dialect = of(text);
        assert_eq!(&text[dialect.start as usize..], "1,2\r\n");
        assert_eq!(dialect.lines_above, 3);
    }
}
