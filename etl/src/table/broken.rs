//! What is wrong with files of text: looked up in them after the engine has failed, as it does not say
//! where.

use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use super::engine_words::called;
use super::scan::Format;
use crate::{Error, error::hint, error::nearest};

/// A file that cannot be read as the table that it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenFile {
    /// The file, if it is known.
    pub path: Option<Box<Path>>,
    /// The line, counted from 1, if it is known.
    pub line: Option<u64>,
    /// What is wrong with it.
    pub problem: FileProblem,
}

/// What is wrong with a file of text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileProblem {
    /// There is nothing in it, not even names of columns.
    Empty,
    /// A row has more values than there are columns.
    TooManyValues {
        /// Number of values in the row.
        found: usize,
        /// Number of columns.
        expected: usize,
    },
    /// A value is not of the type of its column.
    NotOfType {
        /// The column.
        column: Box<str>,
        /// The value.
        value: Box<str>,
        /// The type.
        expected: Box<str>,
        /// Whether the caller gave the type; otherwise the first rows told it.
        given: bool,
    },
    /// The file has a column that the first of the files has not.
    OtherColumn {
        /// The column.
        column: Box<str>,
        /// The column of the first file that is most like it, if one is.
        nearest: Option<Box<str>>,
    },
    /// The file lacks a column that the first of the files has.
    LacksColumn {
        /// The column.
        column: Box<str>,
    },
    /// The files have the same columns, but not in the same order.
    OtherOrder,
    /// A value begins with a quote that nothing ends.
    OpenQuote,
    /// A value is no text.
    NotUtf8 {
        /// The column.
        column: Box<str>,
        /// The first byte that does not belong to a character.
        byte: u8,
    },
    /// A line is no JSON.
    NotJson {
        /// What is wrong with it.
        reason: Box<str>,
    },
}

impl fmt::Display for BrokenFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "{}: ", path.display())?;
        }
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        match &self.problem {
            FileProblem::Empty => write!(f, "the file is empty"),
            FileProblem::TooManyValues { found, expected } => {
                write!(f, "there are {found} values, but only {expected} columns")
            }
            FileProblem::NotOfType { column, value, expected, given: true } => write!(
                f,
                "column `{column}` holds `{value}`, which is no {expected}, the type that it was given"
            ),
            FileProblem::NotOfType { column, value, expected, given: false } => write!(
                f,
                "column `{column}` holds `{value}`, but the rows from which its type was told are \
                 {expected}; look at more rows, or all, to tell types (`inferred_rows`, `--infer-rows`), \
                 or say its type (`types`, `--type`)"
            ),
            FileProblem::OtherColumn { column, nearest } => write!(
                f,
                "there is a column `{column}`, which the first file has not{}",
                hint(nearest.as_deref())
            ),
            FileProblem::LacksColumn { column } => {
                write!(f, "there is no column `{column}`, which the first file has")
            }
            FileProblem::OtherOrder => {
                write!(f, "the columns are not in the order that they have in the first file")
            }
            FileProblem::OpenQuote => {
                write!(f, "a quoted value begins here that the file never ends")
            }
            FileProblem::NotUtf8 { column, byte } => {
                write!(f, "column `{column}` is not UTF-8: it has the byte {byte:#04x}")
            }
            FileProblem::NotJson { reason } => write!(f, "no JSON: {reason}"),
        }
    }
}

impl std::error::Error for BrokenFile {}

/// Files of text that a table is read from, and how.
#[derive(Debug, Clone)]
pub(super) struct TextFiles {
    pub(super) paths: Vec<String>,
    pub(super) format: Format,
    pub(super) separator: u8,
    pub(super) header: bool,
    pub(super) comment: Option<String>,
    /// Columns whose types the caller has given.
    pub(super) typed: Vec<String>,
}

/// What the engine says of a value that is not of its type.
static NOT_OF_TYPE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"could not parse `((?s).*?)` as dtype `([^`]*)` at column '((?s).*?)' \(column number (\d+)\)").ok()
});

/// What the engine says of lines that are no JSON, or no objects: where types are told, and where rows are read.
const NO_JSON: [&str; 4] =
    ["at character ", "error parsing line", "NDJSON line expected", "could not infer data-type"];

