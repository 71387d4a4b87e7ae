//! Places in a text: lines, chunks of lines, and errors that name them.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr_iter};
use rayon::prelude::*;

use crate::{Error, Result};

/// A rule of a format that is broken at byte `at`; the line is counted when it is reported.
#[derive(Debug)]
pub(crate) struct Broken {
    pub at: usize,
    pub problem: String,
}

impl Broken {
    pub(crate) fn new(at: usize, problem: impl Into<String>) -> Self {
        Self { at, problem: problem.into() }
    }

    /// The error for a reader of `format` over the whole of `input`.
    pub(crate) fn in_input(self, format: &'static str, input: &[u8]) -> Error {
        Error::Malformed { format, line: line_of(input, self.at), problem: self.problem }
    }
}

/// Line of byte `at`, from 1.
pub(crate) fn line_of(input: &[u8], at: usize) -> usize {
    memchr_iter(b'\n', &input[..at.min(input.len())]).count() + 1
}

/// `text` cut to a length that suits a message.
pub(crate) fn excerpt(text: &[u8]) -> String {
    let cut = &text[..text.len().min(40)];
    let dots = if cut.len() < text.len() { "…" } else { "" };
    format!("`{}{dots}`", String::from_utf8_lossy(cut).escape_debug())
}

/// Cuts `input[from..]` behind line breaks into pieces of about `size` bytes.
pub(crate) fn line_chunks(input: &[u8], from: usize, size: usize) -> Vec<Range<usize>> {
    let mut chunks = Vec::new();
    let mut start = from;
    while start < input.len() {
        let tail = (start + size).min(input.len());
        let end = memchr(b'\n', &input[tail..]).map_or(input.len(), |at| tail + at + 1);
        chunks.push(start..end);
        start = end;
    }
    chunks
}

/// Runs `parse` on line-aligned pieces of `input[from..]` in parallel; the first failure counts.
pub(crate) fn parse_chunks<T: Send>(
    input: &[u8],
    from: usize,
    parse: impl Fn(Range<usize>) -> Result<T, Broken> + Sync + Send,
) -> Result<Vec<T>, Broken> {
    const CHUNK: usize = 1 << 22;
    let parsed: Vec<_> = line_chunks(input, from, CHUNK).into_par_iter().map(parse).collect();
    parsed.into_iter().collect()
}

/// The lines of `input[range]` with their places, without their line breaks.
pub(crate) fn lines(input: &[u8], range: Range<usize>) -> impl Iterator<Item = (usize, &[u8])> {
    let mut start = range.start;
    std::iter::from_fn(move || {
        if start >= range.end {
            return None;
        }
        let at = start;
        let end = memchr(b'\n', &input[at..range.end]).map_or(range.end, |length| at + length);
        start = end + 1;
        let line = &input[at..end];
        Some((at, line.strip_suffix(b"\r").unwrap_or(line)))
    })
}

/// `input` without a byte order mark.
pub(crate) fn without_mark(input: &[u8]) -> &[u8] {
    input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input)
}

/// Latin-1 as UTF-8.
pub(crate) fn from_latin_1(input: &[u8]) -> String {
    input.iter().map(|&byte| char::from(byte)).collect()
}

/// `input` as text; the place of the first byte that is not UTF-8 is the error.
pub(crate) fn utf8(input: &[u8]) -> Result<Cow<'_, str>, Broken> {
    match std::str::from_utf8(input) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(error) => {
            let at = error.valid_up_to();
            Err(Broken::new(at, format!("byte 0x{:02x} is not UTF-8", input[at])))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_end_behind_line_breaks_and_cover_the_input() {
        let input = b"one\ntwo\nthree\n\nfour";
        for size in 1..30 {
            let chunks = line_chunks(input, 4, size);
            assert_eq!(chunks[0].start, 4);
            assert_eq!(chunks.last().unwrap().end, input.len());
            for pair in chunks.windows(2) {
                assert_eq!(pair[0].end, pair[1].start);
                assert_eq!(input[pair[0].end - 1], b'\n');
            }
        }
        assert!(line_chunks(input, input.len(), 5).is_empty());
    }

    #[test]
    fn lines_know_their_places() {
        let input = b"a\r\n\nb";
        let found: Vec<_> = lines(input, 0..input.len()).collect();
        assert_eq!(found, [(0, &b"a"[..]), (3, b""), (4, b"b")]);
        assert_eq!((line_of(input, 0), line_of(input, 3), line_of(input, 99)), (1, 2, 3));
    }
}
