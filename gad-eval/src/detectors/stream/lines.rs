//! Edges from lines of text, as they come.

use std::io::BufRead;
use std::ops::Range;

use super::StreamBatch;
use super::batch::of_text;
use super::follow::{Chunk, Rows};
use crate::{Error, Result};

/// A line longer than this is no edge.
const MOST_BYTES: usize = 1 << 20;

/// What a column of ids holds, as its first value tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ids {
    Integers,
    Texts,
}

/// Lines of values between commas.
pub(super) struct Lines<R> {
    input: R,
    header: Option<Vec<u8>>,
    /// Which columns hold source, target and time, and what they are called.
    places: [usize; 3],
    names: [String; 3],
    kinds: Option<[Ids; 2]>,
    /// Number of lines before those that are read next.
    before: u64,
    /// What is wrong with the line after those that were given out.
    problem: Option<Error>,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(mut input: R, names: &[String; 3], header: bool) -> Result<Self> {
        let (mut places, mut first, mut before) = ([0, 1, 2], None, 0);
        if header {
            let mut line = Vec::new();
            // Reads no more than a line may have.
            let mut limited = std::io::Read::take(&mut input, MOST_BYTES as u64);
            limited.read_until(b'\n', &mut line).map_err(failed)?;
            let line = trimmed(&line).to_vec();
            let text = String::from_utf8_lossy(&line).into_owned();
            let columns: Vec<&str> =
                text.split(',').map(|name| name.trim().trim_matches('"')).collect();
            for (place, name) in places.iter_mut().zip(names) {
                let found = columns.iter().position(|column| column == name);
                let unknown = || Error::unknown("column", name, columns.iter().copied());
                *place = found.ok_or_else(unknown)?;
            }
            (first, before) = (Some(line), 1);
        }
        let (names, kinds, problem) = (names.clone(), None, None);
        Ok(Self { input, header: first, places, names, kinds, before, problem })
    }

    /// The line of names.
    pub(super) fn header(&self) -> Option<&[u8]> {
        self.header.as_deref()
    }

    /// The whole lines that can be read without waiting, at least one; `None` at the end. Those before a
    /// bad line come out before its error does.
    pub(super) fn next(&mut self) -> Result<Option<Chunk>> {
        if let Some(problem) = self.problem.take() {
            return Err(problem);
        }
        let mut lines = Vec::new();
        // The part of a line at the end of what is there waits for its rest.
        loop {
            let there = self.input.fill_buf().map_err(failed)?;
            let end = there.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
            if end > 0 || there.is_empty() {
                lines.extend_from_slice(&there[..end]);
                self.input.consume(end);
                break;
            }
            let n = there.len();
            if MOST_BYTES < lines.len() + n {
                return Err(self.bad(0, "is longer than 1 MiB"));
            }
            lines.extend_from_slice(there);
            self.input.consume(n);
        }
        if lines.is_empty() {
            return Ok(None);
        }
        self.parse(&lines).map(Some)
    }

    /// The line with this number after those that were read before.
    fn bad(&self, line: u64, problem: impl std::fmt::Display) -> Error {
        let number = self.before + line + 1;
        Error::bad_file("standard input".as_ref(), format!("line {number} {problem}"))
    }