impl TextFiles {
    /// What is wrong with the files, if `reason`, which the engine gave, is about that.
    pub(super) fn explain(&self, reason: &str) -> Option<BrokenFile> {
        let files = self.files();
        // Whatever the engine makes of a file that ends in quotes.
        if self.format == Format::Csv
            && let Some(broken) = files.iter().find_map(|file| self.open_quote(file))
        {
            return Some(broken);
        }
        match self.format {
            // The engine passes over empty files beside others.
            Format::JsonLines if files.iter().all(|file| is_empty(file)) => first_empty(&files),
            Format::JsonLines if NO_JSON.iter().any(|words| reason.contains(words)) => {
                files.iter().find_map(|file| no_json(file))
            }
            Format::Csv if reason.contains("more fields than defined") => {
                let expected = self.names(files.first()?)?.len();
                files.iter().find_map(|file| {
                    self.find(file, |fields| fields.len() > expected).map(|(line, fields)| {
                        let problem = FileProblem::TooManyValues { found: fields.len(), expected };
                        broken(file, Some(line), problem)
                    })
                })
            }
            Format::Csv if reason.contains("invalid utf-8") => {
                files.iter().find_map(|file| self.not_utf8(file))
            }
            Format::Csv if reason.contains("could not parse") => self.not_of_type(reason, &files),
            Format::Csv if reason.contains("no data") || reason.contains("empty CSV") => {
                first_empty(&files)
            }
            Format::Csv if reason.contains("schema") => self.other_columns(&files),
            _ => None,
        }
    }

    /// The files of this machine; others cannot be looked at.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        self.paths.iter().filter_map(|path| crate::source::files_at(path)).flatten().collect()
    }

    /// Visits up to `n_rows` of the first rows of a file that have values; none of one that cannot be read.
    pub(super) fn each_row(&self, file: &Path, n_rows: usize, mut visit: impl FnMut(&[Vec<u8>])) {
        let Ok(rows) = Rows::open(file, self) else { return };
        for (_, fields) in rows.skip(usize::from(self.header)).take(n_rows) {
            visit(&fields);
        }
    }

    fn not_of_type(&self, reason: &str, files: &[PathBuf]) -> Option<BrokenFile> {
        let parts = NOT_OF_TYPE.as_ref()?.captures(reason)?;
        let [value, data_type, column, number] = [1, 2, 3, 4].map(|part| parts[part].to_owned());
        let index = number.parse::<usize>().ok()?.checked_sub(1)?;
        // The value is given as it is written, in quotes or not.
        let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        let value = quoted.map_or(value.clone(), |value| value.replace("\"\"", "\""));
        let problem = FileProblem::NotOfType {
            given: self.typed.contains(&column),
            column: column.into(),
            value: value.as_str().into(),
            expected: called(&data_type).into(),
        };
        let found = files.iter().find_map(|file| {
            let is_it = |fields: &[Vec<u8>]| {
                fields.get(index).is_some_and(|field| field == value.as_bytes())
            };
            self.find(file, is_it).map(|(line, _)| (file, line))
        });
        Some(match found {
            Some((file, line)) => broken(file, Some(line), problem),
            None => BrokenFile { path: None, line: None, problem },
        })
    }

    fn other_columns(&self, files: &[PathBuf]) -> Option<BrokenFile> {
        let (first, rest) = files.split_first()?;
        let expected = self.names(first)?;
        rest.iter().find_map(|file| {
            let Some(names) = self.names(file) else {
                return Some(broken(file, None, FileProblem::Empty));
            };
            let other = names.iter().find(|name| !expected.contains(name));
            let lacking = expected.iter().find(|name| !names.contains(name));
            let problem = match (other, lacking) {
                (Some(column), _) => FileProblem::OtherColumn {
                    nearest: nearest(column, expected.iter().map(String::as_str)),
                    column: column.as_str().into(),
                },
                (None, Some(column)) => FileProblem::LacksColumn { column: column.as_str().into() },
                (None, None) if names != expected => FileProblem::OtherOrder,
                (None, None) => return None,
            };
            Some(broken(file, Some(1), problem))
        })
    }

    /// The row that the file ends in the quotes of.
    fn open_quote(&self, file: &Path) -> Option<BrokenFile> {
        let mut rows = Rows::open(file, self).ok()?;
        let mut open = None;
        while let Some((line, _)) = rows.next() {
            open = rows.in_quotes.then_some(line);
        }
        open.map(|line| broken(file, Some(line), FileProblem::OpenQuote))
    }

    /// The first value that is no text.
    fn not_utf8(&self, file: &Path) -> Option<BrokenFile> {
        let wrong = |field: &[u8]| {
            std::str::from_utf8(field)
                .err()
                .and_then(|error| field.get(error.valid_up_to()).copied())
        };
        let (line, fields) =
            self.find(file, |fields| fields.iter().any(|field| wrong(field).is_some()))?;
        let (index, byte) =
            fields.iter().enumerate().find_map(|(index, field)| Some((index, wrong(field)?)))?;
        let column = match self.header {
            true => self.names(file)?.into_iter().nth(index)?,
            false => format!("column_{}", index + 1),
        };
        Some(broken(file, Some(line), FileProblem::NotUtf8 { column: column.into(), byte }))
    }

    /// The values of the first row.
    fn names(&self, file: &Path) -> Option<Vec<String>> {
        let mut rows = Rows::open(file, self).ok()?;
        let (_, fields) = rows.next()?;
        Some(fields.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect())
    }

    /// The first row, of those with values, that `is_it`, and its line.
    fn find(&self, file: &Path, is_it: impl Fn(&[Vec<u8>]) -> bool) -> Option<(u64, Vec<Vec<u8>>)> {
        let rows = Rows::open(file, self).ok()?;
        rows.skip(usize::from(self.header)).find(|(_, fields)| is_it(fields))
    }
}

fn broken(file: &Path, line: Option<u64>, problem: FileProblem) -> BrokenFile {
    BrokenFile { path: Some(file.into()), line, problem }
}

fn is_empty(file: &Path) -> bool {
    std::fs::metadata(file).is_ok_and(|about| about.len() == 0)
}

fn first_empty(files: &[PathBuf]) -> Option<BrokenFile> {
    files.iter().find(|file| is_empty(file)).map(|file| broken(file, None, FileProblem::Empty))
}

/// The first line of a file of JSON lines that is none.
fn no_json(file: &Path) -> Option<BrokenFile> {
    let lines = BufReader::new(graph_core::decompressed(file).ok()?).lines();
    for (line, text) in (1..).zip(lines) {
        let text = text.ok()?;
        if text.trim().is_empty() {
            continue;
        }
        let object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text);
        if let Err(error) = object {
            // Each line is a text of its own, whose lines are not counted.
            let text = error.to_string();
            let reason = text.split(" at line ").next().unwrap_or_default();
            let reason = format!("{reason} at character {}", error.column()).into();
            return Some(broken(file, Some(line), FileProblem::NotJson { reason }));
        }
    }
    None
}

/// The rows of a file of values with separators, with the line at which each begins.
struct Rows {
    reader: BufReader<Box<dyn Read + Send>>,
    separator: u8,
    comment: Option<String>,
    /// The line that was read last, as it is written, with its end.
    text: Vec<u8>,
    /// Its number, from 1; 0 before the first one.
    line: u64,
    /// Whether the last row ended in quotes.
    in_quotes: bool,
}

impl Rows {
    fn open(file: &Path, files: &TextFiles) -> graph_core::Result<Self> {
        Ok(Self {
            reader: BufReader::with_capacity(1 << 18, graph_core::decompressed(file)?),
            separator: files.separator,
            comment: files.comment.clone(),
            text: Vec::new(),
            line: 0,
            in_quotes: false,
        })
    }

    /// Reads a line; `false` if there is none.
    fn read_line(&mut self) -> bool {
        self.text.clear();
        self.line += 1;
        self.reader.read_until(b'\n', &mut self.text).is_ok_and(|size| 0 < size)
    }

    /// Whether the line is a comment, where it may be one. As the engine sees it, by the line as it is written: a value in
    /// quotes is none, and a quote in a comment opens nothing.
    fn is_comment(&self) -> bool {
        self.comment.as_ref().is_some_and(|comment| self.text.starts_with(comment.as_bytes()))
    }

    fn row(&mut self) -> Option<(u64, Vec<Vec<u8>>)> {
        let (mut fields, mut field, mut in_quotes) = (Vec::new(), Vec::new(), false);
        let mut begin = None;
        // What is in quotes may go on in the next line.
        while (begin.is_none() || in_quotes) && self.read_line() {
            if begin.is_none() && self.is_comment() {
                continue;
            }
            begin = begin.or(Some(self.line));
            let mut bytes = self.text.iter().copied().peekable();
            while let Some(byte) = bytes.next() {
                match byte {
                    b'"' if in_quotes => match bytes.next_if_eq(&b'"') {
                        Some(_) => field.push(b'"'),
                        None => in_quotes = false,
                    },
                    b'"' if field.is_empty() => in_quotes = true,
                    byte if in_quotes => field.push(byte),
                    b'\n' | b'\r' => {}
                    byte if byte == self.separator => fields.push(std::mem::take(&mut field)),
                    byte => field.push(byte),
                }
            }
        }
        fields.push(field);
        self.in_quotes = in_quotes;
        Some((begin?, fields))
    }
}

impl Iterator for Rows {
    type Item = (u64, Vec<Vec<u8>>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (line, fields) = self.row()?;
            let is_blank = matches!(&fields[..], [field] if field.is_empty());
            if !is_blank {
                return Some((line, fields));
            }
        }
    }
}

/// `error`, or what is wrong with one of the files if that is why.
pub(super) fn explained(error: Error, files: &[&TextFiles]) -> Error {
    match &error {
        Error::Engine { reason, .. } => {
            match files.iter().find_map(|files| files.explain(reason)) {
                Some(broken) => Error::BrokenFile(Box::new(broken)),
                None => error,
            }
        }
        _ => error,
    }
}