    fn parse(&mut self, bytes: &[u8]) -> Result<Chunk> {
        let n = bytes.len() / 8;
        let (mut sources, mut targets) = (Vec::with_capacity(n), Vec::with_capacity(n));
        let mut times = Vec::with_capacity(n);
        let (mut kept, mut ends) = (Vec::with_capacity(bytes.len()), Vec::with_capacity(n));
        let mut n_lines = 0;
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            let line = trimmed(line);
            if !line.is_empty() {
                let (source, target, time) = match self.edge(line, n_lines) {
                    Ok(edge) => edge,
                    Err(problem) if sources.is_empty() => return Err(problem),
                    Err(problem) => {
                        self.problem = Some(problem);
                        break;
                    }
                };
                sources.push(source);
                targets.push(target);
                times.push(time);
                kept.extend_from_slice(line);
                ends.push(kept.len());
            }
            n_lines += 1;
        }
        self.before += n_lines;
        let edges = StreamBatch::of_columns(sources, targets, times);
        Ok(Chunk { edges, rows: Rows::Lines(kept, ends) })
    }

    /// The source, the target and the time in a line.
    fn edge(&mut self, line: &[u8], number: u64) -> Result<(u64, u64, i64)> {
        let fields = self.fields(line, number)?;
        let [source, target, time] = fields.map(|range| &line[range]);
        let kinds = *self.kinds.get_or_insert_with(|| [source, target].map(kind_of));
        let source = self.id(source, kinds[0], 0, number)?;
        Ok((source, self.id(target, kinds[1], 1, number)?, self.time(time, number)?))
    }

    /// Where the three columns are in a line.
    fn fields(&self, line: &[u8], number: u64) -> Result<[Range<usize>; 3]> {
        let mut found = [const { 0..0 }; 3];
        let (mut column, mut start) = (0, 0);
        let last = self.places.into_iter().max().unwrap_or(0);
        loop {
            let end = line[start..].iter().position(|&byte| byte == b',');
            let end = end.map_or(line.len(), |length| start + length);
            for (range, &place) in found.iter_mut().zip(&self.places) {
                if place == column {
                    *range = start..end;
                }
            }
            if column == last {
                break;
            }
            if end == line.len() {
                let problem = format!("has {} values, but {} are needed", column + 1, last + 1);
                return Err(self.bad(number, problem));
            }
            (column, start) = (column + 1, end + 1);
        }
        if found.iter().any(|range| line[range.clone()].starts_with(b"\"")) {
            return Err(self.bad(number, "has quotes, which only Arrow does without"));
        }
        Ok(found)
    }

    fn id(&self, text: &[u8], kind: Ids, column: usize, line: u64) -> Result<u64> {
        let shown = || String::from_utf8_lossy(text).into_owned();
        match kind {
            _ if text.is_empty() => Err(self.bad(line, format!("has no `{}`", self.names[column]))),
            Ids::Texts => match std::str::from_utf8(text) {
                Ok(text) => Ok(of_text(text)),
                Err(_) => Err(self.bad(line, "is no UTF-8")),
            },
            Ids::Integers => integer(text).map(|id| id as u64).ok_or_else(|| {
                let name = &self.names[column];
                self.bad(
                    line,
                    format!("has `{}` as `{name}`, but the first was an integer", shown()),
                )
            }),
        }
    }

    fn time(&self, text: &[u8], line: u64) -> Result<i64> {
        let float = || std::str::from_utf8(text).ok()?.trim().parse::<f64>().ok();
        let floor = |time: f64| time.is_finite().then(|| time.floor() as i64);
        integer(text).or_else(|| float().and_then(floor)).ok_or_else(|| {
            let shown = String::from_utf8_lossy(text);
            self.bad(line, format!("has `{shown}` as `{}`, which is no number", self.names[2]))
        })
    }
}

fn failed(error: std::io::Error) -> Error {
    Error::file("standard input".as_ref(), error)
}

/// A line without its end.
fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn kind_of(text: &[u8]) -> Ids {
    if integer(text).is_some() { Ids::Integers } else { Ids::Texts }
}

/// An integer of 64 bits, with or without a sign; above the signed ones it keeps its bits.
fn integer(text: &[u8]) -> Option<i64> {
    let (digits, negative) = match text {
        [b'-', digits @ ..] => (digits, true),
        digits => (digits, false),
    };
    if digits.is_empty() || 20 < digits.len() {
        return None;
    }
    let mut value = 0_u64;
    for &digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if 9 < digit {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(digit.into())?;
    }
    match negative {
        true => 0_i64.checked_sub_unsigned(value),
        false => Some(value as i64),
    }
}
